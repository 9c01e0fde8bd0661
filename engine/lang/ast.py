"""The nodes of a parsed expression. `start` and `end` are character offsets in the text that was parsed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Node:
    """Any part of an expression; `depth` counts the levels below it, itself included, and `size` the nodes."""

    start: int
    end: int
    depth: int
    size: int


@dataclass(slots=True)
class Literal(Node):
    """A constant; `type` is bool, int, float, str or bytes. `raw` marks a string without escapes."""

    type: str
    value: bool | int | float | str | bytes
    raw: bool = False


@dataclass(slots=True)
class Step(Node):
    """A field name or an index of a path."""

    name: str | int


@dataclass(slots=True)
class Path(Node):
    """A name and the fields and indices after it."""

    head: str
    steps: tuple[Step, ...]
    head_end: int


@dataclass(slots=True)
class Call(Node):
    """A function call."""

    name: str
    name_end: int
    args: tuple[Node, ...]


@dataclass(slots=True)
class MacroCall(Node):
    """A macro call: `start` is the place of the `@`."""

    name: str
    name_end: int
    args: tuple[Node, ...]


@dataclass(slots=True)
class ListRef(Node):
    """A list by name: `$list` or `$pack.list`, without the `$`."""

    name: str


@dataclass(slots=True)
class Items(Node):
    """Constants in brackets."""

    items: tuple[Literal, ...]


@dataclass(slots=True)
class Group(Node):
    """An expression in parentheses."""

    body: Node


@dataclass(slots=True)
class Has(Node):
    """Whether the field is present."""

    left: Path
    right: Path


@dataclass(slots=True)
class Compare(Node):
    """Two values compared."""

    op: str
    left: Node
    right: Node


@dataclass(slots=True)
class Member(Node):
    """A value and a set: `in`, `overlaps` or `within`."""

    op: str
    negated: bool
    left: Node
    right: Node


@dataclass(slots=True)
class Match(Node):
    """A text and a pattern: `glob`, `matches`, `contains`, `startswith` or `endswith`."""

    op: str
    negated: bool
    left: Node
    right: Node


@dataclass(slots=True)
class Quant(Node):
    """A quantifier; `op` is any, all, none or count, and only a count has `cmp` and `number`."""

    op: str
    var: str
    var_start: int
    source: Node
    body: Node
    cmp: str = ""
    number: int = 0


@dataclass(slots=True)
class Not(Node):
    """A negation."""

    body: Node


@dataclass(slots=True)
class And(Node):
    """A conjunction of two or more."""

    items: tuple[Node, ...]


@dataclass(slots=True)
class Or(Node):
    """A disjunction of two or more."""

    items: tuple[Node, ...]
