"""State that is set on something: what is told of it, and what later opcodes make of it.

Opcodes set state, and so do calls: of `setattr`, of methods that change a container, of `operator.setitem`. The
facts are the same, so that nothing depends on the way.
"""

from __future__ import annotations

from modelaudit.parsers.pickle import folding, pure
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.evaluation import ALWAYS, KEYWORDS, STRUCTURE, Site, changed, known_result, thawed
from modelaudit.parsers.pickle.pure import ERRORS

PLANTED_MAX = 256  # attributes of one object that may be called later
HELD_MAX = 8  # objects that wrap one another
UNTOLD = v.OBJECTS - {v.Folded}  # values that may be any text
BY_CALL = "call"  # how state is set that no opcode sets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.parsers.pickle.state import State

    Value = object
    Pairs = Sequence[tuple[Value, Value]]


def tell(m: State, via: str, target: Value, pairs: Pairs, offset: int, *, known: bool = True) -> None:
    """Emit what is set, and remember values that a later opcode may call."""
    m.set(via, target, pairs, offset, known=known)
    live = [(key, value) for key, value in pairs if value.__class__ not in v.PLAIN]
    if live and target.__class__ in v.OBJECTS:
        m.mark_stored([value for _, value in live])
        if via in ("BUILD", BY_CALL):
            _plant(target, live)
    if target.__class__ is v.Import:
        _follow_registry(m, target, pairs)
    elif live and isinstance(target, v.Made) and target.cls is not None and via in ("BUILD", BY_CALL):
        _hold(target, live)


def _hold(target: v.Made, pairs: Pairs) -> None:
    """Note what has the items of an object whose class wraps something."""
    attribute = folding.holder(target.cls.names) if target.cls is not None else None
    if attribute is None:
        return
    name, first, _ = attribute.partition("[")
    for key, value in pairs:
        if _plain(key) == name:
            items = isinstance(value, (tuple, v.ListValue))
            target.held = value if not first else value[0] if items and value else None  # type: ignore[index]


def holders(target: Value) -> list[Value]:
    """What an object wraps, and what that wraps in its turn."""
    found: list[Value] = []
    while isinstance(target, v.Made) and target.held is not None and len(found) < HELD_MAX:
        target = target.held
        found.append(target)
    return found


def _plain(value: Value) -> Value:
    return value.value if value.__class__ is v.Folded else value


def _plant(target: Value, pairs: Pairs) -> None:
    planted: dict[str, Value] = target.planted or {}  # type: ignore[attr-defined]
    for name, value in pairs:
        key = _plain(name)
        if (
            value.__class__ in v.OBJECTS
            and len(planted) < PLANTED_MAX
            and (isinstance(key, str) or key.__class__ in v.OBJECTS)
        ):
            planted[key if isinstance(key, str) else "?"] = value
    target.planted = planted  # type: ignore[attr-defined]


def plant_unknown(target: Value, state: Value) -> None:
    """Note that an object may have got any method, with state that is not known."""
    if isinstance(target, v.Made) and not (target.planted or {}).get("?"):
        target.planted = {**(target.planted or {}), "?": v.Unknown("state", state.flows)}  # type: ignore[attr-defined]


def planted(target: Value, *names: str) -> list[Value]:
    """Callables that the stream itself has put where a method of one of the names is looked up."""
    places = [target, target.cls] if isinstance(target, v.Made) else [target]
    found: dict[int, Value] = {}
    for place in places:
        own = getattr(place, "planted", None)
        for name in (*names, "?"):
            if own and name in own:
                found[id(own[name])] = own[name]
    return list(found.values())


def pairs_of(part: Value) -> list[tuple[Value, Value]]:
    """Keys and values of a dictionary, none of anything else."""
    return list(zip(part[0::2], part[1::2], strict=False)) if part.__class__ is v.DictValue else []


# attributes that a class hands to a callable when it is restored


def remember(m: State, made: v.Made, parts: Sequence[Value]) -> None:
    """Note an object that is made of a class which does more with its state than to keep it."""
    for part in parts:
        if part.__class__ is v.Import and part.restores and m.restoring is not None:
            m.restoring[id(made)] = made, part.restores


def handed(m: State, restores: dict[str, str], state: Value) -> list[tuple[Value, Value]]:
    """What restoring an object calls, and the attribute of the state that it hands over."""
    found: list[tuple[Value, Value]] = []
    for name, callee in restores.items():
        for value in _values(state, name):
            if callee:
                module, _, last = callee.rpartition(".")
                found.append((m.named(module, last), value))
            elif value.__class__ in (v.Import, v.Prepared, v.Result):
                found.append((value, v.Unknown("state")))
    return found


def _values(state: Value, name: str) -> list[Value]:
    """What a key may be set to by `dict.update` with a state: a mapping, or pairs one after another."""
    if state.__class__ is v.DictValue:
        return _under(pairs_of(state), name, more=state.more)
    if not isinstance(state, (tuple, v.ListValue, v.TupleValue)):
        return [v.Unknown("state")] if state.__class__ in v.OBJECTS else []
    pairs: list[tuple[Value, Value]] = []
    for item in state:
        parts: Sequence[Value] = ()
        if isinstance(item, (tuple, v.Container)):
            parts = item[0::2] if item.__class__ is v.DictValue else item  # its keys are what is gone through
        elif item.__class__ in v.OBJECTS:
            parts = (item, item)
        if len(parts) != 2:
            break  # there the update fails
        pairs.append((parts[0], parts[1]))
    return _under(pairs, name, more=getattr(state, "more", False))


