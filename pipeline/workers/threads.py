"""Threads that read files of other machines, where most of the time is spent waiting for an answer.

Each reads one file at a time; what was read is judged by the thread that takes the results, one after the other, since
rules keep what they work with. What has to be isolated is read by a worker process, one file at a time.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from modelaudit.pipeline.events import FileStarted
from modelaudit.pipeline.isolation import NeedsIsolation
from modelaudit.pipeline.one import judged
from modelaudit.pipeline.workers.executor import Inline, done
from modelaudit.pipeline.workers.work import Work
from modelaudit.sources.remote.locations import RemoteFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future as PoolFuture

    from modelaudit.pipeline.events import Observer
    from modelaudit.pipeline.one import FileResult, Plan
    from modelaudit.pipeline.workers.bounds import Bounds
    from modelaudit.pipeline.workers.executor import Results
    from modelaudit.pipeline.workers.work import Batch, Job

THREADS = 32  # files that are waited for at once
ON_THEIR_WAY = 8 * THREADS  # files of which what was read is held until they are judged in order


class Threads:
    """An executor for a scan of other machines. With `stream` one file is read at a time, and nothing of it is kept."""

    def __init__(self, plan: Plan, observer: Observer, bounds: Bounds | None = None, *, stream: bool = False) -> None:
        self._plan = plan
        self._stream = stream
        self.one_by_one = 1 if stream else ON_THEIR_WAY
        self._pool = ThreadPoolExecutor(1 if stream else THREADS, thread_name_prefix="modelaudit-read")
        self._unjudged = Work(plan.unjudged())
        self._inline = Inline(Work(plan), observer, bounds)
        self._observer = observer
        self._one_at_a_time = Lock()

    def submit(self, fn: Callable[[Batch], Results], /, *args: Batch) -> Later:
        """Have a batch of files read."""
        jobs = [job for batch in args for job in batch]
        return Later(self._pool.submit(self._read, jobs), self._plan, self._observer)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads after the files that they are at."""
        self._pool.shutdown(wait, cancel_futures=True)
        self._inline.shutdown(wait, cancel_futures=cancel_futures)

    def _read(self, jobs: list[Job]) -> Results:
        return [self._streamed(job) if self._stream else self._one(job) for job in jobs]

    def _streamed(self, job: Job) -> FileResult | None:
        try:
            return self._one(job)
        finally:
            if isinstance(job.source, RemoteFile):
                job.source.location.access.forget()

    def _one(self, job: Job) -> FileResult | None:
        try:
            return self._unjudged.one(job)
        except NeedsIsolation:
            with self._one_at_a_time:
                result = self._inline.isolated(job)
            if result is not None and result.moved and isinstance(job.source, RemoteFile):
                job.source.location.access.meter.add(*result.moved)
            return result


class Later:
    """What came of a batch once it is asked for: judged then, by whoever asks."""

    def __init__(self, future: PoolFuture[Results], plan: Plan, observer: Observer) -> None:
        self._future = future
        self._plan = plan
        self._observer = observer

    def result(self) -> Results:
        """What came of the batch; waits for it."""
        results = self._future.result()
        for result in results:
            if result is not None:
                self._judge(result)
        return results

    def _judge(self, result: FileResult) -> None:
        self._observer(FileStarted(result.path))
        judged(result, self._plan)
        if not self._plan.keep:
            result.tree = None
        self._observer(done(result.path, result))
