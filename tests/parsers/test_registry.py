"""What bytes are taken for: content decides, the extension only promises."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from fixtures import toys
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import HEAD, Registry

CATALOGUE = Path(__file__).resolve().parents[2] / "schemas" / "formats.json"


def recognise(data, extension=""):
    return toys.registry().recognise(data[:HEAD], BytesReader(data), extension)


def codes(recognition):
    return [code for code, _ in recognition.defects]


def test_content_decides_whatever_the_extension():
    for extension in ("", ".toy", ".bin", ".xyz"):
        found = recognise(b"TOY\n", extension)
        assert (found.format, found.formats, found.parse, codes(found)) == ("toy", ("toy",), ("toy",), [])


def test_an_extension_of_the_same_family_is_no_mismatch():
    assert codes(recognise(b"TOY\n", ".stoy")) == []


def test_an_extension_of_another_family_is_a_mismatch_that_says_both():
    found = recognise(b"TOY\n", ".tail")
    assert found.declared == "tail"
    assert found.defects == [("extension-mismatch", "the extension says What ends in TAIL, the content Toy")]
    assert found.parse == ("toy",)


def test_a_special_format_makes_the_general_one_redundant():
    found = recognise(b"TOY*\n")
    assert (found.format, found.formats, codes(found)) == ("special-toy", ("special-toy",), [])


def test_a_polyglot_is_parsed_as_everything_it_is():
    found = recognise(b"TOY\n...TAIL", ".toy")
    assert found.formats == found.parse == ("toy", "tail")
    assert found.defects == [("polyglot", "tail, toy")]


def test_text_is_what_nothing_else_accepts():
    found = recognise(b'{"a": 1}', ".json")
    assert (found.format, codes(found)) == ("text", [])
    assert recognise(b"TOY plain text").formats == ("toy",)


@pytest.mark.parametrize("extension", [".toy", ".stoy"])
def test_text_under_a_models_extension_is_also_read_as_what_its_loader_might_take(extension):
    found = recognise(b"just words", extension)
    assert (found.format, found.formats, found.parse) == ("text", ("text",), ("text", "toy"))
    assert codes(found) == ["extension-mismatch"]


def test_text_is_only_text_when_a_loader_would_surely_decline_it():
    found = recognise(b"just words", ".tail")
    assert (found.parse, codes(found)) == (("text",), ["extension-mismatch"])


@pytest.mark.parametrize(
    ("extension", "parse"), [(".toy", ("toy",)), (".stoy", ("special-toy", "toy")), (".tail", ("tail",))]
)
def test_what_nothing_accepts_is_read_as_what_the_extension_promises(extension, parse):
    found = recognise(b"\0\1\2", extension)
    assert (found.format, found.formats, found.parse) == (parse[0], (), parse)
    assert codes(found) == ["unrecognised-content"]


@pytest.mark.parametrize("extension", ["", ".bin", ".xyz", ".txt"])
def test_what_nothing_accepts_and_no_model_was_promised_is_unknown(extension):
    found = recognise(b"\0\1\2", extension)
    assert (found.format, found.formats, found.parse, codes(found)) == ("unknown", (), (), [])


def test_an_empty_file_is_empty_whatever_was_promised():
    found = recognise(b"", ".toy")
    assert (found.format, found.declared, codes(found)) == ("empty", "toy", [])


def test_a_neutral_extension_promises_nothing():
    catalogue = {**toys.CATALOGUE, "neutral_extensions": [".toy"]}
    assert Registry(catalogue).recognise(b"", BytesReader(b""), ".toy").declared is None


def test_the_catalogue_is_whole():
    registry = Registry.load()
    for extension in json.loads(CATALOGUE.read_text())["neutral_extensions"]:
        assert extension not in registry.promises
    for format in registry.formats.values():
        assert all(e == e.lower() and e.startswith(".") for e in format.extensions), format.id
        assert format.specialises <= registry.formats.keys(), format.id
        for general in format.specialises:
            assert format.families >= registry.formats[general].families, format.id
    assert registry.formats["text"].fallback


def test_no_module_of_a_parser_package_takes_the_place_of_its_entry():
    for package in {format.parser for format in Registry.load().formats.values()}:
        assert find_spec(f"{package}.parse") is None, "importing the module would replace the function `parse`"
