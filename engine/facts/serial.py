"""Facts as plain JSON and back; `schemas/facts.schema.json` describes the form.

`{"fact": "import", "artifact": …, …}`: sets are sorted lists, absent fields and header fields that have their
neutral value are left out, numbers that are not finite are absent too.
"""

from __future__ import annotations

from math import isfinite
from types import MappingProxyType

from modelaudit.engine.facts.base import Fact, Record
from modelaudit.engine.facts.kinds import KINDS, Arg, Kwarg, Place, Stats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Json = dict[str, Any]

_NEUTRAL: dict[str, object] = {"places": (), "n": 1, "unknown": frozenset(), "cut": frozenset(), "lossy": False}
_RECORDS: dict[str, type[Record]] = {"Place": Place, "Arg": Arg, "Kwarg": Kwarg, "Stats": Stats}
_STRINGS = {str}
_readers: dict[type[Record], dict[str, Callable[[Any], Any]]] = {}


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


def from_json(doc: Mapping[str, Any]) -> Fact:
    """The fact that a JSON object describes; `ValueError` says what makes it none."""
    word = doc.get("fact")
    kind = KINDS.get(word) if isinstance(word, str) else None
    if kind is None:
        raise ValueError(f"no such kind of fact: {word!r}")
    fact = _record(kind, {name: value for name, value in doc.items() if name != "fact"})
    assert isinstance(fact, Fact)  # noqa: S101 - KINDS holds nothing else
    return fact


def _record(kind: type[Record], doc: Any) -> Record:  # noqa: ANN401 - whatever JSON holds
    readers = _readers.get(kind)
    if readers is None:
        readers = _readers[kind] = {name: _reader(kind.__annotations__[name]) for name in kind.FIELDS}
    try:
        fields = {name: readers[name](value) for name, value in doc.items()}
    except (KeyError, AttributeError):
        raise ValueError(_no_record(kind, doc, readers)) from None
    except TypeError:
        raise ValueError(f"a field of {kind.__name__.lower()} has a value of the wrong type") from None
    return kind(**fields)


def _no_record(kind: type[Record], doc: object, known: Mapping[str, object]) -> str:
    """Why a JSON value is no record of this kind."""
    word = kind.__name__.lower()
    if not isinstance(doc, dict):
        return f"{word} is no object"
    return f"{word} has no field {min(doc.keys() - known.keys(), default='')!r}"


def _reader(annotation: str) -> Callable[[Any], Any]:
    """What turns the JSON form of a field with this type into its value; `TypeError` for any other value."""
    inner = annotation.removesuffix(" | None")
    if inner.startswith("frozenset["):
        return _texts
    if inner.startswith("tuple["):
        item = inner[len("tuple[") :].partition(",")[0]
        return _items(_RECORDS.get(item), _PLAIN.get(item, _text))
    if inner.startswith("Mapping["):
        return _mapping
    if inner in _RECORDS:
        return lambda item: _record(_RECORDS[inner], item)
    return _PLAIN[inner]


def _text(value: Any) -> str:  # noqa: ANN401
    if type(value) is not str:
        raise TypeError
    return value


def _whole(value: Any) -> int:  # noqa: ANN401
    if type(value) is not int:
        raise TypeError
    return value


def _truth(value: Any) -> bool:  # noqa: ANN401
    if type(value) is not bool:
        raise TypeError
    return value


def _number(value: Any) -> float:  # noqa: ANN401
    if type(value) not in (int, float) or not isfinite(value):
        raise TypeError
    return value  # type: ignore[no-any-return]


def _texts(items: Any) -> frozenset[str]:  # noqa: ANN401
    if type(items) is not list or {*map(type, items)} - _STRINGS:
        raise TypeError
    return frozenset(items)


def _items(record: type[Record] | None, plain: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    """What reads a list of records, or of plain values."""

    def read(items: Any) -> tuple[Any, ...]:  # noqa: ANN401
        if type(items) is not list:
            raise TypeError
        return tuple([_record(record, item) if record is not None else plain(item) for item in items])

    return read


def _mapping(items: Any) -> Mapping[str, str]:  # noqa: ANN401
    if type(items) is not dict or {*map(type, items.values())} - _STRINGS:
        raise TypeError
    return MappingProxyType(dict(items))


_PLAIN: dict[str, Callable[[Any], Any]] = {"str": _text, "int": _whole, "bool": _truth, "float": _number}
