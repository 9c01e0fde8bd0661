"""A pool of worker processes that knows which file each of them has in hand, and outlives all of them.

There is no thread in it: the pool moves on while somebody waits for a result or submits a batch. Each worker has at
most two batches, so that it never waits for the main process, and answers some times in a batch. A worker that dies,
shows no sign of life or stays beyond the end of the scan's time is replaced. The file that it had in hand is tried
again as `Job.again` says; when it may have been one of several, they are read again one by one.
"""

from __future__ import annotations

import selectors
import signal
from collections import deque
from time import monotonic

from modelaudit.engine.errors import ModelAuditError
from modelaudit.pipeline.events import FileProgress, FileStarted, WorkerLost, nobody
from modelaudit.pipeline.isolation import Loss
from modelaudit.pipeline.one import FileResult, shown
from modelaudit.pipeline.workers import serve, wire
from modelaudit.pipeline.workers.bounds import Bounds
from modelaudit.pipeline.workers.executor import done
from modelaudit.pipeline.workers.process import Process, start
from modelaudit.pipeline.workers.work import given_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.pipeline.events import Observer
    from modelaudit.pipeline.isolation import Target
    from modelaudit.pipeline.workers.executor import Results
    from modelaudit.pipeline.workers.work import Batch, Job, Work

HEAVY = 1024 * 1024  # bytes of a file that nothing waits for while another worker may be idle
AHEAD = 2  # batches that a worker has at a time
START = 60.0  # seconds that a new worker has more before it is first heard of
LAST = 5.0  # seconds that an idle worker has to put its things in order


class WorkerError(ModelAuditError):
    """A mistake of this program in a worker, or what the index check refused there."""


class Pending:
    """The results of a batch, as they come in."""

    __slots__ = ("_pool", "left", "results")

    def __init__(self, pool: Pool, size: int) -> None:
        self._pool = pool
        self.results: Results = [None] * size
        self.left = size

    def result(self) -> Results:
        """What came of the batch; keeps the pool moving until all of it is there."""
        while self.left:
            self._pool.move()
        return self.results


class _Piece:
    """Files that a worker is asked for at once: each with its number in the batch that it is from."""

    __slots__ = ("heavy", "jobs", "pending")

    def __init__(self, pending: Pending, jobs: deque[tuple[int, Job]]) -> None:
        self.pending = pending
        self.jobs = jobs  # that are not done
        self.heavy = any(job.size >= HEAVY or job.losses for _, job in jobs)


class _Slot:
    """The place of a worker: the process, what it was asked for, and when it was last heard of."""

    __slots__ = ("heard", "pieces", "process", "said", "target")

    def __init__(self) -> None:
        self.process: Process | None = None
        self.pieces: deque[_Piece] = deque()
        self.heard = 0.0
        self.target: Target | None = None  # the artifact that it said it is parsing
        self.said: bool = False  # whether observers know of the file in hand

    def may_have(self, piece: _Piece) -> bool:
        """Whether a batch may wait behind what the worker has: not where it would wait for long."""
        return not self.pieces or not (piece.heavy or self.pieces[-1].heavy)

    def job(self) -> Job:
        """The file in hand."""
        return self.pieces[0].jobs[0][1]


