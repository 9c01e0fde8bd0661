"""What a condition depends on, when that can be compared: values of its fact, of the artifacts around it, columns."""

from __future__ import annotations

from modelaudit.engine.lang.shapes import READS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = Any
    Path = tuple[str | int, ...]

OUTER = ("artifact", "parent", "root")
KNOWN = ("unknown", "cut")  # fields that say what is known of the others
_LITERAL = ("path", "lit", "items", "src")


class Needs:
    """Paths in the fact, fields of the artifacts around it (`parent`, `format`), fields of its other facts."""

    __slots__ = ("facts", "fields", "outer", "paths")

    def __init__(self, paths: set[Path], outer: set[tuple[str, str]], facts: set[tuple[str, str]]) -> None:
        self.paths = tuple(sorted({*paths, *((name,) for name in KNOWN)}, key=str))
        self.fields = tuple(sorted({str(path[0]) for path in self.paths}))
        self.outer = tuple(sorted(outer))
        self.facts = tuple(sorted({*facts, *((kind, name) for kind, _ in facts for name in KNOWN)}))


class _MoreError(Exception):
    """Something else has a part in it."""


def needs(kind: str, *programs: Json) -> Needs | None:
    """What compiled conditions or values about a fact of a kind depend on, None when that cannot be compared.

    That is so for facts of nested artifacts, for collections that are searched for something of the fact, and for a
    quantifier inside another one: what they cost is taken from a budget that all facts of the artifact share.
    """
    reader = _Reader(kind)
    try:
        for program in programs:
            reader.read(program)
    except _MoreError:
        return None
    return Needs(reader.paths, reader.outer, reader.facts)


class _Reader:
    """Gathers what programs read. `variable` is that of the quantifier around the node, `over` its kind of fact."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.paths: set[Path] = set()
        self.outer: set[tuple[str, str]] = set()
        self.facts: set[tuple[str, str]] = set()
        self.variable = ""
        self.over = ""

    def read(self, node: Json) -> None:
        """Take in everything below a node."""
        if isinstance(node, list):
            for item in node:
                self.read(item)
        elif isinstance(node, dict):
            self.term(node)

    def term(self, node: dict[str, Json]) -> None:
        """Take in a call, a quantifier, a path or a node with further ones below it."""
        if node.get("call") == "shaped":
            self.shaped(node["args"][0].get("path"))
        elif "over" in node:
            self.quantifier(node)
        else:
            if isinstance(node.get("path"), list):
                self.path(node["path"])
            for name, value in node.items():
                if name not in _LITERAL:
                    self.read(value)

    def shaped(self, path: Json) -> None:
        """The fields that a call shape looks at."""
        if path != [self.kind] or self.over:
            raise _MoreError
        self.paths.update((name,) for name in READS[self.kind])

    def quantifier(self, node: dict[str, Json]) -> None:
        """What is searched, and what is asked of each item."""
        over = node["over"]
        if self.variable or over.get("tree") or over.get("facts") == "artifact":
            raise _MoreError
        if "facts" not in over:
            self.read(over)
        self.variable, self.over = node["var"], over.get("facts", "")
        self.read(node.get("body"))
        self.variable = self.over = ""

    def path(self, path: list[Any]) -> None:
        """What stands at the head of a path says whose value it is."""
        head, steps = str(path[0]), tuple(path[1:])
        if "@artifact" in steps:
            raise _MoreError
        if head == self.variable:
            if self.over:
                self.facts.add((self.over, self.first(steps)))
        elif head in OUTER and head != self.kind:
            self.outer.add((head, self.first(steps)))
        elif head == self.kind and not self.over and steps:
            self.paths.add(steps)
        else:
            raise _MoreError

    @staticmethod
    def first(steps: Path) -> str:
        """The name of a field."""
        if not steps:
            raise _MoreError
        return str(steps[0])