def _under(pairs: Pairs, name: str, *, more: bool) -> list[Value]:
    """Values of the pairs whose key has the name, or may have it."""
    found = [value for key, value in pairs if _plain(key) == name or key.__class__ in UNTOLD]
    return [*found, v.Unknown("state")] if more else found


# the registry of extension codes


def _follow_registry(m: State, target: v.Import, pairs: Pairs) -> None:
    inverted = "copyreg._inverted_registry" in target.names
    if not inverted and "copyreg._extension_cache" not in target.names:
        return
    for code, value in pairs:
        known = value.__class__ is tuple and len(value) == 2 if inverted else value.__class__ in v.OBJECTS
        if known:
            _extend(m, code, value)


def _extend(m: State, code: Value, value: Value) -> None:
    number = _plain(code)
    if isinstance(number, int) and len(m.extensions) < PLANTED_MAX:
        m.extensions[number] = value


# calls that set state


def _told(site: Site, target: Value, pairs: Pairs, *, known: bool = True) -> None:
    """Tell of state that a call sets on something; of a container it is only no longer known what is in it."""
    changed(site.m, target)
    for inner in holders(target):
        if inner.__class__ in v.OBJECTS and inner.__class__ is not v.Folded:
            tell(site.m, BY_CALL, inner, pairs, site.offset, known=known)
        else:
            changed(site.m, inner)
    if target.__class__ in v.OBJECTS and target.__class__ is not v.Folded:
        tell(site.m, BY_CALL, target, pairs, site.offset, known=known)


def _assign(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> None:
    """One attribute or item, by its name: also one that is taken away."""
    value = args[2] if len(args) > 2 else None
    _told(site, args[0], [(args[1], value)])


def _update(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> None:
    """The items of another dictionary."""
    given = args[1]
    _told(site, args[0], pairs_of(given), known=given.__class__ is v.DictValue and not given.more)


def _fill(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> None:
    """Items without names: only callables among them are told."""
    items = [item for arg in args[1:] for item in (arg if isinstance(arg, v.ListValue) else (arg,))]
    _told(site, args[0], [(v.Unknown("item"), item) for item in items])


def _iadd(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    try:
        value = pure.apply("add", (thawed(site, args[0]), thawed(site, args[1])))
    except ERRORS:
        value = None
    _fill(site, cls, args, flows)
    return None if value is None else known_result(site, cls, value, flows)


def _register(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> None:
    """`copyreg.add_extension`, so that a later EXT opcode resolves."""
    _extend(site.m, args[2], (args[0], args[1]))


# constructors that set attributes


def _attributes(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str], kwargs: Value = None) -> Value:
    """An object whose attributes a mapping or keywords are."""
    made = v.Result(cls, flows)
    _endow(site.m, made, (*args, kwargs))
    return made


def _attributes_of(
    site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str], kwargs: Value = None
) -> None:
    """The same for an object that there is already."""
    _endow(site.m, args[0], (*args[1:], kwargs))


def _replaced(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str], kwargs: Value = None) -> Value:
    """A copy of an object with other attributes."""
    first = args[0]
    made = v.Result(first.cls if isinstance(first, v.Made) else None, flows)
    made.planted = dict(getattr(first, "planted", None) or {})
    _endow(site.m, made, (kwargs,))
    return made


def _endow(m: State, made: Value, parts: Sequence[Value]) -> None:
    for part in parts:
        raw = _plain(part)
        if raw is None or not isinstance(made, (v.Made, v.Unknown, v.Import)):
            continue
        if raw.__class__ in v.OBJECTS or getattr(raw, "more", False):
            plant_unknown(made, v.Unknown("state", v.flows_of((raw,))[0]))
        pairs = _entries(raw)
        m.mark_stored([value for _, value in pairs])
        _plant(made, pairs)


def _entries(raw: Value) -> list[tuple[Value, Value]]:
    """Keys and values of a dictionary, or of a list of pairs."""
    if isinstance(raw, dict):
        return list(raw.items())
    if isinstance(raw, (tuple, v.ListValue, list)) and raw.__class__ is not v.DictValue:
        return [(pair[0], pair[1]) for pair in raw if isinstance(pair, (tuple, list)) and len(pair) == 2]
    return pairs_of(raw)


def _wrapped(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value:
    """An object that has the items of what it is made of."""
    made = v.Result(cls, flows)
    made.held = args[0]
    return made


MAKING = {"attributes": _attributes, "attributes_of": _attributes_of, "replaced": _replaced}
KEYWORDS.update(MAKING)
STRUCTURE.update({**MAKING, "wrapped": _wrapped})
ALWAYS.update({*MAKING, "wrapped"})
SETTING = {"assign": _assign, "update": _update, "fill": _fill, "iadd": _iadd, "register": _register}
STRUCTURE.update(SETTING)
ALWAYS.update(SETTING)
