"""Starting and ending worker processes.

Where it is safe, a worker is a fork: it has the compiled rules at once. That is on Linux, and only while this process
has one thread, since a lock that another thread holds would stay locked in the fork for ever. Everywhere else a worker
is a new interpreter. It never runs the main module of the program again, so that nobody needs a guard in a script.

A worker does not outlive the main process: between files it sees that its channel is closed, and on Linux the kernel
ends it even inside a parser, by a pipe that tells of its other end (SIGIO).
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys

from modelaudit.pipeline.workers import serve, wire
from modelaudit.pipeline.workers.work import Work

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelaudit.pipeline.workers.bounds import Bounds

BOOT = """\
import sys
sys.path[:] = sys.argv[3:]
import socket
from modelaudit.pipeline.workers.serve import main
if sys.argv[1] == "-":
    channel = socket.fromshare(sys.stdin.buffer.read(int(sys.argv[2])))
    main(channel, -1)
main(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
"""

_kept: list[object] = []  # in a fork: what belongs to the main process and must not even be closed


class Process:
    """A worker process, and this end of its channel. `outgoing` is what it was not yet sent."""

    __slots__ = ("_child", "_life", "channel", "frames", "outgoing", "pid")

    def __init__(self, pid: int, channel: socket.socket, life: int, child: subprocess.Popen[bytes] | None) -> None:
        self.pid = pid
        self.channel = channel
        self.frames = wire.Frames()
        self.outgoing = bytearray()
        self._life = life
        self._child = child

    def flush(self) -> None:
        """Send what the channel takes now."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            sent = self.channel.send(self.outgoing)
            del self.outgoing[:sent]

    def kill(self) -> None:
        """End it, whatever it does."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._child is not None:
                self._child.kill()
            else:
                os.kill(self.pid, signal.SIGKILL)

    def hang_up(self) -> None:
        """Close the channel: an idle worker puts its things in order and ends."""
        self.channel.close()
        self._close_life()

    def close(self) -> int | None:
        """Let go of a worker that ended; its exit code, or minus the number of the signal that ended it."""
        code = self._reap()
        self.hang_up()
        return code

    def ended(self) -> bool:
        """Whether the process is gone; it is reaped then."""
        if self._child is not None:
            return self._child.poll() is not None
        try:
            return os.waitpid(self.pid, os.WNOHANG)[0] != 0
        except ChildProcessError:
            return True

    def leave(self) -> None:
        """In a fork: close the ends of another worker's channel."""
        self.channel.close()
        self._close_life()

    def _close_life(self) -> None:
        if self._life >= 0:
            life, self._life = self._life, -1
            os.close(life)

    def _reap(self) -> int | None:
        if self._child is not None:
            return self._child.wait()
        try:
            return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        except ChildProcessError:  # somebody in this program waits for every child
            return None


def start(work: Work, bounds: Bounds, siblings: Iterable[Process]) -> Process:
    """A new worker. Raises `OSError` when the system refuses."""
    ours, theirs = socket.socketpair()
    life, their_life = _life_line()
    try:
        begin = _fork if forks() else _spawn
        process = begin(work, bounds, (ours, theirs), (life, their_life), siblings)
    except BaseException:
        ours.close()
        if life >= 0:
            os.close(life)
        raise
    finally:
        theirs.close()
        if their_life >= 0:
            os.close(their_life)
    ours.setblocking(False)
    return process


def forks() -> bool:
    """Whether a worker is a fork of this process, here and now."""
    if sys.platform != "linux":
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def hold_on_to(life: int) -> None:
    """Have the kernel end this process when the other end of the pipe is gone."""
    if life < 0:
        return
    import fcntl

    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(life, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(life, fcntl.F_SETFL, fcntl.fcntl(life, fcntl.F_GETFL) | os.O_ASYNC)


def _life_line() -> tuple[int, int]:
    """A pipe to hold on to: this end and the worker's; minus ones where the kernel does not tell of it."""
    if sys.platform != "linux":
        return -1, -1
    theirs, ours = os.pipe()
    return ours, theirs


def _fork(
    work: Work,
    bounds: Bounds,
    channel: tuple[socket.socket, socket.socket],
    life: tuple[int, int],
    siblings: Iterable[Process],
) -> Process:
    pid = os.fork()
    if pid:
        return Process(pid, channel[0], life[0], None)
    code = serve.MISTAKE
    try:
        channel[0].close()
        os.close(life[0])
        for sibling in siblings:
            sibling.leave()
        hold_on_to(life[1])
        gc.freeze()  # what is shared with the main process stays shared
        _kept.append(work)  # a connection to SQLite must not cross a fork, nor be closed there
        code = serve.run(channel[1], wire.receive(channel[1], wire.Frames()), Work(work.plan.remote()), bounds)
    finally:
        os._exit(code)


def _spawn(
    work: Work,
    bounds: Bounds,
    channel: tuple[socket.socket, socket.socket],
    life: tuple[int, int],
    _siblings: Iterable[Process],
) -> Process:
    """A new interpreter. It shares nothing, so that its first frame is everything that it has to know."""
    if not sys.executable:
        raise OSError("there is no Python interpreter to start")
    first = wire.frame(b"I", wire.dump((work, bounds)))
    if sys.platform == "win32":
        child = _spawn_shared(channel[1])
    else:
        handles = [channel[1].fileno(), life[1]]
        child = _popen([str(handle) for handle in handles], [h for h in handles if h >= 0], subprocess.DEVNULL)
    process = Process(child.pid, channel[0], life[0], child)
    process.outgoing += first
    return process


def _spawn_shared(theirs: socket.socket) -> subprocess.Popen[bytes]:
    """Windows hands a socket on by a description that the other process is given."""
    share = theirs.share  # type: ignore[attr-defined]  # on Windows only
    length = len(share(os.getpid()))
    child = _popen(["-", str(length)], [], subprocess.PIPE)
    assert child.stdin is not None  # noqa: S101 - it was asked for
    with child.stdin:
        child.stdin.write(share(child.pid))
    return child


def _popen(words: Sequence[str], handles: Sequence[int], stdin: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-P", "-c", BOOT, *words, *sys.path],  # -P: no module from the current folder
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=tuple(handles),
    )
