"""Storages as older files have them: which tensor types there are, and pickles that ask for them.

Layout: `torch/serialization.py` (`_legacy_load`) and `torch/csrc/serialization.cpp`.
"""

from __future__ import annotations

from modelaudit.engine.facts import Code, Place, clean
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.machine import Machine

SIZES = {  # bytes of an element, by the storage's class
    "DoubleStorage": 8,
    "FloatStorage": 4,
    "HalfStorage": 2,
    "BFloat16Storage": 2,
    "LongStorage": 8,
    "IntStorage": 4,
    "ShortStorage": 2,
    "CharStorage": 1,
    "ByteStorage": 1,
    "BoolStorage": 1,
    "ComplexFloatStorage": 8,
    "ComplexDoubleStorage": 16,
    "QInt8Storage": 1,
    "QUInt8Storage": 1,
    "QInt32Storage": 4,
    "QUInt4x2Storage": 1,
    "QUInt2x4Storage": 1,
    "UntypedStorage": 1,
}
STORAGES_MAX = 1_000_000
EXCERPT = 1024  # characters of a module's source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Value = object


class Storage:
    """A storage that a tensor asks for: bytes of an element, and number of elements; None when not known."""

    __slots__ = ("count", "size")

    def __init__(self, size: int | None, count: int | None) -> None:
        self.size = size
        self.count = count

    @property
    def nbytes(self) -> int | None:
        """Bytes of the storage, when they are known."""
        return None if self.size is None or self.count is None else self.size * self.count


class ObjectMachine(Machine):
    """The machine of the pickle that holds the tensors: persistent ids mean something."""

    storages: dict[str, Storage]
    more = False  # there were more storages than are kept

    def call(
        self,
        kind: str,
        target: Value,
        args: Sequence[Value],
        offset: int,
        after: int,
        *,
        known: bool = True,
        kwargs: Value = None,
        computed: bool = False,
    ) -> frozenset[str]:
        """Emit a call; of a persistent id for a module the source becomes a fact of its own."""
        if kind == "persid" and args and args[0] == "module" and len(args) == 4:
            self.code(args[3], offset)
            args = args[:3]
        return super().call(kind, target, args, offset, after, known=known, kwargs=kwargs, computed=computed)

    def code(self, source: Value, offset: int) -> None:
        """The source of a module's class, which the loader only compares with the source of the class it has."""
        text = source.head.decode("utf-8", "replace") if isinstance(source, v.Literal) else source
        if isinstance(text, str) and text:
            excerpt, lossy = clean(text[:EXCERPT])
            self.out.append(
                Code(self.path, language="python", excerpt=excerpt, places=(Place(offset=offset),), lossy=lossy)
            )

    def loaded(self, args: Sequence[Value], flows: frozenset[str]) -> Value:
        """A module's class is what the id names; a storage is noted."""
        if len(args) == 4 and args[0] == "module":
            return args[1]
        if len(args) >= 5 and args[0] == "storage" and isinstance(args[2], (str, int)):
            self.storage(str(args[2]), args[1], args[4])
        return super().loaded(args, flows)

    def storage(self, key: str, kind: Value, count: Value) -> None:
        """Note a storage."""
        if len(self.storages) >= STORAGES_MAX:
            self.more = True
            return
        size = SIZES.get(kind.name.rpartition(".")[2]) if isinstance(kind, v.Import) else None
        number = count if type(count) is int and 0 <= count < 2**60 else None
        self.storages.setdefault(key, Storage(size, number))


class KeysMachine(Machine):
    """The machine of a list whose items are all kept, as far as they are constants."""

    def store(self, target: v.Container, items: Sequence[Value], step: int = 1) -> None:
        """Put items into a container."""
        if v.PLAIN.issuperset(map(type, items)) and len(target) + len(items) <= STORAGES_MAX:
            target.extend(items)
        else:
            super().store(target, items, step)
