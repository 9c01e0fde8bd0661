"""PE files whose header stands nearer or further behind their beginning than any compiler puts it."""

import struct

import pytest

from modelaudit.parsers.executables import structure
from modelaudit.parsers.reader import BytesReader


def program(distance: int) -> bytes:
    """A PE32+ file of one section whose `e_lfanew` is this; its code is zeros."""
    optional = bytearray(0xF0)
    struct.pack_into("<H", optional, 0, 0x20B)
    struct.pack_into("<I", optional, 16, 0x1000)
    struct.pack_into("<II", optional, 32, 0x1000, 0x200)
    headers = (distance + 24 + 0xF0 + 40 + 511) // 512 * 512
    struct.pack_into("<I", optional, 60, headers)
    section = b".text\0\0\0" + struct.pack("<IIIIIIHHI", 0x200, 0x1000, 0x200, headers, 0, 0, 0, 0, 0x60000020)
    whole = bytearray(headers + 0x200)
    whole[:2] = b"MZ"
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 0xF0, 0x22)
    whole[distance : distance + 24 + 0xF0 + 40] = coff + bytes(optional) + section
    struct.pack_into("<I", whole, 60, distance)
    return bytes(whole)


@pytest.mark.parametrize("distance", [0x10, 0x80, 0x8000, 0x20000, 0x300000])
@pytest.mark.parametrize("before", [b"", b"MZ" * 50])
def test_the_header_may_stand_anywhere(distance, before):
    data = before + program(distance)
    found = structure("pe", BytesReader(data), len(before) + distance)
    assert found is not None
    assert (found.kind, found.start, found.size) == ("pe", len(before), len(data) - len(before))


def test_a_header_that_no_beginning_names_is_none():
    data = bytearray(program(0x80))
    struct.pack_into("<I", data, 60, 0x84)
    assert structure("pe", BytesReader(bytes(data)), 0x80) is None
