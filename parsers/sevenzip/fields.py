"""The pieces that headers of 7z archives are made of, in bytes that are all there."""

from __future__ import annotations

REPEATED = frozenset({0x00, 0x19})  # an end, and a property that is nothing but room


class HeaderError(ValueError):
    """The header cannot be read on; the words say why."""


class Fields:
    """A place in a header that moves forward. Raises `HeaderError` at its end."""

    __slots__ = ("_data", "at")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes that are not read yet."""
        return len(self._data) - self.at

    def take(self, length: int) -> bytes:
        """The next bytes."""
        if length > self.left:
            raise HeaderError(f"{length} bytes are asked for at {self.at} of the header, {self.left} are there")
        self.at += length
        return self._data[self.at - length : self.at]

    def byte(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def number(self) -> int:
        """The next number: the ones that lead in the first byte say how many bytes follow it."""
        first = self.byte()
        mask, value = 0x80, 0
        for n in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << 8 * n
            value |= self.byte() << 8 * n
            mask >>= 1
        return value

    def u32(self) -> int:
        """The next number of 32 bits."""
        return int.from_bytes(self.take(4), "little")

    def bits(self, count: int) -> list[bool]:
        """So many bits, the highest of a byte first."""
        raw = self.take((count + 7) // 8)
        return [bool(raw[n >> 3] & 0x80 >> (n & 7)) for n in range(count)]

    def defined(self, count: int) -> list[bool]:
        """Which of so many things have a value: all of them, or those whose bits are set."""
        return [True] * count if self.byte() else self.bits(count)

    def checksums(self, count: int) -> list[int | None]:
        """The checksums of so many streams; None for those that have none."""
        return [self.u32() if known else None for known in self.defined(count)]

    def part(self, seen: set[int]) -> int:
        """The byte that begins the next part, which must not have been there; ends and padding may repeat."""
        id = self.byte()
        if id in seen:
            raise HeaderError(f"the part {id:#04x} stands for a second time at {self.at - 1} of the header")
        if id not in REPEATED:
            seen.add(id)
        return id

    def expect(self, id: int, words: str) -> None:
        """Go past the byte that begins a part."""
        found = self.byte()
        if found != id:
            raise HeaderError(f"{words} should begin at {self.at - 1} of the header, there is {found:#04x}")
