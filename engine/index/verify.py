"""The same artifact judged by every rule on every fact, to see that the index leaves out nothing."""

from __future__ import annotations

from modelaudit.engine.errors import ModelAuditError
from modelaudit.engine.judging.hits import Trial, facts_of
from modelaudit.engine.lang.evaluate import Env, Shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.index.index import Index
    from modelaudit.engine.ruleset import Allow, Rule

BUDGET = 1 << 62  # items: a budget that is never spent


class IndexMismatchError(ModelAuditError):
    """Judging by index and judging by every rule on every fact differ: a mistake of this program."""


def verify(
    node: FactSet, rules: Iterable[Rule], trials: Iterable[Trial], allows: Mapping[str, Sequence[Allow]]
) -> None:
    """Refuse with `IndexMismatchError` where the trials of an artifact are not those that all rules come to."""
    by_index = {trial.rule.id: _said(trial) for trial in trials}
    shared = Shared(node, BUDGET)
    for rule in rules:
        if not rule.applies(node):
            continue
        plain = naive(rule, node, allows.get(rule.id, ()), shared)
        indexed = by_index.get(rule.id, ((), None))
        if indexed != _said(plain):
            differ = f"by index {_words(indexed)}, without it {_words(_said(plain))}"
            raise IndexMismatchError(f"rule {rule.id} on {node.artifact.path}: {differ}; please report the rule")


def disagreements(rule: Rule, tree: FactSet, index: Index) -> Iterator[str]:
    """Where one rule says by an index other things of a tree than without it, a sentence each."""
    for node in tree.walk():
        if rule.applies(node):
            plain = _said(naive(rule, node, (), Shared(node, BUDGET)))
            found = [trial for trial in index.trials(node, {}) if trial.rule.id == rule.id]
            indexed = _said(found[0]) if found else ((), None)
            if indexed != plain:
                yield f"on {node.artifact.path}: by index {_words(indexed)}, without it {_words(plain)}"


def naive(rule: Rule, node: FactSet, allows: Sequence[Allow] = (), shared: Shared | None = None) -> Trial:
    """One rule on every fact of its kind that an artifact has."""
    trial = Trial(rule, node, allows)
    facts = facts_of(node, rule.kind)
    if facts or rule.kind in node.artifact.incomplete:
        for fact in facts:
            env = Env(node, fact, shared)
            when = rule.when(env)
            if when is not False:
                trial.consider(env, when)
        trial.close()
    return trial


Said = tuple[tuple[tuple[int, str, str, tuple[str, ...] | None], ...], str | None]


def _said(trial: Trial) -> Said:
    """What a rule says: the facts that it matched and how gravely, and why it could not decide."""
    return tuple((id(hit.fact), hit.severity, hit.confidence, hit.group) for hit in trial.hits), trial.cause


def _words(said: Said) -> str:
    hits, cause = said
    matched = f"{len(hits)} facts match" if len(hits) != 1 else "1 fact matches"
    return matched if cause is None else f"{matched} and it is inconclusive ({cause})"
