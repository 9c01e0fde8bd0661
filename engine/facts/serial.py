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
    kind = KINDS.get(doc.get("fact", ""))
    if kind is None:
        raise ValueError(f"no such kind of fact: {doc.get('fact')!r}")
    fact = _record(kind, {name: value for name, value in doc.items() if name != "fact"})
    assert isinstance(fact, Fact)  # noqa: S101 - KINDS holds nothing else
    return fact


def _record(kind: type[Record], doc: Mapping[str, Any]) -> Record:
    readers = _readers.get(kind)
    if readers is None:
        readers = _readers[kind] = {name: _reader(kind.__annotations__[name]) for name in kind.FIELDS}
    unknown = sorted(doc.keys() - readers.keys())
    if unknown:
        raise ValueError(f"{kind.__name__.lower()} has no field {unknown[0]!r}")
    return kind(**{name: readers[name](value) for name, value in doc.items()})


def _reader(annotation: str) -> Callable[[Any], Any]:
    """What turns the JSON form of a field with this type into its value."""
    inner = annotation.removesuffix(" | None")
    if inner.startswith("frozenset["):
        return frozenset
    if inner.startswith("tuple["):
        record = _RECORDS.get(inner[len("tuple[") :].partition(",")[0])
        if record is None:
            return tuple
        return lambda items: tuple(_record(record, item) for item in items)
    if inner.startswith("Mapping["):
        return lambda items: MappingProxyType(dict(items))
    if inner in _RECORDS:
        return lambda item: _record(_RECORDS[inner], item)
    return _same


def _same(value: object) -> object:
    return value
