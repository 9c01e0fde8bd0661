"""Blobs of Azure Storage, read with the real client from a server with its REST API."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from fixtures.servers.blobs import Blobs
from fixtures.servers.serving import Server
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import scan
from modelaudit.sources.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("adlfs", reason="the extra azure is not installed")
from modelaudit.sources.remote import azure

EVIL = b"cposix\nsystem\n(S'true'\ntR."
HEADER = b'{"w":{"dtype":"U8","shape":[3000000],"data_offsets":[0,3000000]}}'
WEIGHTS = len(HEADER).to_bytes(8, "little") + HEADER + bytes(3_000_000)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch) -> Iterator[Blobs]:
    """A server with one container, which the client speaks to."""
    blobs = Blobs("models", {"m/evil.pkl": EVIL, "m/sub/w.safetensors": WEIGHTS, "m/": b"", "mm.pkl": EVIL})
    with Server(blobs) as server:
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", blobs.connection(server.url))
        yield blobs


def names(address: str) -> list[str]:
    return sorted(file.name for file in azure.connect(address).files())


def test_what_is_below_a_path(container: Blobs) -> None:
    assert names("az://models/m") == names("abfs://models/m/") == ["evil.pkl", "sub/w.safetensors"]
    assert names("az://models") == ["m/evil.pkl", "m/sub/w.safetensors", "mm.pkl"]
    assert names("az://models/mm.pkl") == [""]


def test_what_changed_is_not_read(container: Blobs) -> None:
    service = azure.connect("az://models/mm.pkl")
    [file] = service.files()
    assert service.read(file, 1, 6) == EVIL[1:6]
    container.blobs["mm.pkl"] = b"other"
    with pytest.raises(SourceError, match="changed"):
        service.read(file, 0, 3)


def test_a_scan_moves_little(container: Blobs) -> None:
    document = scan(["az://models/m"], load_ruleset())
    assert {finding.artifact for finding in document.findings if finding.severity == "critical"} == {
        "az://models/m/evil.pkl"
    }
    assert not document.errors
    assert document.transfer is not None
    assert document.transfer.bytes < 200_000


@pytest.mark.parametrize(("address", "said"), [("az://nowhere/x", "no such account"), ("az://", "name a container")])
def test_what_is_not_there(container: Blobs, address: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        list(azure.connect(address).files())


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("az://models/x", "AZURE_STORAGE_ACCOUNT_NAME"),
        ("abfs://models@evil.example/x", "no account of Azure"),
        ("abfs://models@a.b.example.dfs.core.windows.net.evil.example/x", "no account of Azure"),
    ],
)
def test_an_account_has_to_be_known(address: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        azure.connect(address)


def test_credentials_of_one_account_are_not_shown_to_another(container: Blobs) -> None:
    with pytest.raises(SourceError, match="those of devstoreaccount1"):
        azure.connect("abfs://models@other.dfs.core.windows.net/x")


def test_one_object_is_found_by_its_name(container: Blobs) -> None:
    service = azure.connect("az://models/m")
    file = service.find("sub/w.safetensors")
    assert (file.size, file.key) == (len(WEIGHTS), "m/sub/w.safetensors")
    assert service.read(file, 8, 20) == WEIGHTS[8:20]
    assert azure.connect("az://models").find("mm.pkl").size == len(EVIL)
    with pytest.raises(SourceError) as caught:
        service.find("nothing")
    assert caught.value.code == "missing-path"
