"""What a pack is made of, as read from its files and before anything is compiled."""

from __future__ import annotations

from dataclasses import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from modelaudit.engine.diagnostics import Diagnostic, Span
    from modelaudit.engine.yaml_tree import Node

    Json = Any

DEFAULTS: Mapping[str, Json] = {
    "aliases": [],
    "raise": [],
    "formats": [],
    "inside": [],
    "requires": [],
    "unless": [],
    "group": None,
    "once": False,
    "absorbs": [],
    "why": "",
    "fix": "",
    "cwes": [],
    "cves": [],
    "tags": [],
    "references": [],
}


@dataclass(frozen=True, slots=True)
class RuleSource:
    """A rule as its file has it: the typed data, and the node that knows the places."""

    id: str
    data: Mapping[str, Json]
    node: Node
    pack: Pack

    @property
    def span(self) -> Span:
        """The place of the rule's id."""
        node = self.node.get("id")
        return node.span if node is not None else self.node.span

    def value(self, key: str) -> Json:
        """A field of the rule, or what it stands for when it is left out."""
        return self.data.get(key, DEFAULTS.get(key))


@dataclass(frozen=True, slots=True)
class ListSource:
    """A list or table of a pack, with any changes that a policy made."""

    id: str
    pack: str
    kind: str  # exact | glob | regex | table | shapes
    of: str  # dotted | path | uri | plain
    fold: str  # none | case | skeleton
    items: tuple[Json, ...]
    spans: tuple[Span, ...]  # of the items, in the same order
    span: Span
    columns: tuple[str, ...] = ()  # that a table had before a policy took rows out

    @property
    def full_name(self) -> str:
        """`pack.list`, as compiled programs name it."""
        return f"{self.pack}.{self.id}"


@dataclass(frozen=True, slots=True)
class MacroSource:
    """A macro of a pack."""

    signature: str
    text: str
    span: Span  # of the signature
    node: Node  # the expression


@dataclass(frozen=True, slots=True)
class PatternSource:
    """A pattern of a pack as its file has it."""

    id: str
    data: Mapping[str, Json]
    node: Node
    span: Span  # of the id


@dataclass(slots=True)
class Pack:
    """A pack as read from its manifest, or from one rule file that stands for a whole pack."""

    name: str
    version: str
    span: Span  # where the pack says its name
    builtin: bool = False
    folder: str = ""
    rules: list[RuleSource] = field(default_factory=list)
    lists: dict[str, ListSource] = field(default_factory=dict)
    macros: dict[str, MacroSource] = field(default_factory=dict)
    patterns: list[PatternSource] = field(default_factory=list)
    digest: str = ""
    description: str = ""
    data: Mapping[str, Json] = field(default_factory=dict)  # the manifest
    compiled: Mapping[str, list[Json]] | None = None  # its rules and patterns, where they were compiled beforehand


@dataclass(slots=True)
class Sources:
    """Every pack that takes part, and what came up while reading them."""

    packs: list[Pack] = field(default_factory=list)
    left_out: list[RuleSource] = field(default_factory=list)  # rules with mistakes or too new: known by name only
    diagnostics: list[Diagnostic] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    incomplete: bool = False  # a pack, file or rule was left out as too new
    inputs: list[dict[str, Json]] = field(default_factory=list)  # what a cache entry must check again

    @property
    def rules(self) -> list[RuleSource]:
        """The rules of all packs, in order."""
        return [rule for pack in self.packs for rule in pack.rules]

    @property
    def lists(self) -> dict[str, ListSource]:
        """The lists of all packs by full name."""
        return {each.full_name: each for pack in self.packs for each in pack.lists.values()}
