"""One rule over the facts of one artifact: what it matched, and whether it could be decided."""

from __future__ import annotations

from modelaudit.engine.lang.evaluate import Env

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.ruleset import Allow, Rule

    Value = Any


class Hit:
    """A fact that a rule matched: how grave, how sure, and the values that it is grouped by."""

    __slots__ = ("allow", "confidence", "env", "fact", "group", "severity")

    def __init__(self, rule: Rule, fact: Fact, env: Env, allow: Allow | None) -> None:
        self.fact = fact
        self.env = env
        self.allow = allow  # what accepts the fact, if anything does
        self.severity, self.confidence = rule.grade(env)
        paths = rule.group
        self.group: tuple[str, ...] | None = None
        if paths is not None:
            self.group = tuple([as_text(path(env)) for path in paths])


class Outcome:
    """What a rule says of one artifact: its hits, and why it is inconclusive where it is."""

    __slots__ = ("cause", "hits")

    def __init__(self, hits: list[Hit], cause: str | None) -> None:
        self.hits = hits
        self.cause = cause


def outcome(rule: Rule, node: FactSet, allows: Sequence[Allow] = ()) -> Outcome:
    """Evaluate a rule on every fact of its kind that the artifact itself has.

    A rule that matched nothing, or nothing but what is allowed, is inconclusive where its kind may lack facts
    or where a fact could not be decided.
    """
    hits: list[Hit] = []
    cause: str | None = None
    for fact in facts_of(node, rule.kind):
        env = Env(node, fact)
        said = decide(rule, env)
        if said is None:
            cause = cause or _why_unknown(rule, fact, node)
        elif said:
            hits.append(Hit(rule, fact, env, _accepting(allows, env)))
    if any(hit.allow is None for hit in hits):
        return Outcome(hits, None)
    if cause is None and rule.kind in node.artifact.incomplete:
        cause = f"{rule.kind} facts may be missing"
    return Outcome(hits, cause)


def facts_of(node: FactSet, kind: str) -> Sequence[Fact]:
    """The facts of one kind that an artifact itself has; for `artifact` its own record."""
    return (node.artifact,) if kind == "artifact" else node.facts.get(kind, ())


def decide(rule: Rule, env: Env) -> bool | None:
    """The table of when and unless: an exception that is unknown never hides a match."""
    when = rule.when(env)
    if when is False:
        return False
    unless = rule.unless
    if unless is not None and unless(env) is True:
        return False
    return when


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
