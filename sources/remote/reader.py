"""One file at a service: random access by ranges, of which those that were read are kept for a while.

A small file comes in one piece. Of a larger one a read fetches a few blocks; reads that go on where the last one ended,
or a little behind that, fetch more each time, so that a parser that goes through a file, or from one small thing to the
next, does not ask for every block. No block that is kept is fetched again. With `full` every byte is read and hashed
once, as that of a file on disk; without, nothing is read but what a parser looks at, and the digest is what the service
says.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from modelaudit.sources.errors import UNREADABLE, SourceError
from modelaudit.sources.passing import Passing
from modelaudit.sources.remote.line import NAP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future, ThreadPoolExecutor
    from hashlib import _Hash
    from types import TracebackType
    from typing import Self

    from modelaudit.sources.dvc.digest import TrackedDigest
    from modelaudit.sources.passing import Consumer
    from modelaudit.sources.remote.line import Line
    from modelaudit.sources.remote.service import Listed

WINDOW = 1024 * 1024
BLOCK = 16 * 1024
WHOLE = 1024 * 1024  # bytes of a file that comes in one piece, since all of it is searched for programs
NEAR = 4  # blocks that come with what stands behind them rather than be passed over by one more request
LEAST = 2  # blocks that a request asks for
HEAD = 4  # blocks at the beginning, which recognisers and most headers need
TAIL = 65_557  # bytes at the end, where the directory of an archive is looked for
MOST = 256  # blocks that one asks for when a file is read from front to back: 4 MiB
KEPT = 4096  # blocks of all files that are kept: 64 MiB
STREAM = 4 * 1024 * 1024  # bytes of a request when every byte is read
OTHER = "its content is not the one that its digest says"
AHEAD = 4  # such requests on their way at once


class Blocks:
    """Blocks of the files of a scan that were read last, for all readers."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        self._blocks: OrderedDict[tuple[int, str, int], bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[int, str, int]) -> bytes | None:
        """A block that is kept."""
        with self._lock:
            block = self._blocks.get(key)
            if block is not None:
                self._blocks.move_to_end(key)
            return block

    def __contains__(self, key: tuple[int, str, int]) -> bool:
        with self._lock:
            return key in self._blocks

    def of(self, line: Line, file: Listed) -> dict[int, bytes]:
        """The blocks of one file by number."""
        with self._lock:
            return {key[2]: block for key, block in self._blocks.items() if key[:2] == (id(line), file.key)}

    def clear(self) -> None:
        """Keep none."""
        with self._lock:
            self._blocks.clear()

    def put(self, key: tuple[int, str, int], block: bytes) -> None:
        """Keep a block; the one that nobody has asked for longest goes."""
        with self._lock:
            self._blocks[key] = block
            self._blocks.move_to_end(key)
            while len(self._blocks) > self._most:
                self._blocks.popitem(last=False)


