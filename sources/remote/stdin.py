"""Standard input as a file: written to an anonymous temporary file first, since parsers do not go front to back."""

from __future__ import annotations

import sys
import tempfile
from threading import Lock

from modelaudit.sources.errors import UNREADABLE, SourceError
from modelaudit.sources.remote.service import Listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import IO

NAME = "<stdin>"
MOST = 64 * 1024**3  # bytes
STEP = 1024 * 1024


class Stdin:
    """The service of `-`: one file, read to its end when it is listed."""

    address = NAME
    repo: str | None = None
    revision: str | None = None

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = Lock()
        self._file: IO[bytes] | None = None

    def files(self) -> Iterable[Listed]:
        """The one file; `SourceError` when there is no end of it."""
        spool = self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the service
        size = 0
        while data := self._stream.read(STEP):
            size += len(data)
            if size > MOST:
                raise SourceError(UNREADABLE, f"more than {MOST} bytes come in", NAME)
            spool.write(data)
        return [Listed("", size, NAME)]

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of the file."""
        assert self._file is not None  # noqa: S101 - it was listed
        with self._lock:
            self._file.seek(start)
            return self._file.read(stop - start)

    def close(self) -> None:
        """Let the temporary file go."""
        if self._file is not None:
            self._file.close()


def connect(address: str) -> Stdin:
    """Standard input; `SourceError` when there is none, or when it is a terminal."""
    stream = sys.stdin
    if stream is None or stream.isatty():
        raise SourceError(UNREADABLE, "nothing comes in: pipe a file into it", address)
    return Stdin(stream.buffer)
