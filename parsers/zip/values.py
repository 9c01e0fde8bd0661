"""The values of tensors of a PyTorch archive that do not stand there as they are: compressed, or not in a row.

Strides are in elements: the value at (i, j, …) stands `offset + i * stride[0] + j * stride[1] + …` elements into the
storage.
"""

from __future__ import annotations

from math import prod

from modelaudit.parsers.expansion import ExpandedReader
from modelaudit.parsers.reader import SliceReader
from modelaudit.parsers.zip.content import again, expander, region

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.zip.content import View

HELD = 64 * 1024 * 1024  # bytes of a storage between the first value of a strided tensor and its last
EXPANDED = 1024 * 1024 * 1024  # bytes that are expanded for the values of one archive
GATHERED = 512 * 1024 * 1024  # bytes that are read for strided tensors of one archive


class Storages:
    """The storages of an archive that can be read, whether compressed or not, and what may be spent on them."""

    __slots__ = ("_expanded", "_gathered", "_reader", "_views")

    def __init__(self, reader: Reader, views: dict[str, View]) -> None:
        self._reader = reader
        self._views = views
        self._expanded = EXPANDED
        self._gathered = GATHERED

    def values(
        self, member: str, offset: int, shape: Sequence[int], strides: Sequence[int], each: int
    ) -> Reader | None:
        """The values of a tensor in order, None when they cannot be read; all numbers are in elements but `each`."""
        view = self._views.get(member)
        size = prod(shape)
        if view is None or not size or not each or len(shape) != len(strides):
            return None
        span = 1 + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
        end = (offset + span) * each
        if end > (view.size or 0) or (view.method and not self._spend(end)):
            return None
        whole = self._opened(view)
        if whole is None:
            return None
        part = SliceReader(whole, offset * each, span * each)
        if is_in_a_row(shape, strides):
            return part
        self._gathered -= span * each
        if span * each > HELD or size * each > HELD or self._gathered < 0:
            return None
        return Strided(part, shape, strides, each)

    def _spend(self, number: int) -> bool:
        self._expanded -= number
        return self._expanded >= 0

    def _opened(self, view: View) -> Reader | None:
        part = region(self._reader, view)
        if not view.method:
            return part
        first = expander(part, view)
        return None if first is None else ExpandedReader(lambda: again(part, view), view.size or 0)


def is_in_a_row(shape: Sequence[int], strides: Sequence[int]) -> bool:
    """Whether values stand one behind the other in the order of their indices."""
    step = 1
    for length, stride in zip(reversed(shape), reversed(strides), strict=True):
        if length != 1 and stride != step:
            return False
        step *= length
    return True


class Strided:
    """Values in the order of their indices, gathered from where strides lead."""

    __slots__ = ("_each", "_part", "_row", "_shape", "_strides", "_values", "size")

    def __init__(self, part: Reader, shape: Sequence[int], strides: Sequence[int], each: int) -> None:
        self._part = part
        self._shape = tuple(shape)
        self._strides = tuple(stride * each for stride in strides)
        self._each = each
        self._row = prod(shape[1:]) * each
        self._values: bytes | None = None
        self.size = prod(shape) * each

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        stop = min(offset + length, self.size)
        if not 0 <= offset < stop:
            return b""
        first, last = offset // self._row, -(-stop // self._row)
        rows = self._rows(first, last)
        return rows[offset - first * self._row : stop - first * self._row]

    def window(self, offset: int, length: int = 1024 * 1024) -> bytes:
        """The same, for a sequential parser."""
        return self.read_at(offset, length)

    def _rows(self, first: int, last: int) -> bytes:
        """Some rows; nothing when the storage is shorter than it says."""
        import numpy as np

        if self._values is None:
            self._values = self._part.read_at(0, self._part.size)
        if len(self._values) < self._part.size:
            return b""
        flat = np.frombuffer(self._values, np.dtype(f"V{self._each}"))
        shape = (last - first, *self._shape[1:])
        start = first * self._strides[0] // self._each
        view = np.lib.stride_tricks.as_strided(flat[start:], shape, self._strides, writeable=False)
        return view.tobytes()
