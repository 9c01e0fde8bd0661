"""What a stream's own calls make of known values: names that are put together, attributes, calls by way of others.

The machine asks `call` about every callable of `folds.json` and about every value that such a callable made.
Nothing is ever resolved: an attribute of an import is an import with a longer name. What is not known stays a
plain result, whose `flows` say where it comes from.
"""

from __future__ import annotations

import json
import os.path

from modelaudit.parsers.pickle import code, latin, pure
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.evaluation import (
    ALWAYS,
    KEYWORDS,
    LAZY,
    MADE,
    PREPARED,
    STRUCTURE,
    Site,
    changed,
    charge,
    disguised,
    evaluate,
    exhaust,
    frozen,
    known_result,
    plain,
    text_of,
    thawed,
)
from modelaudit.parsers.pickle.iterators import spread
from modelaudit.parsers.pickle.names import mapped_name
from modelaudit.parsers.pickle.pure import ERRORS

__all__ = [
    "attribute",
    "call",
    "changed",
    "holder",
    "operation",
    "restored",
    "restoring",
    "sizing",
    "spread",
    "table",
    "wanted",
]

NAME_MAX = 4096  # characters of an attribute's name
PARTS_MAX = 32  # attributes of attributes in one name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from modelaudit.parsers.pickle.state import State

    Value = object
    Raw = Any

_tables: list[dict[str, str]] = []
_holders: dict[str, str] = {}
_sizes: dict[str, str] = {}
_restores: dict[str, dict[str, str]] = {}


def table() -> dict[str, str]:
    """Operation by qualified name of the callable."""
    if not _tables:
        with open(os.path.join(os.path.dirname(__file__), "folds.json"), encoding="utf-8") as file:
            data = json.load(file)
        made = {name: op for op, names in data["operations"].items() for name in names}
        for kind, names in data["methods"].items():
            made |= {f"builtins.{kind}.{name}": f"{kind}.{name}" for name in names}
        _tables.append(made)
        _sizes.update({name: op for op, names in data["sizes"].items() for name in names})
        for key, callables in data["restores"].items():
            for callee, owners in callables.items():
                for owner in owners:
                    _restores.setdefault(owner, {})[key] = callee
        _holders.update({name: attribute for attribute, names in data["holders"].items() for name in names})
    return _tables[0]


def sizing(names: frozenset[str]) -> str | None:
    """How what a callable makes is measured; None when it is not."""
    table()
    for name in names:
        if name in _sizes:
            return _sizes[name]
    return None


def restoring(names: frozenset[str]) -> dict[str, str] | None:
    """Attributes that the `__setstate__` of a class hands to a callable, with that callable; None when it does not."""
    table()
    for name in names:
        end = name.find(".")
        while end > 0:
            end = name.find(".", end + 1)
            found = _restores.get(name if end < 0 else name[:end])
            if found is not None:
                return found
    return None


def holder(names: frozenset[str]) -> str | None:
    """The attribute whose items the items of objects of a class are; `[0]` behind it is the first of several."""
    table()
    return next((_holders[name] for name in names if name in _holders), None)


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
            return m.folds > 0 or target.fold in ALWAYS
    elif target.__class__ is v.Prepared:
        return True
    return m.prepared and any(arg.__class__ is v.Prepared for arg in args)


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
    return evaluate(Site(m, kind, offset, after), target, args, known=known, kwargs=kwargs)


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
    raw = thawed(site, obj)
    if not pure.is_raw(raw):
        return None
    kind = raw.__class__.__name__
    if name == "__class__":
        return site.m.derive(op, "builtins", kind, site.offset, computed=computed, flows=flows)
    method = site.m.named("builtins", f"{kind}.{name}")
    return site.m.prepare(v.Prepared(method, flows, "bound", (method, obj)))


