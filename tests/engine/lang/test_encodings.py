"""What texts stand for: base64, JSON, DER, AWS key ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.engine.lang import encodings
from modelaudit.engine.lang.functions import FUNCTIONS


def call(name, *args):
    return FUNCTIONS[name].call(*args)


@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [
        ("base64", ("aGVsbG8=",), b"hello"),
        ("base64", ("aGVsbG8",), b"hello"),
        ("base64", ("aGVs\n bG8\\n",), b"hello"),
        ("base64", ("-_-_",), b"\xfb\xff\xbf"),
        ("base64", ("a",), None),
        ("base64", ("",), None),
        ("base64", ("né!!",), None),
        ("base64_text", ("aGVsbG8",), "hello"),
        ("base64_text", ("AAAA",), None),
        ("base64_text", ("____",), None),
        ("json_text", ('{"a": "b", "n": 1}', "a"), "b"),
        ("json_text", ('{"a": "b", "n": 1}', "n"), None),
        ("json_text", ('["a"]', "a"), None),
        ("json_text", ("no json", "a"), None),
        ("json_text", ("[" * 100000, "a"), None),
        ("json_number", ('{"n": 7}', "n"), 7.0),
        ("json_number", ('{"n": true}', "n"), None),
        ("json_number", ('{"n": 1' + "0" * 400 + "}", "n"), None),
        ("is_der", (bytes.fromhex("3003020100"),), True),
        ("is_der", (bytes.fromhex("30820003020100"),), False),
        ("is_der", (bytes.fromhex("3003020100ff"),), False),
        ("is_der", (bytes.fromhex("3003020900"),), False),
        ("is_der", (b"",), False),
        ("aws_account", ("ASIAQNZGKIQY56JQ7WML",), "029608264753"),
        ("aws_account", ("AKIA777777777777QXT4",), None),
        ("aws_account", ("something else",), None),
    ],
)
def test_results(name, args, expected):
    assert call(name, *args) == expected


@given(st.binary(max_size=200), st.text(max_size=200))
def test_whatever_is_given_nothing_is_raised(data, text):
    encodings.is_der(b"\x30" + data)
    encodings.base64(text)
    encodings.base64_text(text)
    encodings.json_text(text, "a")
    encodings.json_number(text, "a")
    encodings.aws_account(text)
