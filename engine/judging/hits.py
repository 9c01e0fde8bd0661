"""One rule over the facts of one artifact: what it matched, and whether it could be decided."""

from __future__ import annotations

from modelaudit.engine.lang.evaluate import Env

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.engine.factset import Facts, FactSet
    from modelaudit.engine.ruleset import Allow, Rule

    Value = Any


class Hit:
    """A fact that a rule matched: how grave, how sure, and the values that it is grouped by."""

    __slots__ = ("allow", "confidence", "env", "fact", "group", "severity")

    def __init__(self, rule: Rule, env: Env, allow: Allow | None) -> None:
        self.fact = env.fact
        self.env = env
        self.allow = allow  # what accepts the fact, if anything does
        self.severity, self.confidence = rule.grade(env)
        paths = rule.group
        self.group: tuple[str, ...] | None = None
        if paths is not None:
            self.group = tuple([as_text(path(env)) for path in paths])


class Trial:
    """One rule on the facts of one artifact: its hits, and why it is inconclusive where it is."""

    __slots__ = ("allows", "cause", "hits", "node", "rule")

    def __init__(self, rule: Rule, node: FactSet, allows: Sequence[Allow] = ()) -> None:
        self.rule = rule
        self.node = node
        self.allows = allows
        self.hits: list[Hit] = []
        self.cause: str | None = None

    def consider(self, env: Env, when: bool | None) -> bool:
        """Take in a fact on which the rule's condition is true or unknown; False when an exception holds for it.

        The table of when and unless: an exception that is unknown never hides a match.
        """
        unless = self.rule.unless
        if unless is not None and unless(env) is True:
            return False
        if when:
            self.hits.append(Hit(self.rule, env, _accepting(self.allows, env)))
        elif self.cause is None:
            self.cause = _why_unknown(self.rule, env.fact, self.node)
        return True

    def close(self) -> None:
        """Settle whether the rule is inconclusive, after the last fact.

        A rule that matched nothing, or nothing but what is allowed, is inconclusive where its kind may lack
        facts or where a fact could not be decided.
        """
        if any(hit.allow is None for hit in self.hits):
            self.cause = None
        elif self.cause is None and self.rule.kind in self.node.artifact.incomplete:
            self.cause = f"{self.rule.kind} facts may be missing"


def run(trials: Sequence[Trial], node: FactSet, kind: str) -> None:
    """Evaluate rules about one kind of fact on every such fact that the artifact itself has."""
    facts = facts_of(node, kind)
    if facts:
        tried = [(trial.rule.when, trial) for trial in trials]
        first = Env(node, facts[0])
        for fact in facts:
            env = first.at(fact)
            for condition, trial in tried:
                when = condition(env)
                if when is not False:
                    trial.consider(env, when)
    for trial in trials:
        trial.close()


def facts_of(node: FactSet, kind: str) -> Facts:
    """The facts of one kind that an artifact itself has; for `artifact` its own record."""
    return (node.artifact,) if kind == "artifact" else node.facts.get(kind, ())


def as_text(value: Value) -> str:
    """A value of a fact as identities and groups hold it; an absent or unknown one is empty."""
    if value is None:
        return ""
    if isinstance(value, (set, frozenset)):
        return ",".join(sorted(map(as_text, value)))
    if isinstance(value, (list, tuple)):
        return ",".join(map(as_text, value))
    return value if isinstance(value, str) else str(value)


def _accepting(allows: Sequence[Allow], env: Env) -> Allow | None:
    """The first allow that is true of the fact; one that is unknown does not apply."""
    for allow in allows:
        if allow.when(env) is True:
            return allow
    return None


def _why_unknown(rule: Rule, fact: Fact, node: FactSet) -> str:
    """What kept a rule from being decided on a fact, as far as the fact tells."""
    kind = fact.KIND
    for name, said in ((fact.unknown, "was not computed"), (fact.cut, "was cut short")):
        read = sorted(field for field in name if f"{kind}.{field}" in rule.reads)
        if read:
            return f"{kind}.{read[0]} {said}"
    missing = sorted(name for name in node.artifact.incomplete if name in rule.reads)
    if missing:
        return f"{missing[0]} facts may be missing"
    return "something that it reads is not known"
