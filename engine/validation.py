"""Nodes against the schemas in `schemas/`: scalars get the types that the schema says, mistakes their places."""

from __future__ import annotations

import functools
import re

from modelaudit.engine.diagnostics import MAX_IN_FILE, Diagnostic
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from jsonschema import Draft202012Validator

    from modelaudit.engine.yaml_tree import Node

    Json = Any
    ValidationError = Any  # jsonschema's, whose stubs make every attribute a union with `Unset`
    Schema = Mapping[str, Any]
    Mistake = tuple[tuple[str | int, ...], Diagnostic]  # with the path of the value that it is about

_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULL = ("", "~", "null", "Null", "NULL")
_INT = re.compile(r"[-+]?[0-9]{1,30}|0x[0-9a-fA-F]{1,30}|0o[0-7]{1,30}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,4})?")
_SPECIAL = {".inf": "inf", "+.inf": "inf", "-.inf": "-inf", ".nan": "nan"}
_WORDS = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def validate(node: Node, schema: str) -> tuple[Json, list[Diagnostic]]:
    """The node as typed plain JSON, and its mistakes: E110 unknown key, E111 missing, E112 type, E113 value.

    `schema` is the stem of a file in `schemas/`: `rules`, `pack`, `lists`, `macros`, `policy`.
    """
    value, mistakes = check(node, schema)
    return value, sorted((mistake for _, mistake in mistakes), key=_order)


def check(node: Node, schema: str) -> tuple[Json, list[Mistake]]:
    """As `validate`, with the path of the value that each mistake is about; it ends after more than are told."""
    root = schema_of(schema)
    value = typed(node, root, root)
    mistakes: list[Mistake] = []
    for error in _validator(schema).iter_errors(value):
        path = tuple(error.absolute_path)
        mistakes.extend((path, mistake) for mistake in _diagnose(error, node))
        if len(mistakes) > MAX_IN_FILE:
            break
    return value, _without_echoes(mistakes)


def _without_echoes(mistakes: list[Mistake]) -> list[Mistake]:
    """Without the missing keys that a mistyped key of the same mapping explains."""
    meant = {
        (path, mistake.label.split("`")[1]) for path, mistake in mistakes if mistake.code == "E110" and mistake.label
    }
    return [
        (path, mistake)
        for path, mistake in mistakes
        if mistake.code != "E111" or (path, mistake.message.split("`")[1]) not in meant
    ]


@functools.lru_cache(maxsize=16)
def schema_of(stem: str) -> Schema:
    """The schema in `schemas/<stem>.schema.json`."""
    import json

    from modelaudit.engine.resources import data_path

    with open(data_path("schemas", f"{stem}.schema.json"), encoding="utf-8") as stream:
        schema: Schema = json.load(stream)
    return schema


@functools.lru_cache(maxsize=16)
def _validator(stem: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema_of(stem))


def _order(diagnostic: Diagnostic) -> tuple[int, int]:
    return (diagnostic.span.line, diagnostic.span.column) if diagnostic.span else (0, 0)


# Typing


def typed(node: Node, schema: Schema | bool, root: Schema) -> Json:
    """The node as plain JSON: a plain scalar becomes what the schema asks for, if it reads as that."""
    options = list(_alternatives(schema, root))
    if isinstance(node.data, dict):
        return {key: typed(value, _property(key, options), root) for key, value in node.data.items()}
    if isinstance(node.data, list):
        item: Schema | bool = next((o["items"] for o in options if "items" in o), {})
        return [typed(value, item, root) for value in node.data]
    if node.style != "plain":
        return node.data
    return _scalar(node.data, _types(options))


def _alternatives(schema: Schema | bool, root: Schema) -> Iterator[Schema]:
    """The schema itself and everything that it refers to or chooses between."""
    if isinstance(schema, bool):
        return
    yield schema
    if "$ref" in schema:
        yield from _alternatives(_resolve(schema["$ref"], root), root)
    for word in ("anyOf", "oneOf", "allOf"):
        for option in schema.get(word, ()):
            yield from _alternatives(option, root)


def _resolve(ref: str, root: Schema) -> Schema:
    """The schema that a reference inside the same file (`#/$defs/name`) names."""
    schema: Any = root
    for step in ref.removeprefix("#/").split("/"):
        schema = schema[step]
    found: Schema = schema
    return found


def _property(key: str, options: Iterable[Schema]) -> Schema | bool:
    for option in options:
        if key in option.get("properties", {}):
            found: Schema | bool = option["properties"][key]
            return found
    for option in options:
        for pattern, schema in option.get("patternProperties", {}).items():
            if re.search(pattern, key):
                return schema  # type: ignore[no-any-return]
        rest = option.get("additionalProperties")
        if isinstance(rest, dict):
            return rest
    return True


def _types(options: Iterable[Schema]) -> set[str]:
    found: set[str] = set()
    for option in options:
        kind = option.get("type", ())
        found.update((kind,) if isinstance(kind, str) else kind)
    return found


def _scalar(text: str, types: set[str]) -> str | bool | int | float | None:
    if "boolean" in types and text in _BOOL:
        return _BOOL[text]
    if types & {"integer", "number"} and _INT.fullmatch(text):
        return int(text) if text[:2] not in ("0x", "0o") else int(text, 0)
    if "number" in types:
        special = _SPECIAL.get(text.lower())
        if special or _FLOAT.fullmatch(text):
            return float(special or text)
    if "null" in types and text in _NULL:
        return None
    return text


# Mistakes


