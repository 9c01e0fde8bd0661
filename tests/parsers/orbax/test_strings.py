"""Texts of Orbax checkpoints: configurations of Keras models in them are read as such."""

import json
import random

import pytest

from fixtures import keras_models
from fixtures.ruling import builtin
from modelaudit.engine.facts import Defect, Limit
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.orbax import parse
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()
SOUND = json.dumps(keras_models.sequential(keras_models.dense()))
CODE = json.dumps(keras_models.sequential(keras_models.lambda_layer()))


def read(data):
    return list(parse(Input("_strings.json", BytesReader(data), "orbax-strings"), Context()))


def recognised(data):
    return REGISTRY.recognise(data[:4096], BytesReader(data), ".json").formats


def found(path):
    document = scan([str(path)], builtin())
    return {finding.rule for finding in document.findings if finding.active}


@pytest.mark.parametrize(
    "data",
    [
        json.dumps({"config": SOUND}).encode(),
        json.dumps({"a": {"b": ["x", SOUND]}}, indent=1).encode(),
        json.dumps({"first": "x" * 9000, "config": SOUND}).encode(),
        json.dumps({"config": SOUND}).replace("class_name", "\\u0063lass_name").replace('\\"', "\\u0022").encode(),
        json.dumps({"config": SOUND.replace("class_name", "class\\u005fname")}).encode(),
    ],
    ids=["plain", "deep", "behind", "outer escapes", "inner escapes"],
)
def test_a_configuration_in_a_text_is_read(data):
    assert "orbax-strings" in recognised(data)
    (nested,) = [item for item in read(data) if isinstance(item, Nested)]
    assert recognised(nested.reader.data) == ("keras-config",)


@pytest.mark.parametrize(
    "document", [{"a": 'say "class_name"'}, {"a": "b"}, {"note": '{"class_name": 1}'}, {"class_name": '{"x": 1}'}]
)
def test_other_texts_stay_text(document):
    assert recognised(json.dumps(document).encode()) == ("text",)


def test_what_is_malformed_is_a_defect_and_too_many_are_a_limit():
    assert [one.code for one in read(b'{"a": ') if isinstance(one, Defect)] == ["bad-json"]
    many = json.dumps([SOUND] * 70).encode()
    assert [one.what for one in read(many) if isinstance(one, Limit)] == ["configurations"]


def test_code_in_a_checkpoint_of_keras_is_found(tmp_path):
    folder = tmp_path / "0" / "model_config"
    folder.mkdir(parents=True)
    (folder / "_METADATA").write_text('{"tree_metadata": {}}')
    (folder / "_strings.json").write_text(json.dumps({"config": SOUND}))
    assert not found(tmp_path)
    (folder / "_strings.json").write_text(json.dumps({"config": CODE}))
    assert "MA4001" in found(tmp_path)


def test_mutants_never_raise():
    rnd = random.Random(3)
    seed = json.dumps({"config": SOUND, "more": ["x", CODE]}).encode()
    for _ in range(300):
        data = bytearray(seed)
        for _ in range(rnd.randint(1, 4)):
            data[rnd.randrange(len(data))] = rnd.choice(b'{}[]",:\\u019 \x00\xff')
        recognised(bytes(data))
        read(bytes(data))
