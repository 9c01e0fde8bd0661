"""A folder of this machine that a registry of this machine leads to, as a service."""

from __future__ import annotations

import os
import stat

from modelaudit.sources.errors import MISSING, UNREADABLE, SourceError, from_os_error
from modelaudit.sources.file import FLAGS, pread
from modelaudit.sources.remote.service import Listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Disk:
    """A file, or a folder and everything below it. Links are listed and not followed."""

    repo: str | None = None
    revision: str | None = None
    server = ""  # its address says it

    def __init__(self, path: str, address: str) -> None:
        self.address = address
        self.path = path

    def files(self) -> Iterable[Listed]:
        """Everything that is there."""
        try:
            status = os.stat(self.path)
            if stat.S_ISREG(status.st_mode):
                return [self._listed("", os.path.realpath(self.path), status)]
            if not stat.S_ISDIR(status.st_mode):
                raise SourceError(MISSING, "neither a file nor a folder is there", self.address)
            return list(self._below())
        except OSError as error:
            raise from_os_error(error, self.address) from None

    def read(self, file: Listed, start: int, stop: int) -> bytes:
        """Bytes of a file as it was listed."""
        try:
            opened = os.open(file.key, FLAGS)
        except OSError as error:
            raise from_os_error(error, self.address) from None
        try:
            if self._version(os.fstat(opened)) != file.version:
                raise SourceError(UNREADABLE, "the file changed while it was read", self.address)
            return pread(opened, stop - start, start)
        except OSError as error:
            raise from_os_error(error, self.address) from None
        finally:
            os.close(opened)

    def close(self) -> None:
        """Nothing is open."""

    def _below(self) -> Iterator[Listed]:
        for folder, _, names in os.walk(self.path):
            for name in names:
                real = os.path.join(folder, name)
                below = os.path.relpath(real, self.path).replace(os.sep, "/")
                status = os.lstat(real)
                if stat.S_ISLNK(status.st_mode):
                    yield Listed(below, 0, real, link=os.readlink(real))
                elif stat.S_ISREG(status.st_mode):
                    yield self._listed(below, real, status)

    def _listed(self, name: str, real: str, status: os.stat_result) -> Listed:
        return Listed(name, status.st_size, real, version=self._version(status))

    def _version(self, status: os.stat_result) -> str:
        return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"
