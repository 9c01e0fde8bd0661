"""Types of the expression language, read from the schema of facts."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass

from modelaudit.engine.resources import data_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = Any

SCALARS = frozenset(("bool", "int", "float", "str", "bytes"))
_JSON_SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


@dataclass(frozen=True, slots=True)
class Type:
    """A type.

    `name` is bool, int, float, str, bytes, set, list, map, record, fact, collection, tree or strings (a list of
    the pack or a set of strings, as parameter of a function). `item` is what a set, list or map holds; `of` is
    the kind of a fact or collection, or the name of a record; `text` is dotted, path, uri or plain.
    """

    name: str
    item: Type | None = None
    of: str = ""
    text: str = "plain"
    enum: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.name in ("set", "list", "map"):
            return f"{self.name}<{self.item}>"
        if self.name in ("record", "fact"):
            return self.of
        return f"collection<{self.of}>" if self.name == "collection" else self.name

    @property
    def scalar(self) -> bool:
        """Whether values are single: numbers, texts, truth values."""
        return self.name in SCALARS

    @property
    def structured(self) -> bool:
        """Whether values have fields."""
        return self.name in ("record", "fact")

    @property
    def many(self) -> bool:
        """Whether a quantifier can range over it."""
        return self.name in ("set", "list", "collection")

    def as_json(self) -> Json:
        """The type as compiled programs hold it."""
        return [self.name, self.text, self.of]

    @classmethod
    def from_json(cls, doc: Json) -> Type:
        """The type that `as_json` wrote."""
        return cls(doc[0], text=doc[1], of=doc[2])


BOOL, INT, FLOAT, STR, BYTES = (Type(name) for name in ("bool", "int", "float", "str", "bytes"))
STRINGS = Type("strings")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a fact or record."""

    type: Type
    optional: bool = False
    requires: str = ""  # what must be asked for to have it computed, such as `tensor.stats`
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Schema:
    """Every fact kind and record with its fields, and the collections."""

    fields: dict[str, dict[str, Field]]
    collections: dict[str, str]  # name of a collection → kind
    kinds: tuple[str, ...]


@functools.lru_cache(maxsize=1)
def schema() -> Schema:
    """The schema of facts that the product ships."""
    with open(data_path("schemas", "facts.schema.json"), encoding="utf-8") as stream:
        return read_schema(json.load(stream))


def read_schema(doc: Json) -> Schema:
    """The types in a schema of facts."""
    header = frozenset(doc["x-header"])
    fields: dict[str, dict[str, Field]] = {}
    collections: dict[str, str] = {}
    for name, definition in doc["$defs"].items():
        is_fact = "x-collection" in definition
        fields[name] = _fields(definition, header if is_fact else frozenset(), is_fact and name != "artifact")
        if is_fact:
            collections[definition["x-collection"]] = name
    return Schema(fields, collections, tuple(collections.values()))


def _fields(definition: Json, header: frozenset[str], located: bool) -> dict[str, Field]:
    required = {*definition.get("required", ()), *header}
    found = {
        name: Field(_type(prop), name not in required, prop.get("x-requires", ""), prop.get("description", ""))
        for name, prop in definition["properties"].items()
        if name != "fact"
    }
    if located:
        found["artifact"] = Field(Type("fact", of="artifact"), doc="The artifact that the fact was seen in.")
    return found


def _type(prop: Json) -> Type:
    if "$ref" in prop:
        return Type("record", of=prop["$ref"].rsplit("/", 1)[1])
    if prop["type"] == "array":
        return Type("set" if prop.get("uniqueItems") else "list", _type(prop["items"]))
    if prop["type"] == "object":
        return Type("map", _type(prop["additionalProperties"]))
    return Type(_JSON_SCALARS[prop["type"]], text=prop.get("x-text", "plain"), enum=tuple(prop.get("enum", ())))


def parse_type(word: str) -> Type | None:
    """The type that a macro's parameter declares: a scalar, a text kind, set<…>, list<…>, strings or a kind."""
    word = word.strip()
    if word in SCALARS or word == "strings":
        return Type(word)
    if word in ("dotted", "path", "uri"):
        return Type("str", text=word)
    if word.startswith(("set<", "list<")) and word.endswith(">"):
        name, _, inner = word[:-1].partition("<")
        item = parse_type(inner)
        return Type(name, item) if item is not None else None
    if word in schema().fields:
        return Type("fact" if word in schema().kinds else "record", of=word)
    return None


def accepts(wanted: Type, given: Type) -> bool:
    """Whether a value of one type can stand where another is wanted; never by conversion."""
    if wanted.name == "strings":
        return given.name == "strings" or (given.name in ("set", "list") and accepts(STR, given.item or STR))
    if wanted.name != given.name or wanted.of != given.of:
        return False
    if wanted.item is None or given.item is None:
        return True
    return accepts(wanted.item, given.item)
