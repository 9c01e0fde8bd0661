"""Objects of Google Cloud Storage, read with the real client from a server with its JSON API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.servers.cloudstorage import Storage
from fixtures.servers.serving import Server
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import scan
from modelaudit.sources.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

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
