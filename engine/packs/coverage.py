"""Which leaf conditions of a rule its tests have seen true and false."""

from __future__ import annotations

from dataclasses import dataclass

from modelaudit.engine.judging.hits import facts_of
from modelaudit.engine.lang.evaluate import Env, link
from modelaudit.engine.lang.lower import leaves

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.ruleset import Matchers, Rule

    Json = Any


@dataclass(frozen=True, slots=True)
class LeafCoverage:
    """One leaf condition of a rule, and what the tests saw of it."""

    rule: str
    part: str  # when | unless | raise
    text: str
    seen_true: bool
    seen_false: bool

    @property
    def full(self) -> bool:
        """Whether it was seen both true and false."""
        return self.seen_true and self.seen_false


class _Watched:
    """One condition of a rule, linked without any index or cache, and what its leaves said so far."""

    __slots__ = ("condition", "part", "seen", "texts")

    def __init__(self, part: str, program: Json, lists: Matchers) -> None:
        self.part = part
        self.texts = [str(leaf.get("src", "")) for leaf in leaves(program)]
        self.seen: list[set[bool | None]] = [set() for _ in self.texts]
        self.condition = link(program, lists, self._note)

    def _note(self, number: int, value: bool | None) -> None:
        self.seen[number].add(value)


class Leaves:
    """Watches the leaves of one rule's conditions: its `when`, its `unless` and every `raise`."""

    def __init__(self, rule: Rule, lists: Matchers) -> None:
        self.rule = rule
        self.lists = lists
        programs = [("unless", rule.doc["unless"]), *(("raise", case["when"]) for case in rule.doc["raise"])]
        self.when = _Watched("when", rule.doc["when"], lists)
        self.others = [_Watched(part, program, lists) for part, program in programs if program is not None]

    def disagreements(self, tree: FactSet) -> Iterator[str]:
        """Watch a tree of facts, and say where the condition by index and the condition leaf by leaf differ."""
        for node in tree.walk():
            if not self.rule.applies(node):
                continue
            for fact in facts_of(node, self.rule.kind):
                for other in self.others:
                    other.condition(Env(node, fact))
                plain, indexed = self.when.condition(Env(node, fact)), self.rule.when(Env(node, fact))
                if plain is not indexed:
                    yield f"indexed and naive evaluation differ in {node.artifact.path}: {indexed} and {plain}"

    def coverage(self) -> list[LeafCoverage]:
        """What was seen of each leaf, those of `when` first."""
        return [
            LeafCoverage(self.rule.id, watched.part, text, True in seen, False in seen)
            for watched in (self.when, *self.others)
            for text, seen in zip(watched.texts, watched.seen, strict=True)
        ]
