"""What the abstract machine keeps on its stack and in its memo.

Small constants are plain Python objects, a tuple is a Python tuple of values, and everything else is one of the
classes here. Values are compared by identity only: equality of containers would walk them.
"""

from __future__ import annotations

FLOWS_MAX = 64  # names of callables that a value remembers to come from
WALK_MAX = 256  # values looked at when the callables behind an argument are gathered
KEEP = 1024  # constants that a container remembers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Value = object

NONE: frozenset[str] = frozenset()


class Literal:
    """A constant too long to hold, or one that can change: its type, size, and first bytes (text as UTF-8).

    `file` is the kind of file as which the whole of it is read; of text, as which its Latin-1 bytes are. `codec`
    says how the file holds it.
    """

    __slots__ = ("changed", "codec", "file", "head", "offset", "size", "type")

    def __init__(
        self, type: str, offset: int, size: int, head: bytes, file: str | None = None, codec: str = "latin-1"
    ) -> None:
        self.type = type
        self.offset = offset
        self.size = size
        self.head = head
        self.file = file
        self.codec = codec
        self.changed = False


class Pack:
    """Texts of a run of memo entries in one string: a quarter of the memory that they would take one by one."""

    __slots__ = ("_ends", "_first", "_text")

    def __init__(self, first: int, texts: list[str]) -> None:
        from array import array
        from itertools import accumulate

        self._first = first
        self._text = "".join(texts)
        self._ends = array("I", accumulate(map(len, texts), initial=0))

    def __getitem__(self, key: int) -> str:
        start = key - self._first
        return self._text[self._ends[start] : self._ends[start + 1]]


class Container(list):  # type: ignore[type-arg]
    """A mutable container and the items that are known; a dictionary holds keys and values in turn.

    `more` says that constants were left out, `live` that something other than constants went in. Both are set by
    `omit` and `enliven` only: containers with equal marks share one dictionary, for one of its own would take more
    memory and time than the container.
    """

    TYPE = "list"
    more = False
    live = False
    __hash__ = object.__hash__  # type: ignore[assignment]

    def omit(self) -> None:
        """Say that constants are left out."""
        self.__dict__ = _MORE_LIVE if self.live else _MORE

    def enliven(self) -> None:
        """Say that something other than constants went in."""
        self.__dict__ = _MORE_LIVE if self.more else _LIVE


_MORE, _LIVE, _MORE_LIVE = {"more": True}, {"live": True}, {"more": True, "live": True}


class ListValue(Container):
    """A list."""


class DictValue(Container):
    """A dictionary: keys and values in turn."""

    TYPE = "dict"


class SetValue(Container):
    """A set."""

    TYPE = "set"


class FrozenValue(Container):
    """A frozenset."""

    TYPE = "frozenset"


class TupleValue(Container):
    """A tuple too long to be held whole."""

    TYPE = "tuple"


class Import:
    """A name resolved to an object; one for every module, name and opcode of a stream."""

    __slots__ = (
        "asked",
        "computed",
        "cut",
        "derived",
        "flows",
        "fold",
        "lossy",
        "module",
        "n",
        "name",
        "names",
        "offsets",
        "opcode",
        "planted",
        "qualname",
        "restores",
        "segments",
        "sized",
        "uses",
    )

    def __init__(self, opcode: str, computed: bool = False) -> None:
        self.opcode = opcode
        self.computed = computed
        self.module = self.name = ""
        self.qualname = "?"
        self.names = self.segments = NONE
        self.offsets: list[int] = []
        self.n = 0
        self.uses: set[str] = set()
        self.planted: dict[str, Value] | None = None
        self.cut = self.lossy = False
        self.flows = NONE
        self.derived = False  # an attribute or item of another import
        self.fold: str | None = None  # operation whose result is worked out
        self.sized: str | None = None  # how what it makes is measured
        self.restores: dict[str, str] | None = None  # what restoring an object of it does with attributes
        self.asked = False  # an extension wants to know what is made of it


class Given:
    """What an object was made from: the arguments, and what each BUILD set, in order."""

    __slots__ = ("args", "states")

    def __init__(self, args: Sequence[Value]) -> None:
        self.args = args
        self.states: list[Value] = []


