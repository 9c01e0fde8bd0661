"""Nodes of a skops schema as operands of calls: what is known of the value that a node stands for."""

from __future__ import annotations

import json

from modelaudit.engine.facts import Arg, Kwarg, clean
from modelaudit.parsers.keras.document import Object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.parsers.keras.document import Tree

ARGS_MAX = 64
TEXT_MAX = 1024  # characters of a constant
JSON = "JsonNode"
WORDS = {
    "DictNode": "dict",
    "DefaultDictNode": "dict",
    "ListNode": "list",
    "SetNode": "set",
    "TupleNode": "tuple",
    "BytesNode": "bytes",
    "BytearrayNode": "bytearray",
}
REFERENCES = frozenset({"FunctionNode", "TypeNode"})
INSTANCES = frozenset({"ObjectNode", "ConstructorFromReduceNode"})
TYPES = {bool: "bool", int: "int", float: "float", str: "str", type(None): "none", list: "list", dict: "dict"}


def is_node(value: Tree) -> bool:
    """Whether a value is a node: an object that names its loader."""
    return isinstance(value, Object) and isinstance(value.get("__loader__"), str)


def loader(node: Object) -> str:
    """The loader of a node."""
    return node.text("__loader__") or ""


def named(node: Object) -> tuple[str, str]:
    """Module and name that a node gives, with what they lack as empty texts."""
    return node.text("__module__") or "", node.text("__class__") or ""


def child(node: Object, *keys: str) -> Object | None:
    """The object behind some keys, one after another."""
    found: Tree = node
    for key in keys:
        found = found.get(key) if isinstance(found, Object) else None
    return found if isinstance(found, Object) else None


def constant(node: Object | None) -> Any:  # noqa: ANN401 - whatever JSON writes
    """The plain value of a node that is written as JSON within it; None when it is none, or too long."""
    text = node.text("content") if node is not None and loader(node) == JSON else None
    if text is None or len(text) > TEXT_MAX:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def argument(value: Tree) -> Arg:
    """One operand."""
    if not isinstance(value, Object):
        return Arg(type=TYPES.get(type(value), "unknown"))
    kind = loader(value)
    if kind == JSON:
        known = constant(value)
        shown = clean(str(known))[0] if isinstance(known, (bool, int, float, str)) else None
        return Arg(type=TYPES.get(type(known), "unknown"), value=shown)
    if kind in WORDS:
        return Arg(type=WORDS[kind])
    name = clean(".".join(part for part in named(value) if part))[0]
    word = "import" if kind in REFERENCES else "instance" if kind in INSTANCES else "result"
    return Arg(type=word, qualname=name or None, source=name or None)


def arguments(node: Object | None) -> tuple[Arg, ...] | None:
    """The operands in the node of a tuple or list; None when it is none."""
    items = node.get("content") if node is not None else None
    return tuple(argument(item) for item in items[:ARGS_MAX]) if isinstance(items, list) else None


def keywords(node: Object | None) -> tuple[Kwarg, ...]:
    """The operands in the node of a dictionary, by their names."""
    content = child(node, "content") if node is not None else None
    found: list[Kwarg] = []
    for name, value in content.pairs[:ARGS_MAX] if content is not None else ():
        one = argument(value)
        found.append(Kwarg(name=clean(name)[0], type=one.type, value=one.value, qualname=one.qualname))
    return tuple(found)
