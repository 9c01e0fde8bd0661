"""Judging a tree of artifacts: the fixed order from rules to findings.

select and ignore, then maturity (both settled per rule when the rule set is compiled) → rules and deny →
severity → unless and allow → absorb. What comes after, baselines and waivers, has its place at the end of
`Judge.artifact`; the gate is `modelaudit.engine.policy.gate`. A finding that does not count is kept, and says
why.
"""

from __future__ import annotations

from functools import lru_cache

from modelaudit.engine.finding import NOTHING_FOUND, Finding, Judgement
from modelaudit.engine.judging.absorb import absorb
from modelaudit.engine.judging.findings import MAX_FINDINGS, drafts
from modelaudit.engine.judging.grades import is_suppressed, potential
from modelaudit.engine.judging.hits import Trial, run
from modelaudit.engine.verdict import asks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.judging.findings import Draft
    from modelaudit.engine.judging.undecided import Undecided
    from modelaudit.engine.ruleset import Allow, Rule, Ruleset


def judge(ruleset: Ruleset, tree: FactSet) -> Judgement:
    """Everything that the rules say of an artifact and of all that is nested in it, suppressed or not."""
    return _judge_of(ruleset).tree(tree)


@lru_cache(maxsize=2)
def _judge_of(ruleset: Ruleset) -> Judge:
    return Judge(ruleset)


class Judge:
    """A rule set made ready to judge many trees."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.allows = _allows(ruleset)

    def tree(self, tree: FactSet) -> Judgement:
        """The findings and inconclusive rules of a tree, outermost artifact first."""
        said: _Said | None = None  # of most files nothing is
        for node in tree.walk():
            trials = self.trials(node)
            if trials:
                said = said or _Said()
                self.artifact(node, trials, said)
        return NOTHING_FOUND if said is None else said.judgement()

    def artifact(self, node: FactSet, trials: Iterable[Trial], said: _Said) -> None:
        """Add what the rules have found in one artifact to what is said of its tree."""
        found: list[Draft] = []
        for trial in trials:
            if trial.hits and asks(trial.rule):
                said.questions += [draft.finding for draft in drafts(trial.rule, node, trial.hits)]
            elif trial.hits:
                found += said.drafts(trial, node)
            if trial.cause is not None and not is_suppressed(trial.rule):
                said.undecided(trial.rule, node, trial.cause)
        if found:
            said.findings += absorb(found)

    def trials(self, node: FactSet) -> Sequence[Trial]:
        """The rules that match in an artifact or are inconclusive there, in order."""
        trials = self.ruleset.index.trials(node, self.allows)
        if not self.ruleset.verify_index:
            return trials
        from modelaudit.engine.index.verify import verify

        found = list(trials)
        verify(node, self.ruleset.awake, found, self.allows)
        return found


class _Said:
    """What is said of a tree."""

    __slots__ = ("_counts", "_undecided", "findings", "questions")

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}  # findings of each rule
        self.findings: list[Finding] = []
        self.questions: list[Finding] = []
        self._undecided: Undecided | None = None  # made when it is needed: most files are understood

    def drafts(self, trial: Trial, node: FactSet) -> list[Draft]:
        """The findings of a rule in an artifact: at least one, however many it had in others."""
        count = self._counts.get(trial.rule.id, 0)
        found = drafts(trial.rule, node, trial.hits, max(MAX_FINDINGS - count, 1))
        self._counts[trial.rule.id] = count + len(found)
        return found

    def undecided(self, rule: Rule, node: FactSet, cause: str) -> None:
        """Note a rule that could not be decided in an artifact."""
        if self._undecided is None:
            from modelaudit.engine.judging.undecided import Undecided

            self._undecided = Undecided()
        self._undecided.add(rule, node.artifact, cause, potential(rule)[0])

    def judgement(self) -> Judgement:
        """All of it."""
        inconclusive = () if self._undecided is None else self._undecided.records()
        if not (self.findings or inconclusive or self.questions):
            return NOTHING_FOUND
        return Judgement(tuple(self.findings), inconclusive, tuple(self.questions))


class RuleResult:
    """What one rule says of a whole tree, before any policy."""

    __slots__ = ("causes", "findings", "groups", "outcome")

    def __init__(self, findings: list[Finding], groups: list[tuple[str, ...]], causes: list[str]) -> None:
        self.findings = tuple(findings)
        self.groups = tuple(groups)  # of each finding, the values that it is grouped by, as text
        self.causes = tuple(causes)  # why it is inconclusive, one per artifact
        self.outcome = "match" if findings else "inconclusive" if causes else "no-match"


def evaluate_rule(rule: Rule, tree: FactSet) -> RuleResult:
    """Judge one rule alone, without a policy: for tests of rules."""
    findings: list[Finding] = []
    groups: list[tuple[str, ...]] = []
    causes: list[str] = []
    for node in tree.walk():
        if not rule.applies(node):
            continue
        trial = Trial(rule, node)
        run([trial], node, rule.kind)
        for draft in drafts(rule, node, trial.hits):
            findings.append(draft.finding)
            groups.append(draft.group)
        if trial.cause is not None:
            causes.append(trial.cause)
    return RuleResult(findings, groups, causes)


def _allows(ruleset: Ruleset) -> dict[str, list[Allow]]:
    """The allows of each rule. They never reach a deny: the compiler leaves those out of `rules`."""
    found: dict[str, list[Allow]] = {}
    if not ruleset.policy.allow:
        return found
    kinds = {rule.id: rule.kind for rule in ruleset.rules if not is_suppressed(rule)}
    for allow in ruleset.policy.allow:
        for id in allow.rules:
            if kinds.get(id) == allow.kind:
                found.setdefault(id, []).append(allow)
    return found
