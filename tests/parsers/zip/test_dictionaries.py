"""LZMA members that claim large dictionaries: the memory that a decoder takes follows the bytes that there are."""

import lzma
import struct

import pytest

from fixtures.archives import LZMA, Entry, archive, packed
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.zip import parse

TEXT = b"some text that is packed, " * 20
NOISE = bytes(range(256)) * 64


def member(data: bytes, dictionary: int) -> bytes:
    """The member of an archive whose LZMA header claims a dictionary."""
    raw = bytearray(packed(data, LZMA))
    raw[5:9] = struct.pack("<I", dictionary)
    whole = archive([Entry("a", data, LZMA, raw=bytes(raw))])
    items = list(parse(Input("m", BytesReader(whole), "zip"), Context()))
    return next(item.reader.read_at(0, len(data) + 1) for item in items if isinstance(item, Nested))


@pytest.mark.parametrize("dictionary", [1 << 23, 1 << 27, 2**32 - 1])
@pytest.mark.parametrize("data", [TEXT, NOISE, bytes(6_000_000)], ids=["text", "bytes", "zeros"])
def test_a_claimed_dictionary_does_not_keep_the_content_from_being_read(data, dictionary):
    assert member(data, dictionary) == data


def test_a_small_member_claims_little(monkeypatch):
    seen = []
    real = lzma.LZMADecompressor

    class Watched:
        """Notes the header that the decoder is given."""

        def __init__(self, *args, **kwargs):
            self._real = real(*args, **kwargs)

        def __getattr__(self, name):
            return getattr(self._real, name)

        def decompress(self, data, limit=-1):
            seen.append(int.from_bytes(data[1:5], "little"))
            return self._real.decompress(data, limit)

    monkeypatch.setattr(lzma, "LZMADecompressor", Watched)
    assert member(TEXT, 1 << 27) == TEXT
    assert seen[0] < 1 << 21
