"""What the tensors of one file say about each other: copies, low bytes unlike those of siblings, energy of adapters.

The lowest bytes of trained values in single and double precision are close to random, whatever the layer is, so that
those of one tensor can be held against those of its siblings of the same shape: a test of two samples by chi squared,
with a limit that grows with the number of tests, and only where the share of other bytes says something. The higher
bytes differ between any two layers and are not compared.

The energy of a pair of matrices of an adapter is that of their product (https://arxiv.org/abs/2106.09685), which the
products of each with itself tell.
"""

from __future__ import annotations

from hashlib import blake2b
from math import erfc, isfinite, prod, sqrt

import numpy as np

from modelaudit.engine.facts import Relation
from modelaudit.parsers.weights import adapter_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Stats, Tensor
    from modelaudit.parsers.weights import Element

    Array = np.ndarray[Any, Any]

COPIED = 64  # values of the smallest tensor whose copies are told
KEPT = 4096  # tensors that are remembered
RANK = 256  # of the largest adapter
HELD = 2 * 1024 * 1024  # values of a matrix of an adapter that is held as a whole, and of all that wait for another
SIBLINGS = 4  # beside a tensor that is held against them
VALUES = 16 * 1024  # of a tensor whose low bytes can be told apart
SURE = 0.001  # chance that any one of a file's tensors is told though nothing is there
DIFFERENT = 0.02  # share of other low bytes that says something
TURNS = 100  # of the search for the largest singular value
PAIRS = 8  # of an adapter of which one may stand out
PLANES = frozenset({"f4", "f8"})  # whose lowest byte has nothing but digits


class Watch:
    """What is kept of one tensor while its blocks pass."""

    __slots__ = ("digest", "down", "element", "low", "matrix", "name", "rows", "up")

    def __init__(self, tensor: Tensor, element: Element) -> None:
        self.name = tensor.name
        self.element = element
        count = prod(tensor.shape)
        self.digest = blake2b(digest_size=16) if count >= COPIED else None
        self.low = np.zeros(256, np.int64) if element.spelling in PLANES and count >= VALUES else None
        self.down: list[Array] = []  # of the matrix that comes first, as a whole
        self.up: Array | None = None  # product of the one that comes second with itself
        found = adapter_of(tensor.name) if len(tensor.shape) == 2 and element.floating else None
        first = found is not None and not found[1]
        self.matrix = found if found is not None and tensor.shape[0 if first else 1] <= RANK else None
        self.rows = tensor.shape
        if self.matrix is not None and first and count > HELD:
            self.matrix = None

    def take(self, data: bytes, values: Array) -> None:
        """The next block."""
        if self.digest is not None:
            self.digest.update(data)
        size = self.element.size
        if self.low is not None:
            lane = np.frombuffer(data, np.uint8)[size - 1 if self.element.big else 0 :: size]
            self.low += np.bincount(np.ascontiguousarray(lane), minlength=256)
            self.low[0] -= len(values) - np.count_nonzero(values)  # what was pruned says nothing
        if self.matrix is not None:
            self._matrix(values)

    def _matrix(self, values: Array) -> None:
        if self.matrix is not None and not self.matrix[1]:
            self.down.append(values.astype(np.float32))
        elif len(values) % self.rows[1]:
            self.matrix = None  # rows do not fit into blocks
        else:
            wide = values.reshape(-1, self.rows[1]).astype(np.float64)
            with np.errstate(all="ignore"):
                part = wide.T @ wide
            self.up = part if self.up is None else self.up + part

    def square(self) -> Array | None:
        """The product of the matrix with itself along its long side; None when there is no matrix."""
        if self.matrix is None or self.matrix[1]:
            return self.up if self.matrix is not None else None
        wide = np.concatenate(self.down).reshape(self.rows).astype(np.float64)
        self.down = []
        with np.errstate(all="ignore"):
            product: Array = wide @ wide.T
        return product


