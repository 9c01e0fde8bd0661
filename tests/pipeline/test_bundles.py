"""Folders that mean something as a whole are judged after their files."""

import json
import os
import struct

import pytest

from modelaudit.parsers import bundle
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline import bundles
from modelaudit.pipeline.facts import facts
from modelaudit.pipeline.limits import Options
from modelaudit.sources.file import FileReader

INDEX = "model.safetensors.index.json"


def shard(*names):
    header = json.dumps({n: {"dtype": "U8", "shape": [1], "data_offsets": [i, i + 1]} for i, n in enumerate(names)})
    return struct.pack("<Q", len(header)) + header.encode() + bytes(len(names))


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "models" / "50%"
    folder.mkdir(parents=True)
    (folder / INDEX).write_text(json.dumps({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}))
    (folder / "one.safetensors").write_bytes(shard("a"))
    (folder / "two.safetensors").write_bytes(shard("b"))
    return folder


def trees(path, errors=None):
    return list(facts([str(path)], Options(timeout=20), errors=errors))


def test_a_bundle_comes_after_its_files_with_what_relates_them(model):
    found = trees(model.parent)
    assert [tree.artifact.name for tree in found] == [INDEX, "one.safetensors", "two.safetensors", "50%"]
    artifact = found[-1].artifact
    assert artifact.path == str(model.parent / "50%25")
    assert (artifact.format, artifact.role, artifact.depth, artifact.coverage) == (
        "sharded-safetensors",
        "bundle",
        0,
        "full",
    )
    assert artifact.families == Registry.load().families(("sharded-safetensors",))
    assert [(fact.a, fact.agrees) for fact in found[-1].facts["relation"]] == [
        ("one.safetensors", True),
        ("two.safetensors", True),
    ]


def test_a_folder_that_is_only_a_folder_is_no_artifact(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.txt").write_text("x")
    assert [tree.artifact.name for tree in trees(tmp_path)] == ["a.txt", "b.txt"]


def test_shards_that_are_links_to_blobs_are_read(model):
    blob = model.parent / "blob"
    os.rename(model / "one.safetensors", blob)
    (model / "one.safetensors").symlink_to(blob)
    (found,) = [tree for tree in trees(model.parent) if tree.artifact.role == "bundle"]
    assert [fact.agrees for fact in found.facts["relation"]] == [True, True]


def test_files_are_given_back_and_few_are_open_at_once(model, monkeypatch):
    monkeypatch.setattr(bundles, "OPEN", 1)
    opened, closed = [], []
    init, close = FileReader.__init__, FileReader.close
    monkeypatch.setattr(FileReader, "__init__", lambda self, *a, **k: (init(self, *a, **k), opened.append(self))[0])
    monkeypatch.setattr(FileReader, "close", lambda self: (close(self), closed.append(self))[0])
    assert [fact.agrees for fact in trees(model)[-1].facts["relation"]] == [True, True]
    assert {id(reader) for reader in opened} == {id(reader) for reader in closed}


def test_a_bundle_parser_that_breaks_costs_the_bundle_alone(model, monkeypatch):
    def broken(folder, context):
        raise ZeroDivisionError
        yield

    monkeypatch.setattr(bundle, "relate", broken)
    errors = []
    found = trees(model, errors)
    assert [tree.artifact.coverage for tree in found] == ["full", "full", "full", "partial"]
    assert [(error.code, error.path) for error in errors] == [("crash", found[-1].artifact.path)]


def test_a_file_that_cannot_be_opened_is_none_to_the_parser(model, monkeypatch):
    seen = []

    def relate(folder, context):
        seen.extend([folder.open("gone"), folder.open("../outside"), folder.open(INDEX)])
        return iter(())

    monkeypatch.setattr(bundle, "relate", relate)
    trees(model)
    assert seen[:2] == [None, None]
    assert seen[2] is not None
