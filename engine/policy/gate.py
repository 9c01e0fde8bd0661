"""The gate: what the findings, and what could not be read, mean for the exit code.

1 when a finding stands that the policy counts, even if something else could not be scanned. Else 2 when the scan
is not complete (`gate.on_incomplete: error`; `fail` makes that 1, `report` makes it 0). Else 0. A source that
the policy refuses is never less than 2.
"""

from __future__ import annotations

from modelaudit.engine.document import SKIPPED, Decision
from modelaudit.engine.errors import UsageError
from modelaudit.engine.finding import CONFIDENCES, SEVERITIES
from modelaudit.engine.judging.grades import potential

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.document import ArtifactSummary, ScanError, WaiverUse
    from modelaudit.engine.finding import Finding, Inconclusive, Judgement
    from modelaudit.engine.ruleset import Ruleset

BARS = ("warning", "critical")  # what a scan may fail on: a note never changes the exit code
UNKNOWN = "unknown"  # the format of what no recogniser knows
REFUSED = "source-refused"  # the code of the error for a file that the policy does not let in
_EXIT = {"pass": 0, "fail": 1, "incomplete": 2}
_MEANS = {"error": "incomplete", "fail": "fail", "report": "pass"}
_SHOWN = 3  # errors of one code that are spelled out


def decide(
    ruleset: Ruleset,
    judgements: Sequence[Judgement],
    *,
    errors: Sequence[ScanError] = (),
    artifacts: Sequence[ArtifactSummary] = (),
    fail_on: str | None = None,
    waivers: Sequence[WaiverUse] = (),
) -> Decision:
    """The decision on a whole scan. `fail_on` takes the place of the policy's, unless that is final.

    `judgements` are those after baseline and waivers, `waivers` says what became of each waiver.
    An error of code `unknown-format` is for the caller to add where such a file was all that was scanned;
    inside a directory `gate.on_unknown_format` decides.
    """
    gate = Gate(ruleset, fail_on)
    findings = [finding for judgement in judgements for finding in judgement.findings]
    deciding = [finding for finding in findings if gate.counts(finding)]
    gaps = _Gaps(gate, judgements, findings, errors, artifacts)
    lapsed = _lapsed(gate, waivers)
    tolerated = gate.tolerates(deciding)
    if (deciding and not tolerated) or lapsed:
        by = {finding.rule for finding in deciding} if not tolerated else set()
        by |= {rule for use in waivers if lapsed and use.state == "expired" for rule in use.rules}
        said = [_tally(deciding, gate)] if deciding else []
        return _decision("fail", [*said, *lapsed, *gaps.incomplete, *gaps.unknown], tuple(sorted(by)))
    return _without_findings(gate, gaps, [_tolerated(deciding, gate)] if deciding else [])


def _lapsed(gate: Gate, waivers: Iterable[WaiverUse]) -> list[str]:
    """A sentence on each waiver that fails the scan: by what it no longer covers, or by covering nothing."""
    rules = gate.ruleset.policy.doc.get("waiver_rules", {})
    said = []
    for use in waivers:
        if use.state == "expired" and use.findings and rules.get("on_expired") == "fail":
            said.append(f"Waiver {use.id} expired on {use.expires}, and {_findings(use.findings)} it.")
        if use.state == "unused" and rules.get("on_unused") == "fail":
            said.append(f"Waiver {use.id} covers nothing.")
    return said


def _findings(number: int) -> str:
    return "a finding still needs" if number == 1 else f"{number} findings still need"


def _tolerated(findings: Sequence[Finding], gate: Gate) -> str:
    return f"{_tally(findings, gate)[:-1]}; the policy tolerates {gate.most}."


def _without_findings(gate: Gate, gaps: _Gaps, tolerated: list[str]) -> Decision:
    """The decision when no finding fails the scan: by what is missing."""
    outcomes = []
    if gaps.incomplete:
        means = _MEANS[gate.policy["on_incomplete"]]
        outcomes.append(("incomplete" if gaps.refused and means == "pass" else means, gaps.incomplete))
    if gaps.unknown:
        outcomes.append((_MEANS[gate.policy["on_unknown_format"]], gaps.unknown))
    outcomes.sort(key=lambda pair: ("fail", "incomplete", "pass").index(pair[0]))
    outcome = outcomes[0][0] if outcomes else "pass"
    reasons = [*tolerated, *(reason for _, said in outcomes for reason in said)]
    if outcome == "pass" and not tolerated:
        reasons.insert(0, f"No finding stands at or above {gate.fail_on}.")
    return _decision(outcome, reasons, tuple(sorted(gaps.rules)) if outcome == "fail" else ())


def _decision(outcome: str, reasons: Iterable[str], by: tuple[str, ...]) -> Decision:
    return Decision(_EXIT[outcome], outcome, tuple(reasons), by)


