"""What runs in a worker process: batches of files in, results out, until the main process hangs up."""

from __future__ import annotations

import os
import pickle
import signal

from modelaudit.pipeline.isolation import Isolation
from modelaudit.pipeline.workers import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from modelaudit.pipeline.isolation import Target
    from modelaudit.pipeline.workers.bounds import Bounds
    from modelaudit.pipeline.workers.work import Job, Work

SOON = 0.02  # seconds after which results are sent
FULL = 32 * 1024  # or bytes
MANY = 128  # or clean results
TIMER = hasattr(signal, "setitimer")
MEMORY, MISTAKE = 70, 71  # exit codes: out of memory outside of a parser, a mistake of ours


def serve(channel: socket.socket, received: Iterator[tuple[bytes, bytes]], work: Work, bounds: Bounds) -> None:
    """Read files as the main process asks for them."""
    bounds.apply()
    server = _Server(channel, work, bounds)
    server.say(wire.HELLO)
    for kind, body in received:
        if kind == wire.BATCH:
            for job in wire.load_jobs(body):
                server.read(job)
            server.flush()
    if work.plan.store is not None:
        work.plan.store.close()


class _Server:
    """One worker's side of the conversation."""

    def __init__(self, channel: socket.socket, work: Work, bounds: Bounds) -> None:
        self.channel = channel
        self.work = work
        self.bounds = bounds
        self._outgoing = bytearray()
        self._clean: list[object] = []  # results that wait behind what is outgoing
        self._busy = False  # somebody is at work on what is outgoing
        if TIMER:
            signal.signal(signal.SIGALRM, self._late)

    def read(self, job: Job) -> None:
        """Read one file and say what came of it."""
        self.bounds.renew(job.size)
        isolation = Isolation(inside=True, careful=job.careful, lost=job.lost, note=self.note)
        try:
            result = self.work.one(job, isolation, self.pulse)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of ours must be said in the main process
            self.say(wire.FAILED, f"{type(error).__name__}: {error}".encode("utf-8", "backslashreplace"))
            return
        row = None if result is None else wire.clean_row(result)
        if row is not None:
            self.wait(row)
        elif result is None:
            self.put(wire.LATE)
        else:
            self.put(wire.RESULT, wire.dump(result))

    def note(self, target: Target) -> None:
        """Say which artifact comes next to which parser."""
        self.say(wire.NOTE, "\0".join(target).encode("utf-8", "surrogatepass"))

    def pulse(self, read: int) -> None:
        """Say that this process is alive."""
        self.say(wire.PULSE, b"%d" % read)

    def say(self, kind: bytes, body: bytes = b"") -> None:
        """Send one frame, after those that wait."""
        self.put(kind, body)
        self.flush()

    def put(self, kind: bytes, body: bytes = b"") -> None:
        """Send one frame soon: to wake the main process for each small file costs as much as reading it."""
        self._busy = True
        self._set_timer()
        self._close()
        self._outgoing += wire.frame(kind, body)
        self._busy = False
        if not TIMER or len(self._outgoing) >= FULL:
            self.flush()

    def wait(self, row: object) -> None:
        """Send a clean result soon, in one frame with those that follow."""
        self._busy = True
        self._set_timer()
        self._clean.append(row)
        self._busy = False
        if not TIMER or len(self._clean) >= MANY:
            self.flush()

    def _set_timer(self) -> None:
        if TIMER and not self._outgoing and not self._clean:
            signal.setitimer(signal.ITIMER_REAL, SOON)

    def _close(self) -> None:
        """Put the clean results that wait into a frame."""
        if self._clean:
            self._outgoing += wire.frame(wire.CLEAN, wire.dump(self._clean))
            self._clean.clear()

    def flush(self) -> None:
        """Send all frames that wait."""
        self._busy = True
        self._close()
        if self._outgoing:
            self.channel.sendall(self._outgoing)
            self._outgoing.clear()
        self._busy = False

    def _late(self, _number: int, _frame: object) -> None:
        """Send what waits even while a parser takes long; a parser that never comes back to Python keeps it."""
        if self._busy:
            signal.setitimer(signal.ITIMER_REAL, SOON)
        else:
            self.flush()


def run(channel: socket.socket, received: Iterator[tuple[bytes, bytes]], work: Work, bounds: Bounds) -> int:
    """Serve, quietly; returns the exit code of the process."""
    _settle()
    try:
        serve(channel, received, work, bounds)
    except MemoryError:
        return MEMORY
    except ConnectionError:
        return 0  # the main process is gone, and so is everybody who would have cared
    except Exception:  # noqa: BLE001 - the main process names the file
        return MISTAKE
    return 0


def _settle() -> None:
    """Leave signals and the terminal to the main process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the whole terminal: the main process ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def main(channel: socket.socket, life: int) -> None:
    """A worker in an interpreter of its own: the first frame says what is to be done."""
    from modelaudit.pipeline.workers.process import hold_on_to

    hold_on_to(life)
    received = wire.receive(channel, wire.Frames())
    work, bounds = pickle.loads(next(received)[1])  # noqa: S301 - from the main process
    os._exit(run(channel, received, work, bounds))
