"""Keras configurations: objects wherever they stand, what they name, and what is wrong with the text."""

import base64
import json

import pytest

from fixtures import keras_models as models
from fixtures import mutants
from modelaudit.engine.facts import Code, Defect, Import, Layer, Limit, Metadata, Op, Reference, Text
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.keras import parse, recognise_config
from modelaudit.parsers.reader import BytesReader


def read(data: object, *, wants=None):
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return list(parse(Input("c.json", BytesReader(raw), "keras-config"), Context(wants=wants)))


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def layers(data: object) -> list[Layer]:
    return [layer for layer in of(Layer, read(data)) if not layer.by_name]


def recognised(data: bytes) -> bool:
    return recognise_config(data[:4096], BytesReader(data))


# Recognition


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(models.sequential()).encode(),
        json.dumps(models.sequential(), indent=2).encode(),
        b"\xef\xbb\xbf" + json.dumps(models.sequential()).encode(),
        json.dumps(models.sequential()).encode("utf-16"),
        json.dumps(models.sequential()).encode("utf-16-be"),
        json.dumps(models.sequential()).encode("utf-32-le"),
        json.dumps({"modelTopology": {"model_config": models.old_sequential()}}).encode(),
        json.dumps([models.dense()]).encode(),
        json.dumps(models.dense()).replace("class_name", "clas\\u0073_name").encode(),
        (" " * 5000 + json.dumps(models.dense())).encode(),
        (" " * 3_000_000 + json.dumps(models.dense())).encode(),
        json.dumps({"padding": "x" * 5_000_000, **models.dense()}).encode(),
        json.dumps({"class_name": "A", "padding": "x" * 5_000_000, "config": {}}).encode("utf-16"),
        b"backend: tensorflow\nclass_name: Sequential\nconfig:\n  layers: []\n",
    ],
)
def test_configurations_are_recognised(data):
    assert recognised(data)
    assert layers(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"model_type": "bert", "architectures": ["BertModel"]}',
        b'{"class_name": 1}',
        b"class Layer:\n    class_name: str\n    config: dict\n",
        b"the class_name of a layer and its config: words\n",
        b"",
        b"\x80\x04K\x01.",
    ],
)
def test_other_texts_are_not(data):
    assert not recognised(data)


# Objects


def test_an_object_has_module_class_name_and_place():
    (_, layer) = layers(models.sequential(models.dense("first")))
    assert (layer.module, layer.class_name, layer.qualname) == ("keras.layers", "Dense", "keras.layers.Dense")
    assert (layer.name, layer.slot, layer.registered_name) == ("first", "layers", None)
    assert layer.places[0].pointer == "/config/layers/0"


def test_objects_are_found_wherever_they_stand():
    bad = models.function("os", "getpid")
    places = [
        models.sequential(models.dense(activation=bad)),
        models.sequential(build_config={"deep": [[{"x": bad}]]}),
        models.sequential(compile_config={"optimizer": {"class_name": "Adam", "config": {"rate": bad}}}),
        models.sequential(models.sequential(models.sequential(bad))),
        {"anything": bad},
        [bad],
    ]
    for document in places:
        assert "os.getpid" in {layer.qualname for layer in layers(document)}, document


def test_a_mapping_without_configuration_is_no_object():
    assert layers({"class_name": "Dense"}) == []
    assert layers({"config": {}}) == []


def test_special_objects_name_what_they_reach():
    spec = {
        "class_name": "__typespec__",
        "spec_name": "Popen",
        "module": "subprocess",
        "config": [],
        "registered_name": None,
    }
    symbol = {"class_name": "TFOpLambda", "config": {"name": "t", "function": "io.write_file"}}
    method = {"class_name": "ClassMethod", "config": {"cls_ref": "ragged.RaggedTensor", "method_name": "from_rows"}}
    lambda_ = {"class_name": "Lambda", "config": {"function": "f", "function_type": "function", "module": "acme"}}
    names = {layer.qualname for layer in layers([spec, symbol, method, lambda_])}
    assert names == {
        "subprocess.Popen",
        "tensorflow.io.write_file",
        "tensorflow.ragged.RaggedTensor.from_rows",
        "acme.f",
    }


def test_bare_names_are_layers_by_name():
    found = [
        (layer.class_name, layer.slot)
        for layer in of(Layer, read(models.dense(kernel_initializer="mine")))
        if layer.by_name
    ]
    assert found == [("relu", "activation"), ("mine", "kernel_initializer")]


def test_files_that_layers_name_are_references():
    config = {"class_name": "StringLookup", "config": {"vocabulary": "/etc/hostname", "name": "s"}}
    (reference,) = of(Reference, read(config))
    assert (reference.target, reference.owner, reference.key) == ("/etc/hostname", "StringLookup", "vocabulary")
    assert reference.path_class == {"absolute"}
    config["config"]["vocabulary"] = ["a", "b"]
    assert of(Reference, read(config)) == []  # the words themselves


