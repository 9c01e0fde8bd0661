"""Streams that begin with thousands of constants, which are no text although their bytes may be."""

import pytest

from fixtures.pickles import NONE, POP, STOP, reduce_call
from modelaudit.parsers.pickle import recognise
from modelaudit.parsers.reader import BytesReader

CALL = reduce_call("os", "getcwd", protocol=0)


@pytest.mark.parametrize("padding", [b"I1\n", NONE + POP, b"K\x010", b"(", b"V constant\n"], ids=repr)
def test_a_stream_behind_thousands_of_constants_is_recognised(padding):
    data = padding * 20_000 + CALL
    assert recognise(data[:4096], BytesReader(data))


@pytest.mark.parametrize("text", [b"NNNNNNNN\n", b"]" * 50, b"(I am a text)\n"], ids=repr)
def test_text_whose_signs_are_opcodes_is_none(text):
    data = text * 2_000
    assert not recognise(data[:4096], BytesReader(data))


def test_constants_without_end_are_a_stream(monkeypatch):
    monkeypatch.setattr("modelaudit.parsers.pickle.search.FAR", 64 * 1024)
    data = (NONE + POP) * 64 * 1024 + STOP
    assert recognise(data[:4096], BytesReader(data))
