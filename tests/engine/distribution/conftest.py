"""Packs, keys, a data folder of their own and an https server for tests."""

from __future__ import annotations

import datetime as dt
import http.server
import ssl
import threading
from pathlib import Path
from typing import ClassVar

import pytest

from fixtures.packs import MANIFEST, RULE, changed
from modelaudit.engine.distribution import active, archive, fetch, install, make, signature
from modelaudit.engine.distribution.trust import Trust
from modelaudit.engine.packs import load, read

POLICY = "schema: modelaudit/policy@1\npolicy: acme/p\nversion: 1\npacks: {acme: '>=1'}\n"


class Workshop:
    """A folder in which packs are made, archived and installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key, self.public, _ = make.keygen(str(folder / "acme"))
        self.trust = Trust((signature.read_public(self.public),), "refuse")

    def pack(self, version: str = "1.0", name: str = "acme", rule: str = RULE) -> Path:
        """The folder of a pack."""
        folder = self.folder / f"src-{name}-{version}"
        (folder / "rules").mkdir(parents=True, exist_ok=True)
        manifest = changed(MANIFEST, ("pack: acme", f"pack: {name}"), ("version: 1.0", f"version: {version}"))
        (folder / "pack.yaml").write_text(manifest, encoding="utf-8")
        (folder / "rules" / "one.yaml").write_text(rule, encoding="utf-8")
        return folder

    def archive(self, version: str = "1.0", *, key: str | None = None, **pack: str) -> str:
        """The path of an archive, signed unless `key` is empty."""
        target = str(self.folder / f"acme-{version}.zip")
        make.build(str(self.pack(version, **pack)), target, self.key if key is None else key)
        return target

    def install(self, path: str, *, trust: Trust | None = None, **options: object) -> active.Active:
        return install.install(fetch.fetch(path), trust or self.trust, **options)

    def works(self, version: str) -> None:
        """The active version is that one, is whole, and a policy that asks for the pack gets it."""
        current = active.read("acme")
        assert current is not None
        assert current.now.version == version
        active.verify(current.now)
        assert self.loaded() == version

    def loaded(self, text: str = POLICY) -> str:
        """The version of the pack under a policy."""
        policy = self.folder / "policy.yaml"
        policy.write_text(text, encoding="utf-8")
        document, _ = load.build(str(policy))
        return next(pack["version"] for pack in document["packs"] if pack["pack"] == "acme")


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Workshop:
    """A workshop without built-in packs."""
    monkeypatch.setenv("MODELAUDIT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(read, "builtin_folders", list)
    monkeypatch.chdir(tmp_path)
    return Workshop(tmp_path)


@pytest.fixture
def installed(shop) -> Workshop:
    """A workshop in which acme 1.0 is active."""
    shop.install(shop.archive("1.0"))
    shop.works("1.0")
    return shop


def repacked(path: str, change) -> str:
    """The archive with the members that `change` makes of its own: a dict of names and bytes."""
    import zipfile

    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as new:
        for name, data in members.items():
            new.writestr(name, data)
    assert Path(path).stat().st_size < archive.MAX_ARCHIVE_BYTES
    return path


@pytest.fixture
def repack():
    return repacked


class Pages(http.server.BaseHTTPRequestHandler):
    """Serves what the test put into `pages`: a path and its status, headers and body."""

    pages: ClassVar[dict] = {}

    def do_GET(self) -> None:
        status, headers, body = self.pages.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A certificate for `localhost` that signs itself, with its key, in one PEM file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def server(certificate, monkeypatch):
    """An https server that this process trusts: its address, and the pages to fill."""
    Pages.pages = {}
    listening = http.server.HTTPServer(("localhost", 0), Pages)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield f"https://localhost:{listening.server_port}", Pages.pages
    listening.shutdown()
    thread.join()
    listening.server_close()
