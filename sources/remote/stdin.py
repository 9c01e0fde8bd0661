"""Standard input as a file: kept in a spool first, since parsers do not go front to back."""

from __future__ import annotations

import os
import select
import sys

from modelaudit.sources.errors import UNREADABLE, SourceError
from modelaudit.sources.remote.line import NAP
from modelaudit.sources.remote.service import CHECK, Listed
from modelaudit.sources.remote.spool import Spool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NAME = "<stdin>"
MOST = 64 * 1024**3  # bytes
STEP = 1024 * 1024


class Stdin:
    """The service of `-`: one file, read to its end when it is listed."""

    address = NAME
    repo: str | None = None
    revision: str | None = None
    server = ""  # its address says it

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._spool = Spool(MOST)

    def files(self) -> Iterable[Listed]:
        """The one file; `SourceError` when there is no end of it, or no room for it."""
        for data in _incoming(self._descriptor):
            self._spool.add(data, NAME)
        return [Listed("", self._spool.size, NAME)]

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of the file."""
        return self._spool.read(start, stop)

    def close(self) -> None:
        """Let what was kept go."""
        self._spool.close()


def connect(address: str) -> Stdin:
    """Standard input; `SourceError` when there is none, or when it is a terminal."""
    if sys.stdin is None or sys.stdin.isatty():
        raise SourceError(UNREADABLE, "nothing comes in: pipe a file into it", address)
    return Stdin(sys.stdin.fileno())


def _incoming(descriptor: int) -> Iterator[bytes]:
    """What comes in until the end; asks now and then whether the scan has time left, also while nothing comes."""
    while True:
        check = CHECK.get()
        if check is not None:
            check()
        if os.name == "posix" and not select.select([descriptor], [], [], NAP)[0]:  # elsewhere it is for sockets alone
            continue
        data = os.read(descriptor, STEP)
        if not data:
            return
        yield data
