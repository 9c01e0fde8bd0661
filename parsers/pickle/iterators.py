"""Iterators that a stream makes: the calls that going through them leads to, and their items where they are known."""

from __future__ import annotations

from modelaudit.parsers.pickle import pure
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.evaluation import (
    LAZY,
    STRUCTURE,
    Site,
    evaluate,
    frozen,
    items_of,
    known_result,
    thawed,
)
from modelaudit.parsers.pickle.pure import ERRORS, Unfoldable

ITEMS_MAX = 1024  # items of an iterator that are gone through
COLUMNS_MAX = 16  # iterables of one iterator
SHOWN_MAX = 64  # calls of one iterator that are told one by one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from modelaudit.parsers.pickle.state import State

    Value = object
    Raw = Any


def _sequence(site: Site, value: Value) -> list[Raw] | None:
    """The items of an iterable; None when they are not known."""
    try:
        raw = thawed(site, value)
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
        found.append(evaluate(site, function, [frozen(site, item, flows) for item in row], computed=True))
    if rows is None:
        _unknown_call(site, function, flows)
        raise Unfoldable
    return [thawed(site, item) for item in found]


def _unknown_call(site: Site, function: Value, flows: frozenset[str]) -> None:
    """Tell of calls of a function with arguments that are not known."""
    evaluate(site.inner(site.kind, known=False), function, (v.Unknown("iterator", flows),), computed=True)


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
        if items is not None and it.qualname.endswith("accumulate"):
            _running(site, it.args[1], items, it.flows)
        else:
            _each(site, it.args[1], None if items is None else [(item,) for item in items], it.flows)
    raise Unfoldable


def _running(site: Site, function: Value, items: Sequence[Raw], flows: frozenset[str]) -> None:
    """Tell of the calls of a function with what came of the one before and the next item."""
    values = [frozen(site, item, flows) for item in items]
    value = values.pop(0) if values else None
    for count, item in enumerate(values):
        if site.m.folds <= 0 or count >= SHOWN_MAX:
            _unknown_call(site, function, flows)
            return
        value = evaluate(site, function, (value, item), computed=True)


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
    raw = thawed(site, it.args[0])
    if not isinstance(raw, (str, bytes, list, tuple)) or len(raw) > ITEMS_MAX:
        raise Unfoldable
    return list(reversed(raw))


def spread(m: State, value: v.Prepared, offset: int, after: int) -> tuple[Sequence[Value], bool]:
    """An iterator in place of a tuple of arguments, which the Python reader goes through."""
    site = Site(m, "implicit", offset, after)
    if value.op in LAZY:
        try:
            return [frozen(site, item, value.flows) for item in items_of(site, value)], True
        except ERRORS:
            pass
    return (value,), False


def _collected(kind: Callable[[list[Raw]], Raw]) -> Callable[..., Value | None]:
    def operation(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
        items = _sequence(site, args[0]) if args else []
        return None if items is None else known_result(site, cls, kind(items), flows)

    return operation


def _set(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    """A set: of several items the order is not known."""
    items = _sequence(site, args[0]) if args else []
    return known_result(site, cls, items, flows) if items is not None and len(items) < 2 else None


def _next(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    iterator = args[0]
    if not isinstance(iterator, v.Prepared) or iterator.op not in LAZY:
        return None
    first, *iterator.done = items_of(site, iterator)
    return frozen(site, first, flows)


def _reduce(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    items = _sequence(site, args[1])
    if items is None:
        _unknown_call(site.inner(), args[0], flows)
        return None
    rest = [frozen(site, item, flows) for item in items]
    rest[0:0] = args[2:3]
    value = rest.pop(0) if rest else None
    for item in rest:
        if site.m.folds <= 0:
            _unknown_call(site.inner(), args[0], flows)
            return None
        value = evaluate(site.inner(), args[0], (value, item), computed=True)
    return value


LAZY.update(
    {
        "map": _map_items,
        "starmap": _starmap_items,
        "filter": _filter_items,
        "accumulate": _accumulate_items,
        "iter": _iter_items,
        "zip": _zip_items,
        "chain": _chain_items,
        "reversed": _reversed_items,
    }
)
STRUCTURE.update(
    {
        "reduce": _reduce,
        "next": _next,
        "list": _collected(list),
        "tuple": _collected(tuple),
        "set": _set,
    }
)
