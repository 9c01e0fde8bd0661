"""Zstandard: frames walked block by block, windows and content under budgets, what readers skip is looked into."""

import io
import lzma
import random
import struct

import pytest
import zstandard

from fixtures import archives, pickles
from modelaudit.engine.facts import Defect, Limit, Member
from modelaudit.parsers import compressed
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.compressed.zstd import Frame
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.zip import parse as parse_zip

CALL = pickles.reduce_call("os", "system", "echo", protocol=2)
WORDS = b" ".join(random.Random(5).choice([b"of", b"weights", b"a", b"model"]) for _ in range(200_000))
MAGIC = b"\x28\xb5\x2f\xfd"


def aside(data: bytes, n: int = 0) -> bytes:
    return bytes([0x50 + n]) + b"\x2a\x4d\x18" + struct.pack("<I", len(data)) + data


def parse(data: bytes, **budgets: int):
    return list(compressed.parse(Input("m.zst", BytesReader(data), "zstd"), Context(budgets=budgets)))


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def content(nested: Nested) -> bytes:
    return nested.reader.read_at(0, nested.reader.size)


def test_a_file_is_recognised_also_behind_a_frame_that_is_skipped():
    registry = Registry.load()
    for data in (zstandard.compress(CALL), aside(b"pzstd") + zstandard.compress(CALL)):
        assert registry.recognise(data[:4096], BytesReader(data), ".zst").formats == ("zstd",)
    assert registry.recognise(aside(b"nothing else"), BytesReader(aside(b"nothing else")), "").format == "unknown"


@pytest.mark.parametrize("level", [1, 3, 19])
@pytest.mark.parametrize("size", [0, 1, 100_000, 700_000])
def test_all_of_the_content_comes_out(level, size):
    whole = WORDS[:size]
    streamed = io.BytesIO()
    with zstandard.ZstdCompressor(level=level, write_checksum=True).stream_writer(streamed, closefd=False) as writer:
        for at in range(0, size, 50_000):
            writer.write(whole[at : at + 50_000])
    for data in (zstandard.compress(whole, level), streamed.getvalue()):
        found = parse(data)
        assert [content(n) for n in of(Nested, found)] == [whole][: bool(size)]
        assert not of(Defect, found)


def test_frames_follow_one_another_and_what_is_skipped_is_looked_into():
    data = zstandard.compress(CALL[:20]) + aside(CALL, 7) + zstandard.compress(CALL[20:]) + b"rest"
    found = parse(data)
    first, skipped, rest = of(Nested, found)
    assert (content(first), content(skipped), skipped.view) == (CALL, CALL, "hidden")
    assert content(rest) == b"rest"
    assert [d.code for d in of(Defect, found)] == ["trailing-data"]


def test_bytes_come_out_in_steps_however_much_is_fed():
    """A block of 4 bytes makes 128 KiB: what one window of input makes must not come at once."""
    header = MAGIC + bytes([0, 10 << 3])
    block = struct.pack("<I", 131072 << 3 | 1 << 1)[:3] + b"A"
    frame = Frame()
    out = frame.feed(header + block * 16_000, 1 << 20)
    assert len(out) == 131072
    assert not frame.hungry()


def test_a_bomb_ends_at_the_budget():
    block = struct.pack("<I", 131072 << 3 | 1 << 1)[:3] + bytes(1)
    found = parse(MAGIC + bytes([0, 10 << 3]) + block * 2000)
    assert [limit.what for limit in of(Limit, found)] == ["ratio"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (MAGIC + bytes([0, 21 << 3]) + bytes(20), "window of 2147483648 bytes"),
        (MAGIC + bytes([0xE0]) + struct.pack("<Q", 1 << 40) + bytes(9), "window of 1099511627776 bytes"),
        (MAGIC + bytes([0x01, 10 << 3, 9]) + bytes(9), "needs a dictionary"),
        (MAGIC + bytes([0x08, 10 << 3]) + bytes(9), "reserved bit"),
        (MAGIC + bytes([0, 10 << 3]) + b"\x07\0\0" + bytes(9), "block has this header"),
        (zstandard.compress(CALL)[:-4], "end early"),
    ],
)
def test_what_a_frame_lies_about_is_a_defect(data, words):
    (defect,) = of(Defect, parse(data))
    assert defect.code == "bad-data"
    assert words in defect.detail
    assert "import" in defect.affects


def test_a_wrong_checksum_costs_none_of_the_content():
    data = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(CALL))
    data[-1] ^= 1
    found = parse(bytes(data))
    assert content(of(Nested, found)[0]) == CALL
    assert [d.code for d in of(Defect, found)] == ["bad-data"]


@pytest.mark.parametrize("method", [93, 20])
def test_members_of_zip_archives_are_expanded(method):
    entry = archives.Entry("m.pkl", CALL, method, raw=zstandard.compress(CALL))
    found = list(parse_zip(Input("m", BytesReader(archives.archive([entry])), "zip"), Context()))
    assert content(of(Nested, found)[0]) == CALL
    assert [(m.method, m.crc_ok) for m in of(Member, found)] == [("zstd", True)]
    assert not of(Defect, found)


def test_the_largest_windows_of_ordinary_tools_are_read():
    """`xz -9` and `zstd --ultra -22` of files of any size declare 64 and 128 MiB."""
    found = list(compressed.parse(Input("m", BytesReader(lzma.compress(CALL, preset=9)), "xz"), Context()))
    assert content(of(Nested, found)[0]) == CALL
    assert not of(Defect, found)
    frame = MAGIC + bytes([0, 17 << 3]) + struct.pack("<I", len(CALL) << 3 | 1)[:3] + CALL
    assert content(of(Nested, parse(frame))[0]) == CALL


def test_changed_files_never_raise():
    rng = random.Random(7)
    good = aside(b"x" * 30) + zstandard.ZstdCompressor(write_checksum=True).compress(WORDS[:3000]) + aside(b"y")
    for _ in range(400):
        data = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        for nested in of(Nested, parse(bytes(data[: rng.randint(1, len(data))]))):
            content(nested)
