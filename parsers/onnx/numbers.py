"""Numbers of a tensor that stand in its typed fields: packed floats as they are, whole numbers as varints.

Layout: `TensorProto` in onnx.proto: half precision and small whole numbers stand as varints in `int32_data`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.reader import Reader

HELD = 64 * 1024 * 1024  # bytes of a field of varints
VARINT = 10  # bytes of the longest


class Numbers:
    """The values of a packed field of varints, each of `each` bytes, lowest first; nothing where they do not fit."""

    __slots__ = ("_count", "_each", "_field", "_values", "size")

    def __init__(self, field: Reader, count: int, each: int) -> None:
        self._field = field
        self._count = count
        self._each = each
        self._values: bytes | None = None
        self.size = count * each

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        if self._values is None:
            self._values = self._decoded()
        return self._values[offset : offset + length] if offset >= 0 else b""

    def window(self, offset: int, length: int = HELD) -> bytes:
        """The same, for a sequential parser."""
        return self.read_at(offset, length)

    def _decoded(self) -> bytes:
        import numpy as np

        data = np.frombuffer(self._field.read_at(0, self._field.size), np.uint8)
        ends = np.flatnonzero(data < 128)
        if len(ends) != self._count or not len(ends) or ends[-1] + 1 != len(data):
            return b""
        starts = np.concatenate((np.zeros(1, ends.dtype), ends[:-1] + 1))
        lengths = ends - starts + 1
        if lengths.max() > VARINT:
            return b""
        values = np.zeros(len(ends), np.uint64)
        for place in range(int(lengths.max())):
            longer = np.flatnonzero(lengths > place)
            part = (data[starts[longer] + place] & 127).astype(np.uint64)
            values[longer] |= part << np.uint64(7 * place)
        return values.astype(f"<u{self._each}").tobytes()