class Pool:
    """An executor of `Work`, in the shape of `concurrent.futures.Executor`, with so many worker processes."""

    def __init__(self, work: Work, jobs: int, bounds: Bounds | None = None, observer: Observer = nobody) -> None:
        self.work = work
        self.bounds = bounds or Bounds()
        self.observer = observer
        self.lost = 0  # workers that had to be replaced
        self._slots = [_Slot() for _ in range(jobs)]
        self._waiting: deque[_Piece] = deque()
        self._selector = selectors.DefaultSelector()

    def submit(self, fn: Callable[[Batch], Results], /, *args: Batch) -> Pending:
        """Have a batch of files read. The work is that of the pool."""
        if fn is not self.work:
            raise ValueError("the pool was started for other work")
        (batch,) = args
        pending = Pending(self, len(batch))
        self._waiting.append(_Piece(pending, deque(enumerate(batch))))
        self.move(0)
        return pending

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End all workers: those that are idle by themselves, the others at once."""
        self._waiting.clear()
        idle = []
        for slot in self._slots:
            process, slot.process = slot.process, None
            if process is None:
                continue
            self._selector.unregister(process.channel)
            if slot.pieces or not wait:
                process.kill()
                process.close()
            else:
                process.hang_up()
                idle.append(process)
            slot.pieces.clear()
        self._selector.close()
        _wait_for(idle)

    def move(self, timeout: float | None = None) -> None:
        """Hand out work, take what the workers say, and look after those that say nothing.

        Without a timeout this waits until something happens.
        """
        for depth in range(AHEAD):
            for slot in self._slots:
                if self._waiting and len(slot.pieces) == depth and slot.may_have(self._waiting[0]):
                    self._feed(slot)
        ready = self._selector.select(self._patience() if timeout is None else timeout)
        for key, events in ready:
            self._serve(key.data, events)
        self._look_after()

    def _serve(self, slot: _Slot, events: int) -> None:
        """Send and take what a worker's channel is ready for."""
        if slot.process is not None and events & selectors.EVENT_WRITE:
            slot.process.flush()
            self._watch(slot)
        if slot.process is not None and events & selectors.EVENT_READ:
            self._hear(slot)

    def _feed(self, slot: _Slot) -> None:
        """Give a worker the next batch; start it first where there is none."""
        if slot.process is not None and not slot.pieces:
            slot.heard = monotonic()
        if slot.process is None and not self._start(slot):
            return
        assert slot.process is not None  # noqa: S101 - it was started
        piece = self._waiting.popleft()
        slot.pieces.append(piece)
        slot.process.outgoing += wire.frame(wire.BATCH, wire.dump_jobs(job for _, job in piece.jobs))
        slot.process.flush()
        self._watch(slot)
        self._announce(slot)

    def _start(self, slot: _Slot) -> bool:
        """Start a worker; without any, nothing can be done for the files that wait."""
        siblings = [other.process for other in self._slots if other.process is not None]
        try:
            slot.process = start(self.work, self.bounds, siblings)
        except OSError as error:
            if not siblings:
                self._abandon(Loss("crash", f"needs a process of its own, which cannot be started ({error})"))
            return False
        slot.target = None
        slot.heard = monotonic() + START
        self._selector.register(slot.process.channel, selectors.EVENT_READ, slot)
        return True

    def _abandon(self, loss: Loss) -> None:
        while self._waiting:
            piece = self._waiting.popleft()
            while piece.jobs:
                number, job = piece.jobs.popleft()
                self._settle(piece.pending, number, job, given_up(job, self.work.plan, loss))

    def _watch(self, slot: _Slot) -> None:
        """Ask the selector for what is of interest now."""
        assert slot.process is not None  # noqa: S101 - the callers have one
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if slot.process.outgoing else 0)
        if self._selector.get_key(slot.process.channel).events != events:
            self._selector.modify(slot.process.channel, events, slot)

    def _announce(self, slot: _Slot) -> None:
        """Tell observers of the file that a worker has in hand now."""
        if slot.pieces and not slot.said:
            slot.said = True
            if self.observer is not nobody:
                self.observer(FileStarted(shown(slot.job().source.path)))

    def _hear(self, slot: _Slot) -> None:
        """Take everything that a worker has said."""
        process = slot.process
        assert process is not None  # noqa: S101 - the caller has one
        try:
            data = process.channel.recv(wire.CHUNK)
            slot.heard = monotonic()
            for kind, body in process.frames.feed(data):
                self._take(slot, kind, body)
        except BlockingIOError:
            return
        except wire.WireError as error:
            self._lose(slot, Loss("crash", f"made a worker process talk nonsense ({error})"))
            return
        except ConnectionError:
            data = b""
        if not data:
            self._lose(slot, None)

    def _take(self, slot: _Slot, kind: bytes, body: bytes) -> None:
        """What one frame of a worker means."""
        if kind == wire.HELLO:
            return
        if not slot.pieces:
            raise wire.WireError("nothing was asked")
        if kind == wire.PULSE:
            if self.observer is not nobody:
                self.observer(FileProgress(shown(slot.job().source.path), int(body)))
        elif kind == wire.NOTE:
            path, _, format = body.decode("utf-8", "surrogatepass").partition("\0")
            slot.target = (path, format)
        elif kind == wire.FAILED:
            path = shown(slot.job().source.path)
            raise WorkerError(f"{path}: {body.decode('utf-8', 'replace')}")
        elif kind == wire.CLEAN:
            for result in wire.load_clean(body):
                self._finish(slot, result)
        else:
            self._finish(slot, self._result(kind, body))

    @staticmethod
    def _result(kind: bytes, body: bytes) -> FileResult | None:
        if kind == wire.LATE:
            return None
        found = wire.load_result(body) if kind == wire.RESULT else None
        if not isinstance(found, FileResult):
            raise wire.WireError("no result")
        return found

    def _finish(self, slot: _Slot, result: FileResult | None) -> None:
        """The file in hand is done; the worker goes on with the next."""
        if not slot.pieces:
            raise wire.WireError("more results than files")
        piece = slot.pieces[0]
        number, job = piece.jobs.popleft()
        if not piece.jobs:
            slot.pieces.popleft()
        slot.target, slot.said = None, False
        self._settle(piece.pending, number, job, result)
        self._announce(slot)

    def _settle(self, pending: Pending, number: int, job: Job, result: FileResult | None) -> None:
        pending.results[number] = result
        pending.left -= 1
        if self.observer is not nobody:
            self.observer(done(shown(job.source.path), result))

    def _patience(self) -> float | None:
        """Seconds after which somebody has to be looked after if nothing happens."""
        heard = [slot.heard for slot in self._slots if slot.pieces]
        if not heard:
            return 0.0 if self._waiting else 1.0
        now = monotonic()
        return max(0.0, min(min(heard) + self.bounds.stall, self._end()) - now) + 0.005

    def _end(self) -> float:
        return self.work.plan.limits.deadline + self.bounds.grace

    def _look_after(self) -> None:
        """End workers that hang, and all of them once the scan's time is up and they should have stopped."""
        now = monotonic()
        for slot in self._slots:
            if slot.process is None or not slot.pieces:
                continue
            if now >= self._end():
                self._lose(slot, Loss("time", "took longer than the scan may"))
            elif now - slot.heard >= self.bounds.stall:
                words = f"gave no sign of life for {self.bounds.stall:g} seconds, and was ended"
                self._lose(slot, Loss("hang", words))
        if now >= self._end():
            self._drop_waiting()

    def _drop_waiting(self) -> None:
        """The time is up: what nobody has begun is not begun any more."""
        while self._waiting:
            piece = self._waiting.popleft()
            while piece.jobs:
                number, job = piece.jobs.popleft()
                self._settle(piece.pending, number, job, None)

    def _lose(self, slot: _Slot, loss: Loss | None) -> None:
        """A worker is gone, or has to go: `loss` is why it is ended, None when it ended by itself."""
        process, slot.process = slot.process, None
        assert process is not None  # noqa: S101 - the callers have one
        self._selector.unregister(process.channel)
        if loss is not None:
            process.kill()
        code = process.close()
        loss = _why(code, self.bounds) if loss is None else loss
        self.lost += 1
        pieces, slot.pieces = slot.pieces, deque()
        target, slot.target, slot.said = slot.target, None, False
        if not pieces:
            return
        self._waiting.extendleft(reversed(list(pieces)[1:]))
        piece = pieces[0]
        if len(piece.jobs) > 1 and target is None and loss.what != "time":
            self._one_by_one(piece)
            return
        number, job = piece.jobs.popleft()
        self.observer(WorkerLost(shown(job.source.path), loss.what, loss.words))
        if piece.jobs:
            self._waiting.appendleft(piece)
        self._try_again(piece.pending, number, job, loss, target)

    def _one_by_one(self, piece: _Piece) -> None:
        """Have files read again, each alone, when it is not certain which of them took the worker down."""
        while piece.jobs:
            self._waiting.appendleft(_Piece(piece.pending, deque([piece.jobs.pop()])))

    def _try_again(self, pending: Pending, number: int, job: Job, loss: Loss, target: Target | None) -> None:
        again = None if loss.what == "time" else job.again(loss, target)
        if again is None:
            self._settle(pending, number, job, given_up(job, self.work.plan, loss))
        else:
            self._waiting.appendleft(_Piece(pending, deque([(number, again)])))


def _why(code: int | None, bounds: Bounds) -> Loss:
    """What the end of a worker says."""
    if code == serve.MEMORY:
        return Loss("memory", f"needed more than {bounds.memory // 1024**2} MiB of memory")
    if code is None or code >= 0:
        return Loss("crash", "ended a worker process")
    if code == -getattr(signal, "SIGXCPU", 0):
        return Loss("cpu", "took more processor time than a file may, and was ended")
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return Loss("crash", f"ended a worker process ({name})")


def _wait_for(processes: list[Process]) -> None:
    """Wait for workers that were told to end, and end those that do not."""
    from time import sleep

    until = monotonic() + LAST
    while processes and monotonic() < until:
        processes = [process for process in processes if not process.ended()]
        if processes:
            sleep(0.001)
    for process in processes:
        process.kill()
        process.close()
