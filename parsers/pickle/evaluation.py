"""How a call is worked out: where it is made, what it costs, and the values behind its arguments.

A stream has an allowance, `State.folds`: each call costs one, and what is looked at costs by its size. Behind its end
nothing is worked out any more. A value that is believed wrongly would be worse than one that is not known: an
iterator is gone through once, and after a call that changes some container none is believed.
"""

from __future__ import annotations

from modelaudit.parsers.pickle import latin, pure
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.pure import ERRORS, Unfoldable
from modelaudit.parsers.pickle.text import unescaped

DEPTH_MAX = 16  # calls by way of calls
NODES_MAX = 4096  # values of one argument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from modelaudit.parsers.pickle.state import State

    Value = object
    Raw = Any

# What the modules beside this one put in: operations that take a call's arguments as they are, callables made of
# others by what they are made with, and iterators by how their items are made.
STRUCTURE: dict[str, Callable[..., Value | None]] = {}
PREPARED: dict[str, Callable[[Site, v.Prepared, Sequence[Value], Value], Value]] = {}
KEYWORDS: dict[str, Callable[..., Value | None]] = {}  # operations that take keyword arguments too
LAZY: dict[str, Callable[[Site, v.Prepared], list[Raw]]] = {}
MADE = {"str", "bytes", "int", "tuple", "set", "slice"}  # operations whose value `__new__` alone makes
ALWAYS: set[str] = set()  # operations that are seen to when the allowance is spent: what they set must be told
UNKNOWN_ITEMS: list[Raw] = []  # what is left of an iterator that something has gone through


class Site:
    """The place of a call, how deep in other calls it is, and whether it is known how often it is made with what."""

    __slots__ = ("after", "depth", "kind", "known", "m", "offset")

    def __init__(self, m: State, kind: str, offset: int, after: int, depth: int = 0) -> None:
        self.m = m
        self.kind = kind
        self.offset = offset
        self.after = after
        self.depth = depth
        self.known = True

    def inner(self, kind: str = "implicit", *, known: bool = True) -> Site:
        """The site of a call that this one leads to."""
        made = Site(self.m, kind, self.offset, self.after, self.depth + 1)
        made.known = self.known and known
        return made


def evaluate(
    site: Site,
    target: Value,
    args: Sequence[Value],
    *,
    known: bool = True,
    kwargs: Value = None,
    computed: bool = False,
) -> Value:
    """Tell of a call and of those that it leads to; returns its value."""
    m = site.m
    m.folds -= site.depth > 0
    if isinstance(target, v.Prepared) and site.depth < DEPTH_MAX and m.folds > 0:
        handler = PREPARED.get(target.op)
        if handler is not None:
            return handler(site, target, args, kwargs)
    said = known and site.known
    flows = m.call(site.kind, target, args, site.offset, site.after, known=said, kwargs=kwargs, computed=computed)
    cls = target if isinstance(target, v.Import) else None
    op = cls.fold if cls is not None else None
    value = None
    if cls is not None and op is not None and known:
        if kwargs is None:
            value = _worked_out(site, op, cls, args, flows)
        elif op in KEYWORDS and (op in MADE or not site.kind.startswith("newobj")):
            value = KEYWORDS[op](site, cls, args, flows, kwargs)
    if value is None:
        exhaust(site, args)
        value = (v.Instance if site.kind.startswith("newobj") else v.Result)(cls, flows)
    if cls is not None and cls.sized and isinstance(value, v.Made) and value.__class__ is not v.Folded:
        value.size = m.size(site.kind, cls, args, kwargs, site.offset)
    return value


