"""The functions of the language."""

# ruff: noqa: E501 - tables read best one case a line

import math

import pytest

from fixtures.expressions import compiled, evaluate, imported, matchers
from modelaudit.engine.facts import License, Text
from modelaudit.engine.lang import distance, spdx
from modelaudit.engine.lang.functions import COSTS, FUNCTIONS
from modelaudit.engine.lang.values import UNKNOWN


def call(name, *args):
    return FUNCTIONS[name].call(*args)


@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [
        ("len", ("abc",), 3),
        ("lower", ("ABC",), "abc"),
        ("basename", ("a/b!c\\d.pkl",), "d.pkl"),
        ("basename", ("x",), "x"),
        ("ext", ("a/b.tar.GZ",), ".gz"),
        ("ext", (".hidden",), ""),
        ("ext", ("a.b/c",), ""),
        ("dirname", ("/models/acme/base",), "/models/acme"),
        ("dirname", ("C:\\models\\base",), "C:\\models"),
        ("dirname", ("a/x.zip!data.pkl",), "a/x.zip"),
        ("dirname", ("acme/",), "acme"),
        ("dirname", ("base",), None),
        ("entropy", ("",), 0.0),
        ("entropy", ("aaaa",), 0.0),
        ("entropy", ("abcd",), 2.0),
        ("entropy", (bytes(range(256)),), 8.0),
        ("hex", ("aé",), "61c3a9"),
        ("hex", (b"\x00\xff",), "00ff"),
        ("get", ({"a": "b"}, "a"), "b"),
        ("get", ({"a": "b"}, "c"), None),
        ("edit_distance", ("kitten", "sitting"), 3),
        ("edit_distance", ("ab", "ba"), 1),
        ("edit_distance", ("", "abc"), 3),
        ("edit_distance", ("a" * 200, "b"), UNKNOWN),
        ("skeleton", ("раураl",), "paypal"),
        ("skeleton", ("num\u200bpy",), "nurnpy"),
        ("fold", ("ＳTRASSE",), "strasse"),
        ("fold", ("straße",), "strasse"),
        ("normalize_name", ("Foo__Bar.-baz",), "foo-bar-baz"),
        ("sorted_words", ("Uncased_BERT base-v1.5",), "base-bert-uncased-v1.5"),
        ("semver_lt", ("1.2.3", "1.10"), True),
        ("semver_lt", ("2.0.0-rc.1", "2.0.0"), True),
        ("semver_lt", ("2.0.0-rc.2", "2.0.0-rc.10"), True),
        ("semver_lt", ("2.0.0", "2.0.0+cu118"), False),
        ("semver_lt", ("v1.0", "1.0.0"), False),
        ("semver_lt", ("main", "1.0"), None),
        ("path_class", ("../x",), frozenset(["parent"])),
        ("path_class", ("C:\\x",), frozenset(["drive"])),
        ("url_host", ("https://user:pw@Evil.example.:8080/x?y",), "evil.example"),
        ("url_host", ("http://[::1]:80/",), "::1"),
        ("url_host", ("http://a@b@c/",), "c"),
        ("url_host", ("http://evil.example\\@good.example/",), "evil.example"),
        ("url_host", ("no url",), None),
        ("is_ip", ("127.0.0.1",), True),
        ("is_ip", ("::1",), True),
        ("is_ip", ("1.2.3",), False),
        ("crc32_base62", ("short",), False),
        ("spdx_ids", ("MIT OR (Apache-2.0 WITH LLVM-exception AND GPL-2.0+)",), frozenset(["MIT", "Apache-2.0", "GPL-2.0+"])),
        ("spdx_ids", ("not a § licence",), frozenset()),
    ],
)  # fmt: skip
def test_results(name, args, expected):
    found = call(name, *args)
    assert found == expected
    assert not isinstance(expected, float) or math.isclose(found, expected)


def test_a_checksum_at_the_end_of_a_token():
    import zlib

    body = "x" * 30
    value, digits = zlib.crc32(body.encode()), ""
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    for _ in range(6):
        value, digit = divmod(value, 62)
        digits = alphabet[digit] + digits
    assert call("crc32_base62", f"tok_{body}{digits}")
    assert not call("crc32_base62", f"tok_{body}{digits[:-1]}_")


def test_names_near_an_entry_but_none_themselves():
    fact = imported("numpi")
    assert evaluate("near(import.name, $names)", fact=fact) is True
    assert evaluate("near(import.name, $names, 2)", fact=imported("nunpi")) is True
    assert evaluate("near(import.name, $names)", fact=imported("nunpi")) is False
    assert evaluate("near(import.name, $names)", fact=imported("numpy")) is False
    assert evaluate('closest(import.name, $names) == "numpy"', fact=fact) is True
    assert evaluate('closest(import.name, import.names) == "numpi"', fact=fact) is True


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("mit", True),
        ("MIT AND Apache-2.0", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("GPL-3.0-only OR MIT AND Apache-2.0", True),
        ("(GPL-3.0-only OR MIT) AND Apache-2.0", True),
        ("(GPL-3.0-only OR MIT) AND GPL-2.0-only", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("Apache-2.0+", True),
        ("", False),
        ("MIT OR", False),
        ("AND MIT", False),
        ("MIT MIT", False),
        ("(MIT", False),
        ("MIT)", False),
        ("MIT OR ()", False),
        ("MIT WITH", False),
        ("§", False),
    ],
)
def test_licence_expressions(expression, allowed):
    fact = License("m", spdx=expression)
    assert evaluate("spdx_allows(license.spdx, $licenses)", fact=fact) is allowed


def test_deep_licence_expressions_are_read_without_recursion():
    assert spdx.allows("(" * 400 + "MIT" + ")" * 400, {"MIT"}.__contains__)
    assert not spdx.allows("(" * 50_000, {"MIT"}.__contains__)


def test_unknown_and_absent_arguments():
    unknown = imported("a.a", unknown=frozenset(["name"]))
    assert evaluate('lower(import.name) == "a"', fact=unknown) is None
    assert evaluate("near(import.name, $names)", fact=unknown) is None
    assert evaluate('edit_distance(import.name, "a") < 3', fact=imported("a." + "x" * 200)) is None
    assert evaluate('semver_lt(import.name, "1.0")', fact=imported("a.main")) is False
    assert evaluate('not semver_lt(import.name, "1.0")', fact=imported("a.main")) is True


def test_calls_on_constants_are_evaluated_when_they_are_compiled():
    assert compiled('lower("ABC") == "abc"') == {"op": "const", "value": True}
    assert compiled('import.name == lower("ABC")')["right"] == {"lit": "abc"}


def test_every_function_is_documented_and_has_a_cost():
    for name, function in FUNCTIONS.items():
        assert function.doc.endswith("."), name
        assert function.cost in COSTS, name


def test_long_texts_do_not_make_distances_slow():
    import time

    start = time.process_time()
    text = Text("m", value="x" * 60_000)
    assert evaluate('closest(text.value, $names) == "numpy"', fact=text) is False
    assert evaluate("near(text.value, $names, 100)", fact=text) is False
    assert time.process_time() - start < 0.5
    assert distance.within("abc", "xyz", 1) == 2
    assert matchers()["core.names"].contains("torch")
