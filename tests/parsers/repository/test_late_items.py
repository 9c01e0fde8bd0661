"""What stands behind many items of a list, or among the tokens of a vocabulary, is read as well."""

import json

import pytest

from modelaudit.engine.facts import Fact, Import, Limit, Metadata, Reference
from modelaudit.parsers import dvc, oci, repository
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.reader import BytesReader

TARGET = {"_target_": "os.system"}


def facts(parser, data: object, format: str) -> list[Fact]:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    found = parser.parse(Input("m", BytesReader(text), format), Context())
    return [fact for fact in found if isinstance(fact, Fact)]


@pytest.mark.parametrize(
    "hidden",
    [
        {"vocab": {**{f"t{n}": n for n in range(100)}, "x": TARGET}},
        {"vocab": {**{f"t{n}": n for n in range(100)}, "x": [[TARGET]]}},
        {"merges": [*[f"a b{n}" for n in range(100)], TARGET]},
        {"vocab": [*[[f"t{n}", 0.5] for n in range(100)], ["x", {"y": [TARGET]}]]},
    ],
)
def test_an_object_among_tokens_is_read(hidden: dict) -> None:
    found = facts(repository, {"architectures": ["A"], **hidden}, "repository-json")
    assert "os.system" in [fact.qualname for fact in found if isinstance(fact, Import)]


def test_tokens_themselves_are_passed_over() -> None:
    tokens = {"vocab": {**{f"t{n}": n for n in range(100)}, "${env:x}": 1}, "merges": ["${env:x} a"] * 100}
    found = facts(repository, {"architectures": ["A"], "model": tokens}, "repository-json")
    assert not [fact for fact in found if isinstance(fact, Metadata) and "env" in str(fact.value)]


def test_layers_behind_many_are_read() -> None:
    layer = {"mediaType": "x", "size": 1, "digest": "sha256:" + "0" * 64}
    layers = [layer] * 10_001 + [{**layer, "urls": ["http://layers.example/x"]}]
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": layers}
    found = facts(oci, manifest, "oci-manifest")
    assert "http://layers.example/x" in [fact.target for fact in found if isinstance(fact, Reference)]


def test_a_manifest_that_is_too_large_is_a_limit() -> None:
    found = facts(oci, b'{"schemaVersion": 2}' + b" " * (oci.MANIFEST_MAX + 1), "oci-manifest")
    assert [fact.what for fact in found if isinstance(fact, Limit)] == ["size"]


def test_stages_behind_many_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    stages = "".join(f"  s{n}:\n    cmd: a\n" for n in range(300)) + "  last:\n    cmd: run me\n"
    found = facts(dvc, f"stages:\n{stages}".encode(), "dvc")
    assert "run me" in [fact.value for fact in found if isinstance(fact, Metadata)]