def _diagnose(error: ValidationError, root: Node) -> list[Diagnostic]:
    """What is wrong, in the words of these files, at the place where it is."""
    if error.validator in ("anyOf", "oneOf"):
        return _choose(error, root)
    node = root.at(*error.absolute_path) or root
    if error.validator == "additionalProperties":
        return _unknown_keys(error, node)
    if error.validator == "required":
        return _missing(error, node)
    hint = str(error.schema.get("description", "")) if isinstance(error.schema, dict) else ""
    if error.validator == "type":
        return [Diagnostic("E112", _type_message(error, node), node.span, help=hint)]
    message, label = _value_message(error, node)
    return [Diagnostic("E113", message, node.span, label, hint)]


def _choose(error: ValidationError, root: Node) -> list[Diagnostic]:
    """The mistakes under the alternative that was meant: the one whose type fits."""
    by_option: dict[object, list[ValidationError]] = {}
    for child in error.context or ():
        by_option.setdefault(child.schema_path[0], []).append(child)
    fitting = [
        children
        for children in by_option.values()
        if not any(c.validator == "type" and len(c.path) == 0 for c in children)
    ]
    if len(fitting) == 1 or (fitting and all(len(f) >= len(fitting[0]) for f in fitting)):
        return [d for child in fitting[0] for d in _diagnose(child, root)]
    node = root.at(*error.absolute_path) or root
    words = [_WORDS.get(str(w), str(w)) for w in _offered(error)]
    return [Diagnostic("E112", f"expected {' or '.join(words)}, found {_found(node)}", node.span)]


def _offered(error: ValidationError) -> list[str]:
    """The types that the alternatives of a schema ask for."""
    words: dict[str, None] = {}
    for child in error.context or ():
        if child.validator == "type" and len(child.path) == 0:
            value = child.validator_value
            words.update(dict.fromkeys([value] if isinstance(value, str) else value))
    return list(words)


def _unknown_keys(error: ValidationError, node: Node) -> list[Diagnostic]:
    schema = error.schema if isinstance(error.schema, dict) else {}
    known = list(schema.get("properties", {}))
    patterns = list(schema.get("patternProperties", {}))
    found = []
    for key in node.fields:
        if key in known or any(re.search(p, key) for p in patterns):
            continue
        label = _meant(key, schema.get("properties", {})) or suggestion(key, known)
        hint = "" if label else f"known keys: {', '.join(known)}"
        found.append(Diagnostic("E110", f"unknown key `{key}`", node.key_span(key), label, hint))
    return found


def _meant(key: str, properties: Mapping[str, Json]) -> str:
    """`did you mean ...?` for a word of which the schema says that it is written in place of a key."""
    for known, said in properties.items():
        if isinstance(said, dict) and key in said.get("x-instead-of", ()):
            return f"did you mean `{known}`?"
    return ""


def _missing(error: ValidationError, node: Node) -> list[Diagnostic]:
    """One diagnostic per `required` error, which names one key each."""
    keys = [k for k in error.validator_value if k not in node.fields]
    key = next((k for k in keys if f"'{k}' is a required" in error.message), keys[0] if keys else "")
    schema = error.schema if isinstance(error.schema, dict) else {}
    said = schema.get("properties", {}).get(key, {})
    hint = f"write `{key}: {said['const']}`" if "const" in said else str(said.get("description", ""))
    return [Diagnostic("E111", f"`{key}` is missing", node.span, help=hint)]


def _type_message(error: ValidationError, node: Node) -> str:
    wanted = error.validator_value
    words = [_WORDS.get(w, w) for w in ([wanted] if isinstance(wanted, str) else wanted)]
    return f"expected {' or '.join(words)}, found {_found(node)}"


def _found(node: Node) -> str:
    if node.kind != "scalar":
        return _WORDS["array" if node.kind == "list" else "object"]
    if node.style == "plain" and not node.text:
        return "nothing"
    shown = node.text if len(node.text) <= 60 else node.text[:57] + "..."
    return f"`{shown}`" if node.style == "plain" else f"the string `{shown}`"


def _value_message(error: ValidationError, node: Node) -> tuple[str, str]:
    found = _found(node)
    wanted = error.validator_value
    if error.validator == "enum":
        words = [str(w) for w in wanted]
        return f"expected one of {', '.join(words)}, found {found}", suggestion(node.text, words)
    if error.validator == "const":
        return f"expected `{wanted}`, found {found}", ""
    limits = {
        "minLength": "must not be empty",
        "minItems": f"needs at least {wanted} {'item' if wanted == 1 else 'items'}",
        "minProperties": "must not be empty",
        "maxLength": f"must not be longer than {wanted} characters",
        "minimum": f"must not be below {wanted}",
        "maximum": f"must not be above {wanted}",
        "maxItems": f"holds more than {wanted:,} items" if isinstance(wanted, int) else "",
        "maxProperties": f"holds more than {wanted:,} entries" if isinstance(wanted, int) else "",
        "uniqueItems": "must not hold the same item twice",
    }
    said = limits.get(str(error.validator), "does not have the form that is wanted here")
    return f"{found} {said}", ""


def misfit(value: Json, schema: Schema, root: Schema) -> str:
    """What is wrong with a typed value under a part of a schema, empty when nothing is."""
    from jsonschema import Draft202012Validator

    whole = {**schema, "$defs": root.get("$defs", {})}
    error = next(Draft202012Validator(whole).iter_errors(value), None)
    return "" if error is None else _misfit(error)


def _misfit(error: ValidationError) -> str:
    if error.validator == "type":
        wanted = error.validator_value
        words = [_WORDS.get(w, w) for w in ([wanted] if isinstance(wanted, str) else wanted)]
        return f"expected {' or '.join(words)}, found `{error.instance}`"
    if error.validator == "enum":
        return f"expected one of {', '.join(map(str, error.validator_value))}, found `{error.instance}`"
    return str(error.message)
