"""The bodies of manifests, of nodes of the tree of keys, and of nodes of the tree of versions."""

from __future__ import annotations

from itertools import pairwise

from modelaudit.parsers.cursor import Break
from modelaudit.parsers.notes import FileBudget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

UUID = 16
NUMBERED = 1  # the kind of manifest whose versions stand in further files
INDIRECT = 1  # the kind of value that stands in a data file
LONGEST = 65535  # bytes of a key or path
ENTRIES = 250_000  # of a node that are read
SHARED = 16 * 1024 * 1024  # bytes that the keys of a node may have together
CONFIG = ("max_inline_value_bytes", "max_decoded_node_bytes")


class Value:
    """A key and where its value stands: in the node itself, or in a data file."""

    __slots__ = ("data", "key", "size")

    def __init__(self, key: bytes, data: bytes | None, size: int) -> None:
        self.key = key
        self.data = data
        self.size = size


class Body:
    """Numbers and bytes of a body one after the other. Raises `Break` where it ends early."""

    def __init__(self, data: bytes, offset: int) -> None:
        self.data = data
        self.offset = offset  # where the piece stands in the file
        self.at = 0

    def broken(self, detail: str) -> Break:
        """The error that ends the reading of this piece."""
        return Break("bad-node", detail, self.offset)

    def take(self, length: int) -> bytes:
        """The next bytes."""
        if length > len(self.data) - self.at:
            raise self.broken(f"{length} bytes are asked for, {len(self.data) - self.at} are there")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self) -> int:
        """The next number of variable length."""
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise self.broken("a number has more than ten bytes")

    def numbers(self, count: int) -> list[int]:
        """So many numbers."""
        if count > ENTRIES:
            raise FileBudget("entries", count, ENTRIES)
        if count > len(self.data) - self.at:
            raise self.broken(f"{count} numbers are asked for, {len(self.data) - self.at} bytes are there")
        return [self.number() for _ in range(count)]

    def strings(self, prefixes: Sequence[int], suffixes: Sequence[int]) -> list[bytes]:
        """Texts of which each shares its beginning with the one before it."""
        found: list[bytes] = []
        last = b""
        total = 0
        for prefix, suffix in zip((0, *prefixes), suffixes, strict=True):
            if prefix > len(last) or prefix + suffix > LONGEST:
                raise self.broken("a key shares more with the one before it than that has, or is too long")
            last = last[:prefix] + self.take(suffix)
            found.append(last)
            total += len(last)
            if total > SHARED:
                raise FileBudget("size", total, SHARED)
        return found

    def files(self) -> list[bytes]:
        """The table of data files."""
        count = self.number()
        prefixes = self.numbers(max(count - 1, 0))
        suffixes = self.numbers(count)
        self.numbers(count)  # how much of each path holds for what stands below
        return self.strings(prefixes, suffixes) if count else []


def read_manifest(body: Body) -> tuple[dict[str, int], list[bytes]]:
    """Settings of the store, and the data files that its latest versions stand in."""
    body.take(UUID)
    kind = body.number()
    settings = {name: body.number() for name in CONFIG}
    body.take(1)
    if body.number():
        body.take(4)  # level of the compression
    return settings, [] if kind == NUMBERED else body.files()


def read_versions(body: Body) -> list[bytes]:
    """The data files that a node of the tree of versions names."""
    body.take(2)
    return body.files()


def read_node(body: Body) -> tuple[list[bytes], list[Value]]:
    """The data files that a node of the tree of keys names, and its values when it is a leaf."""
    height = body.take(1)[0]
    files = body.files()
    count = body.number()
    prefixes = body.numbers(max(count - 1, 0))
    suffixes = body.numbers(count)
    if height:
        return files, []
    keys = body.strings(prefixes, suffixes) if count else []
    sizes = body.numbers(count)
    kinds = body.take(count)
    body.numbers(2 * sum(kind == INDIRECT for kind in kinds))
    return files, list(_values(body, keys, sizes, kinds))


def _values(body: Body, keys: list[bytes], sizes: list[int], kinds: bytes) -> Iterator[Value]:
    for key, size, kind in zip(keys, sizes, kinds, strict=True):
        yield Value(key, None if kind == INDIRECT else body.take(size), size)


def in_order(keys: list[bytes]) -> bool:
    """Whether the keys of a node rise, as look-ups need."""
    return all(a < b for a, b in pairwise(keys))
