"""Whether one policy is at least as strict as another: proved from what they say, or refuted by name.

Stricter means: whatever does not pass under the parent does not pass under the child either. What cannot be
decided from the two policies alone is said to be unproved, never taken for granted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from modelaudit.engine.finding import SEVERITIES
from modelaudit.engine.judging.grades import is_suppressed, potential
from modelaudit.engine.policy.gate import Gate
from modelaudit.engine.policy.scales import GATE_SCALES, is_looser
from modelaudit.engine.policy.stricter_lists import Lists, same
from modelaudit.engine.ruleset import LIMITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from modelaudit.engine.ruleset import Rule, Ruleset

    Json = Any

_PROGRAM = ("for", "when", "unless", "raise", "formats", "inside", "confidence")


@dataclass(slots=True)
class Verdict:
    """What came of the comparison: why the child is not as strict, and what could not be proved."""

    child: str
    parent: str
    refuted: list[str] = field(default_factory=list)
    unproved: list[str] = field(default_factory=list)

    @property
    def proved(self) -> bool:
        """Whether the child is at least as strict."""
        return not (self.refuted or self.unproved)

    def render(self) -> str:
        """The verdict in words, a line for each reason."""
        if self.proved:
            return f"proved: {self.child} is at least as strict as {self.parent}"
        lines = [f"refuted: {self.child} is not as strict as {self.parent}: {reason}" for reason in self.refuted]
        return "\n".join([*lines, *(f"cannot be proved: {reason}" for reason in self.unproved)])


def stricter(child: Ruleset, parent: Ruleset) -> Verdict:
    """Compare two rule sets that were made of the same packs."""
    verdict = Verdict(child.policy.policy, parent.policy.policy)
    comparison = _Comparison(child, parent, verdict)
    comparison.packs()
    comparison.gate()
    comparison.limits()
    comparison.rules()
    comparison.allows()
    comparison.lists()
    comparison.absorbing()
    comparison.waivers()
    comparison.sources()
    comparison.trust()
    return verdict


class _Comparison:
    """The two policies side by side."""

    def __init__(self, child: Ruleset, parent: Ruleset, verdict: Verdict) -> None:
        self.child, self.parent = child, parent
        self.child_gate, self.parent_gate = Gate(child), Gate(parent)
        self.refuted, self.unproved = verdict.refuted.append, verdict.unproved.append
        self.here = {rule.id: rule for rule in child.rules}
        # The rules that can fail a scan of the parent: nothing else matters.
        self.counting = {rule.id: rule for rule in parent.rules if _counts(rule, self.parent_gate)}

    def packs(self) -> None:
        """Both are made of the same packs, or rules cannot be compared by their ids."""
        digests = [{(p.pack, p.digest) for p in side.packs} for side in (self.child, self.parent)]
        if digests[0] != digests[1]:
            self.unproved("the two do not use the same rule packs")

    def gate(self) -> None:
        """Every threshold is as low or lower."""
        mine, theirs = self.child.policy.gate, self.parent.policy.gate
        for key in (*GATE_SCALES, "max_findings"):
            default: Json = 0 if key == "max_findings" else None
            before, after = theirs.get(key, default), mine.get(key, default)
            if is_looser("gate", key, before, after):
                self.refuted(f"gate.{key} is {after}, there it is {before}")
        known = mine.get("baseline") if mine.get("new_only") else None
        if known and known != (theirs.get("baseline") if theirs.get("new_only") else None):
            self.refuted(f"gate.new_only lets pass what baseline {known} knows")

    def limits(self) -> None:
        """A limit that makes the parent's scan incomplete does so here; what is read less is not called clean."""
        mine, theirs = self.child.policy.limits, self.parent.policy.limits
        for key in ("max_file_size", "max_total_size", "max_depth", *LIMITS):
            default = LIMITS.get(key)
            before, after = theirs.get(key, default), mine.get(key, default)
            if is_looser("limits", key, before, after):
                if self.parent_gate.policy["on_incomplete"] != "report":
                    self.refuted(f"limits.{key} is {'not set' if after is None else after}, there it is {before}")
            elif before != after and self.child_gate.policy["on_incomplete"] == "report":
                self.unproved(f"limits.{key} reads less, and gate.on_incomplete lets what is not read pass")
        if is_looser("limits", "scope", theirs.get("scope"), mine.get("scope")):
            self.refuted("limits.scope is not full, there it is")

    def rules(self) -> None:
        """Every rule that can fail the parent's scan takes part, counts, and sees as much."""
        for id, theirs in self.counting.items():
            mine = self.here.get(id)
            if mine is None or mine.source != theirs.source:
                self.refuted(f"{_noun(theirs)} {id} does not take part")
            elif is_suppressed(mine):
                out = mine.doc["standing"]["suppression"]
                self.refuted(f"{_noun(theirs)} {id} does not count ({out['step']}: {out['reason']})")
            else:
                self.severity(mine, theirs)
                if not all(same(mine.doc[key], theirs.doc[key]) for key in _PROGRAM):
                    self.unproved(f"{_noun(theirs)} {id} is not the same in both")

    def severity(self, mine: Rule, theirs: Rule) -> None:
        """A finding of the rule that fails the parent's scan is grave enough here."""
        given = _given(mine)
        if given is None and _given(theirs) is None:
            return  # the same grade on both sides, and the threshold is compared by `gate`
        least = given or _floor(mine)[0]
        if not self.child_gate.reaches(least, "proved"):
            self.refuted(f"{_noun(theirs)} {mine.id} is only {least}, which does not reach {self.child_gate.fail_on}")

    def allows(self) -> None:
        """Nothing is allowed that the parent does not allow."""
        known = {
            (rule, allow["for"], json.dumps(allow["when"]))
            for allow in self.parent.policy.doc.get("allow", ())
            for rule in allow["rules"]
        }
        for allow in self.child.policy.doc.get("allow", ()):
            more = [
                rule
                for rule in allow["rules"]
                if rule in self.counting and (rule, allow["for"], json.dumps(allow["when"])) not in known
            ]
            if more:
                self.refuted(f"{allow['source']} allows facts of {_some(more)}: {allow['reason']}")

    def lists(self) -> None:
        """Where a list differs, no rule matches less because of it."""
        lists = Lists(self.child, self.parent, set(self.counting), self.always_counts)
        for reason in lists.refuted:
            self.refuted(reason)
        for reason in lists.unproved:
            self.unproved(reason)
        self.more_matches = lists.more_matches

    def always_counts(self, rule: Rule) -> bool:
        """Whether every match of a rule fails the child's scan."""
        return not is_suppressed(rule) and self.child_gate.reaches(_given(rule) or _floor(rule)[0], _floor(rule)[1])

    def absorbing(self) -> None:
        """A rule that stands for others here, and not there, counts wherever they would have."""
        fewer = False
        for rule in self.child.rules:
            if is_suppressed(rule) or not self.stands_for_more(rule):
                continue
            hidden = [id for id, other in self.counting.items() if _absorbs(rule, other)]
            if not hidden:
                continue
            if self.child_gate.most and not fewer:
                fewer = True
                self.unproved(f"{rule.id} may stand for {_some(hidden)}, and gate.max_findings then counts fewer")
            for top in self.above(rule):
                if not self.always_counts(top):
                    self.unproved(f"{rule.id} may stand for {_some(hidden)}, and {top.id} may not fail the scan")

    def stands_for_more(self, rule: Rule) -> bool:
        """Whether a rule may match here where it does not count there."""
        if rule.id in self.more_matches:
            return True
        there = self.parent.rule(rule.id)
        if there is None or is_suppressed(there):
            return True
        allowed = {rule_id for allow in self.parent.policy.doc.get("allow", ()) for rule_id in allow["rules"]}
        return rule.id in allowed

    def above(self, rule: Rule) -> Iterator[Rule]:
        """A rule and every rule that may stand for it in turn."""
        waiting, seen = [rule], {rule.id}
        while waiting:
            now = waiting.pop()
            yield now
            for other in self.child.rules:
                if other.id not in seen and not is_suppressed(other) and _absorbs(other, now):
                    seen.add(other.id)
                    waiting.append(other)

    def waivers(self) -> None:
        """Nothing is waived that the parent does not waive, nor for longer."""
        mine, theirs = (side.policy.doc.get("waivers", ()) for side in (self.child, self.parent))
        for waiver in mine:
            if set(waiver["rules"]) & set(self.counting) and not any(_within(waiver, other) for other in theirs):
                self.refuted(f"{waiver['source']} waives {_some(sorted(set(waiver['rules']) & set(self.counting)))}")
        rules, before = (side.policy.doc.get("waiver_rules", {}) for side in (self.child, self.parent))
        for key, value in before.items():
            if value is not None and is_looser("waiver_rules", key, value, rules.get(key)):
                self.refuted(f"waiver_rules.{key} is {rules.get(key)}, there it is {value}")
        if "fail" in (before.get("on_expired"), before.get("on_unused")):
            for waiver in theirs:
                if not any(same(waiver, other) for other in mine):
                    self.unproved(f"{waiver['source']} is not here, and it may fail the scan there")

    def sources(self) -> None:
        """A source that the parent refuses is refused here."""
        mine, theirs = (side.policy.doc.get("sources", {}) for side in (self.child, self.parent))
        if "allow" in theirs and "allow" not in mine:
            self.refuted("sources.allow is not set, so that every source is admitted")
        for place in mine.get("allow", ()) if "allow" in theirs else ():
            if not any(_inside(place, other) for other in theirs["allow"]):
                self.unproved(f"sources.allow admits {place['pattern']}")
        for place in theirs.get("deny", ()):
            if not any(_inside(place, other) for other in mine.get("deny", ())):
                self.refuted(f"sources.deny does not deny {place['pattern']}")

    def trust(self) -> None:
        """Whose packs the parent does not take, this one does not take either."""
        mine, theirs = (side.policy.doc.get("trust", {}) for side in (self.child, self.parent))
        if not _refuses_unsigned(theirs):
            return
        if not _refuses_unsigned(mine):
            self.refuted("trust.unsigned allows packs without a signature")
        for signer in sorted({*mine.get("signers", ())} - {*theirs.get("signers", ())}):
            self.refuted(f"trust.signers has {signer} too")


