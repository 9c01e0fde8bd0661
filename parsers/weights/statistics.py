"""Statistics of a tensor in one pass over its bytes, in blocks of whole rows where rows fit into a block."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np

from modelaudit.engine.facts import Stats
from modelaudit.parsers.weights import BFLOAT16

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.weights import Element
    from modelaudit.parsers.weights.comparison import Watch

    Array = np.ndarray[Any, Any]

BLOCK = 1024 * 1024  # bytes that are read at once
ROWS = 1_000_000  # rows that are told apart
ROBUST = 64  # rows of which a median says something
PREFIX = 256  # values of a beginning that differs from the rest
DENSE = 0.8  # share of its values that use the bits
LOST = (0xFFFF, 0x1FFF)  # bits of single precision that bfloat16 and half precision do not have
FAR = 12.0  # deviations beyond which a row is far from the others
SCALE = 1.4826  # of the median deviation to the standard deviation of a normal distribution


def statistics(
    reader: Reader,
    offset: int,
    shape: Sequence[int],
    element: Element,
    check: Callable[[], None],
    watch: Watch | None = None,
) -> Stats:
    """The statistics of the values at an offset; those of rows for tensors of two and more dimensions.

    `watch` is shown each block on its way, and adds what it knows.
    """
    count = 1
    for size in shape:
        count *= size
    rows = shape[0] if len(shape) > 1 and 0 < shape[0] <= ROWS else 0
    measured = _Measure(count // rows if rows else 0)
    step = BLOCK // element.size
    if rows and measured.width <= step:
        step = step // measured.width * measured.width
    for at in range(0, count, step):
        check()
        number = min(step, count - at)
        data = reader.window(offset + at * element.size, number * element.size)
        if len(data) < number * element.size:
            break
        values = _values(data, element)
        measured.take(data, values, element)
        if watch is not None:
            watch.take(data, values)
    return measured.stats()


def added_rows(reader: Reader, shape: Sequence[int], element: Element, first: int, check: Callable[[], None]) -> Stats:
    """How far rows from `first` on are from those before them, by their norms; those before are what is usual."""
    measured = _Measure(shape[1])
    step = max(1, BLOCK // (element.size * shape[1]))
    for at in range(0, shape[0], step):
        check()
        number = min(step, shape[0] - at) * shape[1]
        data = reader.window(at * shape[1] * element.size, number * element.size)
        if len(data) < number * element.size:
            return Stats()
        measured.norm(_values(data, element).reshape(-1, shape[1]))
    norms = np.concatenate(measured.norms)
    usual, added = norms[:first], norms[first:]
    usual, added = usual[np.isfinite(usual)], added[np.isfinite(added)]
    scale = _deviation(usual) if len(usual) >= ROBUST else 0.0
    if not scale or not len(added):
        return Stats()
    scores = (added - np.median(usual)) / scale
    return Stats(count=measured.count, added_rows=len(added), added_norm_z_max=_kept(float(scores.max())))


def _deviation(norms: Array) -> float:
    """The robust deviation of norms from their median."""
    return float(np.median(np.abs(norms - np.median(norms)))) * SCALE


def _values(data: bytes, element: Element) -> Array:
    """The values as numbers that are computed with: single precision at least."""
    if element.spelling == BFLOAT16:
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    values = np.frombuffer(data, (">" if element.big else "<") + element.spelling)
    return values.astype(np.float32) if element.spelling == "f2" else values


class _Rounded:
    """Which values in single precision use bits that a shorter type does not have; `lost` are those of the type."""

    def __init__(self, lost: int) -> None:
        self.lost = np.uint32(lost)
        self.number = 0
        self.end = 0  # behind the last of them

    def take(self, data: bytes, at: int) -> None:
        """The values that begin at a place."""
        used = np.flatnonzero(np.frombuffer(data, "<u4") & self.lost)
        if len(used):
            self.number += len(used)
            self.end = at + int(used[-1]) + 1

    def prefix(self, count: int) -> int | None:
        """How many values at the beginning use these bits, where nearly all of them do and no other one does."""
        short = PREFIX <= self.end <= count // 2
        return self.end if short and self.number >= DENSE * self.end else None


class _Measure:
    """What is known after some blocks."""

    def __init__(self, width: int) -> None:
        self.width = width  # values of a row, 0 without rows
        self.count = self.nan = self.inf = 0
        self.rounded = [_Rounded(lost) for lost in LOST]
        self.sum = self.squares = 0.0
        self.min: float | None = None
        self.max: float | None = None
        self.norms: list[Array] = []
        self.constant = self.repeated = 0
        self.seen: set[int] = set()

    def take(self, data: bytes, values: Array, element: Element) -> None:
        """The next block."""
        if element.spelling == "f4" and not element.big:
            for rounded in self.rounded:
                rounded.take(data, self.count)
        self.count += len(values)
        finite = values
        if element.floating:
            sound = np.isfinite(values)
            if not sound.all():
                self.nan += int(np.isnan(values).sum())
                self.inf += int(np.isinf(values).sum())
                finite = values[sound]
        if len(finite):
            wide = finite.astype(np.float64, copy=False)
            with np.errstate(over="ignore", invalid="ignore"):
                self.sum += float(wide.sum())
                self.squares += float(np.dot(wide, wide))
            least, most = float(finite.min()), float(finite.max())
            self.min = least if self.min is None else min(self.min, least)
            self.max = most if self.max is None else max(self.max, most)
        if self.width and len(values) % self.width == 0:
            self.rows(data, values.reshape(-1, self.width), element)

    def rows(self, data: bytes, rows: Array, element: Element) -> None:
        """Rows that stand in the block as a whole."""
        self.norm(rows)
        if self.width > 1:
            self.constant += int((rows == rows[:, :1]).all(axis=1).sum())
        size = self.width * element.size
        for at in range(0, len(data), size):
            mark = hash(data[at : at + size])
            self.repeated += mark in self.seen
            self.seen.add(mark)

    def norm(self, rows: Array) -> None:
        """Note the norms of rows."""
        with np.errstate(all="ignore"):
            self.norms.append(np.sqrt((rows.astype(np.float64, copy=False) ** 2).sum(axis=1)))

    def stats(self) -> Stats:
        """The record; what overflows is left out."""
        number = self.count - self.nan - self.inf
        mean = self.sum / number if number else None
        spread = self.squares / number - mean * mean if mean is not None else None
        far, z = self.outliers()
        whole = bool(self.norms)
        return Stats(
            count=self.count,
            nan=self.nan,
            inf=self.inf,
            mean=_kept(mean),
            std=_kept(None if spread is None or not isfinite(spread) else sqrt(max(0.0, spread))),
            min=_kept(self.min),
            max=_kept(self.max),
            constant_rows=self.constant if whole else None,
            duplicate_rows=self.repeated if whole else None,
            row_norm_z_max=_kept(z),
            outlier_share=far,
            rounded_after=next((end for one in self.rounded if (end := one.prefix(self.count)) is not None), None),
        )

    def outliers(self) -> tuple[float | None, float | None]:
        """The share of rows that are far from the others by their norm, and how far the farthest is."""
        norms = np.concatenate(self.norms) if self.norms else np.empty(0)
        norms = norms[np.isfinite(norms)]
        if len(norms) < ROBUST:
            return None, None
        deviation = _deviation(norms)
        if not deviation:
            return None, None
        scores = np.abs(norms - np.median(norms)) / deviation
        return float((scores > FAR).mean()), float(scores.max())


def _kept(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
