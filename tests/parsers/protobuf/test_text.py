"""Strings of the text form of messages."""

import pytest
from google.protobuf import text_encoding
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.parsers.protobuf.text import _unquoted


@given(st.binary(max_size=300), st.booleans())
def test_what_the_library_escapes_is_read_back(data, as_utf8):
    written = text_encoding.CEscape(data, False).encode()
    assert _unquoted(b'"' + written + b'"') == data
    assert _unquoted(b"'" + written + b"' \"" + written + b'"') == data + data


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (rb"\u00e4", "ä".encode()),
        (rb"\U0001f600\n", "😀\n".encode()),
        (rb"\?\q", b"?q"),
        (rb"\x4\x41g", b"\x04Ag"),
        (rb"\777\101", b"\xffA"),
        (rb"\\u\\", rb"\u" + b"\\"),
        (rb"\xzz", b"xzz"),
        (rb"\0\12", b"\x00\n"),
    ],
)
def test_every_escape_is_read(written, expected):
    assert _unquoted(b'"' + written + b'"') == expected
