"""What a worker process may use, as far as the operating system can hold it to that."""

from __future__ import annotations

import os
import sys
from time import process_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

GIB = 1024**3


class Bounds:
    """The limits of one worker process. The defaults are far above what an honest file needs."""

    __slots__ = ("_given", "cpu", "cpu_per_gib", "file_size", "grace", "memory", "open_files", "stall")

    def __init__(
        self,
        *,
        memory: int = 2 * GIB,
        cpu: int = 300,
        cpu_per_gib: int = 60,
        open_files: int = 256,
        file_size: int = 2 * GIB,
        stall: float = 60.0,
        grace: float = 0.6,
    ) -> None:
        self.memory = memory  # bytes of address space beyond what the process has when it starts
        self.cpu = cpu  # seconds of processor time for one file
        self.cpu_per_gib = cpu_per_gib  # and so many more for each GiB of it
        self.open_files = open_files
        self.file_size = file_size  # bytes of a file that it writes; only the store of facts is written
        self.stall = stall  # seconds without a sign of life after which it is ended
        self._given = (0.0, -1)  # processor time that was used when some was given, and how much
        self.grace = grace  # seconds after the end of the scan's time in which it has to stop by itself

    def apply(self) -> None:
        """Hold this process to the bounds that do not depend on a file."""
        resource = _resource()
        if resource is None:
            return
        _lower(resource, "RLIMIT_CORE", 0)
        _lower(resource, "RLIMIT_NOFILE", self.open_files)
        _lower(resource, "RLIMIT_FSIZE", self.file_size)
        if sys.platform == "linux":  # elsewhere nobody keeps to it, or it counts what is only reserved
            _lower(resource, "RLIMIT_AS", _address_space() + self.memory)

    def renew(self, size: int) -> None:
        """Give this process its processor time for a file of this size, counted from now.

        What was given less than a second ago for a file of the same allowance is not given anew: the limit counts
        whole seconds, and small files take none of it.
        """
        resource = _resource()
        if resource is None:
            return
        used, allowed = process_time(), self.cpu + self.cpu_per_gib * size // GIB
        if allowed == self._given[1] and used - self._given[0] < 1:
            return
        self._given = (used, allowed)
        _lower(resource, "RLIMIT_CPU", int(used) + 2 + allowed)

    def described(self) -> Iterator[tuple[str, str, str]]:
        """Each bound: its name, its value, and who holds a worker to it; `nobody` where the system cannot."""
        system = "operating system" if _resource() is not None else "nobody"
        yield "memory", f"{self.memory // 1024**2} MiB", system if sys.platform == "linux" else "nobody"
        yield "processor time", f"{self.cpu} s a file, {self.cpu_per_gib} s more a GiB", system
        yield "open files", str(self.open_files), system
        yield "size of written files", f"{self.file_size // 1024**2} MiB", system
        yield "no sign of life", f"{self.stall:g} s", "main process"
        yield "end of the scan's time", f"{self.grace:g} s later", "main process"


def _resource() -> _Resource | None:
    """The module, None on systems without it."""
    try:
        import resource
    except ImportError:
        return None
    return resource


def _lower(resource: _Resource, name: str, value: int) -> None:
    """Set a soft limit, never above the hard one; what the system refuses stays as it is."""
    number = getattr(resource, name, None)
    if number is None:
        return
    _, hard = resource.getrlimit(number)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(number, (value, hard))
    except (OSError, ValueError):  # a sandbox that allows no change
        return


def _address_space() -> int:
    """Bytes of address space that this process has."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


if TYPE_CHECKING:
    from typing import Protocol

    class _Resource(Protocol):
        """The part of the module that is used."""

        RLIM_INFINITY: int

        def getrlimit(self, resource: int, /) -> tuple[int, int]: ...
        def setrlimit(self, resource: int, limits: tuple[int, int], /) -> None: ...
