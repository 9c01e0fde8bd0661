"""Each finding through the fixed order of decision: what every step said of it, and which one decided."""

from __future__ import annotations

from modelaudit.engine.finding import SEVERITIES
from modelaudit.engine.policy.gate import Gate
from modelaudit.engine.policy.patterns import closeness
from modelaudit.engine.policy.polarity import names, reached
from modelaudit.engine.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.document import ScanDocument
    from modelaudit.engine.finding import Finding
    from modelaudit.engine.ruleset import Rule, Ruleset

    Json = Any

_STEP_OF = {
    "ignore": "select/ignore",
    "maturity": "maturity",
    "allow": "unless/allow",
    "absorb": "absorb",
    "baseline": "baseline",
    "waiver": "waivers",
}


@record
class Said:
    """What one step of the order says of a finding."""

    step: str
    words: str


@record
class Traced:
    """A finding and its way through the order; the last step is the one that decided."""

    finding: Finding
    steps: tuple[Said, ...]

    @property
    def decided(self) -> str:
        """The step that decided."""
        return self.steps[-1].step


def trace(ruleset: Ruleset, document: ScanDocument, fail_on: str | None = None) -> Iterator[Traced]:
    """The way of every finding of a scan, absorbed ones after the one that stands for them."""
    gate = Gate(ruleset, fail_on)
    for finding in document.findings:
        yield Traced(finding, tuple(_steps(ruleset, gate, finding)))
        for other in finding.related:
            yield Traced(other, tuple(_steps(ruleset, gate, other)))


def _steps(ruleset: Ruleset, gate: Gate, finding: Finding) -> Iterator[Said]:
    """The steps up to the one that decided, those that had nothing to say left out."""
    rule = ruleset.rule(finding.rule)
    assert rule is not None  # noqa: S101 - findings come from rules of the rule set
    decided = _STEP_OF[finding.suppression.step] if finding.suppression else "gate"
    for step, words in _all(ruleset, gate, rule, finding):
        if step == decided and finding.suppression is not None:
            break
        if words:
            yield Said(step, words)
    if finding.suppression is not None:
        yield Said(decided, _taken_out(finding))


def _all(ruleset: Ruleset, gate: Gate, rule: Rule, finding: Finding) -> Iterator[tuple[str, str]]:
    yield "lists", _lists(ruleset, rule)
    yield "select/ignore", _selected(ruleset, rule)
    yield "maturity", f"status {rule.status} decides" if rule.source == "rule" else ""
    yield "judge", f"{rule.id} {'denies' if rule.source == 'deny' else 'matches'}: {finding.message}"
    yield "severity", _severity(rule, finding)
    yield "unless/allow", ""
    yield "absorb", _absorbs(finding)
    yield "baseline", ""
    yield "waivers", ""
    yield "gate", _gate(gate, finding)


def _lists(ruleset: Ruleset, rule: Rule) -> str:
    """Changes of the policy to lists that the rule reads."""
    changed = [str(change) for change in ruleset.policy.doc.get("lists", {})]
    read = reached(names([rule.doc["when"], rule.doc["unless"]]), ruleset.doc["lists"]) if changed else set()
    touched = [change for change in changed if any(_is(name, change.split(" ")[0]) for name in read)]
    return f"the policy changes {', '.join(touched)}" if touched else ""


def _is(full: str, written: str) -> bool:
    return full == written or full.rpartition(".")[2] == written


def _selected(ruleset: Ruleset, rule: Rule) -> str:
    if rule.source == "deny":
        return f"deny of {rule.pack}, which no select touches"
    pattern = next((p for p in ruleset.policy.select if closeness(p, rule.doc)), "*")
    return f"selected by `{pattern}`"


def _severity(rule: Rule, finding: Finding) -> str:
    given = (rule.doc.get("standing") or {}).get("severity")
    if given:
        return f"the policy makes it {given}, the rule says {rule.severity}"
    if finding.severity != rule.severity:
        direction = "raises" if SEVERITIES.index(finding.severity) > SEVERITIES.index(rule.severity) else "lowers"
        return f"the rule {direction} it from {rule.severity} to {finding.severity}"
    return f"{finding.severity}, as the rule says"


def _absorbs(finding: Finding) -> str:
    names = ", ".join(dict.fromkeys(other.rule for other in finding.related))
    return f"it stands for {names} too" if names else ""


def _gate(gate: Gate, finding: Finding) -> str:
    what = f"{finding.severity}, {finding.confidence}"
    bar = f"fail_on {gate.fail_on}, min_confidence {gate.min_confidence}"
    if not gate.counts(finding):
        return f"does not count: {what} is below {bar}"
    many = f", unless no more than {gate.most} stand (max_findings)" if gate.most and finding.source != "deny" else ""
    return f"fails the scan: {what} reaches {bar}{many}"


def _taken_out(finding: Finding) -> str:
    taken = finding.suppression
    assert taken is not None  # noqa: S101 - the caller asked
    said = [taken.reason]
    if taken.step != "absorb":  # there the reason names the rule
        said.append(taken.source and f"said by {taken.source}")
    said += [taken.owner and f"owner {taken.owner}"]
    said += [taken.approved_by and f"approved by {taken.approved_by}", taken.until and f"until {taken.until}"]
    return "taken out: " + ", ".join(word for word in said if word)
