"""How each rule stands under a policy: left out, ignored, only reporting, of another severity."""

from __future__ import annotations

from modelaudit.engine.diagnostics import Diagnostic
from modelaudit.engine.finding import SEVERITIES
from modelaudit.engine.policy.patterns import (
    closeness,
    first_match,
    is_glob,
    matching,
    names_deny,
    vocabulary,
)
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from modelaudit.engine.policy.resolved import Entry, Resolved

    Json = Any


def stand(policy: Resolved, rules: Sequence[Json], denies: Sequence[Json]) -> list[Json]:
    """The rules that take part, each with its `standing`, denies last; mistakes go to the diagnostics.

    `standing` holds `suppression` (step, reason, source) where the policy ignores a rule or lets it only
    report, and `severity` where the policy gives another one.
    """
    selected = [rule for rule in rules if is_selected(policy, rule)]
    _note_unselected(policy, rules, selected)
    for rule in selected:
        rule["standing"] = _standing(policy, rule)
    for deny in denies:
        deny["standing"] = _deny_standing(policy, deny)
    return [*selected, *denies]


def is_selected(policy: Resolved, rule: Json) -> bool:
    """Whether the policy takes a rule at all."""
    patterns = [entry.value for entry in policy.select] or ["*"]
    return first_match(patterns, rule) is not None


def _is_named(policy: Resolved, rule: Json) -> bool:
    """Whether the policy selects a rule by id, name or tag, and not a whole pack: its status is no matter then."""
    named = [entry.value for entry in policy.select if "*" not in entry.value]
    return first_match(named, rule) is not None


def _standing(policy: Resolved, rule: Json) -> Json:
    standing: Json = {}
    ignored = first_match([entry.value for entry in policy.ignore], rule)
    if ignored is not None:
        standing["suppression"] = _ignored(policy.ignore[ignored])
    elif rule["status"] not in policy.maturity and not _is_named(policy, rule):
        standing["suppression"] = {
            "step": "maturity",
            "reason": f"rules of status {rule['status']} report and do not decide",
            "source": f"{policy.ident} maturity",
        }
    severity = severity_of(policy, rule)
    if severity is not None:
        standing["severity"] = severity
    return standing


def _deny_standing(policy: Resolved, deny: Json) -> Json:
    """Only its own id reaches a deny, to ignore it where it is overridable, or to give it a severity."""
    standing: Json = {}
    for entry in policy.ignore:
        if names_deny(entry.value, deny):
            if deny["overridable"]:
                standing["suppression"] = _ignored(entry)
            else:
                _not_overridable(policy, deny, entry, "ignored")
    for entry in policy.severity.get(deny["id"], ()):
        lower = SEVERITIES.index(entry.value) < SEVERITIES.index(deny["severity"])
        if lower and not deny["overridable"]:
            _not_overridable(policy, deny, entry, f"lowered to {entry.value}")
        standing["severity"] = entry.value
    return standing


def _not_overridable(policy: Resolved, deny: Json, entry: Entry, said: str) -> None:
    message = f"`{deny['id']}` is a deny of {deny['pack']} that is not overridable: it cannot be {said}"
    hint = "only the policy that states it can say `overridable: true`"
    policy.diagnostics.append(Diagnostic("E312", message, entry.span, help=hint))


def _ignored(entry: Entry) -> Json:
    source = entry.source("ignore")
    return {"step": "ignore", "reason": f"{entry.file.ident} ignores `{entry.value}`", "source": source}


def severity_of(policy: Resolved, rule: Json, before: int | None = None) -> str | None:
    """The severity that the policy gives a rule, None when it leaves it alone.

    The closest pattern decides: an id beats a tag, a tag beats a pack; among equals the gravest. `before`
    counts only the words of that many first files of the chain.
    """
    files = policy.chain.files[:before]
    best: tuple[int, int] | None = None
    for pattern, entries in policy.severity.items():
        close = closeness(pattern, rule)
        said = [entry.value for entry in entries if any(entry.file is file for file in files)]
        if close and said:
            best = max(best or (0, 0), (close, SEVERITIES.index(said[-1])))
    return SEVERITIES[best[1]] if best else None


