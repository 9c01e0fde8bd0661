"""Facts as plain JSON and back; `schemas/facts.schema.json` describes the form.

`{"fact": "import", "artifact": …, …}`: sets are sorted lists, absent fields and header fields that have their
neutral value are left out, numbers that are not finite are absent too.
"""

from __future__ import annotations

from math import isfinite
from types import MappingProxyType

from modelaudit.engine.facts.base import Fact, Record
from modelaudit.engine.facts.kinds import KINDS, Arg, Flow, Kwarg, Place, Stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Json = dict[str, Any]
    _Field = tuple[type | None, Callable[[Any], Any] | None]

_NEUTRAL: dict[str, object] = {"places": (), "n": 1, "unknown": frozenset(), "cut": frozenset(), "lossy": False}
_RECORDS: dict[str, type[Record]] = {"Place": Place, "Arg": Arg, "Flow": Flow, "Kwarg": Kwarg, "Stats": Stats}
_STRINGS = {str}
KEPT = 4096  # records that are kept to be used again
_PLAIN: dict[str, type] = {"str": str, "int": int, "bool": bool}
_fields: dict[type[Record], dict[str, _Field]] = {}


def to_json(fact: Fact) -> Json:
    """The fact as a JSON object."""
    out: Json = {"fact": fact.KIND}
    for name in fact.FIELDS:
        value = getattr(fact, name)
        if name in _NEUTRAL and value == _NEUTRAL[name]:
            continue
        plain = _plain(value)
        if plain is not None:
            out[name] = plain
    return out


def column_value(name: str, value: object) -> object:
    """A field's value as it stands in a column; None for a neutral one and where there is nothing to say."""
    return None if name in _NEUTRAL and value == _NEUTRAL[name] else _plain(value)


def _plain(value: object) -> object:
    """The JSON form of a field's value; None when there is nothing to say."""
    if isinstance(value, Record):
        fields = {name: _plain(getattr(value, name)) for name in value.FIELDS}
        return {name: plain for name, plain in fields.items() if plain is not None}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, (dict, MappingProxyType)):
        return dict(value)
    if isinstance(value, float) and not isfinite(value):
        return None
    return value


def from_json(doc: dict[str, Any]) -> Fact:
    """The fact that a JSON object describes; `ValueError` says what makes it none. The object is used up."""
    word = doc.pop("fact", None)
    kind = KINDS.get(word) if isinstance(word, str) else None
    if kind is None:
        raise ValueError(f"no such kind of fact: {word!r}")
    fact = _record(kind, doc)
    assert isinstance(fact, Fact)  # noqa: S101 - KINDS holds nothing else
    return fact


def _record(kind: type[Record], doc: Any) -> Record:  # noqa: ANN401 - whatever JSON holds
    fields = _fields_of(kind)
    try:
        for name, value in doc.items():
            expected, read = fields[name]
            if expected is not None and type(value) is not expected:
                raise TypeError
            if read is not None:
                doc[name] = read(value)
    except (KeyError, AttributeError):
        raise ValueError(_no_record(kind, doc, fields)) from None
    except TypeError:
        raise ValueError(f"{kind.__name__.lower()}.{name} has the wrong type") from None
    return kind(**doc)


def _fields_of(kind: type[Record]) -> dict[str, _Field]:
    fields = _fields.get(kind)
    if fields is None:
        fields = _fields[kind] = {name: _field(kind.__annotations__[name]) for name in kind.FIELDS}
    return fields


def column_reader(kind: type[Record], name: str) -> Callable[[list[Any], object], Sequence[Any]]:
    """What turns the cells of a column into values, absent ones into the neutral one given with them.

    It raises `TypeError` for a cell that has the wrong type.
    """
    expected, read = _fields_of(kind)[name]
    allowed = {expected, type(None)}

    def column(cells: list[Any], neutral: object) -> Sequence[Any]:
        if expected is not None and {*map(type, cells)} - allowed:
            raise TypeError
        if read is not None:
            return [neutral if cell is None else read(cell) for cell in cells]
        return cells if neutral is None else [neutral if cell is None else cell for cell in cells]

    return column


def _no_record(kind: type[Record], doc: object, known: Mapping[str, object]) -> str:
    """Why a JSON value is no record of this kind."""
    word = kind.__name__.lower()
    if not isinstance(doc, dict):
        return f"{word} is no object"
    return f"{word} has no field {min(doc.keys() - known.keys(), default='')!r}"


def _field(annotation: str) -> _Field:
    """The JSON type of a field with this type, and what turns it into the field's value.

    None for a type that is looked at by what reads it, and for a value that stays as it is. A reader raises
    `TypeError` for what it cannot read.
    """
    inner = annotation.removesuffix(" | None")
    if inner.startswith("frozenset["):
        return list, _texts
    if inner.startswith("tuple["):
        item = inner[len("tuple[") :].partition(",")[0]
        return list, _list_of(item)
    if inner.startswith("Mapping["):
        return dict, _mapping
    if inner in _RECORDS:
        return dict, lambda item: _record(_RECORDS[inner], item)
    return (None, _number) if inner == "float" else (_PLAIN[inner], None)


def _number(value: Any) -> float:  # noqa: ANN401
    if type(value) not in (int, float) or not isfinite(value):
        raise TypeError
    return value  # type: ignore[no-any-return]


def _texts(items: list[Any]) -> frozenset[str]:
    if {*map(type, items)} - _STRINGS:
        raise TypeError
    return frozenset(items)


def _list_of(item: str) -> Callable[[list[Any]], tuple[Any, ...]]:
    """What reads a list of records, or of plain values."""
    record = _RECORDS.get(item)
    if record is Place:
        return _places
    if record is not None:
        return _kept_records(record)
    only = {_PLAIN[item]}

    def read(items: list[Any]) -> tuple[Any, ...]:
        if {*map(type, items)} - only:
            raise TypeError
        return tuple(items)

    return read


def _kept_records(kind: type[Record]) -> Callable[[list[Any]], tuple[Any, ...]]:
    """What reads records all of whose fields are texts; equal ones are made once."""
    known: dict[tuple[object, ...], Record] = {}
    names = kind.FIELDS

    def one(item: Any) -> Record:  # noqa: ANN401
        key = tuple([item.get(name) for name in names])
        found = known.get(key) if len(item) == len(key) - key.count(None) else None
        if found is None:
            found = _record(kind, item)
            if len(known) >= KEPT:
                known.clear()
            known[key] = found
        return found

    def read(items: list[Any]) -> tuple[Any, ...]:
        try:
            return tuple([one(item) for item in items])
        except AttributeError:
            raise ValueError(_no_record(kind, None, {})) from None

    return read


def _places(items: list[Any]) -> tuple[Record, ...]:
    """Places, of which most facts have several and nearly all are an offset alone."""
    found = []
    for item in items:
        offset = item.get("offset")
        plain = len(item) == 1 and type(offset) is int
        found.append(Place(offset=offset) if plain else _record(Place, item))
    return tuple(found)


def _mapping(items: dict[str, Any]) -> Mapping[str, str]:
    if {*map(type, items.values())} - _STRINGS:
        raise TypeError
    return MappingProxyType(items)
