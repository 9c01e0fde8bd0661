"""Models of TensorFlow.js: operators, weights, places, texts, and the files beside them."""

import json
import random

import pytest

from fixtures.ruling import builtin
from modelaudit.engine.facts import Defect, Limit, Metadata, Op, Reference, Relation, Tensor
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.bundle import recognise_folder
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.tfjs import parse
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()
WEIGHTS = [
    {"name": "w", "shape": [4, 2], "dtype": "float32"},
    {"name": "b", "shape": [2], "dtype": "float32", "quantization": {"dtype": "uint8", "min": 0, "scale": 1}},
]
LAYERS = {"class_name": "Sequential", "config": {"name": "s", "layers": [{"class_name": "Dense", "config": {}}]}}


def model(**changes):
    whole = {
        "format": "graph-model",
        "generatedBy": "2.15.0",
        "convertedBy": "TensorFlow.js Converter v4.0.0",
        "modelTopology": {
            "node": [{"name": "x", "op": "Placeholder"}, {"name": "y", "op": "Neg", "input": ["x"]}],
            "library": {"function": [{"signature": {"name": "f"}, "nodeDef": [{"name": "z", "op": "f"}]}]},
        },
        "weightsManifest": [{"paths": ["group1-shard1of1.bin"], "weights": WEIGHTS}],
    }
    return {**whole, **changes}


def read(document):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(parse(Input("model.json", BytesReader(data), "tfjs"), Context()))


def of(kind, document):
    return [item for item in read(document) if isinstance(item, kind)]


def recognised(document):
    data = json.dumps(document).encode()
    return set(REGISTRY.recognise(data[:4096], BytesReader(data), ".json").formats)


def found(path):
    document = scan([str(path)], builtin())
    return {finding.rule for finding in document.findings if finding.active}


def test_models_are_told_by_their_keys():
    assert recognised(model()) == {"tfjs"}
    assert recognised(model(modelTopology={"model_config": LAYERS})) == {"tfjs", "keras-config"}
    assert recognised({"modelTopology": 1}) == {"text"}


def test_operators_of_the_graph_and_its_functions():
    ops = of(Op, model())
    assert [(op.type, op.graph_path, op.local) for op in ops] == [
        ("Placeholder", "graph", False),
        ("Neg", "graph", False),
        ("f", "f", True),
    ]


def test_weights_and_their_files():
    document = model()
    assert [(one.name, one.shape, one.nbytes) for one in of(Tensor, document)] == [("w", (4, 2), 32), ("b", (2,), 2)]
    assert [one.target for one in of(Reference, document)] == ["group1-shard1of1.bin"]


def test_texts_of_the_model_are_metadata():
    known = {one.key: one.value for one in of(Metadata, model(userDefinedMetadata={"note": ["x"]}))}
    assert known == {"format": "graph-model", "generatedBy": "2.15.0", "userDefinedMetadata/note": "x"} | {
        "convertedBy": "TensorFlow.js Converter v4.0.0"
    }


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"modelTopology": 1, "modelTopology": 2}', "duplicate-keys"),
        (b'{"modelTopology": ', "bad-json"),
        (b"[1]", "bad-json"),
        (json.dumps(model(weightsManifest=[{"weights": [{"name": "w", "shape": [-1]}]}])).encode(), "bad-shape"),
    ],
)
def test_what_is_malformed_is_a_defect(data, code):
    assert [one.code for one in of(Defect, data)] == [code]


def test_odd_values_are_passed_over():
    odd = model(modelTopology={"node": [1, {"op": 2}], "library": {"function": [3]}}, weightsManifest=[1, {"paths": 2}])
    assert not of(Op, odd)
    assert not of(Tensor, odd)
    assert [one.what for one in of(Limit, b"[" * 3000 + b"]" * 3000)] == ["depth"]


def test_files_are_held_against_the_list(tmp_path):
    (tmp_path / "model.json").write_text(json.dumps(model()))
    (tmp_path / "group1-shard1of1.bin").write_bytes(bytes(range(34)))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert recognise_folder(names) == "tfjs-folder"
    assert not found(tmp_path)
    (tmp_path / "group1-shard1of1.bin").write_bytes(bytes(range(33)))
    assert "MA3202" in found(tmp_path)


def test_a_missing_file_is_told(tmp_path):
    listed = [{"paths": ["group1-shard1of2.bin", "group1-shard2of2.bin"], "weights": WEIGHTS}]
    (tmp_path / "model.json").write_text(json.dumps(model(weightsManifest=listed)))
    (tmp_path / "group1-shard1of2.bin").write_bytes(bytes(range(34)))
    document = scan([str(tmp_path)], builtin())
    assert {finding.rule for finding in document.findings if finding.active} == {"MA3202"}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"weightsManifest": [{"paths": ["../../x.bin"], "weights": []}]}, "MA4230"),
        ({"weightsManifest": [{"paths": ["https://example.org/x.bin"], "weights": []}]}, "MA4230"),
        ({"userDefinedMetadata": {"about": "<script>go()</script>"}}, "MA4231"),
        ({"modelTopology": {"node": [{"name": "x", "op": "RunThis"}]}}, "MA4207"),
        ({"modelTopology": {"model_config": {"class_name": "Own", "config": {}}}}, "MA4013"),
    ],
)
def test_what_a_scan_says(tmp_path, changes, rule):
    (tmp_path / "model.json").write_text(json.dumps(model(**changes)))
    assert rule in found(tmp_path / "model.json")


def test_a_sound_model_is_clean_and_a_broken_one_is_not(tmp_path):
    (tmp_path / "model.json").write_text(json.dumps(model()))
    assert not found(tmp_path / "model.json")
    (tmp_path / "model.json").write_text(json.dumps(model())[:-1])
    assert "MA4232" in found(tmp_path / "model.json")


def test_relations_need_their_own_folder():
    assert not [item for item in read(model()) if isinstance(item, Relation)]


def test_mutants_never_raise():
    rnd = random.Random(3)
    seed = json.dumps(model(modelTopology={"model_config": LAYERS, "node": [{"op": "Neg", "name": "n"}]})).encode()
    for _ in range(1000):
        data = bytearray(seed)
        for _ in range(rnd.randint(1, 4)):
            data[rnd.randrange(len(data))] = rnd.choice(b'{}[]",:019 \x00\xff')
        read(bytes(data))