def test_the_operator_of_an_old_layer_is_a_fact():
    node = json.dumps({"name": "r", "op": "ReadFile"})
    (op,) = of(Op, read({"class_name": "TensorFlowOpLayer", "config": {"node_def": node}}))
    assert (op.type, op.name) == ("ReadFile", "r")
    assert of(Op, read({"class_name": "TensorFlowOpLayer", "config": {"node_def": "no JSON"}})) == []


def test_a_pickled_module_is_nested():
    payload = b"\x80\x04cos\ngetpid\n(tR."
    config = {"class_name": "TorchModuleWrapper", "config": {"module": base64.b64encode(payload).decode()}}
    (nested,) = of(Nested, read(config))
    assert nested.reader.read_at(0, 100) == payload


def test_what_wrote_the_configuration_is_metadata():
    items = read({**models.old_sequential(), "keras_version": "2.4.0", "backend": "tensorflow"})
    assert [(m.key, m.value) for m in of(Metadata, items)] == [("keras_version", "2.4.0"), ("backend", "tensorflow")]


# Code


@pytest.mark.parametrize("source", [models.HARMLESS, models.PRINTS])
@pytest.mark.parametrize("layer", [models.lambda_layer, models.old_lambda_layer])
def test_code_of_lambda_layers_is_a_fact(layer, source):
    (code,) = of(Code, read(models.sequential(layer(source))))
    wanted = {"__import__", "getpid"} if source == models.PRINTS else {"tf", "tf.reduce_mean"}
    assert wanted <= code.names
    assert code.language == "python-bytecode"


def test_code_in_a_tuple_or_another_key_is_found():
    text = models.code(models.PRINTS)
    as_tuple = models.old_lambda_layer()
    as_tuple["config"]["function"] = {"class_name": "__tuple__", "items": [text, None, None]}
    loss = models.sequential(
        compile_config={"loss": {"class_name": "__lambda__", "config": {"value": [text, None, None]}}}
    )
    for document in (as_tuple, loss, {"notes": text}, [[text]]):
        assert len(of(Code, read(document))) == 1, document


def test_code_that_is_no_code_is_a_defect():
    (defect,) = of(Defect, read(models.old_lambda_layer(text="AAAA not code")))
    assert (defect.code, defect.affects) == ("code-not-decoded", {"code"})


def test_code_as_characters_is_read():
    text = base64.b64decode(models.code(models.PRINTS)).decode("latin-1")
    (code,) = of(Code, read(models.old_lambda_layer(text=text)))
    assert "getpid" in code.names


# The text


def test_a_key_that_stands_twice_is_a_defect_and_both_values_are_read():
    first = '"class_name": "Dense", "config": {"a": {"class_name": "A", "config": {}}}'
    text = f'{{{first}, "class_name": "Dense", "config": {{}}}}'.encode()
    items = read(text)
    assert [defect.code for defect in of(Defect, items)] == ["config-repeated-key"] * 2
    assert "A" in {layer.class_name for layer in of(Layer, items)}


def test_texts_that_do_not_parse_are_only_texts():
    for text in (
        b'{"class_name": "x", "config": ',
        b'{"class_name": 1, "config": 2} {}',
        b"class_name: [\nconfig: x\n",
    ):
        items = read(text)
        assert of(Text, items)
        assert of(Defect, items) == of(Layer, items) == []


def test_deep_nesting_is_a_limit():
    (limit,) = of(Limit, read(b'{"class_name": "x", "config": ' + b"[" * 100_000))
    assert (limit.what, limit.by) == ("depth", "file")
    assert "layer" in limit.affects


def test_too_many_parts_are_a_limit():
    assert of(Limit, read(b"[" * 2_100_000))[0].what == "nodes"


def test_long_texts_come_in_pieces_that_are_not_cut():
    items = read(models.dense(note="x" * 150_000))
    texts = of(Text, items)
    assert len(texts) == 3
    assert all(not text.cut for text in texts)
    assert of(Text, read(models.dense(), wants=lambda name: name != "text")) == []


def test_yaml_is_read_and_its_tags_are_imports():
    text = b"""class_name: Sequential
config:
  layers:
  - class_name: Dense
    config: {units: 4, x: !!python/object/apply:os.getpid []}
"""
    items = read(text)
    assert [layer.class_name for layer in of(Layer, items)] == ["Sequential", "Dense"]
    (found,) = of(Import, items)
    assert (found.qualname, found.opcode, found.uses) == ("os.getpid", "yaml-tag", {"called"})


def test_yaml_aliases_stay_within_the_budget():
    lines = ["class_name: x", "config: x", "a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (limit,) = of(Limit, read("\n".join(lines).encode()))
    assert limit.what == "nodes"


def test_changed_configurations_never_raise():
    data = json.dumps(models.sequential(models.lambda_layer(), models.dense())).encode()
    for seed in range(400):
        read(mutants.mutant(data, seed))
