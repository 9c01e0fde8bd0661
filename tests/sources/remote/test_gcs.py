"""Objects of Google Cloud Storage, read with the real client from a server with its JSON API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from fixtures.servers.cloudstorage import Storage
from fixtures.servers.serving import Server
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import scan
from modelaudit.reports import FORMATS, View, render
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote.service import Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fixtures.servers.serving import Handler

pytest.importorskip("gcsfs", reason="the extra gcs is not installed")
from modelaudit.sources.remote import gcs

EVIL = b"cposix\nsystem\n(S'true'\ntR."
HEADER = b'{"w":{"dtype":"U8","shape":[3000000],"data_offsets":[0,3000000]}}'
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(3_000_000)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    """A server with one bucket, which the client speaks to."""
    bucket = Storage("models", {"m/evil.pkl": EVIL, "m/sub/w.safetensors": WEIGHTS, "m/": b"", "mm.pkl": EVIL})
    with Server(bucket) as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        monkeypatch.setenv("NO_GCE_CHECK", "true")
        monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        yield bucket


def names(address: str) -> list[str]:
    return sorted(file.name for file in gcs.connect(address).files())


def test_what_is_below_a_prefix(storage: Storage) -> None:
    assert names("gs://models/m") == names("gcs://models/m/") == ["evil.pkl", "sub/w.safetensors"]
    assert names("gs://models") == ["m/evil.pkl", "m/sub/w.safetensors", "mm.pkl"]
    assert names("gs://models/mm.pkl") == [""]


def test_another_generation_is_not_read(storage: Storage) -> None:
    bucket = gcs.connect("gs://models/mm.pkl")
    [file] = bucket.files()
    assert bucket.read(file, 1, 6) == EVIL[1:6]
    storage.put("mm.pkl", b"other")
    with pytest.raises(SourceError, match="generation"):
        bucket.read(file, 0, 3)


def test_a_scan_moves_little(storage: Storage) -> None:
    document = scan(["gs://models/m"], load_ruleset())
    assert {finding.artifact for finding in document.findings if finding.severity == "critical"} == {
        "gs://models/m/evil.pkl"
    }
    assert not document.errors
    assert document.transfer is not None
    assert document.transfer.bytes < 200_000


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has the application default credentials be those of a service account, whose tokens a server gives."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    said = {"type": "service_account", "project_id": "acme", "private_key_id": "1", "client_id": "1"}
    said |= {"client_email": "me@acme.example", "private_key": key.private_bytes(*plain).decode()}

    def use(tokens: str) -> None:
        (tmp_path / "account.json").write_text(json.dumps({**said, "token_uri": tokens}))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))

    return use


@pytest.mark.parametrize("status", [200, 401])
def test_application_default_credentials_come_first(
    storage: Storage, account: Callable[[str], None], status: int
) -> None:
    answer = {"access_token": "hunter2", "expires_in": 3600, "token_type": "Bearer"} if status == 200 else {}

    def tokens(handler: Handler) -> None:
        handler.answer(status, json.dumps(answer).encode(), Content_Type="application/json")

    with Server(tokens) as giving:
        account(f"{giving.url}/token")
        document = scan(["gs://models/mm.pkl"], load_ruleset())
        assert {(request.method, request.path) for request in giving.seen} == {("POST", "/token")}
    if status == 200:
        assert {sign for _, sign in storage.asked} == {"Bearer hunter2"}
        assert (document.errors, document.decision.exit_code) == ((), 1)
    else:
        assert storage.asked == []  # not as anybody may, when there is somebody who is refused
        assert [error.code for error in document.errors] == ["refused"]
    for format in FORMATS:
        text = render(document, format, View(verbose=True))
        assert "hunter2" not in text, format
        assert "PRIVATE KEY" not in text, format


def test_a_service_of_tokens_that_does_not_answer_may_do_so_later() -> None:
    assert isinstance(gcs.connect("gs://models")._trouble(gcs.TransportError("hunter2")), Transient)


def test_without_any_a_bucket_is_asked_as_anybody_may(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nowhere")
    document = scan(["gs://models/mm.pkl"], load_ruleset())
    assert {sign for _, sign in storage.asked} == {""}
    assert (document.errors, document.decision.exit_code) == ((), 1)


@pytest.mark.parametrize(("address", "said"), [("gs://nowhere/x", "no such bucket"), ("gs://", "name a bucket")])
def test_what_is_not_there(storage: Storage, address: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        list(gcs.connect(address).files())


def test_one_object_is_found_by_its_name(storage: Storage) -> None:
    service = gcs.connect("gs://models/m")
    file = service.find("sub/w.safetensors")
    assert (file.size, file.key) == (len(WEIGHTS), "m/sub/w.safetensors")
    assert service.read(file, 8, 20) == WEIGHTS[8:20]
    assert gcs.connect("gs://models").find("mm.pkl").size == len(EVIL)
    with pytest.raises(SourceError) as caught:
        service.find("nothing")
    assert caught.value.code == "missing-path"
