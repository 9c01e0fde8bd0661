"""What a program reads: fact kinds and their fields, for the parsers that compute only what is wanted."""

from __future__ import annotations

from modelaudit.engine.lang.shapes import READS
from modelaudit.engine.lang.types import schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    Json = Any


def reads(program: Json) -> set[str]:
    """Every kind and `kind.field` that a program reads, such as `import`, `import.names`, `tensor.stats`."""
    return set(_reads(program, {}))


def _reads(node: Json, kinds: Mapping[str, str]) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _reads(item, kinds)
        return
    if not isinstance(node, dict):
        return
    if "over" in node:
        yield from _quantifier(node, kinds)
        return
    if node.get("call") == "shaped":
        yield from _shaped(node["args"][0]["path"], kinds)
    path = node.get("path")
    if isinstance(path, list):
        yield from _path(path, kinds)
    for key, value in node.items():
        if key not in ("path", "lit", "items"):
            yield from _reads(value, kinds)


def _quantifier(node: Json, kinds: Mapping[str, str]) -> Iterator[str]:
    over = node["over"]
    if "facts" in over:
        yield over["facts"]
    else:
        yield from _reads(over, kinds)
    name, _, of = node.get("type", ("", "", ""))  # the searches of a message have none
    kind = of if name == "fact" else ""
    yield from _reads(node["body"], {**kinds, node["var"]: kind})


def _shaped(path: list[Any], kinds: Mapping[str, str]) -> Iterator[str]:
    """The fields of the fact at a path that a call shape looks at."""
    for field in READS.get(kinds.get(str(path[0]), str(path[0])), ()):
        yield from _path([*path, field], kinds)


def _path(path: list[Any], kinds: Mapping[str, str]) -> Iterator[str]:
    head, rest = str(path[0]), path[1:]
    if head in ("artifact", "parent", "root"):
        kind = "artifact"
    else:
        kind = kinds.get(head, head if head in schema().kinds else "")
    if rest and rest[0] == "@artifact":
        kind, rest = "artifact", rest[1:]
    if kind:
        yield kind
        if rest:
            yield f"{kind}.{rest[0]}"
