"""What is made of tensors beside their description: statistics where rules ask for them, and files in their low bits.

Without a rule that asks for all, the classifier and the embeddings of a file are measured, up to a number of bytes; the
low bits of every tensor of floating point are looked at, at its beginning. With a rule that asks for all, the tensors
of a file are also held against each other, and their low bits are looked at in more ways.
"""

from __future__ import annotations

from math import prod

from modelaudit.engine.facts import Blob, Place, clean
from modelaudit.parsers.base import Nested
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.weights import is_measurable, is_value, role_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelaudit.engine.facts import Relation, Stats, Tensor
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.weights import Element
    from modelaudit.parsers.weights.comparison import Comparison

HEADS = 64 * 1024 * 1024  # bytes of classifiers and embeddings that are measured in a file
FLOATS = 16  # values of the smallest tensor whose low bits are looked at
TENSORS = 20_000  # whose low bits are looked at
NESTED = frozenset({"pickle", "zip", "gzip", "7z", "xz"})
_MEASURED = frozenset({"measured"})
_STATS = frozenset({"stats"})
_NEITHER = frozenset({"measured", "stats"})


class Where:
    """Where the values of a tensor begin, and what each is; None when they are no plain numbers or stand nowhere."""

    __slots__ = ("element", "offset", "reader")

    def __init__(self, reader: Reader, offset: int, element: Element | None) -> None:
        self.reader = reader
        self.offset = offset
        self.element = element


class Weights:
    """The tensors of one file on disk and of what is nested in it."""

    __slots__ = ("_absent", "_comparison", "_context", "_every", "_heads", "_low", "_stats", "_tensors")

    def __init__(self, context: Context) -> None:
        self._context = context
        self._comparison: Comparison | None = None  # once there is a tensor, where all are asked for
        every = context.wants("tensor.measured") or context.wants("relation.share")
        self._every = context.full and every
        self._absent = _NEITHER if context.full else frozenset[str]()  # what the scope leaves out leaves no rule open
        self._stats = self._every or (context.full and context.wants("tensor.stats"))
        self._low = context.full and context.wants("blob")
        self._heads = HEADS
        self._tensors = TENSORS

    def told(
        self, tensor: Tensor, reader: Reader, values: Reader | None = None
    ) -> tuple[Tensor, Iterable[Blob | Nested]]:
        """The tensor with its role and the statistics that are asked of it, and what its low bits hold.

        `values` gives its values, where the artifact that `reader` gives does not have them as they are.
        """
        if tensor.stats is not None:
            return tensor, ()  # its parser has measured what it is about
        role = tensor.role or role_of(tensor.name)
        element = is_measurable(tensor) if values is None else is_value(tensor, values.size)
        begin = (tensor.data_offset or 0) if values is None else 0
        where = Where(reader if values is None else values, begin, element)
        return self._measured(tensor, role, where), self._hidden(tensor, where)

    def _measured(self, tensor: Tensor, role: str | None, where: Where) -> Tensor:
        """The tensor with its role, and with its statistics when it is one of those that are measured."""
        if not self._stats:
            return tensor.replace(role=role, unknown=tensor.unknown | self._absent)
        if self._every:
            tensor = tensor.replace(role=role)
            return tensor.replace(measured="no") if where.element is None else self._with_stats(tensor, where)
        tensor = tensor.replace(role=role, unknown=tensor.unknown | _MEASURED)
        if role is None or where.element is None or tensor.nbytes > self._heads:
            return tensor
        self._heads -= tensor.nbytes
        return self._with_stats(tensor, where)

    def _with_stats(self, tensor: Tensor, where: Where) -> Tensor:
        """The tensor with its statistics; without them where not all of its values could be read."""
        from modelaudit.parsers.weights.statistics import statistics

        assert where.element is not None  # noqa: S101 - or it is not measured
        if self._every:
            stats = self._compared(tensor, where)
        else:
            stats = statistics(where.reader, where.offset, tensor.shape, where.element, self._context.check)
        if stats.count != prod(tensor.shape):
            return tensor.replace(measured="no" if self._every else None, unknown=tensor.unknown | _STATS)
        return tensor.replace(stats=stats, measured="yes" if self._every else None)

    def _compared(self, tensor: Tensor, where: Where) -> Stats:
        """The statistics of a tensor, with what the others of its file say of it."""
        from modelaudit.parsers.weights.comparison import Comparison, Watch
        from modelaudit.parsers.weights.statistics import statistics

        assert where.element is not None  # noqa: S101 - or it is not measured
        watch = Watch(tensor, where.element)
        stats = statistics(where.reader, where.offset, tensor.shape, where.element, self._context.check, watch)
        if stats.count != prod(tensor.shape):
            return stats
        if self._comparison is None:
            self._comparison = Comparison()
        return self._comparison.told(watch, tensor, stats)

    def relations(self, path: str) -> Iterable[Relation]:
        """What can be said of the tensors of the file when all were seen."""
        return () if self._comparison is None else self._comparison.relations(path)

    def _hidden(self, tensor: Tensor, where: Where) -> Iterable[Blob | Nested]:
        """The file in a tensor's low bits, and what it holds where that can be read."""
        element = where.element
        if not self._low or element is None or not element.floating or tensor.nbytes < FLOATS * element.size:
            return ()
        return self._searched(tensor, where, element)

    def _searched(self, tensor: Tensor, where: Where, element: Element) -> Iterator[Blob | Nested]:
        if self._tensors <= 0:
            return
        from modelaudit.parsers.weights.lowbits import hidden

        self._context.check()
        self._tensors -= 1
        offset = tensor.data_offset or (tensor.places[0].offset if tensor.places else 0) or 0
        found = hidden(where.reader, where.offset, tensor.nbytes, element, thorough=self._every)
        if found is None:
            return
        yield Blob(
            tensor.artifact,
            kind=found.kind,
            region="tensor",
            method=found.method,
            size=len(found.data),
            validated=True,
            places=(Place(offset=offset),),
            unknown=frozenset({"sha256"}),
        )
        if found.kind in NESTED:
            yield Nested(clean(f"low-bits@0x{offset:x}")[0], BytesReader(found.data), role="member", view="hidden")