def check_final_severity(policy: Resolved, rules: Sequence[Json]) -> None:
    """Where `severity` is final: no later file may make any rule less grave."""
    owner = policy.final.get("severity")
    if owner is None:
        return
    upto = policy.chain.files.index(owner.file) + 1
    later = [
        (pattern, entry)
        for pattern, entries in policy.severity.items()
        for entry in entries
        if policy.chain.files.index(entry.file) >= upto
    ]
    for pattern, entry in later:
        lowered = [r["id"] for r in matching(pattern, rules) if _is_lower(policy, r, entry, upto)]
        if lowered:
            message = f"`severity` is final in {owner.file.ident}: {', '.join(lowered[:3])} would be lowered"
            policy.diagnostics.append(Diagnostic("E310", message, entry.span, "this would loosen it"))


def _is_lower(policy: Resolved, rule: Json, entry: Entry, upto: int) -> bool:
    before = severity_of(policy, rule, upto) or rule["severity"]
    after = severity_of(policy, rule) or rule["severity"]
    lower = SEVERITIES.index(after) < SEVERITIES.index(before)
    return lower and entry.value == after


# Names that name nothing


def check_names(policy: Resolved, rules: Sequence[Json], denies: Sequence[Json]) -> None:
    """Report what select, ignore and severity name and no rule is called."""
    for key, entries in (("select", policy.select), ("ignore", policy.ignore)):
        for entry in entries:
            reach = denies if key == "ignore" else ()
            check_pattern(policy, entry.value, entry.span, rules, reach)
    for pattern, said in policy.severity.items():
        check_pattern(policy, pattern, said[-1].span, rules, denies)


def check_pattern(policy: Resolved, pattern: str, span: Json, rules: Sequence[Json], denies: Iterable[Json]) -> bool:
    """Whether a pattern names a rule; if not, an error is reported, or a warning where it has a `*`."""
    if matching(pattern, rules) or any(names_deny(pattern, deny) for deny in denies):
        return True
    words = [*vocabulary(rules), *(str(deny["id"]) for deny in denies)]
    if is_glob(pattern):
        message = f"`{pattern}` names no rule today"
        label = suggestion(pattern, words)
        policy.diagnostics.append(Diagnostic("W352", message, span, label, level="warning"))
        return False
    label = _near(pattern, words)
    hint = "" if label else "ids, names, `tag:…` and `pack/*` name rules; `modelaudit rules list` shows them"
    if _is_of_no_pack(pattern, rules):
        hint = "no pack that is loaded has such ids: name the pack of the rule with `--rules`, or under `packs`"
    policy.diagnostics.append(Diagnostic("E308", f"`{pattern}` names no rule", span, label, hint))
    return False


def _is_of_no_pack(pattern: str, rules: Sequence[Json]) -> bool:
    """Whether a pattern reads as an id, and no rule has one with the same letters before the number."""
    start = pattern.rstrip("0123456789")
    if start == pattern or not start.isupper():
        return False
    return not any(str(rule["id"]).startswith(start) for rule in rules)


def _near(pattern: str, words: Sequence[str]) -> str:
    if f"{pattern}/*" in words:
        return f"a pack is written `{pattern}/*`"
    if f"tag:{pattern}" in words:
        return f"a tag is written `tag:{pattern}`"
    return suggestion(pattern, words)


def _note_unselected(policy: Resolved, rules: Sequence[Json], selected: Sequence[Json]) -> None:
    """A pack that was loaded and of which nothing is selected is probably an oversight, or a misspelt word did it."""
    if any(each.code == "E308" for each in policy.diagnostics):
        return
    taken = {rule["pack"] for rule in selected}
    entries = policy.select
    for pack in dict.fromkeys(rule["pack"] for rule in rules):
        if pack not in taken and entries:
            message = f"no rule of pack `{pack}` is selected"
            label = f"`{pack}/*` would select them"
            policy.diagnostics.append(Diagnostic("W353", message, entries[0].span, label, level="warning"))
