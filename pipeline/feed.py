"""From what discovery finds to results, in the order of discovery, whoever reads the files.

One small file is read where it is found. A pool is started when there is enough to do for it: the first files are
listed and weighed before that is decided. Small files go out many at a time, since handing one over costs as much as
reading it. How many workers there are, and who is faster, changes nothing in what comes out.
"""

from __future__ import annotations

import os
from collections import deque

from modelaudit.pipeline.workers.executor import Inline
from modelaudit.pipeline.workers.work import Job
from modelaudit.sources.local import SourceFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelaudit.pipeline.events import Observer
    from modelaudit.pipeline.limits import Limits, Options
    from modelaudit.pipeline.one import FileResult
    from modelaudit.pipeline.workers.executor import Executor, Future
    from modelaudit.pipeline.workers.work import Work
    from modelaudit.sources.local import Entry

FILES = 2500  # from so many files on a pool is worth its start: half a second of work
BYTES = 8 * 1024 * 1024  # or from so many bytes on, in at least two files
DEAR = 8  # so many times more where a worker is a new interpreter
BATCH = 64  # files that are handed over at once
BATCH_BYTES = 1024 * 1024
WINDOW = 16 * 1024  # files that are handed over before the first of them is done


class _Batch:
    """Files that are handed over together."""

    __slots__ = ("bytes", "future", "jobs")

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.bytes = 0
        self.future: Future | None = None

    def add(self, job: Job) -> int:
        """Take a file in; returns its number."""
        self.jobs.append(job)
        self.bytes += job.size
        return len(self.jobs) - 1

    @property
    def full(self) -> bool:
        """Whether nothing more should go in."""
        return len(self.jobs) >= BATCH or self.bytes >= BATCH_BYTES


class Admission:
    """Which files are to be read, and with how much room, decided in the order of discovery alone."""

    def __init__(self, limits: Limits, refused: Callable[[SourceFile], bool]) -> None:
        self.limits = limits
        self.refused = refused
        self.taken = 0  # bytes

    def job(self, entry: Entry) -> Job | None:
        """A file as a job; None for what is no file, or none that the policy lets in."""
        if not isinstance(entry, SourceFile) or self.refused(entry):
            return None
        size = entry.size()
        most, each = self.limits.max_total_size, self.limits.max_file_size
        room = None if most is None else max(0, most - self.taken)
        if (room is None or size <= room) and (each is None or size <= each):
            self.taken += size
        return Job(entry, size, room)


class Feed:
    """Hands files to an executor and gives back what came of them. It starts the executor, and ends it."""

    def __init__(
        self, work: Work, options: Options, admission: Admission, observer: Observer, executor: Executor | None = None
    ) -> None:
        self.inline = Inline(work, observer, options.bounds)
        self._work = work
        self._options = options
        self._admission = admission
        self._observer = observer
        self._given = executor
        self._executor: Executor = self.inline if executor is None else executor
        # An executor that is given files one by one says how many may be on their way.
        self._one_by_one: int | None = getattr(executor, "one_by_one", None)
        self._window = self._one_by_one or WINDOW
        self._items: deque[tuple[Entry, _Batch | None, int]] = deque()
        self._batch = _Batch()

    def results(self, entries: Iterator[Entry]) -> Iterator[tuple[Entry, FileResult | None]]:
        """Every entry, in order. A file comes with its result: None when the time was up before it was its turn."""
        ahead = self._look(entries)
        if self._executor is self.inline:
            for entry, job in self._jobs(ahead, entries):
                yield entry, None if job is None else self.inline.one(job)
            return
        for entry, job in self._jobs(ahead, entries):
            self._add(entry, job)
            while len(self._items) > self._window:
                yield self._next()
        while self._items:
            yield self._next()

    def close(self) -> None:
        """End the workers; those that are still busy are not waited for."""
        if self._executor is not self.inline and self._given is None:
            self._executor.shutdown()
        self.inline.shutdown()

    def _look(self, entries: Iterator[Entry]) -> list[tuple[Entry, Job | None]]:
        """List the first files, and start a pool when there is enough to do."""
        jobs = self._options.jobs or processors()
        ahead: list[tuple[Entry, Job | None]] = []
        if jobs < 2 or self._given is not None:
            return ahead
        files = size = 0
        dear = 0
        for entry in entries:
            job = self._admission.job(entry)
            ahead.append((entry, job))
            if job is None:
                continue
            files, size = files + 1, size + job.size
            if files > 1 and (files >= FILES or size >= BYTES):
                dear = dear or (1 if _forks() else DEAR)
                if files >= FILES * dear or size >= BYTES * dear:
                    self._start(jobs)
                    break
        return ahead

    def _start(self, jobs: int) -> None:
        from modelaudit.pipeline.workers.pool import Pool

        self._executor = Pool(self._work, jobs, self._options.bounds, self._observer)

    def _jobs(
        self, ahead: list[tuple[Entry, Job | None]], entries: Iterator[Entry]
    ) -> Iterator[tuple[Entry, Job | None]]:
        """Everything that there is to do, until the time is up."""
        yield from ahead
        ahead.clear()
        for entry in entries:
            yield entry, self._admission.job(entry)
            if self._work.plan.limits.passed():
                for last in entries:  # the first that was not reached is named, the others are not listed
                    yield last, None
                    return

    def _add(self, entry: Entry, job: Job | None) -> None:
        if job is None:
            self._items.append((entry, None, 0))
            return
        self._items.append((entry, self._batch, self._batch.add(job)))
        if self._batch.full or self._one_by_one:
            self._hand_over()

    def _hand_over(self) -> None:
        batch, self._batch = self._batch, _Batch()
        batch.future = self._executor.submit(self._work, tuple(batch.jobs))

    def _next(self) -> tuple[Entry, FileResult | None]:
        entry, batch, number = self._items.popleft()
        if batch is None:
            return entry, None
        if batch.future is None:
            self._hand_over()
        assert batch.future is not None  # noqa: S101 - it was handed over
        return entry, batch.future.result()[number]


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _forks() -> bool:
    from modelaudit.pipeline.workers.process import forks

    return forks()
