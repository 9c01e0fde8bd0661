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

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "schemas" / "facts.schema.json"
CLASSES = ROOT / "engine" / "facts" / "kinds.py"
REFERENCE = ROOT / "docs" / "reference" / "facts.md"
RECORDS = ("place", "arg", "kwarg", "stats")
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


def header_lines(properties: Json, names: list[str]) -> tuple[list[str], list[str]]:
    """Parameters and assignments of the fields that every fact has."""
    types = {
        "artifact": ("str", '""'),
        "places": ("tuple[Place, ...]", "()"),
        "n": ("int", "1"),
        "unknown": ("frozenset[str]", "frozenset()"),
        "cut": ("frozenset[str]", "frozenset()"),
        "lossy": ("bool", "False"),
    }
    present = [name for name in names if name in properties]
    return [f"{name}: {types[name][0]} = {types[name][1]}," for name in present], present


def write_class(kind: str, definition: Json, header: list[str], base: str) -> list[str]:
    """The source lines of one class."""
    properties: Json = definition["properties"]
    required = set(definition.get("required", ()))
    own = [name for name in properties if name not in header and name != "fact"]
    parameters, head = header_lines(properties, header) if base == "Fact" else ([], [])
    lines = [f"class {class_name(kind)}({base}):", f'    """{definition["description"]}"""', ""]
    lines.append(f"    __slots__ = ({', '.join(repr(name) for name in [*head, *own])},)")
    if base == "Fact":
        unfolded = {*definition.get("x-unfolded", ()), "places", "n"}
        folded = [name for name in [*head, *own] if name not in unfolded]
        lines += [
            f"    KIND = {kind!r}",
            f"    COLLECTION = {definition['x-collection']!r}",
            f"    SUBJECT = {definition['x-subject']!r}",
            f"    IDENTITY = ({', '.join(map(repr, definition['x-identity']))},)",
            f"    CONTEXT = frozenset({sorted(n for n, p in properties.items() if p.get('x-origin') == 'context')!r})",
            f"    FIELDS = ({', '.join(map(repr, [*head, *own]))},)",
            f"    KEY = ({', '.join(map(repr, folded))},)",
        ]
    else:
        lines.append(f"    FIELDS = ({', '.join(map(repr, own))},)")
    lines += ["", "    def __init__(", "        self,"]
    if base == "Fact":
        lines += [f"        {p}" for p in parameters[:1] if p.startswith("artifact")]
        rest = [p for p in parameters if not p.startswith("artifact")]
        lines.append("        *,")
    else:
        rest = []
        lines.append("        *,") if kind != "place" else None
    assigns = [*head, *own]
    for name in own:
        kind_of = python_type(properties[name])
        if name in required:
            lines.append(f"        {name}: {kind_of} = {default_of({'default': 'unknown', **properties[name]})},")
        else:
            lines.append(f"        {name}: {kind_of} | None = None,")
    lines += [f"        {p}" for p in rest]
    lines += ["    ) -> None:", "        put = object.__setattr__"]
    lines += [f'        put(self, "{name}", {name})' for name in assigns]
    lines.append("")
    if base != "Fact":
        lines += [f"    {n}: {python_type(properties[n])}{'' if n in required else ' | None'}" for n in own]
    else:
        types = {"artifact": "str", "places": "tuple[Place, ...]", "n": "int"}
        types |= {"unknown": "frozenset[str]", "cut": "frozenset[str]", "lossy": "bool"}
        lines += [f"    {n}: {types[n]}" for n in head]
        lines += [f"    {n}: {python_type(properties[n])}{'' if n in required else ' | None'}" for n in own]
    lines += ["", ""]
    return lines


def classes(schema: Json) -> str:
    """The text of `engine/facts/kinds.py`."""
    header: list[str] = schema["x-header"]
    lines = [
        '"""The fact classes. Generated from `schemas/facts.schema.json` by `tools/generate_facts.py`: edit that."""',
        "",
        "# ruff: noqa: PLR0913, E501",
        "from __future__ import annotations",
        "",
        "from types import MappingProxyType",
        "",
        "from modelaudit.engine.facts.base import Fact, Record",
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
        lines += write_class(record, schema["$defs"][record], [], "Record")
    for kind in kinds:
        lines += write_class(kind, schema["$defs"][kind], header, "Fact")
    names = ", ".join(class_name(kind) for kind in kinds)
    lines += [f"KINDS: dict[str, type[Fact]] = {{c.KIND: c for c in ({names})}}"]
    return "\n".join(lines) + "\n"


def reference(schema: Json) -> str:
    """The text of `docs/reference/facts.md`."""
    out = [
        "# Facts",
        "",
        "<!-- generated from schemas/facts.schema.json by tools/generate_facts.py -->",
        "",
        "What parsers emit and rules read. A field marked *context* is made anew at each scan; every other one is",
        "content and can be stored. `?` marks a field that may be absent: a rule tests it with `has` first.",
        "",
        "Every fact also has `places` (up to five: offset, pointer, node, layer), `n` (how often it was seen),",
        "`unknown` (fields that were not computed), `cut` (text fields that were cut) and `lossy`.",
        "",
    ]
    for ref in [*schema["oneOf"], *({"$ref": f"#/$defs/{name}"} for name in RECORDS)]:
        name = ref["$ref"].rsplit("/", 1)[1]
        definition = schema["$defs"][name]
        required = set(definition.get("required", ()))
        out += [f"## {name}", "", definition["description"], ""]
        if "x-collection" in definition:
            identity = ", ".join(f"`{field}`" for field in definition["x-identity"])
            out += [
                f"Collection `{definition['x-collection']}`; subject `{definition['x-subject']}`; identity {identity}.",
                "",
            ]
        out += ["| field | type | meaning |", "|---|---|---|"]
        for field, prop in definition["properties"].items():
            if field == "fact" or field in schema["x-header"]:
                continue
            mark = "" if field in required else "?"
            notes = [prop.get("description", "")]
            if prop.get("x-origin") == "context":
                notes.append("*context*")
            values = prop.get("enum") or prop.get("items", {}).get("enum")
            if values:
                notes.append("One of " + ", ".join(f"`{value}`" for value in values) + ".")
            kind = language_type(prop).replace("<", "&lt;").replace(">", "&gt;")
            out.append(f"| `{field}{mark}` | {kind} | {' '.join(notes)} |")
        out.append("")
    return "\n".join(out)


def main() -> int:
    """Write or check both files; 1 when a check finds a difference."""
    schema: Json = json.loads(SCHEMA.read_text(encoding="utf-8"))
    stale = []
    for path, text in ((CLASSES, classes(schema)), (REFERENCE, reference(schema))):
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(path.relative_to(ROOT).as_posix())
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        print("not up to date, run tools/generate_facts.py:", ", ".join(stale))
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
