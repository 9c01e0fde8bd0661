"""The steps between judging and the gate: what a baseline knows, then what is waived today."""

from __future__ import annotations

from modelaudit.engine.document import WaiverUse
from modelaudit.engine.finding import Judgement, Suppression
from modelaudit.engine.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from modelaudit.engine.document import ArtifactSummary
    from modelaudit.engine.finding import Finding
    from modelaudit.engine.policy.baseline import Baseline
    from modelaudit.engine.policy.waivers import Waiver
    from modelaudit.engine.ruleset import Ruleset

    Json = Any


_SHOWN = 10  # unused waivers that a notice names


class Acceptance:
    """The baseline and the waivers of a policy on one day; made before a scan, applied after it.

    `today` is a day in UTC, `YYYY-MM-DD`. `base` is the folder that relative paths of artifacts start from, the
    working folder when absent. Raises `UsageError` where the baseline cannot be read.
    """

    __slots__ = ("base", "baseline", "ruleset", "today", "waivers")

    def __init__(self, ruleset: Ruleset, today: str | None = None, base: str | None = None) -> None:
        self.ruleset = ruleset
        self.base = base
        self.baseline = _baseline(ruleset)
        self.today = today or ""
        self.waivers: list[Waiver] = []
        if ruleset.policy.doc.get("waivers"):
            from modelaudit.engine.policy.waivers import Waiver, day

            self.today = today or day()
            self.waivers = [Waiver(doc) for doc in ruleset.policy.doc["waivers"]]

    def apply(
        self, judgements: Sequence[Judgement], artifacts: Iterable[ArtifactSummary]
    ) -> tuple[list[Judgement], tuple[WaiverUse, ...]]:
        """The judgements with what is accepted taken out of the count, and what became of each waiver."""
        if self.baseline is None and not self.waivers:
            return list(judgements), ()
        done = _Application(self, artifacts)
        settled = [
            Judgement(tuple(map(done.finding, judgement.findings)), judgement.inconclusive, judgement.questions)
            for judgement in judgements
        ]
        return settled, tuple(done.uses())


def one_by_one(ruleset: Ruleset) -> Ruleset:
    """The same rule set for judging models apart from one another, where most waivers are rightly unused."""
    policy = ruleset.doc["policy"]
    if policy.get("waiver_rules", {}).get("on_unused") != "fail":
        return ruleset
    rules = {**policy["waiver_rules"], "on_unused": "report"}
    return ruleset.from_json({**ruleset.doc, "policy": {**policy, "waiver_rules": rules}})


def _baseline(ruleset: Ruleset) -> Baseline | None:
    gate: Json = ruleset.policy.gate
    if not (gate.get("new_only") and gate.get("baseline")):
        return None
    from modelaudit.engine.policy.baseline import read

    return read(gate["baseline"])


class _Application:
    """One pass over the findings of a scan."""

    def __init__(self, acceptance: Acceptance, artifacts: Iterable[ArtifactSummary]) -> None:
        from modelaudit.engine.policy.waivers import LIVE, state_on

        self.acceptance = acceptance
        self.digests = {artifact.path: artifact.sha256 for artifact in artifacts}
        self.places: dict[str, str] = {}
        self.states = [state_on(waiver.doc, acceptance.today) for waiver in acceptance.waivers]
        self.live = LIVE
        self.hits: list[list[str]] = [[] for _ in acceptance.waivers]  # rules of the findings that each is about
        self.by_rule: dict[str, list[int]] = {}
        for number, waiver in enumerate(acceptance.waivers):
            for rule in waiver.rules:
                self.by_rule.setdefault(rule, []).append(number)

    def finding(self, finding: Finding) -> Finding:
        """A finding as it stands after both steps."""
        if not finding.active:
            return finding
        top = finding.artifact.partition("!")[0]
        place, sha256 = self.place(top), self.digests.get(top)
        baseline = self.acceptance.baseline
        known = baseline is not None and baseline.knows(finding, place, sha256)
        waiver = self.waiver(finding, place, sha256, known=known)
        if known and baseline is not None:
            return replace(finding, suppression=Suppression("baseline", "known already", baseline.path))
        return finding if waiver is None else replace(finding, suppression=_waived(waiver.doc))

    def waiver(self, finding: Finding, place: str, sha256: str | None, *, known: bool) -> Waiver | None:
        """The first live waiver that covers a finding. One that is not live is noted where nothing else covers it."""
        waivers = self.acceptance.waivers
        covering = [n for n in self.by_rule.get(finding.rule, ()) if waivers[n].covers(finding, place, sha256)]
        live = [number for number in covering if self.states[number] == self.live]
        for number in live or (() if known else covering):
            self.hits[number].append(finding.rule)
        return waivers[live[0]] if live else None

    def place(self, top: str) -> str:
        place = self.places.get(top)
        if place is None:
            from modelaudit.engine.policy.baseline import disk_path
            from modelaudit.engine.policy.where import target

            place = self.places[top] = target(disk_path(top), self.acceptance.base)
        return place

    def uses(self) -> Iterator[WaiverUse]:
        """What became of each waiver."""
        for waiver, state, hits in zip(self.acceptance.waivers, self.states, self.hits, strict=True):
            doc = waiver.doc
            yield WaiverUse(
                id=doc["id"],
                source=doc["source"],
                state=state if state != self.live else "used" if hits else "unused",
                findings=len(hits),
                rules=tuple(dict.fromkeys(hits)),
                reason=doc.get("reason", ""),
                owner=doc.get("owner", ""),
                approved_by=doc.get("approved_by", ""),
                created=doc.get("created", ""),
                expires=doc.get("expires", ""),
            )


def _waived(doc: Json) -> Suppression:
    return Suppression(
        "waiver",
        doc.get("reason") or "waived",
        doc["source"],
        owner=doc.get("owner", ""),
        until=doc.get("expires", ""),
        approved_by=doc.get("approved_by", ""),
    )


def notices(uses: Iterable[WaiverUse]) -> Iterator[str]:
    """What people should know of waivers that did nothing: one sentence for each expired one, one for the unused."""
    unused = []
    for use in uses:
        if use.state == "expired":
            yield f"waiver {use.id} expired on {use.expires}: {_need(use.findings)} it ({use.source})"
        elif use.state == "pending":
            yield f"waiver {use.id} begins on {use.created}: {_need(use.findings)} it ({use.source})"
        elif use.state == "unused":
            unused.append(use.id)
    if unused:
        shown = ", ".join(unused[:_SHOWN]) + (f" and {len(unused) - _SHOWN} more" if len(unused) > _SHOWN else "")
        which = f"waiver {shown} was" if len(unused) == 1 else f"waivers {shown} were"
        yield f"{which} not used: no finding fits"


def _need(findings: int) -> str:
    return {0: "nothing here needs", 1: "1 finding needs"}.get(findings, f"{findings} findings need")
