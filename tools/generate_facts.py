"""Write `engine/facts/kinds.py` and `docs/reference/facts.md` from `schemas/facts.schema.json`.

`python tools/generate_facts.py` writes both; `--check` writes nothing and exits 1 when either differs.
The classes are written out in full instead of being made by a decorator, so that importing them costs no
code generation at start-up.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from generated import deliver

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "schemas" / "facts.schema.json"
CLASSES = ROOT / "engine" / "facts" / "kinds.py"
REFERENCE = ROOT / "docs" / "reference" / "facts.md"
RECORDS = ("place", "arg", "flow", "kwarg", "stats", "match")
SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}

Json = dict[str, Any]


def class_name(kind: str) -> str:
    """The class of a kind or record: `newobj_ex` becomes `NewobjEx`."""
    return "".join(part.capitalize() for part in kind.split("_"))


def python_type(prop: Json) -> str:
    """The Python type of a property; tuples and frozensets, so that records stay immutable."""
    if "$ref" in prop:
        return class_name(prop["$ref"].rsplit("/", 1)[1])
    if prop["type"] == "array":
        item = python_type(prop["items"])
        return f"frozenset[{item}]" if prop.get("uniqueItems") else f"tuple[{item}, ...]"
    if prop["type"] == "object":
        return "Mapping[str, str]"
    return SCALARS[prop["type"]]


def language_type(prop: Json) -> str:
    """The type as the rule language writes it."""
    if "$ref" in prop:
        return str(prop["$ref"].rsplit("/", 1)[1])
    if prop["type"] == "array":
        inner = language_type(prop["items"])
        return f"set<{inner}>" if prop.get("uniqueItems") else f"list<{inner}>"
    if prop["type"] == "object":
        return "map<str>"
    return SCALARS[prop["type"]] + (f" ({prop['x-text']})" if "x-text" in prop else "")


def default_of(prop: Json) -> str:
    """The neutral default of a required field, as Python source."""
    value = prop["default"]
    if prop["type"] == "array":
        return "frozenset()" if prop.get("uniqueItems") else "()"
    if prop["type"] == "object":
        return "EMPTY_MAP"
    return repr(value)


HEADER = {
    "artifact": ("str", '""'),
    "places": ("tuple[Place, ...]", "()"),
    "n": ("int", "1"),
    "unknown": ("frozenset[str]", "frozenset()"),
    "cut": ("frozenset[str]", "frozenset()"),
    "lossy": ("bool", "False"),
}


def tuple_of(names: list[str]) -> str:
    """A tuple of strings, as Python source."""
    return f"({', '.join(map(repr, names))},)"


def fact_constants(kind: str, definition: Json, names: list[str]) -> list[str]:
    """The class constants of a fact class."""
    properties: Json = definition["properties"]
    context = sorted(name for name, prop in properties.items() if prop.get("x-origin") == "context")
    unfolded = {*definition.get("x-unfolded", ()), "places", "n"}
    mapped = any(prop.get("type") == "object" for prop in properties.values())
    return [
        f"    KIND = {kind!r}",
        f"    COLLECTION = {definition['x-collection']!r}",
        f"    SUBJECT = {definition['x-subject']!r}",
        f"    IDENTITY = {tuple_of(definition['x-identity'])}",
        f"    CONTEXT = frozenset({context!r})",
        f"    FIELDS = {tuple_of(names)}",
        f"    KEY = {tuple_of([name for name in names if name not in unfolded])}",
        *(["    MAPPED = True"] if mapped else []),
    ]


def parameters(definition: Json, head: list[str], own: list[str]) -> list[str]:
    """The parameters of the constructor: the artifact first, everything else by keyword."""
    properties: Json = definition["properties"]
    required = set(definition.get("required", ()))
    lines = []
    for name in own:
        kind = python_type(properties[name])
        if name in required:
            default = default_of({"default": "", **properties[name]})
            lines.append(f"        {name}: {kind} = {default},")
        else:
            lines.append(f"        {name}: {kind} | None = None,")
    shared = [f"        {name}: {HEADER[name][0]} = {HEADER[name][1]}," for name in head]
    if head[:1] == ["artifact"]:
        return [shared[0], "        *,", *lines, *shared[1:]]
    return ["        *,", *lines, *shared]


def write_class(kind: str, definition: Json, header: list[str]) -> list[str]:
    """The source lines of one class: a fact when there is a header, else a record."""
    properties: Json = definition["properties"]
    required = set(definition.get("required", ()))
    head = [name for name in header if name in properties]
    own = [name for name in properties if name not in header and name != "fact"]
    names = [*head, *own]
    constants = fact_constants(kind, definition, names) if header else [f"    FIELDS = {tuple_of(names)}"]
    types = {name: HEADER[name][0] for name in head}
    types |= {n: python_type(properties[n]) + ("" if n in required else " | None") for n in own}
    return [
        f"class {class_name(kind)}({'Fact' if header else 'Record'}):",
        f'    """{definition["description"]}"""',
        "",
        f"    __slots__ = {tuple_of(names)}",
        *constants,
        "",
        "    def __init__(",
        "        self,",
        *parameters(definition, head, own),
        "    ) -> None:",
        f"        become(self, {class_name(kind)}.DRAFT)",
        *(f"        self.{name} = {name}" for name in names),
        f"        become(self, {class_name(kind)})",
        "",
        *(f"    {name}: {kind_of}" for name, kind_of in types.items()),
        "",
        "",
    ]


def classes(schema: Json) -> str:
    """The text of `engine/facts/kinds.py`."""
    header: list[str] = schema["x-header"]
    lines = [
        '"""The fact classes. Generated by `tools/generate_facts.py` from `schemas/facts.schema.json`."""',
        "",
        "# ruff: noqa: PLR0913, E501",
        "from __future__ import annotations",
        "",
        "from types import MappingProxyType",
        "",
        "from modelaudit.engine.facts.base import Fact, Record, become",
        "",
        "TYPE_CHECKING = False",
        "if TYPE_CHECKING:",
        "    from collections.abc import Mapping",
        "",
        "EMPTY_MAP: Mapping[str, str] = MappingProxyType({})",
        "",
        "",
    ]
    kinds = [ref["$ref"].rsplit("/", 1)[1] for ref in schema["oneOf"]]
    for record in RECORDS:
        lines += write_class(record, schema["$defs"][record], [])
    for kind in kinds:
        lines += write_class(kind, schema["$defs"][kind], header)
    names = ", ".join(class_name(kind) for kind in kinds)
    lines += [f"KINDS: dict[str, type[Fact]] = {{c.KIND: c for c in ({names})}}"]
    return "\n".join(lines) + "\n"


INTRODUCTION = """\
# Facts

