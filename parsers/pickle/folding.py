"""What a stream's own calls make of known values: names that are put together, attributes, calls by way of others.

The machine asks `call` about every callable of `folds.json` and about every value that such a callable made.
Nothing is ever resolved: an attribute of an import is an import with a longer name. What is not known stays a
plain result, whose `flows` say where it comes from.

A stream has an allowance, `State.folds`: each call costs one, and what is looked at costs by its size. Behind its end
nothing is worked out any more. A value that is believed wrongly would be worse than one that is not known: an
iterator is gone through once, and after a call that changes some container none is believed.
"""

from __future__ import annotations

import json
import os.path

from modelaudit.parsers.pickle import code, pure
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.names import mapped_name
from modelaudit.parsers.pickle.pure import ERRORS, Unfoldable

DEPTH_MAX = 16  # calls by way of calls
NODES_MAX = 4096  # values of one argument
ITEMS_MAX = 1024  # items of an iterator that are gone through
COLUMNS_MAX = 16  # iterables of one iterator
NAME_MAX = 4096  # characters of an attribute's name
PARTS_MAX = 32  # attributes of attributes in one name
SHOWN_MAX = 64  # calls of one iterator that are told one by one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from modelaudit.parsers.pickle.state import State

    Value = object
    Raw = Any

_tables: list[dict[str, str]] = []


def table() -> dict[str, str]:
    """Operation by qualified name of the callable."""
    if not _tables:
        with open(os.path.join(os.path.dirname(__file__), "folds.json"), encoding="utf-8") as file:
            data = json.load(file)
        made = {name: op for op, names in data["operations"].items() for name in names}
        for kind, names in data["methods"].items():
            made |= {f"builtins.{kind}.{name}": f"{kind}.{name}" for name in names}
        _tables.append(made)
    return _tables[0]


def operation(names: frozenset[str]) -> str | None:
    """The operation of the callable with these spellings."""
    known = table()
    for name in names:
        if name in known:
            return known[name]
    return None


def wanted(m: State, target: Value, args: Sequence[Value]) -> bool:
    """Whether a call is one that `call` must see to."""
    if target.__class__ is v.Import:
        if target.fold is not None:
            return m.folds > 0
    elif target.__class__ is v.Prepared:
        return True
    return m.prepared and any(arg.__class__ is v.Prepared for arg in args)


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


def call(
    m: State,
    kind: str,
    target: Value,
    args: Sequence[Value],
    offset: int,
    after: int,
    *,
    known: bool = True,
    kwargs: Value = None,
) -> Value:
    """Tell of the call and of those that it leads to; returns its value."""
    return _call(Site(m, kind, offset, after), target, args, known=known, kwargs=kwargs)


def _call(
    site: Site,
    target: Value,
    args: Sequence[Value],
    *,
    known: bool = True,
    kwargs: Value = None,
    computed: bool = False,
) -> Value:
    m = site.m
    m.folds -= site.depth > 0
    if isinstance(target, v.Prepared) and site.depth < DEPTH_MAX and m.folds > 0:
        handler = _PREPARED.get(target.op)
        if handler is not None:
            return handler(site, target, args)
    said = known and site.known
    flows = m.call(site.kind, target, args, site.offset, site.after, known=said, kwargs=kwargs, computed=computed)
    cls = target if isinstance(target, v.Import) else None
    op = cls.fold if cls is not None else None
    value = _folded(site, op, cls, args, flows) if known and kwargs is None and cls is not None else None
    if value is None:
        _exhaust(site, args)
        value = (v.Instance if site.kind.startswith("newobj") else v.Result)(cls, flows)
    return value


