"""What each rule costs: its condition on facts, one after the other, without an index."""

from __future__ import annotations

import time
from dataclasses import dataclass

from modelaudit.engine.judging.hits import facts_of
from modelaudit.engine.lang.evaluate import Env
from modelaudit.engine.packs.examples import Examples

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.packs.model import RuleSource
    from modelaudit.engine.ruleset import Rule

LEAST = 0.002  # seconds that a rule is measured for, at least
MOST_ROUNDS = 2_000


@dataclass(frozen=True, slots=True)
class RuleCost:
    """What the condition of a rule cost."""

    rule: str
    name: str
    kind: str
    facts: int  # that it was evaluated on
    hits: int
    nanoseconds: float  # for one fact; 0 where there was none

    @property
    def microseconds(self) -> float:
        """For all the facts together."""
        return self.facts * self.nanoseconds / 1000


def synthetic(rules: Iterable[RuleSource]) -> list[FactSet]:
    """The facts that the tests of rules write down, as trees to measure on."""
    trees = []
    for rule in rules:
        tests = rule.node.get("tests")
        for test in tests.items if tests is not None else ():
            facts = test.get("facts")
            if facts is not None:
                trees.append(Examples(rule.value("formats"), rule.value("inside")).build(facts))
    return trees


def bench(rules: Sequence[Rule], trees: Sequence[FactSet]) -> list[RuleCost]:
    """The cost of each rule on every fact of its kind in artifacts that it is about, the dearest first."""
    costs = [_cost(rule, trees) for rule in rules]
    return sorted(costs, key=lambda cost: (-cost.microseconds, cost.rule))


def _cost(rule: Rule, trees: Sequence[FactSet]) -> RuleCost:
    nodes = [node for tree in trees for node in tree.walk() if rule.applies(node)]
    work = [Env(node, fact) for node in nodes for fact in facts_of(node, rule.kind)]
    when = rule.when
    hits = sum(1 for env in work if when(env) is True)  # the first round builds tables, and is not measured
    rounds, spent = 0, 0.0
    while work and spent < LEAST and rounds < MOST_ROUNDS:
        fresh = [Env(env.node, env.fact) for env in work]
        start = time.perf_counter()
        for env in fresh:
            when(env)
        spent += time.perf_counter() - start
        rounds += 1
    each = spent / rounds / len(work) * 1e9 if rounds else 0.0
    return RuleCost(rule.id, rule.name, rule.kind, len(work), hits, each)
