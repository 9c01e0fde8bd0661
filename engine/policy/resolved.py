"""A policy with everything that it extends merged into it, each part still with its place."""

from __future__ import annotations

from dataclasses import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.engine.diagnostics import Diagnostic, Span
    from modelaudit.engine.policy.load import Chain, PolicyFile
    from modelaudit.engine.yaml_tree import Node

    Json = Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A value that one policy file gives: the value, its place, and who gave it."""

    value: Json
    span: Span
    file: PolicyFile
    node: Node | None = None
    index: int = 0

    def source(self, key: str) -> str:
        """How reports name the entry, such as `acme/strict allow[0]`."""
        return f"{self.file.ident} {key}[{self.index}]"


@dataclass(frozen=True, slots=True)
class ListChange:
    """One change to a list: `op` is `append`, `remove` or `replace`."""

    name: str
    op: str
    items: tuple[Json, ...]
    nodes: tuple[Node, ...]
    span: Span  # of the list's name
    file: PolicyFile


@dataclass(slots=True)
class Resolved:
    """The merged policy. Lists of entries are in the order of the chain; the last file is the policy itself."""

    chain: Chain
    select: list[Entry] = field(default_factory=list)
    ignore: list[Entry] = field(default_factory=list)
    maturity: list[str] = field(default_factory=list)
    severity: dict[str, list[Entry]] = field(default_factory=dict)  # every word on a key, the last one counts
    deny: list[Entry] = field(default_factory=list)
    allow: list[Entry] = field(default_factory=list)
    tests: list[Entry] = field(default_factory=list)
    waivers: list[Entry] = field(default_factory=list)
    waiver_rules: dict[str, Json] = field(default_factory=dict)
    sources: dict[str, list[Entry]] = field(default_factory=dict)
    packs: dict[str, Entry] = field(default_factory=dict)  # ranges or places, by the pack's name
    trust: dict[str, list[Entry]] = field(default_factory=dict)  # `signers` and `unsigned`
    gate: dict[str, Json] = field(default_factory=dict)
    gate_spans: dict[str, Span] = field(default_factory=dict)  # where each key was last said
    limits: dict[str, int | float] = field(default_factory=dict)
    lists: list[ListChange] = field(default_factory=list)
    final: dict[str, Entry] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def ident(self) -> str:
        """The name of the policy that was asked for."""
        return self.chain.policy.ident

    @property
    def version(self) -> int:
        """Its version."""
        return self.chain.policy.version

    @property
    def names(self) -> tuple[str, ...]:
        """Every policy of the chain, parents first, as `name@version`."""
        return tuple(f"{file.ident}@{file.version}" for file in self.chain.files)
