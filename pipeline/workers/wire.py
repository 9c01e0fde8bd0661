"""How the main process and its workers speak: frames over a socket, a length, a letter and what belongs to it.

Results are pickled, since they are made of many small records. The main process takes no pickle for what it may be: a
worker reads hostile bytes, so only the classes that a result is made of are ever looked up.
"""

from __future__ import annotations

import io
import pickle
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

HELLO, RESULT, PULSE, NOTE, LATE, FAILED = b"H", b"R", b"P", b"N", b"L", b"F"  # from a worker
BATCH = b"B"  # to a worker
MOST = 1024**3  # bytes of a frame
CHUNK = 256 * 1024

_HEAD = struct.Struct("<Ic")
MODULES = frozenset(
    f"modelaudit.{name}"
    for name in ("engine.document", "engine.facts.base", "engine.facts.kinds", "engine.factset", "engine.finding")
) | {"modelaudit.pipeline.one"}


class WireError(Exception):
    """The other side says what nobody would say who is in order."""


def frame(kind: bytes, body: bytes = b"") -> bytes:
    """One frame."""
    return _HEAD.pack(len(body), kind) + body


def dump(value: object) -> bytes:
    """A value as it travels."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


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
        """A class or function of the modules that results are made of."""
        if module in MODULES and "." not in name:
            return super().find_class(module, name)
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
