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
    ("baseline", "What a baseline knows does not count. (Not carried out by this version.)", ()),
    ("waivers", "What is waived does not count until the waiver ends. (Not carried out by this version.)", ()),
    (
        "gate",
        "A finding that still counts and reaches `fail_on` and `min_confidence` fails the scan; else coverage decides.",
        ("gate",),
    ),
)
NOTES = (
    "select, allow and baselines never touch a deny; `ignore` does, by its id, where it says `overridable`.",
    "Exit codes: 1 the scan fails; 2 it is not complete (`on_incomplete`: error 2, fail 1, report 0); 0 else.",
)


def order_text() -> str:
    """The steps of the decision in their fixed order, one paragraph each, numbered."""
    lines = ["A scan is decided in this order, whatever the policy:", ""]
    lines += [f"{number:2}. {name}: {said}" for number, (name, said, _) in enumerate(STEPS, 1)]
    return "\n".join([*lines, "", *NOTES])


def policy_text(ruleset: Ruleset) -> str:
    """The order of decision with what a policy says at each step."""
    policy = ruleset.policy
    lines = [
        f"Policy {policy.policy}, version {policy.version}",
        f"  merged from {' → '.join(policy.chain)}",
        f"  digest {policy.digest}",
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
    lines = [f"{policy.policy}, version {policy.version}: {taken} rules"]
    for key in ("select", "ignore", "maturity", "lists", "severity", "deny", "allow", "gate", "limits", "final"):
        lines += [f"  {line}" for line in _said(key, policy.doc, ruleset)]
    return "\n".join(lines)


def _said(key: str, doc: Mapping[str, Json], ruleset: Ruleset) -> list[str]:
    """What the policy says under a key, none when it says nothing."""
    if key == "deny":
        return [f"deny {r.id}: {r.title} ({r.severity})" for r in ruleset.rules if r.source == "deny"]
    if key == "allow":
        return [f"allow {', '.join(a.rules)}: {a.reason} ({a.source})" for a in ruleset.policy.allow]
    value = doc.get(key)
    if not value:
        return []
    if isinstance(value, dict):
        return [f"{key}: {', '.join(f'{k} {v}' for k, v in value.items())}"]
    return [f"{key}: {', '.join(map(str, value))}"]