class Comparison:
    """The tensors of one file, as far as they were watched."""

    __slots__ = ("_digests", "_halves", "_lows", "_pairs", "_room")

    def __init__(self) -> None:
        self._digests: dict[bytes, str] = {}
        self._halves: dict[str, Array] = {}
        self._room = HELD
        self._pairs: list[tuple[str, float]] = []  # names with their energy
        self._lows: dict[tuple[str, tuple[int, ...]], list[tuple[str, Array]]] = {}

    def told(self, watch: Watch, tensor: Tensor, stats: Stats) -> Stats:
        """The statistics of a tensor with what those before it say."""
        if watch.digest is not None and stats.min != stats.max and len(self._digests) < KEPT:
            key = watch.digest.digest() + f"{tensor.dtype} {tensor.shape}".encode()
            earlier = self._digests.setdefault(key, tensor.name)
            if earlier != tensor.name:
                stats = stats.replace(same_as=earlier)
        if watch.low is not None and sum(map(len, self._lows.values())) < KEPT:
            self._lows.setdefault((tensor.dtype, tuple(tensor.shape)), []).append((tensor.name, watch.low))
        return self._paired(watch, stats)

    def _paired(self, watch: Watch, stats: Stats) -> Stats:
        """With what is known of an adapter's pair, when this is its second matrix."""
        if watch.matrix is None:
            return stats
        square = watch.square()
        other = self._halves.pop(watch.matrix[0], None)
        if other is not None:
            self._room += other.size
        if square is None or not np.isfinite(square).all():
            return stats
        if other is None:
            if square.size <= self._room:
                self._halves[watch.matrix[0]] = square
                self._room -= square.size
            return stats
        total, top = _energy(other, square)
        if not 0 < total < float("inf"):
            return stats
        self._pairs.append((watch.name, total))
        return stats.replace(adapter_rank=len(square), adapter_top_share=min(1.0, top / total))

    def relations(self, path: str) -> Iterator[Relation]:
        """What can be said when all tensors were seen."""
        yield from self._energies(path)
        tests = sum(len(group) for group in self._lows.values() if len(group) > SIBLINGS)
        for (dtype, shape), group in self._lows.items():
            if len(group) <= SIBLINGS:
                continue
            usual = _usual([low for _, low in group])
            kind = f"{len(group) - 1} of {dtype} {list(shape)}"
            for name, low in group:
                share, chance = differs(low, usual)
                if chance * tests < SURE and share > DIFFERENT:
                    detail = f"{share:.1%} of the lowest bytes"
                    yield _relation(path, name, kind, "low-bytes", share, detail)

    def _energies(self, path: str) -> Iterator[Relation]:
        total = sum(energy for _, energy in self._pairs)
        if len(self._pairs) < PAIRS or not 0 < total < float("inf"):
            return
        name, most = max(self._pairs, key=lambda pair: pair[1])
        kind = f"{len(self._pairs) - 1} pairs"
        yield _relation(path, name, kind, "energy", most / total, f"{most / total:.1%} of the energy")


def _energy(one: Array, other: Array) -> tuple[float, float]:
    """The squared singular values of a product of two matrices: their sum, and the largest, by powers.

    Of each matrix its product with itself is known. The largest comes out too small rather than too large.
    """
    if one.shape != other.shape:
        return 0.0, 0.0
    most = float(np.abs(one).max()), float(np.abs(other).max())
    if not most[0] or not most[1]:
        return 0.0, 0.0
    one, other, top = one / most[0], other / most[1], 0.0
    with np.errstate(all="ignore"):
        total = float((one * other).sum())
        vector = other.sum(axis=1) + np.abs(other).max() / 1024
        for _ in range(TURNS):
            bent = other @ vector
            below = float(vector @ bent)
            vector = one @ bent
            above = float(bent @ vector)
            length = float(np.abs(vector).max())
            if not (isfinite(length) and isfinite(above) and length and below > 0):
                break
            top = max(top, above / below)
            vector = vector / length
    return total * most[0] * most[1], top * most[0] * most[1]


def differs(low: Array, others: Array) -> tuple[float, float]:
    """How far two histograms are apart, as the share of values that would have to change, and by what chance."""
    one, two = float(low.sum()), float(others.sum())
    used = (low + others) > 0
    a, b = low[used].astype(np.float64), others[used].astype(np.float64)
    free = len(a) - 1
    if not one or not two or free < 1:
        return 0.0, 1.0
    share = float(np.abs(a / one - b / two).sum()) / 2
    chi = float((((two / one) ** 0.5 * a - (one / two) ** 0.5 * b) ** 2 / (a + b)).sum())
    z = ((chi / free) ** (1 / 3) - (1 - 2 / (9 * free))) / sqrt(2 / (9 * free))  # Wilson and Hilferty
    noise = sqrt(free / 2 * (1 / one + 1 / two) / np.pi)  # what two samples of one distribution are apart
    return max(0.0, share - noise), erfc(z / sqrt(2)) / 2


def _usual(lows: list[Array]) -> Array:
    """What most histograms of a group are like, with the values of all but one; few odd ones do not count."""
    counts = np.stack(lows).astype(np.float64)
    sums = counts.sum(axis=1, keepdims=True)
    shares = np.median(counts[sums[:, 0] > 0] / sums[sums[:, 0] > 0], axis=0) if sums.any() else counts[0]
    total = float(shares.sum())
    whole: Array = shares * (float(sums.sum()) * (len(lows) - 1) / len(lows) / total) if total else shares
    return whole


def _relation(path: str, name: str, kind: str, what: str, share: float, detail: str) -> Relation:
    return Relation(path, kind="siblings", a=name, b=kind, what=what, share=share, detail=detail)
