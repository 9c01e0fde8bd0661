"""A folder of safetensors shards and its index: they agree, or it is said where they do not."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import tensors
from modelaudit.engine.facts import Defect, Reference, Relation
from modelaudit.parsers.base import Context
from modelaudit.parsers.bundle import recognise_folder, relate
from modelaudit.parsers.reader import BytesReader

INDEX = "model.safetensors.index.json"
ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


class Folder:
    """A folder in memory that notes what is opened."""

    path = "repo"

    def __init__(self, files: dict[str, bytes | None]) -> None:
        self.files = files
        self.names = sorted(files)
        self.opened: list[str] = []

    def open(self, name):
        self.opened.append(name)
        data = self.files[name]
        return None if data is None else BytesReader(data)


def shard(*names: str) -> bytes:
    entries = {name: tensors.entry(4 * n, 4 * n + 4) for n, name in enumerate(names)}
    return tensors.file({"__metadata__": {"format": "pt"}, **entries}, bytes(4 * len(names)))


def index(weights: object) -> bytes:
    return json.dumps({"metadata": {"total_size": 12}, "weight_map": weights}).encode()


def repository(**changes: object) -> Folder:
    files = {INDEX: index({"a": ONE, "b": ONE, "c": TWO}), ONE: shard("a", "b"), TWO: shard("c")}
    return Folder({**files, **changes})


def facts(folder: Folder):
    return list(relate(folder, Context()))


def details(folder: Folder) -> dict[str, str | None]:
    return {fact.a: fact.detail for fact in facts(folder) if isinstance(fact, Relation)}


def test_folder_is_recognised_by_its_index():
    assert recognise_folder([INDEX, ONE]) == "sharded-safetensors"
    assert recognise_folder(["model.safetensors", "config.json"]) == "model-repository"
    assert recognise_folder(["model.safetensors", "notes.json"]) is None
    assert recognise_folder(["LICENSE", "setup.py"]) is None
    assert recognise_folder([]) is None


def test_shards_that_agree():
    relations = facts(repository())
    assert [(r.kind, r.a, r.b, r.agrees, r.artifact) for r in relations] == [
        ("shard-of", ONE, INDEX, True, "repo"),
        ("shard-of", TWO, INDEX, True, "repo"),
    ]


def test_tensor_that_is_not_in_its_shard():
    found = details(repository(**{ONE: shard("a")}))
    assert found == {ONE: "1 not in the shard: b", TWO: None}


def test_tensor_that_the_index_does_not_know():
    assert details(repository(**{TWO: shard("c", "x")}))[TWO] == "1 not in the index: x"


def test_many_names_are_not_all_shown():
    assert details(repository(**{TWO: shard("c", *map(str, range(9)))}))[TWO].endswith("4 …")


def test_missing_shard():
    folder = repository()
    folder.names.remove(TWO)
    relation = facts(folder)[1]
    assert (relation.agrees, relation.detail) == (False, "the shard is missing")


def test_shard_that_the_index_does_not_name():
    extra = "model-00003-of-00003.safetensors"
    assert details(repository(**{extra: shard("x")}))[extra] == "the index does not name this file"


@pytest.mark.parametrize("path", ["../evil.safetensors", "/etc/evil", "sub/x.safetensors", "..\\evil"])
def test_file_outside_the_folder_is_a_reference_and_never_opened(path):
    folder = repository(**{INDEX: index({"a": path})})
    found = facts(folder)
    (reference,) = [fact for fact in found if isinstance(fact, Reference)]
    assert (reference.target, reference.kind, reference.key) == (path, "file", "weight_map")
    assert folder.opened == [INDEX]


@pytest.mark.parametrize(
    "broken", [b"", b"x", b"\xff" * 20, tensors.header(b"{oops"), tensors.header(b"{}", length=10**12)]
)
def test_shard_that_cannot_be_read(broken):
    assert details(repository(**{TWO: broken}))[TWO].startswith("the shard cannot be read")


def test_shard_that_cannot_be_opened():
    assert details(repository(**{TWO: None}))[TWO] == "the shard cannot be read: the file cannot be opened"


NO_INDEX = (
    b"",
    b"[]",
    b"{}",
    b'{"weight_map": 1}',
    b'{"weight_map": {"a": 1}}',
    b'{"weight_map": {"a": "x", "a": "y"}}',
    b'{"weight_map": {}, "weight_map": {}}',
    b"[" * 99_999,
)


@pytest.mark.parametrize("text", NO_INDEX)
def test_index_that_is_none(text):
    (defect,) = facts(repository(**{INDEX: text}))[:1]
    assert isinstance(defect, Defect)
    assert (defect.code, "relation" in defect.affects) == ("bad-index", True)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_never_raises(text, header):
    facts(repository(**{INDEX: text, ONE: header, TWO: tensors.header(header)}))
