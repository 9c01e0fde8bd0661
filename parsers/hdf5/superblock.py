"""The superblock: where the root group is, and how wide addresses and lengths are (specification, II.A)."""

from __future__ import annotations

from modelaudit.parsers.hdf5.source import Damage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.hdf5.source import Source

WIDTHS = frozenset({2, 4, 8, 16, 32})
LENGTH = 96 + 4 * 32  # bytes that hold any version


class Superblock:
    """What the superblock says: `root` is the address of the root group's header, `end` of the end of the file."""

    __slots__ = ("end", "root", "version")

    def __init__(self, version: int, root: int, end: int) -> None:
        self.version = version
        self.root = root
        self.end = end


def read_superblock(source: Source) -> Superblock:
    """The superblock at address 0; sets the widths of the source."""
    cursor = source.cursor(0, min(LENGTH, source.size))
    cursor.skip(8)
    version = cursor.number(1)
    if version > 3:
        raise Damage(f"superblock version {version} is not known", 8)
    if version < 2:
        cursor.skip(4)
    _widths(source, cursor.number(1), cursor.number(1))
    if version < 2:
        cursor.skip(9 + (4 if version else 0))
    else:
        cursor.skip(1)
    base, _other, end = cursor.offset(), cursor.offset(), cursor.offset()
    if version < 2:
        cursor.skip(2 * source.wide)  # driver information, name of the root group
    return Superblock(version, cursor.offset(), end - base if end >= base else end)


def _widths(source: Source, wide: int, long: int) -> None:
    if wide not in WIDTHS or long not in WIDTHS:
        raise Damage(f"addresses of {wide} and lengths of {long} bytes", 13)
    source.wide, source.long = wide, long