class RangeReader:
    """A file at a service, read by ranges. It is what a `FileReader` is for a file on disk.

    `bytes_read` are those that came over the line. Whatever the service refuses is a `SourceError`.
    """

    change = OTHER  # what is said when the content is not the one that was listed

    def __init__(
        self,
        line: Line,
        file: Listed,
        blocks: Blocks,
        *,
        name: str,
        full: bool = False,
        check: Callable[[], None] | None = None,
    ) -> None:
        if file.size is None:
            raise SourceError(UNREADABLE, "the service does not say how large it is", name)
        self.name = name
        self.size: int = file.size
        self.bytes_read = 0
        self.full = full
        self._line = line
        self._file = file
        self._blocks = blocks
        self._check = check
        self._ahead = LEAST
        self._consumers: list[Consumer] = []
        self._passing: Passing | None = None
        self._hash: _Hash | None = None
        self._tracked: TrackedDigest | None = None
        self._wrong = False
        self._counting = Lock()  # of bytes that several threads fetch

    @property
    def identity(self) -> str:
        """What tells this content from any other, empty when the service does not say."""
        return self._file.identity(self._line.service.address)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of whoever asked; connections belong to the service."""
        self._check = None

    def know(self, blocks: Mapping[int, bytes]) -> None:
        """Keep blocks that came in another process."""
        for number, block in blocks.items():
            self._blocks.put(self._key(number), block)

    def attach(self, consumer: Consumer) -> None:
        """Have a consumer see every byte, front to back, until `finish`. ValueError when not every byte will pass."""
        if not self.full or self._passing is not None:
            raise ValueError("not every byte passes")
        self._consumers.append(consumer)

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        length = min(length, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        first, last = offset // BLOCK, (offset + length - 1) // BLOCK
        data = b"".join(self._range(first, last + 1))
        at = offset - first * BLOCK
        return data[at : at + length]

    def window(self, offset: int, length: int = WINDOW) -> bytes:
        """The same, for a sequential parser."""
        return self.read_at(offset, length)

    def finish(self) -> str | None:
        """The SHA-256 of the whole file in lower-case hex: taken when every byte is here, else what the service says.

        None when nobody knows it.
        """
        if not self.full:
            return self._small() or self._file.sha256 or None
        self._stream(self._passed())
        assert self._hash is not None  # noqa: S101 - it is a consumer
        taken = self._hash.hexdigest()
        self._wrong = bool(self._file.sha256) and taken != self._file.sha256
        if self._tracked is not None:
            self._wrong |= self._tracked.hexdigest() != self._file.tracked.partition(":")[2]
        return taken

    def _small(self) -> str | None:
        """The SHA-256 of a file that has come in one piece, None when it has not."""
        if self.size > WHOLE:
            return None
        found = self._kept(0, self._count)
        if len(found) < self._count:
            return None
        from hashlib import sha256

        taken = sha256(b"".join(found[number] for number in range(self._count))).hexdigest()
        self._wrong = bool(self._file.sha256) and taken != self._file.sha256
        return taken

    def changed(self) -> bool:
        """Whether the content is not what the service says it is."""
        return self._wrong

    def _range(self, first: int, stop: int) -> list[bytes]:
        """Blocks from `first` up to `stop`, those that are not kept in as few requests as possible."""
        found = self._kept(first, stop)
        for begin, end in _runs(number for number in range(first, stop) if number not in found):
            found |= self._fetch(begin, end)
        return [found[number] for number in range(first, stop)]

    def _kept(self, first: int, stop: int) -> dict[int, bytes]:
        """The blocks among these that are kept."""
        blocks = ((number, self._blocks.get(self._key(number))) for number in range(first, stop))
        return {number: block for number, block in blocks if block is not None}

    def _fetch(self, first: int, stop: int) -> dict[int, bytes]:
        """Fetch blocks in one request, and others around them that are likely to be asked for next."""
        first, stop = self._widened(first, stop)
        data = self._line.read(self._file, first * BLOCK, min(stop * BLOCK, self.size), self.name, self._check)
        self.bytes_read += len(data)
        if self.full:
            self._pass(first * BLOCK, data)
        found = {first + at // BLOCK: data[at : at + BLOCK] for at in range(0, len(data), BLOCK)}
        for number, block in found.items():
            self._blocks.put(self._key(number), block)
        return found

    def _widened(self, first: int, stop: int) -> tuple[int, int]:
        """What is fetched when these blocks are asked for: more behind them, and all of the end, but nothing twice."""
        dense = any(map(self._is_kept, range(max(0, first - NEAR), first))) or self._is_kept(stop)
        self._ahead = min(self._ahead * 2, MOST) if dense else LEAST if first else HEAD
        begin, end = max(0, first - self._ahead) if dense else first, max(stop, first + self._ahead)
        if self.size <= WHOLE:
            begin, end = 0, self._count
        elif end >= self._count:
            begin, end = min(first, (self.size - TAIL) // BLOCK), self._count
        while stop < end and not self._is_kept(stop):
            stop += 1
        while first > begin and not self._is_kept(first - 1):
            first -= 1
        return first, stop

    def _is_kept(self, number: int) -> bool:
        return self._key(number) in self._blocks

    @property
    def _count(self) -> int:
        return -(-self.size // BLOCK)

    def _key(self, number: int) -> tuple[int, str, int]:
        return id(self._line), self._file.key, number

    def _passed(self) -> Passing:
        if self._passing is None:
            from hashlib import sha256

            self._hash = sha256()
            if self._file.tracked:
                from modelaudit.sources.dvc.digest import TrackedDigest

                self._tracked = TrackedDigest(self._file.tracked.partition(":")[0])
                self._consumers.append(self._tracked)
            self._passing = Passing([self._hash, *self._consumers])
        return self._passing

    def _pass(self, offset: int, data: bytes) -> None:
        """Pass on what continues the bytes that have passed."""
        passing = self._passed()
        start = passing.at - offset
        if 0 <= start < len(data):
            passing.give(memoryview(data)[start:] if start else data)

    def _stream(self, passing: Passing) -> None:
        """Pass every byte on that has not passed, with several requests on their way."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(AHEAD, thread_name_prefix="modelaudit-range") as pool:
            parts: list[Future[list[bytes]]] = []
            at = passing.at
            try:
                while at < self.size or parts:
                    while at < self.size and len(parts) < AHEAD:
                        parts.append(self._ask(pool, at))
                        at += STREAM
                    for data in self._came(parts.pop(0)):
                        passing.give(data)
            finally:
                for part in parts:
                    part.cancel()

    def _came(self, part: Future[list[bytes]]) -> list[bytes]:
        """What a request gives, with a sign of life while it is on its way."""
        from concurrent.futures import wait

        while not part.done():
            if self._check is not None:
                self._check()
            wait([part], NAP)
        return part.result()

    def _ask(self, pool: ThreadPoolExecutor, at: int) -> Future[list[bytes]]:
        return pool.submit(self._pieces, at, min(at + STREAM, self.size))

    def _pieces(self, at: int, end: int) -> list[bytes]:
        """The bytes from `at` up to `end`, which both stand between blocks; those that are not kept come anew."""
        first, stop = at // BLOCK, -(-end // BLOCK)
        found = self._kept(first, stop)
        for begin, behind in _runs(number for number in range(first, stop) if number not in found):
            start = begin * BLOCK
            data = self._line.read(self._file, start, min(behind * BLOCK, self.size), self.name, self._check)
            with self._counting:
                self.bytes_read += len(data)
            found[begin] = data
        return [found[number] for number in sorted(found)]


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Begin and end of each run of numbers without a gap."""
    begin = end = -1
    for number in numbers:
        if number != end:
            if begin < end:
                yield begin, end
            begin = number
        end = number + 1
    if begin < end:
        yield begin, end
