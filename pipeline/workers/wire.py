"""How the main process and its workers speak: frames over a socket, a length, a letter and what belongs to it.

Results are pickled, since they are made of many small records. The main process takes no pickle for what it may be: a
worker reads hostile bytes, so only the classes that a result is made of are ever looked up.
"""

from __future__ import annotations

import io
import pickle
import struct

from modelaudit.engine.document import ArtifactSummary
from modelaudit.engine.finding import NOTHING_FOUND
from modelaudit.pipeline.one import FileResult
from modelaudit.pipeline.workers.work import Job
from modelaudit.sources.local import SourceFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Iterator
    from typing import Any

HELLO, RESULT, PULSE, NOTE, LATE, FAILED = b"H", b"R", b"P", b"N", b"L", b"F"  # from a worker
CLEAN = b"C"  # from a worker: results with nothing in them but what was read
BATCH = b"B"  # to a worker
MOST = 1024**3  # bytes of a frame
CHUNK = 256 * 1024

_HEAD = struct.Struct("<Ic")
MODULES = frozenset(
    f"modelaudit.{name}"
    for name in ("engine.document", "engine.facts.base", "engine.facts.kinds", "engine.factset", "engine.finding")
) | {"modelaudit.pipeline.one"}


REBUILD = "_rebuild"  # the function that makes records again


class WireError(Exception):
    """The other side says what nobody would say who is in order."""


def frame(kind: bytes, body: bytes = b"") -> bytes:
    """One frame."""
    return _HEAD.pack(len(body), kind) + body


def dump(value: object) -> bytes:
    """A value as it travels."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def clean_row(result: FileResult) -> tuple[object, ...] | None:
    """A result as plain values when there is nothing in it but what was read, as in that of most files; else None."""
    judged = result.judgement
    if result.errors or result.ordered or result.claims or result.moved or result.tree is not None or judged is None:
        return None
    if judged.findings or judged.inconclusive or judged.questions:
        return None
    rows = []
    for summary in result.summaries:
        if summary.described is not None:
            return None
        rows.append(summary.values())  # type: ignore[attr-defined]  # every record has them
    return result.path, result.sha256, result.size, result.read, result.timed_out, rows


def load_clean(body: bytes) -> list[FileResult]:
    """Results with nothing but what was read, one after the other. Raises `WireError` for what are none."""
    values: Any = load_result(body)
    try:
        return [_clean(*row) for row in values]
    except (TypeError, ValueError) as error:
        raise WireError(f"no result: {error}") from None


def _clean(path: str, sha256: str | None, size: int, read: bool, timed_out: bool, rows: list[list[Any]]) -> FileResult:
    result = FileResult(path)
    result.sha256, result.size, result.read, result.timed_out = sha256, size, read, timed_out
    result.summaries = tuple([ArtifactSummary(*row) for row in rows])
    result.judgement = NOTHING_FOUND
    return result


def dump_jobs(jobs: Iterable[Job]) -> bytes:
    """Files to read, as they travel; files that are read for the first time as plain values."""
    return dump([_row(job) for job in jobs])


def load_jobs(body: bytes) -> Iterator[Job]:
    """The files to read, from the main process."""
    for row in pickle.loads(body):  # noqa: S301 - from the main process, not from a file
        if isinstance(row, Job):
            yield row
        else:
            path, real, folder, root, named, size, room = row
            yield Job(SourceFile(path, real, folder, root, named=named), size, room)


def _row(job: Job) -> object:
    file = job.source
    if job.losses or job.careful or job.lost or type(file) is not SourceFile:
        return job
    return (file.path, file.real, file.folder, file.root, file.named, job.size, job.room)


class Frames:
    """The frames in bytes that come in pieces."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Every frame that is complete now: its letter and its body."""
        self._data += data
        at = 0
        while len(self._data) - at >= _HEAD.size:
            length, kind = _HEAD.unpack_from(self._data, at)
            if length > MOST:
                raise WireError(f"a frame of {length} bytes")
            end = at + _HEAD.size + length
            if len(self._data) < end:
                break
            yield kind, bytes(self._data[at + _HEAD.size : end])
            at = end
        del self._data[:at]


class _Results(pickle.Unpickler):
    """Takes the classes of results and nothing else."""

    def find_class(self, module: str, name: str) -> object:
        """A class that a result is made of, or what makes one again; nothing that its module merely imports."""
        if module in MODULES and "." not in name:
            found: object = super().find_class(module, name)
            if getattr(found, "__module__", "") == module and (isinstance(found, type) or name == REBUILD):
                return found
        raise WireError(f"a result with {module}.{name}")


def load_result(body: bytes) -> object:
    """A result of a worker. Raises `WireError` for what is none."""
    try:
        return _Results(io.BytesIO(body)).load()
    except WireError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever bytes make of it
        raise WireError(f"no result: {error}") from None


def receive(channel: socket.socket, frames: Frames) -> Iterator[tuple[bytes, bytes]]:
    """Every frame until the other side closes."""
    while data := channel.recv(CHUNK):
        yield from frames.feed(data)
