"""The bytes of a file by address, in pages, and a cursor over some of them. What is not there is `Damage`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.parsers.reader import Reader

PAGE = 16 * 1024
PAGES = 128  # that are held
TURNS = 256  # reads between two looks at the clock
COST = 256  # that a read counts for, beside its bytes
COST_MAX = 512 * 1024 * 1024  # of all reads: objects may refer to the same bytes again and again
STRING_MAX = 64 * 1024  # bytes of a name


class Damage(ValueError):  # noqa: N818 - an outcome of reading, not an error of the tool
    """The structure cannot be read at an address."""

    def __init__(self, detail: str, address: int = 0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.address = max(0, address)


class Spent(Exception):  # noqa: N818 - a budget
    """More was read of the structure than any sound file asks for."""


class Source:
    """Reads by address, which counts from the superblock. `wide` and `long` are the sizes of offsets and lengths."""

    __slots__ = ("_check", "_pages", "_reader", "_turns", "base", "cost", "long", "size", "wide")

    def __init__(self, reader: Reader, base: int, check: Callable[[], None]) -> None:
        self._reader = reader
        self._check = check
        self._pages: dict[int, bytes] = {}
        self._turns = 0
        self.cost = 0
        self.base = base
        self.size = reader.size - base
        self.wide = 8
        self.long = 8

    def read(self, address: int, length: int) -> bytes:
        """Just so many bytes; `Damage` when they are not all there."""
        self._spend(length)
        if address < 0 or length < 0 or address + length > self.size:
            raise Damage(f"{length} bytes at {address} lie outside of the file", address)
        first, last = address // PAGE, (address + length - 1) // PAGE
        if first == last:
            at = address - first * PAGE
            return self._page(first)[at : at + length]
        if last - first > PAGES // 2:
            return self._reader.read_at(self.base + address, length)
        joined = b"".join(self._page(n) for n in range(first, last + 1))
        return joined[address - first * PAGE :][:length]

    def _spend(self, length: int) -> None:
        self._turns += 1
        self.cost += COST + max(0, min(length, self.size))
        if self._turns % TURNS == 0:
            self._check()
        if self.cost > COST_MAX:
            raise Spent

    def _page(self, number: int) -> bytes:
        page = self._pages.pop(number, None)
        if page is None:
            page = self._reader.read_at(self.base + number * PAGE, PAGE)
            if len(self._pages) >= PAGES:
                del self._pages[next(iter(self._pages))]
        self._pages[number] = page
        return page

    def cursor(self, address: int, length: int) -> Cursor:
        """A cursor over bytes of the file."""
        return Cursor(self.read(address, length), self, address)

    def signed(self, address: int, signature: bytes, length: int) -> Cursor:
        """A cursor behind the signature that has to stand at an address."""
        cursor = self.cursor(address, length)
        if cursor.take(len(signature)) != signature:
            raise Damage(f"no {signature.decode()} at {address}", address)
        return cursor

    def string(self, address: int) -> bytes:
        """The bytes up to a NUL."""
        parts = []
        self._spend(0)
        for _ in range(STRING_MAX // PAGE + 1):
            if not 0 <= address < self.size:
                raise Damage(f"the text at {address} lies outside of the file", address)
            page = self._page(address // PAGE)[address % PAGE :]
            end = page.find(b"\0")
            if end >= 0:
                parts.append(page[:end])
                return b"".join(parts)
            parts.append(page)
            address += len(page)
        raise Damage("a name without an end", address)

    def undefined(self, address: int) -> bool:
        """Whether an address says that there is nothing."""
        return address == (1 << 8 * self.wide) - 1


class Cursor:
    """Reads values one after the other."""

    __slots__ = ("_source", "address", "at", "data")

    def __init__(self, data: bytes, source: Source, address: int) -> None:
        self.data = data
        self.at = 0
        self.address = address
        self._source = source

    @property
    def left(self) -> int:
        """Bytes that were not taken."""
        return len(self.data) - self.at

    def take(self, length: int) -> bytes:
        """The next bytes."""
        part = self.data[self.at : self.at + length]
        if len(part) < length or length < 0:
            raise Damage(f"{length} bytes are missing", self.address + self.at)
        self.at += length
        return part

    def skip(self, length: int) -> None:
        """Pass over bytes."""
        self.take(length)

    def number(self, length: int) -> int:
        """The next number of so many bytes."""
        return int.from_bytes(self.take(length), "little")

    def offset(self) -> int:
        """The next address."""
        return self.number(self._source.wide)

    def size(self) -> int:
        """The next length."""
        return self.number(self._source.long)

    def string(self, pad: int = 1) -> bytes:
        """The bytes up to a NUL; with the NUL they are a multiple of `pad`."""
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise Damage("a text without an end", self.address + self.at)
        text = self.data[self.at : end]
        self.at += -(-(len(text) + 1) // pad) * pad
        return text
