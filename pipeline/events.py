"""What happens while a scan runs, for whoever shows it: the library itself prints nothing.

An observer is a function that is given each event as it happens. Files that several workers read begin and end in
any order; the report does not depend on it.
"""

from __future__ import annotations

from modelaudit.engine.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Observer = Callable[["Event"], None]


@record
class ScanStarted:
    """The scan begins; nothing was read yet."""

    paths: tuple[str, ...]  # as the user gave them


@record
class FileStarted:
    """A file is opened."""

    path: str


@record
class FileProgress:
    """A file is being read; sent some times a second at most, and only for files that take that long."""

    path: str
    bytes: int  # read so far


@record
class FileDone:
    """A file was read and judged, as far as that was possible."""

    path: str
    bytes: int  # the size of the file
    findings: int  # that the rules made, whatever the policy makes of them


@record
class WorkerLost:
    """A process that read a file is gone, and another one takes its place."""

    path: str
    what: str  # crash | memory | hang | cpu | time
    words: str  # the same for people


@record
class ScanDone:
    """The scan is over; the document is what the scan returns."""

    files: int
    bytes: int
    exit_code: int


Event = ScanStarted | FileStarted | FileProgress | FileDone | WorkerLost | ScanDone


def nobody(_event: Event) -> None:
    """The observer who does not look."""


def plain(event: Event) -> dict[str, object]:
    """An event as JSON has it: `event` is its name, such as `file-done`, the rest are its fields."""
    name = "".join(f"-{c.lower()}" if c.isupper() else c for c in type(event).__name__)[1:]
    return {"event": name, **{field: getattr(event, field) for field in type(event).FIELDS}}  # type: ignore[union-attr]
