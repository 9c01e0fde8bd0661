"""Pointers of DVC: outputs in the workspace and the cache, and paths that leave the repository."""

import pytest

from fixtures import mutants
from modelaudit.engine.facts import Metadata, Reference
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.dvc import parse, recognise_pointer
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.references import ScanRoot
from modelaudit.pipeline.scan import scan

POINTER = b"outs:\n- md5: 0123456789abcdef0123456789abcdef\n  size: 4\n  hash: md5\n  path: model.bin\n"
LOCK = b"""\
schema: '2.0'
stages:
  train:
    cmd: python train.py
    deps:
    - path: data
      md5: 0123456789abcdef0123456789abcdef.dir
      size: 10
    outs:
    - path: model.bin
      md5: 0123456789abcdef0123456789abcdef
      size: 4
"""
PIPELINE = b"""\
stages:
  train:
    cmd: python train.py
    wdir: sub
    deps:
    - data
    outs:
    - m.bin:
        cache: false
"""


def read(data, format="dvc"):
    return list(parse(Input("m.dvc", BytesReader(data), format), Context(wants=lambda kind: kind != "text")))


def references(data, format="dvc"):
    return [(item.kind, item.key, item.target) for item in read(data, format) if isinstance(item, Reference)]


def rules(ruleset, path):
    document = scan([str(path)], ruleset)
    return {(f.rule, f.severity) for f in document.findings if f.active}, document.decision.exit_code


@pytest.mark.parametrize("data", [POINTER, LOCK, PIPELINE])
def test_pointers_are_recognised(data):
    assert recognise_pointer(data, BytesReader(data))
    assert Registry.load().recognise(data, BytesReader(data), ".bin").formats == ("dvc",)


def test_other_yaml_is_none():
    data = b"outs: 1\npath: x\n"
    assert not recognise_pointer(data, BytesReader(data))


def test_outputs_are_named_in_the_workspace_and_in_the_cache():
    assert references(POINTER) == [
        ("dvc", "outs", "model.bin"),
        ("dvc-cache", "outs", "files/md5/01/23456789abcdef0123456789abcdef"),
    ]
    assert [item[2] for item in references(LOCK)][:2] == ["model.bin", "01/23456789abcdef0123456789abcdef"]
    assert references(PIPELINE) == [("dvc", "wdir", "sub"), ("dvc", "outs", "sub/m.bin"), ("dvc", "deps", "sub/data")]
    assert [item.value for item in read(LOCK) if isinstance(item, Metadata)] == ["python train.py"]


def test_lists_of_folders_name_their_files():
    data = b'[{"md5": "0123", "relpath": "a/b"}, {"md5": "0123", "relpath": "../c"}]'
    assert [item[2] for item in references(data, "dvc-folder")] == ["a/b", "../c"]
    assert Registry.load().recognise(data, BytesReader(data), ".dir").formats == ("dvc-folder",)


def test_an_ordinary_repository_raises_nothing(ruleset, tmp_path):
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "model.bin").write_bytes(b"text")
    pointer = POINTER.replace(b"0123456789abcdef0123456789abcdef", b"1cb251ec0d568de6a929b520c4aed8d1")
    (tmp_path / "data" / "m.dvc").write_bytes(pointer.replace(b"model.bin", b"../model.bin"))
    assert rules(ruleset, tmp_path / "data" / "m.dvc") == (set(), 0)


def test_outputs_are_looked_up_in_the_cache(tmp_path):
    kept = tmp_path / ".dvc" / "cache" / "files" / "md5" / "01"
    kept.mkdir(parents=True)
    (kept / "23456789abcdef0123456789abcdef").write_bytes(b"text")
    root = ScanRoot(str(tmp_path.resolve()), str(tmp_path.resolve()))
    facts = [root.resolve(item) for item in read(POINTER) if isinstance(item, Reference)]
    assert {fact.kind: fact.exists for fact in facts} == {"dvc": False, "dvc-cache": True}
    assert facts[1].resolved == ".dvc/cache/files/md5/01/23456789abcdef0123456789abcdef"


@pytest.mark.parametrize("path", [b"/etc/x", b"../../x"])
def test_outputs_outside_of_the_repository_are_found(ruleset, tmp_path, path):
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "m.dvc").write_bytes(POINTER.replace(b"model.bin", path))
    assert ("MA4850", "warning") in rules(ruleset, tmp_path)[0]


def test_an_output_of_another_size_is_found(ruleset, tmp_path):
    (tmp_path / "model.bin").write_bytes(b"other text")
    (tmp_path / "m.dvc").write_bytes(POINTER)
    assert ("MA4852", "warning") in rules(ruleset, tmp_path)[0]


def test_mutated_pointers_never_raise():
    for seed in range(200):
        read(mutants.mutant(LOCK, seed))
        read(mutants.mutant(b'[{"md5": "0123", "relpath": "a/b"}]', seed), "dvc-folder")
