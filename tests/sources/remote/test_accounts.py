"""Whose account a client speaks for: profiles of AWS, shared access signatures of Azure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from fixtures.servers.blobs import Blobs
from fixtures.servers.objects import Objects
from fixtures.servers.serving import Server
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import scan
from modelaudit.reports.json import report
from modelaudit.sources.remote.locations import connect

if TYPE_CHECKING:
    from pathlib import Path

EVIL = b"cposix\nsystem\n(S'true'\ntR."
SIGNATURE = "sv=2024-11-04&ss=b&srt=sco&sp=rl&se=2030-01-01T00:00:00Z&sig=hunter2"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "AZURE_"))]:
        monkeypatch.delenv(name)


def test_the_keys_and_the_endpoint_of_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("s3fs", reason="the extra s3 is not installed")
    with Server(Objects("models", {"m.pkl": EVIL})) as server:
        (tmp_path / "keys").write_text(
            "[default]\naws_access_key_id = NOBODY\naws_secret_access_key = x\n"
            "[acme]\naws_access_key_id = AKIAACME\naws_secret_access_key = hunter2\n"
        )
        (tmp_path / "config").write_text(f"[profile acme]\nregion = us-east-1\nendpoint_url = {server.url}\n")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "keys"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_PROFILE", "acme")
        document = scan(["s3://models/m.pkl"], load_ruleset())
        service = connect("s3://models/m.pkl")
        assert list(service.files())
        assert service.server == server.url  # facts of it are not those of AWS
        assert all("Credential=AKIAACME/" in request.headers["authorization"] for request in server.seen)
    assert document.decision.exit_code == 1
    assert "hunter2" not in str(report(document))


def test_a_shared_access_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("adlfs", reason="the extra azure is not installed")
    blobs = Blobs("models", {"m.pkl": EVIL})
    with Server(blobs) as server:
        said = f"BlobEndpoint={server.url}/{blobs.account};SharedAccessSignature={SIGNATURE}"
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", said)
        document = scan(["az://models/m.pkl"], load_ruleset())
        assert server.seen
        assert all("sig=hunter2" in request.path for request in server.seen)
        assert not any("authorization" in request.headers for request in server.seen)
        blobs.blobs.clear()
        refused = scan(["az://models/m.pkl"], load_ruleset())
    assert document.decision.exit_code == 1
    assert refused.errors
    assert "hunter2" not in f"{report(document)}{report(refused)}"


def test_the_signature_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("adlfs", reason="the extra azure is not installed")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "acme")
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", f"?{SIGNATURE}")
    service = connect("az://models/m.pkl")
    assert service._filesystem().service_client.url.startswith("https://acme.blob.core.windows.net/?sv=")
    assert service.server == "https://acme.blob.core.windows.net"
