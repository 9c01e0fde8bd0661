"""Which leaf conditions of a rule its tests have seen true and false."""

from __future__ import annotations

from dataclasses import dataclass

from modelaudit.engine.judging.hits import facts_of
from modelaudit.engine.lang.evaluate import Env, link
from modelaudit.engine.lang.lower import leaves

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.ruleset import Matchers, Rule


@dataclass(frozen=True, slots=True)
class LeafCoverage:
    """One leaf condition of a rule's `when`, and what the tests saw of it."""

    rule: str
    text: str
    seen_true: bool
    seen_false: bool

    @property
    def full(self) -> bool:
        """Whether it was seen both true and false."""
        return self.seen_true and self.seen_false


class Leaves:
    """Watches the leaves of one rule's condition, without any index or cache."""

    def __init__(self, rule: Rule, lists: Matchers) -> None:
        self.rule = rule
        self.texts = [str(leaf.get("src", "")) for leaf in leaves(rule.doc["when"])]
        self.seen: list[set[bool | None]] = [set() for _ in self.texts]
        self.naive = link(rule.doc["when"], lists, self._note)

    def _note(self, number: int, value: bool | None) -> None:
        self.seen[number].add(value)

    def disagreements(self, tree: FactSet) -> Iterator[str]:
        """Watch a tree of facts, and say where the condition by index and the condition leaf by leaf differ."""
        for node in tree.walk():
            if not self.rule.applies(node):
                continue
            for fact in facts_of(node, self.rule.kind):
                plain, indexed = self.naive(Env(node, fact)), self.rule.when(Env(node, fact))
                if plain is not indexed:
                    yield f"indexed and naive evaluation differ in {node.artifact.path}: {indexed} and {plain}"

    def coverage(self) -> list[LeafCoverage]:
        """What was seen of each leaf."""
        return [
            LeafCoverage(self.rule.id, text, True in seen, False in seen)
            for text, seen in zip(self.texts, self.seen, strict=True)
        ]
