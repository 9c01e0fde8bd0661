"""What the names of an expression stand for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from modelaudit.engine.lang.types import Type, schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from modelaudit.engine.lang import ast
    from modelaudit.engine.lang.source import Source

    Json = Any

ARTIFACT = Type("fact", of="artifact")
MATCH = "match"  # what the conditions of patterns are about


@dataclass(frozen=True, slots=True)
class Binding:
    """A name that stands for a fact, an artifact or an item: its type and its path in compiled programs."""

    type: Type
    path: tuple[str | int, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter of a macro: the expression given for it, and the scope that this stands in."""

    node: ast.Node
    scope: Scope


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that an expression sees, the text it is in, and how deep it stands in quantifiers and macros."""

    source: Source
    kind: str  # of the rule's facts, or artifact
    names: Mapping[str, Binding | Argument]
    requires: frozenset[str] = frozenset()
    depth: int = 0  # quantifiers around it
    macros: tuple[str, ...] = field(default=())  # being expanded, outermost first

    def inner(self, name: str, type_: Type) -> Scope:
        """The scope of a quantifier's body."""
        variable = Binding(type_, (f"v{self.depth}",))
        return replace(self, names={**self.names, name: variable}, depth=self.depth + 1)


def top_scope(source: Source, kind: str, requires: frozenset[str] = frozenset()) -> Scope:
    """The scope of an expression in a rule for facts of a kind."""
    return Scope(source, kind, globals_of(kind), requires)


def globals_of(kind: str) -> dict[str, Binding | Argument]:
    """The names that every expression of a rule for this kind sees; that of a pattern sees its match alone."""
    names: dict[str, Binding | Argument] = {
        "artifact": Binding(ARTIFACT, ("artifact",)),
        "parent": Binding(ARTIFACT, ("parent",), optional=True),
        "root": Binding(ARTIFACT, ("root",)),
    }
    if kind == MATCH:
        return {kind: Binding(Type("record", of=kind), (kind,))}
    if kind != "artifact" and kind in schema().kinds:
        names[kind] = Binding(Type("fact", of=kind), (kind,))
    return names


@dataclass(frozen=True, slots=True)
class Value:
    """A checked value: its type, its compiled form, and whether it may be absent when it is evaluated."""

    type: Type
    term: Json
    absent: bool
    node: ast.Node
    scope: Scope
    argument: ast.Node | None = None  # the expression itself, where it was given to a macro

    @property
    def shown(self) -> str:
        """The value as it was written, shortened."""
        text = self.scope.source.text[self.node.start : self.node.end]
        return text if len(text) <= 60 else text[:59] + "…"
