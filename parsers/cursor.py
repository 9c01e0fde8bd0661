"""Numbers and bytes one after the other, in either byte order, out of a window that moves forward."""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.base import Context
    from modelaudit.parsers.reader import Reader

WINDOW = 256 * 1024
STEPS = 4096  # between two looks at the time


class Break(Exception):  # noqa: N818 - the file's error, not ours
    """The file cannot be read on from here; `code` is that of the defect."""

    def __init__(self, code: str, detail: str, offset: int) -> None:
        super().__init__(code, detail, offset)
        self.code = code
        self.detail = detail
        self.offset = offset


class Cursor:
    """A place in the file that moves forward; `at` is its offset. Raises `Break` at the end of the file."""

    __slots__ = ("_base", "_check", "_data", "_reader", "_steps", "at", "order", "size")

    def __init__(self, reader: Reader, context: Context, at: int = 0, order: str = "<") -> None:
        self._reader = reader
        self._check = context.check
        self._data = b""
        self._base = 0
        self._steps = 0
        self.at = at
        self.order = order  # as `struct` writes it
        self.size = reader.size

    @property
    def left(self) -> int:
        """Bytes that are not read yet."""
        return self.size - self.at

    def number(self, code: str) -> int | float:
        """The next number, of a type as `struct` writes it."""
        form = self.order + code
        value: int | float = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return value

    def u32(self) -> int:
        """The next unsigned number of 32 bits."""
        return int.from_bytes(self.take(4), "little" if self.order == "<" else "big")

    def u64(self) -> int:
        """The next unsigned number of 64 bits."""
        return int.from_bytes(self.take(8), "little" if self.order == "<" else "big")

    def take(self, length: int) -> bytes:
        """The next bytes; at most a window's worth should be asked for."""
        begin = self.at - self._base
        data = self._data[begin : begin + length] if begin >= 0 else b""
        if len(data) < length:
            data = self._refill(length)
        self.at += length
        self._steps += 1
        if self._steps % STEPS == 0:
            self._check()
        return data

    def skip(self, length: int) -> None:
        """Go past bytes without reading them."""
        if length > self.left:
            raise Break("truncated", f"{length} bytes are asked for, {max(self.left, 0)} are there", self.at)
        self.at += length

    def texts(self, count: int, width: int, keep: int) -> Iterator[bytes]:
        """So many texts with their lengths of `width` bytes before them; of each the first `keep` bytes."""
        read = struct.Struct(self.order + ("I" if width == 4 else "Q")).unpack_from
        data, at = b"", 0  # a window that begins at `self.at`, and the place in it
        for n in range(count):
            if n % STEPS == 0:
                self._check()
            if at + width > len(data):
                self.at += at
                data, at = self._refill(width, whole=True), 0
            length = read(data, at)[0]
            at += width
            if at + length <= len(data):
                yield data[at : at + min(length, keep)]
                at += length
                continue
            self.at += at
            data, at = b"", 0
            if length > self.left:
                raise Break("bad-length", f"a text of {length} bytes, {self.left} bytes are left", self.at)
            yield self._reader.read_at(self.at, min(length, keep))
            self.at += length
        self.at += at

    def _refill(self, length: int, *, whole: bool = False) -> bytes:
        if length > self.left:
            raise Break("truncated", f"{length} bytes are asked for, {max(self.left, 0)} are there", self.at)
        self._base = self.at
        self._data = self._reader.read_at(self.at, max(length, WINDOW))
        if len(self._data) < length:
            raise Break("truncated", "the file became shorter while it was read", self.at)
        return self._data if whole else self._data[:length]
