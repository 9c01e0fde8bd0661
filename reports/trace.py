"""The trace of a rule as a tree: ✓ true, ✗ false, ? unknown."""

from __future__ import annotations

from modelaudit.reports.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelaudit.engine.authoring.trace import ArtifactTrace, FactTrace, Step

SIGNS = {True: "✓", False: "✗", None: "?"}
_ORDER = ("match", "noted", "suppressed", "inconclusive", "no-match")


def render_trace(traces: Sequence[ArtifactTrace], kind: str, limit: int) -> str:
    """Artifact by artifact, the facts that say most first, at most `limit` of each artifact."""
    lines = [line for each in traces for line in _artifact(each, kind, limit)]
    return "\n".join(lines) + "\n"


def _artifact(trace: ArtifactTrace, kind: str, limit: int) -> Iterator[str]:
    yield f"{visible(trace.artifact)} ({trace.format})"
    if not trace.applies:
        yield "  the rule is not about artifacts of this format"
        return
    if trace.incomplete:
        yield f"  ? {kind} facts may be missing: without a match the rule is inconclusive"
    if not trace.facts:
        yield f"  no {kind} fact"
    ordered = sorted(trace.facts, key=lambda fact: _ORDER.index(fact.outcome))
    for fact in ordered[:limit]:
        yield from _fact(fact)
    rest = ordered[limit:]
    if rest:
        counts = [(word, sum(1 for fact in rest if fact.outcome == word)) for word in _ORDER]
        told = ", ".join(f"{count} {word}" for word, count in counts if count)
        yield f"  … {len(rest)} more: {told}"


def _fact(fact: FactTrace) -> Iterator[str]:
    place = f" {fact.place}" if fact.place else ""
    yield f"  {visible(fact.fact)}{place}: {_verdict(fact)}"
    yield from _condition("when", fact.when)
    if fact.unless is not None:
        yield from _condition("unless", fact.unless)
    for step in fact.raises:
        yield from _condition("raise", step)
    if fact.message:
        yield f"    → {fact.grade}: {visible(fact.message)}"


def _verdict(fact: FactTrace) -> str:
    if fact.outcome == "noted":
        return "match (whether the exception holds is unknown)"
    if fact.outcome == "suppressed":
        return "suppressed by `unless`"
    blamed = fact.when.blame()
    if blamed is None:
        return fact.outcome
    said = "said no" if blamed.value is False else "is unknown"
    return f"{fact.outcome}, `{visible(blamed.text)}` {said}"


def _condition(label: str, step: Step) -> Iterator[str]:
    for number, line in enumerate(_step(step, 0)):
        yield f"    {label if not number else '':<7}{line}"


def _step(step: Step, depth: int) -> Iterator[str]:
    saw = f"  — {visible(step.saw)}" if step.saw else ""
    yield f"{'  ' * depth}{SIGNS[step.value]} {visible(step.text)}{saw}"
    for inner in step.steps:
        yield from _step(inner, depth + 1)