def _getattr(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    computed = disguised(args[1:2])
    found = attribute(site, args[0], text_of(site, args[1]), "getattr", flows, computed=computed)
    if len(args) == 2:
        return found
    if isinstance(found, v.Import) and isinstance(args[2], v.Import):
        return site.m.prepare(v.Prepared(None, flows, "either", (found, args[2])))
    return None  # it may be the default


def _import_module(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    name = text_of(site, args[0])
    if name.startswith(".") and len(args) > 1:
        name = text_of(site, args[1]) + name
    found = site.m.derive("import_module", name, "", site.offset, computed=disguised(args), flows=flows)
    if len(args) > 1 and args[1] is not None and not isinstance(args[1], str):
        return None  # a default
    return found


def _import(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value:
    name = text_of(site, args[0])
    whole = len(args) > 3 and bool(thawed(site, args[3]))
    found = site.m.derive("__import__", name, "", site.offset, computed=disguised(args), flows=flows)
    top = name.partition(".")[0]
    return found if whole or top == name else site.m.named(top, "")


def _type_named(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value:
    """A type of the interpreter's own, which serialisers of functions look up by its name."""
    name = text_of(site, args[0])
    found = site.m.named("types" if name.endswith("Type") else "builtins", name, "type_named")
    found.flows = flows
    return found


def _code(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> None:
    """A code object: its names and constants become a fact."""
    code.tell(site.m, args, site.offset)


def _resolve(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    parts = [text_of(site, arg) for arg in args if not isinstance(arg, (bool, int, v.Import))]
    module, colon, name = ".".join(parts).partition(":")
    if not colon:
        module, _, name = module.rpartition(".")
    if not module:
        module, name = name, ""
    return site.m.derive("resolve", module, name, site.offset, computed=disguised(args), flows=flows)


def _resolve_in(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    """A name in a module, which two operands tell; a third one binds it to an object."""
    module, name = (text_of(site, arg) for arg in args[:2])
    found = site.m.derive("resolve", module, name, site.offset, computed=disguised(args[:2]), flows=flows)
    return found if len(args) == 2 or args[2] is None else None


def _item(site: Site, obj: Value, key: Raw, flows: frozenset[str], *, computed: bool) -> Value | None:
    """`obj[key]`: of a module's dictionary it is the module's attribute."""
    if not isinstance(obj, v.Import):
        return known_result(site, None, pure.apply("getitem", (thawed(site, obj), key)), flows)
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
    return _item(site, args[0], thawed(site, args[1]), flows, computed=disguised(args[1:2]))


def _encode(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value:
    """Bytes of a text; those of a file in Latin-1, as protocols below 3 write bytes, stay where they are."""
    text = args[0]
    codec = pure.codec_name(args[1]) if len(args) > 1 else ""
    if codec == "latin-1" and isinstance(text, v.Literal) and text.type == "str" and text.file is not None:
        head = latin.latin(text.head[: latin.cut(text.head, text.codec)], text.codec) or b""
        return v.Literal("bytes", text.offset, text.size, head, text.file, text.codec)
    raw = tuple([thawed(site, arg) for arg in args])
    charge(site, pure.cost("encode", raw))
    return known_result(site, cls, pure.apply("encode", raw), flows)


# callables made of others


def _prepare(op: str) -> Callable[..., Value]:
    def operation(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value:
        return site.m.prepare(v.Prepared(cls, flows, op, tuple(args)))

    return operation


def _bound_call(site: Site, target: v.Prepared, args: Sequence[Value], kwargs: Value) -> Value:
    """`partial` objects, and methods of constants."""
    if not target.args:
        return plain(site, target, args, kwargs)
    given = (*target.args[1:], *args)
    named = _merged(target.kwargs, kwargs)
    return evaluate(site.inner(site.kind), target.args[0], given, kwargs=named, computed=True)


def _merged(first: Value, second: Value) -> Value:
    """Keyword arguments of a callable made of another, and those of its call."""
    if first is None or second is None:
        return second if first is None else first
    if first.__class__ is not v.DictValue or second.__class__ is not v.DictValue:
        return v.Unknown("keywords", v.flows_of((first, second))[0])
    made = v.DictValue([*first, *second])
    if first.more or second.more:
        made.omit()
    if first.live or second.live:
        made.enliven()
    return made


def _with_keywords(op: str) -> Callable[..., Value | None]:
    def operation(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str], kwargs: Value) -> Value:
        made = v.Prepared(cls, flows, op, tuple(args))
        made.kwargs = kwargs
        return site.m.prepare(made)

    return operation


def restored(m: State, target: v.Prepared, state: Value, offset: int, after: int) -> None:
    """What BUILD makes of a callable or an iterator made of others: a `partial` object becomes another one."""
    if target.op == "partial":
        known = state.__class__ is tuple and len(state) == 4 and state[1].__class__ is tuple
        target.args = (state[0], *state[1]) if known else (v.Unknown("state", v.flows_of((state,))[0]),)  # type: ignore[index]
        named = state[2] if known else None  # type: ignore[index]
        target.kwargs = None if named.__class__ is v.DictValue and not (named or named.more) else named
    elif target.op in LAZY:
        exhaust(Site(m, "implicit", offset, after), (target, *(state if state.__class__ is tuple else (state,))))


def _either_call(site: Site, target: v.Prepared, args: Sequence[Value], kwargs: Value) -> Value:
    """One of two callables: an attribute, or the default in its place."""
    first, other = (evaluate(site.inner(site.kind), each, args, kwargs=kwargs) for each in target.args)
    return v.Result(None, v.flows_of((first, other))[0])


def _methodcaller_call(site: Site, target: v.Prepared, args: Sequence[Value], kwargs: Value) -> Value:
    method = None
    if args and target.args:
        try:
            name = text_of(site, target.args[0])
            computed = disguised(target.args[:1])
            method = attribute(site, args[0], name, "methodcaller", target.flows, computed=computed)
        except ERRORS:
            method = None
    if method is None:
        return plain(site, target, args, kwargs)
    return evaluate(site.inner(site.kind), method, target.args[1:], kwargs=target.kwargs, computed=True)


def _getter_call(site: Site, target: v.Prepared, args: Sequence[Value], kwargs: Value) -> Value:
    """`attrgetter` and `itemgetter` objects."""
    result = plain(site, target, args, kwargs)
    try:
        found = [_got(site, target, key, args[0]) for key in target.args]
        if not found or any(item is None for item in found):
            return result
        return found[0] if len(found) == 1 else tuple(found)
    except ERRORS:
        return result


def _got(site: Site, target: v.Prepared, key: Value, obj: Value) -> Value | None:
    computed = disguised((key,))
    if target.op == "attrgetter":
        return attribute(site, obj, text_of(site, key), "attrgetter", target.flows, computed=computed)
    return _item(site, obj, thawed(site, key), target.flows, computed=computed)


def _through(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    """`operator.call(f, *args)`."""
    return evaluate(site.inner(), args[0], args[1:], computed=True)


def _dict_get(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    if isinstance(args[0], v.Import):
        found = _getitem(site, cls, args, flows)
        return found if len(args) == 2 else None  # with a default it may be either
    raw = thawed(site, args[0])
    key = thawed(site, args[1])
    if raw.__class__ is not dict:
        return None
    if key not in raw:
        return args[2] if len(args) > 2 else None
    return frozen(site, raw[key], flows)


PREPARED.update(
    {
        "partial": _bound_call,
        "bound": _bound_call,
        "either": _either_call,
        "methodcaller": _methodcaller_call,
        "attrgetter": _getter_call,
        "itemgetter": _getter_call,
    }
)
KEYWORDS.update({op: _with_keywords(op) for op in ("partial", "methodcaller")})
_KEPT = ("attrgetter", "itemgetter", "methodcaller", "partial", *LAZY)
MADE.update(_KEPT)
ALWAYS.add("resolve_in")  # the callable itself is an ordinary one
STRUCTURE.update(
    {
        "getattr": _getattr,
        "import": _import,
        "import_module": _import_module,
        "resolve": _resolve,
        "resolve_in": _resolve_in,
        "call": _through,
        "type_named": _type_named,
        "code": _code,
        "encode": _encode,
        "getitem": _getitem,
        "dict.__getitem__": _dict_get,
        "dict.get": _dict_get,
        **{op: _prepare(op) for op in _KEPT},
    }
)
