"""`.keras` archives: recognition, the configuration whatever it looks like, weights that fit."""

import io
import json
import zipfile

from fixtures import hdf5s, mutants
from fixtures import keras_models as models
from modelaudit.engine.facts import Code, Defect, Layer, Limit, Relation
from modelaudit.parsers import keras
from modelaudit.parsers.base import Context, Input, Nested, Property
from modelaudit.parsers.keras import parse, recognise_archive
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry


def read(data: bytes):
    return list(parse(Input("m.keras", BytesReader(data), "keras-zip"), Context()))


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def test_an_archive_is_recognised_by_its_members():
    data = models.archive(models.sequential())
    assert recognise_archive(data[:4096], BytesReader(data))
    assert Registry.load().recognise(data[:4096], BytesReader(data), ".keras").formats == ("keras-zip",)


def test_other_archives_are_not():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("config.json", "{}")
        file.writestr("model.safetensors", "x")
    data = buffer.getvalue()
    assert not recognise_archive(data[:4096], BytesReader(data))
    assert not recognise_archive(b"PK\x05\x06" + bytes(18), BytesReader(b"PK\x05\x06" + bytes(18)))
    assert not recognise_archive(b"text", BytesReader(b"text"))


def test_who_wrote_it_is_known():
    found = {item.name: item.value for item in of(Property, read(models.archive(models.sequential())))}
    assert found == {"role": "model", "producer": "keras", "producer_version": "3.8.0"}


def test_members_are_nested_and_layers_are_said_there():
    items = read(models.archive(models.sequential(models.lambda_layer())))
    assert [nested.name for nested in of(Nested, items)] == ["metadata.json", "config.json", "model.weights.h5"]
    assert of(Layer, items) == of(Code, items) == []


def test_a_configuration_that_is_not_recognised_is_read_all_the_same(monkeypatch):
    text = json.dumps(models.sequential(models.lambda_layer()))
    items = read(models.archive(b"\x0c" + text.encode()))
    assert [defect.code for defect in of(Defect, items)] == ["config-not-json"]
    monkeypatch.setattr(keras, "recognise_config", lambda head, reader: False)
    items = read(models.archive(text.encode()))
    assert next(layer.class_name for layer in of(Layer, items)) == "Sequential"
    assert len(of(Code, items)) == 1


def test_a_broken_configuration_is_a_defect():
    assert [defect.code for defect in of(Defect, read(models.archive(b'{"class_name": "A", "config": ')))] == [
        "config-not-json"
    ]


def test_weights_are_held_against_the_configuration():
    fits = models.archive(models.sequential(models.dense()), weights=hdf5s.weights(("dense", "dense_1")))
    other = models.archive(models.sequential(models.dense()), weights=hdf5s.weights(("dense", "conv2d_3")))
    assert [relation.agrees for relation in of(Relation, read(fits))] == [True]
    (relation,) = of(Relation, read(other))
    assert (relation.agrees, relation.detail) == (False, "weights without a layer: conv2d_3")


def test_weights_that_are_no_hdf5_say_nothing():
    for weights in (b"nothing", hdf5s.weights()[:200], hdf5s.made(lambda file: file.create_group("x"))):
        assert of(Relation, read(models.archive(models.sequential(models.dense()), weights=weights))) == []


def test_changed_archives_never_raise():
    data = models.archive(models.sequential(models.lambda_layer()))
    for seed in range(200):
        items = read(mutants.mutant(data, seed))
        assert all(limit.by == "file" for limit in of(Limit, items))