def _folded(site: Site, op: str | None, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    m = site.m
    if op is None or m.folds <= 0 or site.depth >= DEPTH_MAX or (site.kind.startswith("newobj") and op not in _TYPES):
        return None
    m.folds -= 1
    try:
        handler = _STRUCTURE.get(op)
        if handler is not None:
            return handler(site, cls, args, flows)
        raw = tuple([_thawed(site, arg) for arg in args])
        _charge(site, pure.cost(op, raw))
        return _known(site, cls, pure.apply(op, raw), flows)
    except ERRORS:
        return None


def _charge(site: Site, cost: int) -> None:
    """Take a cost from the stream's allowance, if there is so much left."""
    if cost > site.m.folds:
        raise Unfoldable
    site.m.folds -= cost


def _known(site: Site, cls: v.Import | None, value: Raw, flows: frozenset[str]) -> Value:
    """A result that is known: what it holds of the stream's own values is those themselves."""
    if isinstance(value, (v.Import, v.Made, v.Unknown)):
        return value
    _charge(site, pure.weight(value))
    if not site.m.hold(len(value) if isinstance(value, (str, bytes)) else 64):
        raise Unfoldable
    if isinstance(value, bytes) and cls is not None and len(value) >= 16:
        site.m.unpacked(value, cls.fold or "", site.offset)
    return v.Folded(cls, flows, value)


# values as Python's own


def _thawed(site: Site, value: Value) -> Raw:
    """The value itself: constants, tuples, lists and dictionaries as Python's; imports and objects as they are."""
    left = [NODES_MAX]
    raw = _thaw(site, value, left, 6)
    _charge(site, (NODES_MAX - left[0]) // 8)
    return raw


def _thaw(site: Site, value: Value, left: list[int], depth: int) -> Raw:
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        raise Unfoldable
    if isinstance(value, v.Folded):
        if site.m.mutated and not _is_settled(value):
            raise Unfoldable
        _charge(site, pure.weight(value.value))
        return value.value
    if isinstance(value, v.Prepared) and value.op in LAZY:
        return _items(site, value)
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
    _charge(site, value.size // pure.UNIT)
    data = value.head if value.size <= len(value.head) else site.m.tape.reader.read_at(value.offset, value.size)
    if value.type != "str":
        return bytes(data)
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _frozen(site: Site, value: Raw, flows: frozenset[str]) -> Value:
    """A part of a known value as an argument."""
    return value if value is None or not pure.is_raw(value) else _known(site, None, value, flows)


def _text(site: Site, value: Value) -> str:
    raw = _thawed(site, value)
    if not isinstance(raw, str):
        raise Unfoldable
    return raw


def _disguised(values: Sequence[Value]) -> bool:
    """Whether a name is not written out: it is the result of something."""
    return any(value.__class__ is v.Folded for value in values)


# attributes, items, modules


def attribute(site: Site, obj: Value, name: str, op: str, flows: frozenset[str], *, computed: bool) -> Value | None:
    """An attribute of a value, perhaps a dotted one; None when it is not known."""
    if len(name) > NAME_MAX or name.count(".") >= PARTS_MAX:
        return None
    for part in name.split("."):
        found = _attribute(site, obj, part, op, flows, computed=computed)
        if found is None:
            return None
        obj = found
    return obj


def _attribute(site: Site, obj: Value, name: str, op: str, flows: frozenset[str], *, computed: bool) -> Value | None:
    if isinstance(obj, v.Import):
        if obj.qualname == "?" or (obj.computed and not obj.module):
            return None
        module, own = (obj.module, obj.name) if site.m.protocol >= 3 else mapped_name(obj.module, obj.name)
        longer = f"{own}.{name}" if own else name
        return site.m.derive(op, module, longer, site.offset, computed=computed or obj.computed, flows=flows)
    if isinstance(obj, v.Prepared) and obj.op == "bound":
        return None
    raw = _thawed(site, obj)
    if not pure.is_raw(raw):
        return None
    kind = raw.__class__.__name__
    if name == "__class__":
        return site.m.derive(op, "builtins", kind, site.offset, computed=computed, flows=flows)
    method = site.m.named("builtins", f"{kind}.{name}")
    return site.m.prepare(v.Prepared(method, flows, "bound", (method, obj)))


def _getattr(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    computed = _disguised(args[1:2])
    found = attribute(site, args[0], _text(site, args[1]), "getattr", flows, computed=computed)
    if len(args) == 2:
        return found
    if isinstance(found, v.Import) and isinstance(args[2], v.Import):
        return site.m.prepare(v.Prepared(None, flows, "either", (found, args[2])))
    return None  # it may be the default


def _import_module(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    name = _text(site, args[0])
    if name.startswith(".") and len(args) > 1:
        name = _text(site, args[1]) + name
    found = site.m.derive("import_module", name, "", site.offset, computed=_disguised(args), flows=flows)
    if len(args) > 1 and args[1] is not None and not isinstance(args[1], str):
        return None  # a default
    return found


def _import(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value:
    name = _text(site, args[0])
    whole = len(args) > 3 and bool(_thawed(site, args[3]))
    found = site.m.derive("__import__", name, "", site.offset, computed=_disguised(args), flows=flows)
    top = name.partition(".")[0]
    return found if whole or top == name else site.m.named(top, "")


def _type_named(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value:
    """A type of the interpreter's own, which serialisers of functions look up by its name."""
    name = _text(site, args[0])
    found = site.m.named("types" if name.endswith("Type") else "builtins", name, "type_named")
    found.flows = flows
    return found


def _code(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> None:
    """A code object: its names and constants become a fact."""
    code.tell(site.m, args, site.offset)


def _resolve(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    parts = [_text(site, arg) for arg in args if not isinstance(arg, (bool, int, v.Import))]
    module, colon, name = ".".join(parts).partition(":")
    if not colon:
        module, _, name = module.rpartition(".")
    if not module:
        module, name = name, ""
    return site.m.derive("resolve", module, name, site.offset, computed=_disguised(args), flows=flows)


def _item(site: Site, obj: Value, key: Raw, flows: frozenset[str], *, computed: bool) -> Value | None:
    """`obj[key]`: of a module's dictionary it is the module's attribute."""
    if not isinstance(obj, v.Import):
        return _known(site, None, pure.apply("getitem", (_thawed(site, obj), key)), flows)
    if not isinstance(key, str):
        return None
    if "sys.modules" in obj.names:
        return site.m.derive("item", key, "", site.offset, computed=computed, flows=flows)
    owner, _, last = obj.qualname.rpartition(".")
    if last == "__builtins__" or key == "__builtins__":
        found = site.m.named("builtins", "")
        return found if last != "__builtins__" else attribute(site, found, key, "item", flows, computed=computed)
    if last == "__dict__":
        return site.m.derive("item", owner, key, site.offset, computed=computed, flows=flows)
    if last == "__globals__":
        module = owner.partition(".")[0]
        return site.m.derive("item", module, key, site.offset, computed=computed, flows=flows)
    return None


def _getitem(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    return _item(site, args[0], _thawed(site, args[1]), flows, computed=_disguised(args[1:2]))


# callables made of others


def _prepare(op: str) -> Callable[..., Value]:
    def operation(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value:
        return site.m.prepare(v.Prepared(cls, flows, op, tuple(args)))

    return operation


def _bound_call(site: Site, target: v.Prepared, args: Sequence[Value]) -> Value:
    """`partial` objects, and methods of constants."""
    if not target.args:
        return _plain(site, target, args)
    return _call(site.inner(site.kind), target.args[0], (*target.args[1:], *args), computed=True)


def _either_call(site: Site, target: v.Prepared, args: Sequence[Value]) -> Value:
    """One of two callables: an attribute, or the default in its place."""
    first, other = (_call(site.inner(site.kind), each, args) for each in target.args)
    return v.Result(None, v.flows_of((first, other))[0])


def _methodcaller_call(site: Site, target: v.Prepared, args: Sequence[Value]) -> Value:
    method = None
    if args and target.args:
        try:
            name = _text(site, target.args[0])
            computed = _disguised(target.args[:1])
            method = attribute(site, args[0], name, "methodcaller", target.flows, computed=computed)
        except ERRORS:
            method = None
    if method is None:
        return _plain(site, target, args)
    return _call(site.inner(site.kind), method, target.args[1:], computed=True)


def _getter_call(site: Site, target: v.Prepared, args: Sequence[Value]) -> Value:
    """`attrgetter` and `itemgetter` objects."""
    result = _plain(site, target, args)
    try:
        found = [_got(site, target, key, args[0]) for key in target.args]
        if not found or any(item is None for item in found):
            return result
        return found[0] if len(found) == 1 else tuple(found)
    except ERRORS:
        return result


def _got(site: Site, target: v.Prepared, key: Value, obj: Value) -> Value | None:
    computed = _disguised((key,))
    if target.op == "attrgetter":
        return attribute(site, obj, _text(site, key), "attrgetter", target.flows, computed=computed)
    return _item(site, obj, _thawed(site, key), target.flows, computed=computed)


def _plain(site: Site, target: v.Prepared, args: Sequence[Value]) -> Value:
    flows = site.m.call(site.kind, target, args, site.offset, site.after, known=site.known)
    _exhaust(site, args)
    return v.Result(None, flows)


_PREPARED: dict[str, Callable[[Site, v.Prepared, Sequence[Value]], Value]] = {
    "partial": _bound_call,
    "bound": _bound_call,
    "either": _either_call,
    "methodcaller": _methodcaller_call,
    "attrgetter": _getter_call,
    "itemgetter": _getter_call,
}

# iterators


def _exhaust(site: Site, args: Sequence[Value]) -> None:
    """A callable of which nothing is known may go through the iterators that it gets."""
    if site.m.prepared and site.depth < DEPTH_MAX:
        for arg in args:
            if isinstance(arg, v.Prepared) and arg.op in LAZY:
                try:
                    _items(site, arg)
                except ERRORS:
                    continue


def _items(site: Site, iterator: v.Prepared) -> list[Raw]:
    """The items of an iterator, after telling of the calls that going through it makes: it has them once."""
    if site.depth >= DEPTH_MAX:
        raise Unfoldable
    if iterator.done is None:
        iterator.done = UNKNOWN_ITEMS  # for whatever asks for them while they are worked out, and if they are not
        iterator.done = _LAZY[iterator.op](site.inner(), iterator)
    found = iterator.done
    if found is UNKNOWN_ITEMS:
        raise Unfoldable
    iterator.done = UNKNOWN_ITEMS
    return found


UNKNOWN_ITEMS: list[Raw] = []  # what is left of an iterator that something has gone through


def _sequence(site: Site, value: Value) -> list[Raw] | None:
    """The items of an iterable; None when they are not known."""
    try:
        raw = _thawed(site, value)
    except ERRORS:
        return None
    if raw.__class__ not in (str, bytes, list, tuple, dict) or len(raw) > ITEMS_MAX:
        return None
    return list(raw)


def _each(site: Site, function: Value, rows: Sequence[Sequence[Raw]] | None, flows: frozenset[str]) -> list[Raw]:
    """What a function gives for rows of arguments, one call each."""
    found: list[Value] = []
    for row in rows or ():
        if site.m.folds <= 0 or (len(found) >= SHOWN_MAX and not _silent(function)):
            rows = None
            break
        found.append(_call(site, function, [_frozen(site, item, flows) for item in row], computed=True))
    if rows is None:
        _unknown_call(site, function, flows)
        raise Unfoldable
    return [_thawed(site, item) for item in found]


def _unknown_call(site: Site, function: Value, flows: frozenset[str]) -> None:
    """Tell of calls of a function with arguments that are not known."""
    _call(site.inner(site.kind, known=False), function, (v.Unknown("iterator", flows),), computed=True)


def _silent(function: Value) -> bool:
    """Whether every call of the function is worked out and none matters by itself."""
    return isinstance(function, v.Import) and (function.fold in pure.PURE or function.fold in pure.STRUCTURAL)


def _map_items(site: Site, it: v.Prepared) -> list[Raw]:
    function, *iterables = it.args
    return _each(site, function, _rows(site, iterables), it.flows)


def _rows(site: Site, iterables: Sequence[Value]) -> list[tuple[Raw, ...]] | None:
    """The items of several iterables side by side; None when they are not known."""
    columns = [column for column in [_sequence(site, item) for item in iterables] if column is not None]
    if len(columns) < len(iterables) or len(columns) > COLUMNS_MAX:
        return None
    return list(zip(*columns, strict=False))


def _starmap_items(site: Site, it: v.Prepared) -> list[Raw]:
    rows = _sequence(site, it.args[1])
    if rows is not None and not all(isinstance(row, (list, tuple, str, bytes)) for row in rows):
        rows = None
    return _each(site, it.args[0], rows, it.flows)


def _filter_items(site: Site, it: v.Prepared) -> list[Raw]:
    items = _sequence(site, it.args[1])
    if it.args[0] is None:
        if items is None:
            raise Unfoldable
        return [item for item in items if item]
    kept = _each(site, it.args[0], None if items is None else [(item,) for item in items], it.flows)
    if not all(map(pure.is_raw, kept)) or items is None or not it.qualname.endswith("filter"):
        raise Unfoldable
    return [item for item, keep in zip(items, kept, strict=False) if keep]


def _accumulate_items(site: Site, it: v.Prepared) -> list[Raw]:
    items = _sequence(site, it.args[0])
    if len(it.args) > 1:
        rows = None if items is None else [items[:2]] if it.qualname.endswith("accumulate") else [(x,) for x in items]
        _each(site, it.args[1], rows, it.flows)
    raise Unfoldable


def _iter_items(site: Site, it: v.Prepared) -> list[Raw]:
    if len(it.args) == 2:
        _each(site, it.args[0], [()], it.flows)
        raise Unfoldable
    found = _sequence(site, it.args[0])
    if found is None:
        raise Unfoldable
    return found


def _zip_items(site: Site, it: v.Prepared) -> list[Raw]:
    rows = _rows(site, it.args)
    if rows is None:
        raise Unfoldable
    return rows


def _chain_items(site: Site, it: v.Prepared) -> list[Raw]:
    parts = [_sequence(site, item) for item in it.args]
    found = [item for part in parts if part is not None for item in part]
    if len(found) > ITEMS_MAX or any(part is None for part in parts):
        raise Unfoldable
    return found


def _reversed_items(site: Site, it: v.Prepared) -> list[Raw]:
    raw = _thawed(site, it.args[0])
    if not isinstance(raw, (str, bytes, list, tuple)) or len(raw) > ITEMS_MAX:
        raise Unfoldable
    return list(reversed(raw))


_LAZY: dict[str, Callable[[Site, v.Prepared], list[Raw]]] = {
    "map": _map_items,
    "starmap": _starmap_items,
    "filter": _filter_items,
    "accumulate": _accumulate_items,
    "iter": _iter_items,
    "zip": _zip_items,
    "chain": _chain_items,
    "reversed": _reversed_items,
}
LAZY = frozenset(_LAZY)


def spread(m: State, value: v.Prepared, offset: int, after: int) -> tuple[Sequence[Value], bool]:
    """An iterator in place of a tuple of arguments, which the Python reader goes through."""
    site = Site(m, "implicit", offset, after)
    if value.op in LAZY:
        try:
            return [_frozen(site, item, value.flows) for item in _items(site, value)], True
        except ERRORS:
            pass
    return (value,), False


def _collected(kind: Callable[[list[Raw]], Raw]) -> Callable[..., Value | None]:
    def operation(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
        items = _sequence(site, args[0]) if args else []
        return None if items is None else _known(site, cls, kind(items), flows)

    return operation


def _set(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    """A set: of several items the order is not known."""
    items = _sequence(site, args[0]) if args else []
    return _known(site, cls, items, flows) if items is not None and len(items) < 2 else None


def _next(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    iterator = args[0]
    if not isinstance(iterator, v.Prepared) or iterator.op not in LAZY:
        return None
    first, *iterator.done = _items(site, iterator)
    return _frozen(site, first, flows)


def _reduce(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    items = _sequence(site, args[1])
    if items is None:
        _unknown_call(site.inner(), args[0], flows)
        return None
    rest = [_frozen(site, item, flows) for item in items]
    rest[0:0] = args[2:3]
    value = rest.pop(0) if rest else None
    for item in rest:
        if site.m.folds <= 0:
            _unknown_call(site.inner(), args[0], flows)
            return None
        value = _call(site.inner(), args[0], (value, item), computed=True)
    return value


def _through(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    """`operator.call(f, *args)`."""
    return _call(site.inner(), args[0], args[1:], computed=True)


def changed(m: State, value: Value) -> None:
    """Forget what is known of a container that is changed, and of every other one, for it may be part of them."""
    if isinstance(value, v.Container):
        value.more = True
    elif isinstance(value, v.Literal):
        value.changed = True
    m.mutated = True


def _mutate(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> None:
    changed(site.m, args[0])


def _iadd(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    value = pure.apply("add", (_thawed(site, args[0]), _thawed(site, args[1])))
    changed(site.m, args[0])
    return _known(site, cls, value, flows)


def _dict_get(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    if isinstance(args[0], v.Import):
        found = _getitem(site, cls, args, flows)
        return found if len(args) == 2 else None  # with a default it may be either
    raw = _thawed(site, args[0])
    key = _thawed(site, args[1])
    if raw.__class__ is not dict:
        return None
    if key not in raw:
        return args[2] if len(args) > 2 else None
    return _frozen(site, raw[key], flows)


_STRUCTURE: dict[str, Callable[..., Value | None]] = {
    "getattr": _getattr,
    "attrgetter": _prepare("attrgetter"),
    "itemgetter": _prepare("itemgetter"),
    "methodcaller": _prepare("methodcaller"),
    "partial": _prepare("partial"),
    "import": _import,
    "import_module": _import_module,
    "resolve": _resolve,
    "call": _through,
    "type_named": _type_named,
    "code": _code,
    "reduce": _reduce,
    "next": _next,
    "mutate": _mutate,
    "iadd": _iadd,
    "getitem": _getitem,
    "dict.__getitem__": _dict_get,
    "dict.get": _dict_get,
    "list": _collected(list),
    "tuple": _collected(tuple),
    "set": _set,
    **{op: _prepare(op) for op in _LAZY},
}
_TYPES = frozenset(
    ["str", "bytes", "int", "tuple", "set", "attrgetter", "itemgetter", "methodcaller", "partial", "slice", *_LAZY]
)  # what `__new__` alone makes
