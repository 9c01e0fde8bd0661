"""Compressed streams: recognised by what comes out of them, read under budgets, whatever the codec."""

import bz2
import gzip
import lzma
import pickle
import random
import struct
import zlib

import pytest

from fixtures import joblibs, pickles
from modelaudit.engine.facts import Defect, Limit
from modelaudit.parsers import compressed, joblib
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.compressed.lz4 import Frame, expand_block
from modelaudit.parsers.expansion import SPOOL
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry

CALL = pickles.reduce_call("os", "system", "echo", protocol=2)
PLAIN = b"what is in here is no model, " * 10


def stored_frame(data: bytes, *, flags: int = 0x60, sums: bytes = b"") -> bytes:
    """An LZ4 frame whose blocks are not compressed."""
    blocks = b"".join(
        struct.pack("<I", len(part) | 1 << 31) + part
        for part in (data[i : i + 65536] for i in range(0, len(data), 65536))
    )
    return b"\x04\x22\x4d\x18" + bytes([flags, 0x40, 0]) + blocks + bytes(4) + sums


CODECS = {
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lambda data: lzma.compress(data, lzma.FORMAT_XZ),
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "lz4": stored_frame,
    "zfile": joblibs.zfile,
}
BOTH = pytest.mark.parametrize("codec", CODECS)


def scan(data: bytes, format: str = "gzip", extension: str = "", **budgets: int):
    given = Input("m", BytesReader(data), format, formats=frozenset((format,)), extension=extension)
    return list(compressed.parse(given, Context(budgets=budgets)))


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def content(nested: Nested) -> bytes:
    return nested.reader.read_at(0, nested.reader.size)


@pytest.fixture(scope="module")
def registry():
    return Registry.load()


@BOTH
def test_a_compressed_pickle_is_a_joblib_file(registry, codec):
    data = CODECS[codec](CALL)
    assert registry.recognise(data[:4096], BytesReader(data), ".joblib").formats == ("joblib",)
    assert registry.recognise(data[:4096], BytesReader(data), ".joblib").defects == []
    assert registry.recognise(data[:4096], BytesReader(data), ".bin").format == "joblib"


@BOTH
def test_other_content_has_the_format_of_its_codec(registry, codec):
    data = CODECS[codec](PLAIN)
    assert registry.recognise(data[:4096], BytesReader(data), "").formats == (codec,)


@BOTH
@pytest.mark.parametrize("size", [1, 100_000, SPOOL + 1000])
def test_the_content_is_nested(codec, size):
    data = bytes(i * i % 251 for i in range(1000)) * (size // 1000 + 1)
    packed = CODECS[codec](data)
    (nested,) = of(Nested, items := scan(packed, codec))
    assert of(Defect, items) + of(Limit, items) == []
    assert nested.compressed_size == len(packed)
    assert nested.reader.size == len(data)
    assert nested.reader.read_at(len(data) - 50, 100) == data[-50:]
    assert nested.reader.read_at(10, 50) == data[10:60]
    assert content(nested) == data


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec != "zfile"])
@pytest.mark.parametrize("padding", [b"", bytes(8)])
def test_streams_behind_one_another_are_one_content(codec, padding):
    items = scan(CODECS[codec](CALL) + padding + CODECS[codec](PLAIN), codec)
    assert of(Defect, items) == []
    assert [content(nested) for nested in of(Nested, items)] == [CALL + PLAIN]


@BOTH
def test_what_follows_the_streams_is_nested(codec):
    items = scan(CODECS[codec](PLAIN) + CALL, codec)
    assert [defect.code for defect in of(Defect, items)] == ["trailing-data"]
    first, second = of(Nested, items)
    assert content(first) == PLAIN
    assert (second.view, content(second)) == ("hidden", CALL)


@BOTH
def test_zeros_behind_the_streams_are_no_defect(codec):
    items = scan(CODECS[codec](PLAIN) + bytes(512), codec)
    assert of(Defect, items) == []
    assert [content(nested) for nested in of(Nested, items)] == [PLAIN]


