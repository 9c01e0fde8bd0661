"""The order of decision in words, for `policy explain`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from modelaudit.engine.ruleset import Ruleset

    Json = Any

# Step, what it does, and what of the policy it reads.
STEPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("lists", "Changes to lists of the packs are made, those of an extended policy first.", ("lists",)),
    (
        "select/ignore",
        "Rules that are not selected take no part; findings of ignored rules are shown and do not count.",
        ("select", "ignore"),
    ),
    ("maturity", "Rules of a status that is not listed report and never decide.", ("maturity",)),
    (
        "judge",
        "Rules and denies see every fact: each matches, does not match, or is inconclusive.",
        ("deny",),
    ),
    (
        "severity",
        "A finding takes the severity that the policy gives its rule: an id beats a tag, a tag beats a pack.",
        ("severity",),
    ),
    (
        "unless/allow",
        "What the rule's `unless` or an `allow` covers does not count; where that is unknown, it counts.",
        ("allow",),
    ),
    (
        "absorb",
        "Of several findings about one subject in one artifact, the one whose rule absorbs the others stands.",
        (),
    ),
    ("baseline", "With `gate.new_only`, what the baseline knows does not count.", ("baseline",)),
    (
        "waivers",
        "What is waived does not count until the waiver ends; an expired one is reported, or fails the scan.",
        ("waivers", "waiver_rules"),
    ),
    (
        "gate",
        "More than `max_findings` that reach `fail_on` and `min_confidence` fail the scan; then coverage decides.",
        ("gate",),
    ),
)
NOTES = (
    "Nothing touches a deny but a waiver, and an `ignore` where it says `overridable`, each by its id.",
    "Before the first byte is read, `sources` says where models may come from, and `limits` how much is read.",
    "Exit codes: 1 the scan fails; 2 it is not complete (`on_incomplete`: error 2, fail 1, report 0); 0 else.",
)


_KEYS = tuple(key for _, _, keys in STEPS for key in keys)


def policy_text(ruleset: Ruleset) -> str:
    """The order of decision with what a policy says at each step."""
    policy = ruleset.policy
    lines = [
        f"Policy {policy.policy}, version {policy.version}",
        f"  merged from {' → '.join(policy.chain)}",
        f"  digest {policy.digest}",
        *(f"  {line}" for line in _supply(ruleset)),
        "",
        "A scan is decided in this order:",
        "",
    ]
    for number, (name, said, keys) in enumerate(STEPS, 1):
        lines.append(f"{number:2}. {name}: {said}")
        for key in keys:
            lines += [f"      {line}" for line in _said(key, policy.doc, ruleset)]
    return "\n".join([*lines, "", *NOTES])


def summary(ruleset: Ruleset) -> str:
    """The merged policy in a few lines, for `policy check`."""
    policy = ruleset.policy
    taken = sum(rule.source == "rule" for rule in ruleset.rules)
    lines = [f"{policy.policy}, version {policy.version}: {_rules(taken)}"]
    lines += [f"  {line}" for line in _supply(ruleset)]
    for key in (*_KEYS, "limits", "sources", "final"):
        lines += [f"  {line}" for line in _said(key, policy.doc, ruleset)]
    return "\n".join(lines)


def _supply(ruleset: Ruleset) -> list[str]:
    """Which packs the policy is judged with, and whose it takes."""
    packs = [
        f"pack {pack.pack} {pack.version}: {_rules(pack.rules)}, digest {pack.digest[:12]}" for pack in ruleset.packs
    ]
    trust = ruleset.policy.doc.get("trust") or {}
    return packs + [f"trust.{key}: {', '.join(map(str, said))}" for key, said in trust.items()]


def _rules(number: int) -> str:
    return "1 rule" if number == 1 else f"{number} rules"


def _said(key: str, doc: Mapping[str, Json], ruleset: Ruleset) -> list[str]:
    """What the policy says under a key, none when it says nothing."""
    if key == "deny":
        return [f"deny {r.id}: {r.title} ({r.severity})" for r in ruleset.rules if r.source == "deny"]
    if key == "allow":
        return [f"allow {', '.join(a.rules)}: {a.reason} ({a.source})" for a in ruleset.policy.allow]
    if key == "waivers":
        return [_waiver(waiver) for waiver in doc.get("waivers", ())]
    if key == "sources":
        said = doc.get("sources", {}).items()
        return [f"sources.{word}: {', '.join(item['pattern'] for item in items)}" for word, items in said]
    value = _plain(key, doc)
    if not value:
        return []
    if isinstance(value, dict):
        return [f"{key}: {', '.join(f'{word} {_word(said)}' for word, said in value.items())}"]
    return [f"{key}: {', '.join(map(str, value))}"]


def _word(said: Json) -> str:
    """A value as people write it: the items of a list with blanks between them."""
    return " ".join(map(str, said)) if isinstance(said, (list, tuple)) else str(said)


def _plain(key: str, doc: Mapping[str, Json]) -> Json:
    """The value under a key that is said as it stands; the baseline is apart from the rest of the gate."""
    gate: dict[str, Json] = dict(doc["gate"])
    baseline = {word: gate.pop(word) for word in ("baseline", "new_only") if word in gate}
    return {"baseline": baseline, "gate": gate}.get(key, doc.get(key))


def _waiver(waiver: Mapping[str, Json]) -> str:
    """One waiver: what it waives, for whom and until when."""
    match = {**waiver["match"]}
    if "path" in match:
        match["path"] = "/".join(part for part in (match["path"]["base"], match["path"]["glob"]) if part)
    where = ", ".join(f"{key} {value}" for key, value in match.items())
    until = f" until {waiver['expires']}" if "expires" in waiver else ""
    return f"waiver {waiver['id']}{until}: {', '.join(waiver['rules'])} in {where}"