def _refuses_unsigned(trust: Mapping[str, Json]) -> bool:
    """Whether a policy takes signed packs only: one that speaks of trust does, unless it allows others."""
    said = trust.get("unsigned")
    return bool(trust) if said is None else list(said) == ["refuse"]


def _counts(rule: Rule, gate: Gate) -> bool:
    """Whether a rule can fail a scan."""
    return not is_suppressed(rule) and gate.reaches(*potential(rule))


def _given(rule: Rule) -> str | None:
    """The severity that the policy gives a rule."""
    given = (rule.doc.get("standing") or {}).get("severity")
    return None if given is None else str(given)


def _floor(rule: Rule) -> tuple[str, str]:
    """The least severity and confidence that a match of a rule has of itself."""
    severity, confidence = rule.severity, rule.confidence
    if confidence == "possible" and SEVERITIES.index(severity) > SEVERITIES.index("warning"):
        severity = "warning"
    return severity, confidence


def _absorbs(rule: Rule, other: Rule) -> bool:
    return other.source != "deny" and bool({other.id, other.name, *other.aliases} & set(rule.absorbs))


def _within(waiver: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    """Whether a waiver covers no more than another, and for no longer."""
    same = set(waiver["rules"]) <= set(other["rules"]) and all(
        waiver["match"].get(key) == value for key, value in other["match"].items()
    )
    ends = "expires" not in other or waiver.get("expires", "9") <= other["expires"]
    begins = "created" not in other or waiver.get("created", "") >= other["created"]
    return same and ends and begins


def _inside(place: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether everything that fits one pattern of sources surely fits another."""
    if (place["base"], place["glob"]) == (other["base"], other["glob"]):
        return True
    whole = "/".join(part for part in (place["base"].rstrip("/"), place["glob"]) if part)
    outer = "/".join(part for part in (other["base"].rstrip("/"), other["glob"]) if part)
    local = "://" not in place["base"] and "://" not in other["base"]
    if outer == "**":
        return local
    return outer.endswith("/**") and f"{whole}/".startswith(outer[:-2]) and ".." not in whole


def _noun(rule: Rule) -> str:
    return "deny" if rule.source == "deny" else "rule"


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