@BOTH
def test_a_stream_that_is_cut_gives_what_there_is(codec):
    noise = random.Random(0).randbytes(2_500_000)
    packed = CODECS[codec](noise)
    items = scan(packed[: len(packed) // 2], codec)
    (defect,) = of(Defect, items)
    assert defect.code == "bad-data"
    assert "call" in defect.affects
    (nested,) = of(Nested, items)
    assert content(nested) == noise[: nested.reader.size]
    assert nested.reader.size > 1000


@pytest.mark.parametrize("name", ["joblib", ".joblib"])
def test_the_content_of_a_joblib_file_is_promised_to_be_a_pickle(name):
    items = scan(zlib.compress(CALL), name if name == "joblib" else "zlib", ".joblib" if name != "joblib" else "")
    assert [nested.name for nested in of(Nested, items)] == ["content.pkl"]


def test_a_bomb_ends_at_the_ratio():
    items = scan(zlib.compress(bytes(100_000_000), 9), "zlib")
    (limit,) = of(Limit, items)
    assert limit.what == "ratio"
    assert "call" in limit.affects
    (nested,) = of(Nested, items)
    assert nested.reader.size < 60_000_000


def test_expanding_ends_at_the_budget_of_bytes():
    items = scan(zlib.compress(bytes(20_000_000)), "zlib", expanded=10_000_000, ratio=10**9)
    assert [limit.what for limit in of(Limit, items)] == ["bytes"]


@pytest.mark.parametrize(
    "data", [b"x\x9c", b"x^ is no stream", b"x\x9cis none", b"\x5d\x00\x00\x01rubbish......", b"BZh9rubbish"]
)
def test_first_bytes_alone_make_no_stream(registry, data):
    assert registry.recognise(data, BytesReader(data), "").format in ("unknown", "text")


def test_a_file_of_old_joblib_may_have_a_blank_before_its_data():
    items = scan(joblibs.zfile(CALL, b" "), "zfile")
    assert [content(nested) for nested in of(Nested, items)] == [CALL]


def test_a_pickle_that_is_not_compressed_is_no_compressed_one():
    data = pickle.dumps([1])
    assert not joblib.recognise(data, BytesReader(data))


def test_bytes_of_no_codec_are_a_defect():
    assert [defect.code for defect in of(Defect, scan(b"nothing"))] == ["bad-data"]


# LZ4


def frame(block: bytes, *, flags: int = 0x60) -> bytes:
    return b"\x04\x22\x4d\x18" + bytes([flags, 0x40, 0]) + struct.pack("<I", len(block)) + block + bytes(4)


def expanded(data: bytes, limit: int = 7) -> bytes:
    """The content of a frame that comes byte by byte."""
    state = Frame()
    out = b""
    for at in range(len(data)):
        out += state.feed(data[at : at + 1], limit)
    while piece := state.feed(b"", limit):
        out += piece
    assert state.eof or state.feed(b"", limit) == b""
    return out


def test_matches_copy_what_was_written():
    assert expand_block(b"\x30abc\x03\x00\x10d", b"", 100) == b"abcabcad"[:7] + b"d"
    assert expand_block(b"\x1fa\x01\x00\x0a\x10z", b"", 100) == b"a" * 30 + b"z"
    assert expand_block(b"\xf0\x05" + b"x" * 20, b"", 100) == b"x" * 20
    assert expand_block(b"\x04\x03\x00\x10d", b"abcd", 100) == b"bcdbcdbcd"


@pytest.mark.parametrize(
    "block",
    [
        b"\x10",
        b"\x10a\x00\x00",
        b"\x10a\x02\x00\x10b",
        b"\x1fa\x01\x00" + b"\xff" * 20 + b"\x00",
        b"\xf0\xff",
        b"\x50ab",
    ],
)
def test_a_block_that_lies_is_refused(block):
    with pytest.raises(ValueError, match="LZ4"):
        expand_block(block, b"", 100)


def test_a_frame_may_come_in_any_pieces():
    assert expanded(frame(b"\x1fa\x01\x00\x0a\x10z")) == b"a" * 30 + b"z"
    assert expanded(stored_frame(PLAIN)) == PLAIN


def test_a_frame_may_have_a_size_and_checksums():
    data = b"\x04\x22\x4d\x18" + bytes([0x7C, 0x40]) + struct.pack("<Q", 3) + b"\0"
    data += struct.pack("<I", 3 | 1 << 31) + b"abc" + b"SUM!" + bytes(4) + b"SUM!"
    assert expanded(data) == b"abc"


def test_blocks_refer_back_to_those_before_them_unless_they_are_independent():
    first = struct.pack("<I", 3 | 1 << 31) + b"abc"
    second = struct.pack("<I", 5) + b"\x00\x03\x00\x10d"
    assert expanded(b"\x04\x22\x4d\x18\x40\x40\0" + first + second + bytes(4)) == b"abcabcad"
    with pytest.raises(ValueError, match="too far back"):
        expanded(b"\x04\x22\x4d\x18\x60\x40\0" + first + second + bytes(4))


@pytest.mark.parametrize(
    "data",
    [b"\x04\x22\x4d\x18\x00\x40\0", b"\x04\x22\x4d\x18\x60\x00\0", b"\x04\x22\x4d\x18\x60\x40\0\xff\xff\xff\x0f"],
)
def test_a_frame_that_lies_is_refused(data):
    with pytest.raises(ValueError, match="LZ4"):
        expanded(data)


def test_a_decoder_can_be_copied():
    state = Frame()
    data = stored_frame(PLAIN)
    state.feed(data[:40], 10)
    other = state.copy()
    assert other.feed(data[40:], 1000) == state.feed(data[40:], 1000)
