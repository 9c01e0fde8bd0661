"""7z archives that are made to be slow, to raise, or to hide something."""

import lzma
import struct

import pytest

from fixtures.sevenzips import BCJ, COPY, DEFLATE, LZMA2, LZMA2_OPTIONS, Solid, archive, number, raw
from modelaudit.engine.facts import Defect, Limit
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.sevenzip import parse
from modelaudit.parsers.sevenzip.fields import Fields, HeaderError
from modelaudit.parsers.sevenzip.headers import Streams, read_files


def read(data: bytes) -> list:
    return list(parse(Input("x.7z", BytesReader(data), "7z", formats=frozenset({"7z"})), Context()))


def of(kind, items) -> list:
    return [item for item in items if isinstance(item, kind)]


def pack(size: int) -> bytes:
    return b"\x06\0\1\x09" + number(size) + b"\0"


def unpack(size: int, *, sums: bytes = b"") -> bytes:
    return b"\x07\x0b\x01\0\x01\x01\0\x0c" + number(size) + sums + b"\0"


SUM = b"\x0a\1" + struct.pack("<I", 1)
TWICE = {
    "streams": b"\1\4" + pack(8) + unpack(8) + b"\0" + b"\4" + pack(8) + unpack(8) + b"\0\0",
    "packed": b"\1\4" + pack(8) + pack(8) + unpack(8) + b"\0\0",
    "folders": b"\1\4" + pack(8) + unpack(8) + unpack(8, sums=SUM) + b"\0\0",
    "sums of folders": b"\1\4" + pack(8) + unpack(8, sums=SUM + SUM) + b"\0\0",
    "cuts": b"\1\4" + pack(8) + unpack(8, sums=SUM) + b"\x08\x0d\2\x09\1\0" + b"\x08\x0d\1\0" + b"\0\0",
    "sums of files": b"\1\4" + pack(8) + unpack(8) + b"\x08" + SUM + SUM + b"\0\0\0",
    "files": b"\1\5\1\0\5\1\0\0",
    "empty": b"\1\5\1\x0e\1\x80\x0f\1\x80\x0f\1\0\0\0",
    "names": b"\1\5\1" + b"\x11\x05\0a\0\0\0" * 2 + b"\0\0",
}


@pytest.mark.parametrize("part", TWICE)
def test_a_part_that_stands_twice_ends_the_header(part: str) -> None:
    found = read(archive([], head=TWICE[part], between=b"A" * 8))
    detail = next(defect.detail for defect in of(Defect, found) if defect.code == "7z-header")
    assert "a second time" in detail or "should begin" in detail


def test_parts_without_end_are_not_worked_through() -> None:
    files = Fields(number(10_000) + b"\x0f\x00" * 100_000 + b"\0")
    with pytest.raises(HeaderError):
        read_files(files, 100_000)
    assert files.at < 20
    streams = Fields((pack(0) + b"\x07\x0b\0\0\x0c\0") * 100_000 + b"\0")
    with pytest.raises(HeaderError):
        Streams(100_000).read(streams)
    assert streams.at < 40


def test_room_in_the_header_may_repeat() -> None:
    assert len(read_files(Fields(b"\1" + b"\x19\2\0\0" * 3 + b"\0"), 10)) == 1


def test_a_filter_that_cannot_begin_where_it_should_is_a_defect() -> None:
    solid = Solid([("a", b"A" * 8)], "03030501", raw=b"A" * 8, properties=struct.pack("<I", 1))
    assert [defect.code for defect in of(Defect, read(archive([solid])))] == ["bad-data"]


def bomb(size: int) -> bytes:
    """Blocks of deflate without a byte in them, packed."""
    packer = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=[LZMA2_OPTIONS])
    block = b"\0\0\0\xff\xff" * 200_000
    return b"".join([packer.compress(block) for _ in range(size // len(block))]) + packer.flush()


def test_what_coders_give_to_the_next_one_is_counted() -> None:
    size = 20_000_000
    solid = Solid([("a", b"A" * 1000)], DEFLATE, LZMA2, raw=bomb(size), size=size)
    found = read(archive([solid]))
    assert [limit.what for limit in of(Limit, found)] == ["ratio"]


def test_many_folders_share_what_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelaudit.parsers.expansion.Ledger.FREE", 3_000_000)
    folders = [Solid([(str(n), b"A" * 9)], DEFLATE, LZMA2, raw=bomb(2_000_000), size=2_000_000) for n in range(4)]
    assert [limit.what for limit in of(Limit, read(archive(folders)))] == ["ratio"]


def test_an_ordinary_filter_is_not_counted_twice() -> None:
    data = bytes(15_000_000)
    filters = ({"id": lzma.FILTER_X86}, LZMA2_OPTIONS)
    found = read(archive([Solid([("a", data)], BCJ, LZMA2, raw=raw(data, *filters))]))
    assert not of(Limit, found)
    assert [item.reader.size for item in of(Nested, found)] == [len(data)]


def test_a_folder_that_no_file_is_in_is_read_as_hidden() -> None:
    solid = Solid([], COPY, raw=b"some bytes", size=10, sizes=[], crcs=[])
    found = of(Nested, read(archive([solid])))
    assert [(item.view, item.reader.read_at(0, 10)) for item in found] == [("hidden", b"some bytes")]
