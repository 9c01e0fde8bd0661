"""Escapes in configurations that a loader resolves and a search for plain text does not."""

import json

import pytest

from modelaudit.parsers.plain.escapes import resolved


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r'{"a": "\u0068\u0066_x"}', '{"a": "hf_x"}'),
        (r'a: "\x68\x66_x"', 'a: "hf_x"'),
        (r'"http:\/\/acme.io\/x"', '"http://acme.io/x"'),
        (r'"http://g\u043egle.com"', '"http://g\u043egle.com"'),
        (r'"\u043e is a letter"', r'"\u043e is a letter"'),
        (r'"a\u0022b\u005cc\u000ad"', r'"a\u0022b\u005cc\u000ad"'),
        (r'"http://a\ud83d\ude00"', r'"http://a\ud83d\ude00"'),
        ("plain", "plain"),
    ],
)
def test_what_is_resolved(text, found) -> None:
    assert resolved(text) == found


def test_what_was_json_stays_so() -> None:
    text = "".join(f"\\u{code:04x}" for code in range(0x300))
    assert json.loads(resolved(f'"http://{text}"')) == json.loads(f'"http://{text}"')