def _worked_out(site: Site, op: str, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    m = site.m
    spent = m.folds <= 0 or site.depth >= DEPTH_MAX
    if (spent and op not in ALWAYS) or (site.kind.startswith("newobj") and op not in MADE):
        return None
    m.folds -= op not in ALWAYS
    try:
        handler = STRUCTURE.get(op)
        if handler is not None:
            return handler(site, cls, args, flows)
        raw = tuple([thawed(site, arg) for arg in args])
        charge(site, pure.cost(op, raw))
        return known_result(site, cls, pure.apply(op, raw), flows)
    except ERRORS:
        return None


def charge(site: Site, cost: int) -> None:
    """Take a cost from the stream's allowance, if there is so much left."""
    if cost > site.m.folds:
        raise Unfoldable
    site.m.folds -= cost


def known_result(site: Site, cls: v.Import | None, value: Raw, flows: frozenset[str]) -> Value:
    """A result that is known: what it holds of the stream's own values is those themselves."""
    if isinstance(value, (v.Import, v.Made, v.Unknown)):
        return value
    charge(site, pure.weight(value))
    if not site.m.hold(len(value) if isinstance(value, (str, bytes)) else 64):
        raise Unfoldable
    if isinstance(value, bytes) and cls is not None and len(value) >= 16:
        site.m.unpacked(value, cls.fold or "", site.offset)
    return v.Folded(cls, flows, value)


def plain(site: Site, target: v.Prepared, args: Sequence[Value], kwargs: Value) -> Value:
    """The result of a call of which no more is known than that it is made."""
    flows = site.m.call(site.kind, target, args, site.offset, site.after, known=site.known, kwargs=kwargs)
    exhaust(site, args)
    return v.Result(None, flows)


def thawed(site: Site, value: Value) -> Raw:
    """The value itself: constants, tuples, lists and dictionaries as Python's; imports and objects as they are."""
    left = [NODES_MAX]
    raw = _thaw(site, value, left, 6)
    charge(site, (NODES_MAX - left[0]) // 8)
    return raw


def _thaw(site: Site, value: Value, left: list[int], depth: int) -> Raw:
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        raise Unfoldable
    if isinstance(value, v.Folded):
        if site.m.mutated and not _is_settled(value):
            raise Unfoldable
        charge(site, pure.weight(value.value))
        return value.value
    if isinstance(value, v.Prepared) and value.op in LAZY:
        return items_of(site, value)
    if isinstance(value, v.Literal):
        return _literal(site, value)
    if value.__class__ is tuple:
        return tuple([_thaw(site, item, left, depth - 1) for item in value])
    if not isinstance(value, v.Container):
        return value
    if value.more or site.m.mutated or value.__class__ not in (v.ListValue, v.DictValue):
        raise Unfoldable
    items = [_thaw(site, item, left, depth - 1) for item in value]
    return items if value.__class__ is v.ListValue else dict(zip(items[0::2], items[1::2], strict=False))


def _is_settled(value: v.Folded) -> bool:
    """Whether nothing can have changed the value by way of another name of it."""
    kind = value.value.__class__
    return kind in (str, int, bool, float, slice) or (kind is bytes and not value.qualname.startswith("builtins."))


def _literal(site: Site, value: v.Literal) -> Raw:
    if value.size > pure.FOLD_MAX or value.changed or (site.m.mutated and value.type == "bytearray"):
        raise Unfoldable
    charge(site, value.size // pure.UNIT)
    data = value.head if value.size <= len(value.head) else site.m.tape.reader.read_at(value.offset, value.size)
    if value.type != "str":
        return bytes(data) if value.codec == latin.PLAIN else latin.latin(data, value.codec) or b""
    if value.codec == latin.QUOTED:
        return unescaped(data).decode("latin-1")
    return data.decode(value.codec, "surrogatepass" if value.codec == latin.UTF8 else "strict")


CONTAINERS = frozenset((list, dict, set, frozenset))  # with values of the machine in them


def frozen(site: Site, value: Raw, flows: frozenset[str]) -> Value:
    """A part of a known value as an argument."""
    if value is not None and (value.__class__ in CONTAINERS or pure.is_raw(value)):
        return known_result(site, None, value, flows)
    return value


def text_of(site: Site, value: Value) -> str:
    """The value as the text that it is."""
    raw = thawed(site, value)
    if not isinstance(raw, str):
        raise Unfoldable
    return raw


def disguised(values: Sequence[Value]) -> bool:
    """Whether a name is not written out: it is the result of something."""
    return any(value.__class__ is v.Folded for value in values)


def exhaust(site: Site, args: Sequence[Value]) -> None:
    """A callable of which nothing is known may go through the iterators that it gets."""
    if site.m.prepared and site.depth < DEPTH_MAX:
        for arg in args:
            if isinstance(arg, v.Prepared) and arg.op in LAZY:
                try:
                    items_of(site, arg)
                except ERRORS:
                    continue


def items_of(site: Site, iterator: v.Prepared) -> list[Raw]:
    """The items of an iterator, after telling of the calls that going through it makes: it has them once."""
    if site.depth >= DEPTH_MAX:
        raise Unfoldable
    if iterator.done is None:
        iterator.done = UNKNOWN_ITEMS  # for whatever asks for them while they are worked out, and if they are not
        iterator.done = LAZY[iterator.op](site.inner(), iterator)
    found = iterator.done
    if found is UNKNOWN_ITEMS:
        raise Unfoldable
    iterator.done = UNKNOWN_ITEMS
    return found


def changed(m: State, value: Value) -> None:
    """Forget what is known of a container that is changed, and of every other one, for it may be part of them."""
    if isinstance(value, v.Container):
        value.omit()
    elif isinstance(value, v.Literal):
        value.changed = True
    m.mutated = True
