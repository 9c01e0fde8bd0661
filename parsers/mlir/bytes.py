"""Numbers of variable length and bytes, one after the other, out of bytes that are held."""

from __future__ import annotations

from modelaudit.parsers.cursor import Break

BAD = "bad-bytecode"


class Bytes:
    """A place in bytes that moves forward. Raises `Break` where they end early."""

    __slots__ = ("at", "data", "end", "offset")

    def __init__(self, data: bytes, offset: int = 0) -> None:
        self.data = data
        self.offset = offset  # where the bytes stand in the file
        self.at = 0
        self.end = len(data)

    @property
    def left(self) -> int:
        """Bytes that are not read yet."""
        return self.end - self.at

    def part(self, length: int) -> Bytes:
        """The next bytes as a place of their own, which shares them."""
        part = Bytes(self.data, self.offset)
        part.at = self.at
        self.skip_bytes(length)
        part.end = self.at
        return part

    def skip_bytes(self, length: int) -> None:
        """Go past so many bytes."""
        if length > self.left:
            raise self.broken(f"{length} bytes are asked for, {self.left} are there")
        self.at += length

    def broken(self, detail: str) -> Break:
        """The error that ends the reading here."""
        return Break(BAD, detail, self.offset + self.at)

    def take(self, length: int) -> bytes:
        """The next bytes."""
        self.skip_bytes(length)
        return self.data[self.at - length : self.at]

    def byte(self) -> int:
        """The next byte."""
        if self.at >= self.end:
            raise self.broken("a byte is asked for, none is there")
        self.at += 1
        return self.data[self.at - 1]

    def number(self) -> int:
        """The next number: zeros at the low end of its first byte count the bytes behind it."""
        first = self.byte()
        if first & 1:
            return first >> 1
        if not first:
            return int.from_bytes(self.take(8), "little")
        more = (first & -first).bit_length() - 1
        return int.from_bytes(bytes((first,)) + self.take(more), "little") >> (more + 1)

    def flagged(self) -> tuple[int, bool]:
        """The next number without its lowest bit, and whether that is set."""
        value = self.number()
        return value >> 1, bool(value & 1)

    def skip(self, count: int) -> None:
        """Go past so many numbers."""
        if count > self.left:
            raise self.broken(f"{count} numbers are asked for, {self.left} bytes are there")
        for _ in range(count):
            self.number()
