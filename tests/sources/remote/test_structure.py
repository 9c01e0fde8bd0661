"""A scan of another machine: the same findings with few bytes, and honest about what was not read."""

from __future__ import annotations

import io
import pickle
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fixtures.servers.sparse import header, tensors
from fixtures.services import Memory, served
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.pipeline.store.shared import FactStore
from modelaudit.sources.remote.locations import Access

if TYPE_CHECKING:
    from pathlib import Path

    from modelaudit.engine.document import ScanDocument

EVIL = b"cposix\nsystem\n(S'true'\ntR."
MIB = 1024 * 1024


def checkpoint(weights: int, storages: int = 4) -> bytes:
    """A PyTorch archive with as many bytes of weights, by hand."""
    each = weights // storages
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("m/data.pkl", tensors(storages, each))
        archive.writestr("m/version", "3\n")
        for n in range(storages):
            archive.writestr(f"m/data/{n}", bytes(each))
    return out.getvalue()


def with_member(name: str, data: bytes) -> bytes:
    """The same with one member of another content."""
    with zipfile.ZipFile(io.BytesIO(checkpoint(8 * MIB))) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    members[name] = data
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as changed:
        for each, content in members.items():
            changed.writestr(each, content)
    return out.getvalue()


def safetensors(weights: int) -> bytes:
    return header(weights) + bytes(weights)


def scanned(paths: list[str], scope: str | None = None, store: FactStore | None = None) -> ScanDocument:
    return scan(paths, load_ruleset(), Options(scope=scope), store=store)


def rules(document: ScanDocument) -> list[tuple[str, str]]:
    names = {document.paths[0]: "."}
    return sorted((f.rule, names.get(f.artifact, f.artifact.rpartition("/")[2])) for f in document.findings)


def test_a_folder_elsewhere_is_found_as_it_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"evil.pkl": EVIL, "sub/weights.safetensors": safetensors(1000), "README.md": b"# A model\n"}
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    here = scanned([str(tmp_path)])
    with served(monkeypatch, Memory(files)):
        there = scanned(["mem://acme/model"])
    assert rules(there) == rules(here)
    assert there.decision.exit_code == here.decision.exit_code == 1
    assert [a.path for a in there.artifacts] == [
        "mem://acme/model/README.md",
        "mem://acme/model/evil.pkl",
        "mem://acme/model/sub/weights.safetensors",
        "mem://acme/model",
    ]
    assert {a.scope for a in there.artifacts if a.role != "bundle"} == {"structure"}
    assert there.content_hash == here.content_hash  # of what the service says


@pytest.mark.parametrize(("name", "data"), [("m.safetensors", safetensors(64 * MIB)), ("m.pt", checkpoint(64 * MIB))])
def test_weights_stay_where_they_are(name: str, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(monkeypatch, Memory({name: data})) as service:
        document = scanned(["mem://acme/model"])
    assert document.decision.exit_code == 0, (document.decision, document.errors, document.findings)
    assert service.moved <= 0.0025 * len(data)
    assert len(service.asked) <= 9
    assert document.transfer is not None
    assert document.transfer.requests == len(service.asked) + service.listings


@pytest.mark.parametrize("broken", [1, 3])
def test_what_breaks_is_tried_again(broken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelaudit.sources.remote.line.FIRST", 0.001)
    with served(monkeypatch, Memory({"a.bin": safetensors(30_000) + EVIL}, broken=broken, most=1000)):
        document = scanned(["mem://acme/model"], "full")
    assert document.decision.exit_code == 1
    assert not document.errors
    assert document.transfer is not None
    assert document.transfer.retries


@pytest.mark.parametrize("name", ["m/data/2", "m/data/99"], ids=["another size", "asked for by nobody"])
def test_a_storage_that_no_tensor_asks_for_is_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(monkeypatch, Memory({"m.pt": with_member(name, EVIL)})):
        document = scanned(["mem://acme/model"])
    assert "MA1021" in {finding.rule for finding in document.findings}


def test_each_folder_has_its_own_files_and_comes_after_them(monkeypatch: pytest.MonkeyPatch) -> None:
    files = dict.fromkeys(["b/x.json", "a/c/y.json", "a/y.json", "z.json", "a/c/d/e/w.json"], b"{}")
    with served(monkeypatch, Memory(files)):
        found = list(Access().entries("mem://acme/model"))
    folders = {entry.path[len("mem://acme/model") :]: sorted(entry.files) for entry in found if hasattr(entry, "files")}
    assert folders == {
        "": ["z.json"],
        "/a": ["y.json"],
        "/a/c": ["y.json"],
        "/a/c/d": [],
        "/a/c/d/e": ["w.json"],
        "/b": ["x.json"],
    }
    paths = [entry.path for entry in found]
    assert all(
        paths.index(path) > paths.index(inner) for path in paths for inner in paths if inner.startswith(f"{path}/")
    )


def test_what_stays_broken_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelaudit.sources.remote.line.FIRST", 0.001)
    with served(monkeypatch, Memory({"a.pkl": pickle.dumps([1])}, broken=100)):
        document = scanned(["mem://acme/model"])
    assert document.decision.exit_code == 2
    assert [error.message for error in document.errors] == ["mem://acme/model/a.pkl: the connection was reset, 5 times"]


def test_all_bytes_are_read_and_held_against_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    data = safetensors(20 * MIB)
    with served(monkeypatch, Memory({"m.safetensors": data})) as service:
        document = scanned(["mem://acme/model"], "full")
        assert document.decision.exit_code == 0
        assert service.moved <= len(data) + MIB
        service.contents = {"m.safetensors": data[:-1] + b"x"}
        listed = service.files()
        service.contents = {"m.safetensors": data}
        service.files = lambda: listed  # type: ignore[method-assign]
        document = scanned(["mem://acme/model"], "full")
    assert document.decision.exit_code == 2
    assert "digest" in document.errors[0].message


@pytest.mark.parametrize("digests", [True, False])
def test_the_second_scan_asks_for_nothing(digests: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    files = {
        "config.json": b'{"architectures": ["BertModel"], "model_type": "bert"}',
        "model.safetensors": safetensors(MIB),
        "evil.pkl": EVIL,
    }
    with served(monkeypatch, Memory(files, digests=digests)) as service:
        first = scanned(["mem://acme/model"], store=FactStore())
        assert service.asked
        service.asked.clear()
        second = scanned(["mem://acme/model"], store=FactStore())
    assert service.asked == []
    assert rules(first) == rules(second)
    assert [a.coverage for a in first.artifacts] == [a.coverage for a in second.artifacts]


def test_names_that_lead_out_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(monkeypatch, Memory({"../evil.pkl": EVIL, "/etc/x.pkl": EVIL, "ok.pkl": pickle.dumps(1)})) as service:
        document = scanned(["mem://acme/model"])
    assert {name for name, _, _ in service.asked} == {"ok.pkl"}
    assert len(document.errors) == 2
    assert document.decision.exit_code == 2


def test_structure_of_a_file_here(tmp_path: Path) -> None:
    (tmp_path / "m.npy").write_bytes(_npy())
    document = scanned([str(tmp_path)], "structure")
    assert document.decision.exit_code == 0
    assert document.artifacts[0].sha256 is None
    assert document.content_hash is None
    assert document.artifacts[0].scope == "structure"


def _npy() -> bytes:
    out = io.BytesIO()
    np.save(out, np.zeros(3 * MIB))
    return out.getvalue()