class Made:
    """What a call returned: `cls` is the callable, or None when it is computed.

    `given` is kept only where an extension asks for it. `held` is what has the items of an object that wraps it,
    `size` how long it is, if it is known and no constant.
    """

    __slots__ = ("cls", "flows", "given", "held", "planted", "size")

    def __init__(self, cls: Import | None, flows: frozenset[str]) -> None:
        self.cls = cls
        self.flows = flows
        self.planted: dict[str, Value] | None = None
        self.given: Given | None = None
        self.held: Value = None
        self.size = 0

    @property
    def qualname(self) -> str:
        """Qualified name of the callable, empty when unknown."""
        return self.cls.qualname if self.cls is not None else ""


class Result(Made):
    """Result of a call."""

    __slots__ = ()


class Prepared(Result):
    """A callable or an iterator made of others, such as a `partial` or a `map` object, and what it was made of."""

    __slots__ = ("args", "done", "kwargs", "op")

    def __init__(self, cls: Import | None, flows: frozenset[str], op: str, args: tuple[Value, ...]) -> None:
        super().__init__(cls, flows)
        self.op = op
        self.args = args
        self.kwargs: Value = None  # keyword arguments of a `partial` object
        self.done: list[Value] | None = None  # items that are left of an iterator, once something goes through it


class Folded(Result):
    """A constant that calls of the stream work out, as one of Python's own types."""

    __slots__ = ("value",)

    def __init__(self, cls: Import | None, flows: frozenset[str], value: Value) -> None:
        super().__init__(cls, flows)
        self.value = value


class Tensor(Result):
    """A rebuilt tensor of PyTorch and its sizes."""

    __slots__ = ("shape",)

    def __init__(self, cls: Import | None, flows: frozenset[str], shape: tuple[int, ...]) -> None:
        super().__init__(cls, flows)
        self.shape = shape


class Instance(Made):
    """Object made by `__new__` of a class."""

    __slots__ = ()


class Unknown:
    """Anything may be here; `source` says why it is not known."""

    __slots__ = ("flows", "planted", "source")

    def __init__(self, source: str, flows: frozenset[str] = NONE) -> None:
        self.source = source
        self.flows = flows
        self.planted: dict[str, Value] | None = None


class Persistent(Unknown):
    """What the loader's `persistent_load` gives for an id; of a storage of PyTorch its number of elements or bytes."""

    __slots__ = ("count", "nbytes")

    def __init__(self, source: str, flows: frozenset[str] = NONE) -> None:
        super().__init__(source, flows)
        self.count: int | None = None
        self.nbytes: int | None = None


PLAIN = frozenset([int, float, str, bytes, bool, type(None), Literal])
OBJECTS = frozenset([Import, Result, Prepared, Folded, Tensor, Instance, Unknown, Persistent])


def is_live(value: Value, depth: int = 4) -> bool:
    """Whether the value is or holds something other than constants; too deep to tell counts as yes."""
    kind = value.__class__
    if kind in PLAIN:
        return False
    if kind in OBJECTS:
        return True
    if isinstance(value, Container):
        return value.live
    if isinstance(value, tuple):
        return depth == 0 or len(value) > WALK_MAX or any(is_live(item, depth - 1) for item in value)
    return False


def live_items(items: Iterable[Value]) -> list[Value]:
    """The items that are or hold something other than constants."""
    return [item for item in items if item.__class__ not in PLAIN and is_live(item)]


def flows_of(values: Iterable[Value]) -> tuple[frozenset[str], bool]:
    """Names of the callables behind the values and what they hold, and whether the walk was cut."""
    found: frozenset[str] = NONE
    queue = [value for value in values if value.__class__ not in PLAIN]
    for count, value in enumerate(queue):
        if count > WALK_MAX or len(found) >= FLOWS_MAX:
            return frozenset(sorted(found)[:FLOWS_MAX]), True
        if value.__class__ in OBJECTS:
            flows: frozenset[str] = value.flows  # type: ignore[attr-defined]
            found = found | flows if found else flows
        elif isinstance(value, tuple) or (isinstance(value, Container) and value.live):
            queue.extend([item for item in value[: WALK_MAX + 1] if item.__class__ not in PLAIN])
    return found, False
