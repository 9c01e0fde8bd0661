"""Whether files of weights name the licence of the card beside them."""

import pytest

from fixtures import ggufs, onnxes
from fixtures.tensors import file
from modelaudit.engine.facts import Relation
from modelaudit.parsers.base import Context
from modelaudit.parsers.bundle.repository import relate_repository
from modelaudit.parsers.reader import BytesReader


class Folder:
    path = "model"

    def __init__(self, files):
        self.files = files
        self.names = sorted(files)

    def open(self, name):
        return BytesReader(self.files[name])


def safetensors(**metadata):
    return file({"__metadata__": metadata, "w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}, b"x")


def related(card, **files):
    files = {name.replace("__", "."): data for name, data in files.items()}
    folder = Folder({"README.md": f"---\nlicense: {card}\n---\n".encode(), **files})
    facts = relate_repository(folder, Context())
    return [
        (fact.a, fact.agrees, fact.detail) for fact in facts if isinstance(fact, Relation) and fact.kind == "licence-of"
    ]


@pytest.mark.parametrize("key", ["license", "modelspec.license"])
def test_weights_that_name_another_licence_than_the_card(key):
    data = safetensors(**{key: "CC-BY-NC-4.0"})
    detail = "README.md says Apache-2.0, model.safetensors says CC-BY-NC-4.0"
    assert related("apache-2.0", model__safetensors=data) == [("model.safetensors", False, detail)]


def test_gguf_is_asked_too():
    assert related("apache-2.0", m__gguf=ggufs.model()) == [("m.gguf", True, None)]
    assert related("mit", m__gguf=ggufs.model())[0][:2] == ("m.gguf", False)


def test_the_name_of_a_licence_in_gguf_counts_when_it_is_only_other():
    named = (ggufs.V3.pair("general.license.name", ggufs.STRING, "mit"),)
    assert related("mit", m__gguf=ggufs.model(licence="other", more=named)) == [("m.gguf", True, None)]
    assert related("apache-2.0", m__gguf=ggufs.model(licence="other", more=named))[0][:2] == ("m.gguf", False)
    assert related("apache-2.0", m__gguf=ggufs.model(more=named)) == [("m.gguf", True, None)]
    assert related("mit", m__gguf=ggufs.model(licence="other")) == []


@pytest.mark.parametrize("key", ["license", "licenses", "model_license"])
def test_onnx_is_asked_too(key):
    data = onnxes.model(properties=(("author", "acme"), (key, "MIT")))
    assert related("mit", m__onnx=data) == [("m.onnx", True, None)]
    assert related("apache-2.0", m__onnx=data)[0][:2] == ("m.onnx", False)
    assert related("mit", m__onnx=onnxes.model()) == []


def test_weights_that_name_the_same_in_other_words():
    assert related("apache-2.0", a__safetensors=safetensors(license="Apache License 2.0")) == [
        ("a.safetensors", True, None)
    ]


@pytest.mark.parametrize("words", ["other", "A licence of our own", "https://example.com/licence", ""])
def test_words_that_name_no_known_licence_are_not_compared(words):
    assert related("apache-2.0", a__safetensors=safetensors(license=words)) == []


@pytest.mark.parametrize("card", ["other", "unknown", "our-own-licence"])
def test_cards_that_name_no_known_licence_are_not_compared(card):
    assert related(card, a__safetensors=safetensors(license="mit")) == []


@pytest.mark.parametrize("data", [b"", b"\xff" * 8, b"\x02\0\0\0\0\0\0\0{}", b"GGUF", b"GGUF\x03\0\0\0" + b"\xff" * 16])
def test_damaged_weights_say_nothing(data):
    assert related("mit", a__safetensors=data, b__gguf=data, c__onnx=data) == []