<!-- generated from schemas/facts.schema.json by tools/generate_facts.py -->

What parsers emit and rules read. A field marked *context* is made anew at each scan; every other one is
content and can be stored. `?` marks a field that may be absent: a rule tests it with `has` first.

Every fact also has `places` (up to five: offset, pointer, node, layer), `n` (how often it was seen),
`unknown` (fields that were not computed), `cut` (text fields that were cut) and `lossy`.
"""


def reference_row(field: str, prop: Json, required: bool) -> str:
    """One row of a kind's table."""
    notes = [prop.get("description", "")]
    if prop.get("x-origin") == "context":
        notes.append("*context*")
    values = prop.get("enum") or prop.get("items", {}).get("enum")
    if values:
        notes.append("One of " + ", ".join(f"`{value}`" for value in values) + ".")
    kind = language_type(prop).replace("<", "&lt;").replace(">", "&gt;")
    return f"| `{field}{'' if required else '?'}` | {kind} | {' '.join(notes)} |"


def reference(schema: Json) -> str:
    """The text of `docs/reference/facts.md`."""
    out = [INTRODUCTION]
    kinds = [ref["$ref"].rsplit("/", 1)[1] for ref in schema["oneOf"]]
    for name in [*kinds, *RECORDS]:
        definition = schema["$defs"][name]
        required = set(definition.get("required", ()))
        out += [f"## {name}", "", definition["description"], ""]
        if "x-collection" in definition:
            identity = ", ".join(f"`{field}`" for field in definition["x-identity"])
            subject = definition["x-subject"]
            out += [
                f"Collection `{definition['x-collection']}`; subject `{subject}`; identity {identity}.",
                "",
            ]
        out += ["| field | type | meaning |", "|---|---|---|"]
        for field, prop in definition["properties"].items():
            if field != "fact" and field not in schema["x-header"]:
                out.append(reference_row(field, prop, field in required))
        out.append("")
    return "\n".join(out)


def main() -> int:
    """Write or check both files; 1 when a check finds a difference."""
    schema: Json = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return deliver("generate_facts", {CLASSES: classes(schema), REFERENCE: reference(schema)})


if __name__ == "__main__":
    sys.exit(main())
