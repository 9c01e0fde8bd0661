"""Programs in files on disk and in what is nested in them, told once and with their place."""

import io
import pickle
import zipfile

import pytest

from fixtures import executables, tensors
from modelaudit.pipeline import embedded
from modelaudit.pipeline.facts import facts
from modelaudit.sources import file


def blobs(path, data: bytes) -> list[tuple[str, str, str, int]]:
    path.write_bytes(data)
    found = []
    for tree in facts([str(path)], errors=[]):
        for node in tree.walk():
            for blob in node.facts.get("blob", ()):
                inner = node.artifact.path.removeprefix(str(path))
                found.append((inner, blob.kind, blob.region, blob.places[0].offset))
    return found


def test_a_tail_behind_weights(tmp_path) -> None:
    model = tensors.model()
    program = executables.elf()
    found = blobs(tmp_path / "m.safetensors", model + program)
    assert ("!trailing-data", "elf", "member", 0) in found
    assert len(found) == 1


def test_a_constant_of_a_pickle_is_told_once(tmp_path) -> None:
    data = pickle.dumps({"a": executables.pe(), "b": b"words " * 9 + executables.elf()}, protocol=4)
    found = blobs(tmp_path / "m.pkl", data)
    assert [(kind, region) for _, kind, region, _ in found] == [("pe", "literal"), ("elf", "content")]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_stored_or_compressed(tmp_path, method: int) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as archive:
        archive.writestr("lib.so", executables.elf())
        archive.writestr("weights.bin", b"\x01\x02\xff" * 300 + executables.pe())
    found = blobs(tmp_path / "m.zip", whole.getvalue())
    assert sorted(found) == [("!lib.so", "elf", "member", 0), ("!weights.bin", "pe", "content", 900)]


def test_a_large_file_is_searched_while_it_is_hashed(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(embedded, "HELD", 1000)
    monkeypatch.setattr(file, "WHOLE", 1000)
    found = blobs(tmp_path / "m.bin", bytes(5000) + executables.macho() + bytes(70_000) + executables.pe())
    assert found == [("", "macho", "content", 5000), ("", "pe", "content", 5000 + 128 + 70_000)]


def test_a_program_on_disk_is_a_file(tmp_path) -> None:
    assert blobs(tmp_path / "lib.so", executables.elf()) == [("", "elf", "file", 0)]


def test_what_is_inside_a_program_is_not_told_again(tmp_path) -> None:
    outer = bytearray(executables.elf() + bytes(4096))
    outer[96:104] = outer[104:112] = len(outer).to_bytes(8, "little")
    outer[1000 : 1000 + len(executables.pe())] = executables.pe()
    assert blobs(tmp_path / "x.bin", b"\xff" * 9 + bytes(outer)) == [("", "elf", "content", 9)]


@pytest.mark.parametrize("kind", ["wasm", "script"])
def test_what_a_parser_told_by_first_bytes_alone_is_told_when_it_holds(tmp_path, kind: str) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps({"a": executables.PROGRAMS[kind]()}))
    (tree,) = facts([str(path)], errors=[])
    assert sorted((blob.kind, blob.validated) for blob in tree.facts["blob"]) == [(kind, False), (kind, True)]
