"""Who reads the files of a scan: the shape of `concurrent.futures.Executor`, and the main process as one of them.

A scan submits `Work` with batches of files and takes the results in the order in which it submitted them. Any executor
of the standard library's shape will do, on this machine or on others that see the same files.
"""

from __future__ import annotations

from contextlib import contextmanager

from modelaudit.pipeline.events import FileDone, FileProgress, FileStarted, nobody
from modelaudit.pipeline.isolation import NeedsIsolation
from modelaudit.pipeline.one import shown
from modelaudit.pipeline.workers.work import Work
from modelaudit.sources.local import SourceFolder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from modelaudit.pipeline.events import Observer
    from modelaudit.pipeline.limits import Options
    from modelaudit.pipeline.one import FileResult, Plan
    from modelaudit.pipeline.workers.bounds import Bounds
    from modelaudit.pipeline.workers.pool import Pool
    from modelaudit.pipeline.workers.work import Batch, Job

    Results = list[FileResult | None]

    class Future(Protocol):
        """What `submit` gives."""

        def result(self) -> Results:
            """What came of the batch; waits for it."""

    class Executor(Protocol):
        """What a scan needs of an executor; all of it is in `concurrent.futures.Executor`."""

        def submit(self, fn: Callable[[Batch], Results], /, *args: Batch) -> Future:
            """Have a batch of files read."""

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            """Let go of everything; nothing is submitted any more."""


class Done:
    """A future that is no longer in the future."""

    __slots__ = ("_results",)

    def __init__(self, results: Results) -> None:
        self._results = results

    def result(self) -> Results:
        """What came of the batch."""
        return self._results


class Inline:
    """Reads files in this process, one after the other. What has to be isolated is read by a worker all the same."""

    def __init__(self, work: Work, observer: Observer = nobody, bounds: Bounds | None = None) -> None:
        self.work = work
        self.observer = observer
        self.bounds = bounds
        self._isolated: Pool | None = None

    def submit(self, fn: Callable[[Batch], Results], /, *args: Batch) -> Done:
        """Read a batch of files now."""
        return Done([self.one(job) for batch in args for job in batch])

    def one(self, job: Job) -> FileResult | None:
        """Read one file now."""
        if self.observer is nobody or isinstance(job.source, SourceFolder):
            return self.whole(job)
        path = shown(job.source.path)
        self.observer(FileStarted(path))
        try:
            result = self.work.one(job, pulse=lambda read: self.observer(FileProgress(path, read)))
        except NeedsIsolation:
            return self.isolated(job)
        self.observer(done(path, result))
        return result

    def whole(self, job: Job) -> FileResult | None:
        """Read a file or a folder without telling anybody."""
        try:
            return self.work.one(job)
        except NeedsIsolation:
            return self.isolated(job)

    def isolated(self, job: Job) -> FileResult | None:
        """Have a worker read one file; it is started for the first."""
        if self._isolated is None:
            from modelaudit.pipeline.workers.pool import Pool

            self._isolated = Pool(self.work, 1, self.bounds, self.observer)
        sink = self.work.plan.sink
        if sink is not None:
            sink.again()
        result = self._isolated.submit(self.work, (job,)).result()[0]
        if sink is not None and result is not None:
            for fact in result.ordered:
                sink.take(fact)
        return result

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the worker, if there was one."""
        if self._isolated is not None:
            self._isolated.shutdown(wait, cancel_futures=cancel_futures)


@contextmanager
def alone(plan: Plan, options: Options | None = None) -> Iterator[Callable[[Job], FileResult | None]]:
    """A function that reads one file or folder after the other with a plan, isolated where that is needed."""
    inline = Inline(Work(plan), bounds=None if options is None else options.bounds)
    try:
        yield inline.one
    finally:
        inline.shutdown()


def done(path: str, result: FileResult | None) -> FileDone:
    """What observers are told of a file that is done."""
    if result is None:
        return FileDone(path, 0, 0)
    return FileDone(path, result.size, len(result.judgement.findings) if result.judgement is not None else 0)