class Gate:
    """The thresholds that hold for a scan."""

    __slots__ = ("fail_on", "min_confidence", "most", "policy", "ruleset", "undecided")

    def __init__(self, ruleset: Ruleset, fail_on: str | None = None) -> None:
        self.ruleset = ruleset
        self.undecided: dict[str, bool] = {}  # by rule: whether it would count, had it matched
        self.policy: Mapping[str, Any] = ruleset.policy.gate
        self.most = int(self.policy.get("max_findings", 0))  # findings that may stand
        self.min_confidence: str = self.policy["min_confidence"]
        self.fail_on: str = self.policy["fail_on"] if fail_on is None else self.override(fail_on)

    def override(self, fail_on: str) -> str:
        """The threshold of the command line; refused where it would loosen a final one."""
        if fail_on not in BARS:
            raise UsageError(f"fail_on takes {' or '.join(BARS)}, not {fail_on!r}")
        own: str = self.policy["fail_on"]
        final = {"gate", "gate.fail_on"} & set(self.ruleset.policy.doc.get("final", ()))
        if final and SEVERITIES.index(fail_on) > SEVERITIES.index(own):
            name = self.ruleset.policy.policy
            raise UsageError(f"policy {name} makes gate.fail_on final at {own}: {fail_on} would loosen it")
        return fail_on

    def counts(self, finding: Finding) -> bool:
        """Whether a finding fails the scan."""
        return finding.active and self.reaches(finding.severity, finding.confidence)

    def reaches(self, severity: str, confidence: str) -> bool:
        """Whether a severity and a confidence are at or above the thresholds."""
        return SEVERITIES.index(severity) >= SEVERITIES.index(self.fail_on) and CONFIDENCES.index(
            confidence
        ) >= CONFIDENCES.index(self.min_confidence)

    def tolerates(self, findings: Sequence[Finding]) -> bool:
        """Whether so many findings that fail a scan may stand; a deny never may."""
        return len(findings) <= self.most and all(finding.source != "deny" for finding in findings)

    def could_count(self, inconclusive: Inconclusive) -> bool:
        """Whether an inconclusive rule would have failed the scan, had it matched."""
        known = self.undecided.get(inconclusive.rule)
        if known is None:
            rule = self.ruleset.rule(inconclusive.rule)
            known = rule is None or self.reaches(*potential(rule))
            self.undecided[inconclusive.rule] = known
        return known


class _Gaps:
    """What keeps a scan from being complete, as sentences."""

    def __init__(
        self,
        gate: Gate,
        judgements: Iterable[Judgement],
        findings: Iterable[Finding],
        errors: Sequence[ScanError],
        artifacts: Sequence[ArtifactSummary],
    ) -> None:
        self.rules: set[str] = set()
        self.refused = any(error.code == REFUSED for error in errors)
        told = {error.path for error in errors}
        unknown = {a.path for a in artifacts if a.format == UNKNOWN and a.coverage == "none" and a.path not in told}
        undecided = [i for j in judgements for i in j.inconclusive if i.artifact not in unknown]
        self.incomplete = [
            *_errors(errors),
            *self.inconclusive(gate, undecided),
            *_uncovered(artifacts, told | {finding.artifact for finding in findings}),
        ]
        if gate.ruleset.incomplete:
            self.incomplete.append("A rule or a pack needs a newer engine and was left out.")
        if not artifacts and not errors:
            self.incomplete.append("Nothing was scanned.")
        self.unknown: list[str] = []
        if unknown:
            self.unknown.append(_files(len(unknown), "of unknown format was", "of unknown format were") + " not read.")

    def inconclusive(self, gate: Gate, undecided: Iterable[Inconclusive]) -> Iterator[str]:
        """A sentence on the rules that could not be decided and would have counted."""
        counting = [i for i in undecided if gate.could_count(i)]
        if not counting:
            return
        self.rules = {i.rule for i in counting}
        names = sorted(self.rules)
        shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
        number = f"{len(names)} rule" + ("" if len(names) == 1 else "s")
        yield f"{number} that would fail the scan could not be decided ({shown}): {counting[0].cause}."


def _tally(findings: Sequence[Finding], gate: Gate) -> str:
    """How many findings of which severity fail the scan."""
    counts = {word: sum(f.severity == word for f in findings) for word in reversed(SEVERITIES)}
    parts = [f"{number} {word}" for word, number in counts.items() if number]
    noun = "finding stands" if len(findings) == 1 else "findings stand"
    return f"{' and '.join(parts)} {noun} at or above {gate.fail_on}."


def _errors(errors: Iterable[ScanError]) -> Iterator[str]:
    """A sentence per error, the tail of many of one code drawn together."""
    by_code: dict[str, list[ScanError]] = {}
    for error in errors:
        by_code.setdefault(error.code, []).append(error)
    for code, same in by_code.items():
        for error in same[:_SHOWN]:
            yield error.message if error.message.endswith(".") else f"{error.message}."
        if len(same) > _SHOWN:
            yield f"{len(same) - _SHOWN} more of {code}."


def _uncovered(artifacts: Iterable[ArtifactSummary], explained: set[str | None]) -> Iterator[str]:
    """A sentence on artifacts that were not understood, where neither a finding nor an error says so."""
    partly = [a for a in artifacts if a.coverage != "full" and a.format != UNKNOWN and SKIPPED not in a.reasons]
    silent = [a for a in partly if a.path not in explained]
    if silent:
        reasons = "; ".join(silent[0].reasons) or "no reason is known"
        yield f"{_files(len(silent), 'was', 'were')} not read to the end: {silent[0].path} ({reasons})."


def _files(number: int, one: str, many: str) -> str:
    return f"1 file {one}" if number == 1 else f"{number} files {many}"
