"""How far a scan is, on stderr, for scans that take longer than a second."""

from __future__ import annotations

import contextlib
import os
import sys
from time import monotonic

from modelaudit.cli import interrupt
from modelaudit.pipeline.events import FileDone, FileProgress, ScanDone, ScanStarted, nobody
from modelaudit.reports.digest import human_size
from modelaudit.sources.address import is_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from rich.progress import BarColumn, TaskID
    from rich.progress import Progress as Bar

    from modelaudit.pipeline.events import Event, Observer

AFTER = 1.0  # seconds before anything is shown
EVERY = 0.1  # seconds between two pictures on a terminal
SELDOM = 2.0  # seconds between two lines elsewhere
BAR = 24  # cells of the bar where there is room for it
COUNTING = 0.005  # seconds of each picture that go into counting what there is


@contextlib.contextmanager
def shown(paths: Sequence[str]) -> Iterator[Observer]:
    """An observer that shows the progress of a scan on stderr; what it drew is gone at the end."""
    stream = sys.stderr
    if stream is None:
        yield nobody
        return
    terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
    progress = Progress(paths, stream, terminal=terminal)
    forget = interrupt.before_end(progress.end)
    try:
        yield progress
    finally:
        progress.end()
        forget()


class Tally:
    """What there is to read, counted a little at a time while the scan goes on."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.files = self.bytes = 0
        self.whole = False
        self.countable = not any(map(is_address, paths))  # listing another machine twice would cost too much
        self._steps = self._count(paths)

    def go_on(self, seconds: float) -> None:
        """Count for so long."""
        until = monotonic() + seconds
        while self.countable and not self.whole and monotonic() < until:
            self.whole = next(self._steps, True)

    def _count(self, paths: Sequence[str]) -> Iterator[bool]:
        from modelaudit.sources.local import SourceFile, discover

        for entry in discover(paths):
            if isinstance(entry, SourceFile):
                self.files += 1
                self.bytes += entry.size()
            yield False


class Progress:
    """An observer that draws a bar on a terminal, and writes a line now and then elsewhere."""

    def __init__(self, paths: Sequence[str], stream: TextIO, *, terminal: bool) -> None:
        self.tally = Tally(paths)
        self.stream = stream
        self.terminal = terminal
        self.began = monotonic()
        self.next = self.began + AFTER
        self.files = self.bytes = 0
        self.reading: dict[str, int] = {}  # bytes of files that are not done
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._column: BarColumn

    def __call__(self, event: Event) -> None:
        """Take an event, and show where the scan stands if it is time for that."""
        if isinstance(event, FileDone):
            self.files += 1
            self.bytes += event.bytes
            self.reading.pop(event.path, None)
        elif isinstance(event, FileProgress):
            self.reading[event.path] = event.bytes
        elif isinstance(event, ScanStarted):
            self.began = monotonic()
            self.next = self.began + AFTER
        elif isinstance(event, ScanDone):
            self.end()
            return
        if monotonic() >= self.next:
            self.tally.go_on(COUNTING)
            self.show()
            self.next = monotonic() + (EVERY if self.terminal else SELDOM)

    def show(self) -> None:
        """Draw."""
        if not self.terminal:
            self.stream.write(f"{self.words()}\n")
            self.stream.flush()
            return
        if self._bar is None:
            self._begin()
        assert self._bar is not None  # noqa: S101 - it was begun
        assert self._task is not None  # noqa: S101 - it was begun
        total = max(self.tally.bytes, 1) if self.tally.whole else None
        room = self._bar.console.width - 1
        words = self.words(room)
        self._column.bar_width = max(1, min(BAR, room - len(words) - 1))
        self._bar.update(self._task, description=words, total=total, completed=self.done())
        self._bar.refresh()

    def done(self) -> int:
        """Bytes that were read."""
        return self.bytes + sum(self.reading.values())

    def words(self, room: int = sys.maxsize) -> str:
        """Files, bytes, rate and time left, as many of them as there is room for; the time left goes last."""
        done = self.done()
        rate = done / max(monotonic() - self.began, 0.001)
        files, size, speed = f"{self.files:,} files", human_size(done), f"{human_size(int(rate))}/s"
        orders = [(files, size, speed), (files, size), (files,)]
        if self.tally.whole:
            files = f"{self.files:,} of {self.tally.files:,} files"
            size = f"{size} of {human_size(self.tally.bytes)}"
            left = f"{_clock((self.tally.bytes - done) / rate) if rate else 'unknown'} left"
            orders = [(files, size, speed, left), (files, size, left), (files, left), (left,)]
        texts = [", ".join(order) for order in orders]
        return next((text for text in texts if len(text) <= room), texts[-1])

    def end(self) -> None:
        """Take the bar away."""
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.stop()

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar

        self._column = BarColumn(bar_width=BAR)
        columns = (TextColumn("{task.description}", markup=False), self._column)
        # No thread of rich's own: a process with one thread starts its workers faster.
        self._bar = Bar(*columns, console=Console(file=self.stream), transient=True, auto_refresh=False)
        self._task = self._bar.add_task(self.words(self._bar.console.width - 1), total=None)
        self._bar.start()


def _clock(seconds: float) -> str:
    """Seconds as a clock shows them."""
    whole = max(0, int(seconds + 0.5))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
