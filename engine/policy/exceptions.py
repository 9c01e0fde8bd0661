"""Waivers, baselines and sources of the merged policy: checked, and compiled to plain JSON.

Whether a waiver is live is not decided here: it depends on the day of the scan.
"""

from __future__ import annotations

from datetime import date

from modelaudit.engine.diagnostics import Diagnostic
from modelaudit.engine.policy import standing, where
from modelaudit.engine.policy.patterns import matching, names_deny

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from modelaudit.engine.diagnostics import Span
    from modelaudit.engine.policy.resolved import Entry, Resolved

    Json = Any

_SAID = ("reason", "owner", "approved_by", "created", "expires")


def compile_waivers(policy: Resolved, named: Sequence[Json], denies: Sequence[Json]) -> list[Json]:
    """Each waiver with the ids of the rules that it is about; mistakes go to the policy's diagnostics."""
    compiled = []
    for entry in policy.waivers:
        _check_days(policy, entry)
        _check_required(policy, entry)
        _check_globs(policy, entry)
        given = entry.value
        compiled.append(
            {
                "id": given["id"],
                "rules": _rules(policy, entry, named, denies),
                "match": _match(entry),
                **{key: given[key] for key in _SAID if key in given},
                "source": f"{entry.file.ident} waiver {given['id']}",
            }
        )
    return compiled


def _rules(policy: Resolved, entry: Entry, named: Sequence[Json], denies: Sequence[Json]) -> list[str]:
    found: dict[str, None] = {}
    for index, pattern in enumerate(entry.value["rules"]):
        standing.check_pattern(policy, pattern, _span(entry, "rules", index), named, denies)
        found.update((rule["id"], None) for rule in matching(pattern, named))
        found.update((deny["id"], None) for deny in denies if names_deny(pattern, deny))
    return list(found)


def _match(entry: Entry) -> Json:
    match = {key: value for key, value in entry.value["match"].items() if not key.startswith("x-")}
    if "path" in match:
        match["path"] = where.located(match["path"], entry.file.folder)
    return match


def _check_days(policy: Resolved, entry: Entry) -> None:
    """Days that the calendar has, the first before the last, and not more of them than the policy grants."""
    days = {key: _day(policy, entry, key) for key in ("created", "expires") if key in entry.value}
    first, last = days.get("created"), days.get("expires")
    if first is None or last is None:
        return
    if last <= first:
        message = f"waiver {entry.value['id']} ends on {last}, and it begins on {first}"
        policy.diagnostics.append(Diagnostic("E332", message, _span(entry, "expires"), "not after its first day"))
    most = policy.waiver_rules.get("max_days")
    if most is not None and (last - first).days > most:
        message = f"waiver {entry.value['id']} holds for {(last - first).days} days, `max_days` is {most}"
        policy.diagnostics.append(Diagnostic("E331", message, _span(entry, "expires")))


def _day(policy: Resolved, entry: Entry, key: str) -> date | None:
    said = entry.value[key]
    try:
        return date.fromisoformat(said)
    except ValueError:
        message = f"the calendar has no day `{said}`"
        policy.diagnostics.append(Diagnostic("E332", message, _span(entry, key), help="write YYYY-MM-DD"))
        return None


def _check_required(policy: Resolved, entry: Entry) -> None:
    wanted = [*policy.waiver_rules.get("require", ())]
    if policy.waiver_rules.get("max_days") is not None:
        wanted += ["created", "expires"]
    lacking = [key for key in dict.fromkeys(wanted) if key not in entry.value]
    if lacking:
        names = ", ".join(f"`{key}`" for key in lacking)
        message = f"waiver {entry.value['id']} does not say {names}"
        hint = "`waiver_rules` of this policy or of one that it extends asks for it"
        policy.diagnostics.append(Diagnostic("E330", message, entry.span, help=hint))


def _check_globs(policy: Resolved, entry: Entry) -> None:
    for key in ("path", "member"):
        pattern = entry.value["match"].get(key)
        mistake = where.problem(pattern) if pattern else ""
        if mistake:
            policy.diagnostics.append(Diagnostic("E333", mistake, _span(entry, "match", key)))


def policy_sources(policy: Resolved) -> Json:
    """Where models may and may not come from, as places; mistakes go to the policy's diagnostics."""
    compiled: Json = {}
    for key, entries in policy.sources.items():
        compiled[key] = []
        for entry in entries:
            folder = entry.file.folder
            compiled[key].append({**where.located(entry.value, folder), "pattern": entry.value})
            mistake = where.problem(entry.value)
            if not where.has_scheme(entry.value):
                mistake = f"`{entry.value}` does not say what kind of source it is"
            if mistake:
                hint = f"files are written `file://{entry.value}`" if not where.has_scheme(entry.value) else ""
                policy.diagnostics.append(Diagnostic("E334", mistake, entry.span, help=hint))
    return compiled


def check_baseline(policy: Resolved) -> None:
    """A baseline and `new_only` belong together."""
    gate = policy.gate
    if gate.get("new_only") and "baseline" not in gate:
        message = "`gate.new_only` needs `gate.baseline`, which says what is known already"
        hint = "`modelaudit policy baseline MODEL -o FILE` makes one"
        policy.diagnostics.append(Diagnostic("E335", message, policy.gate_spans["new_only"], help=hint))
    if "baseline" in gate and not gate.get("new_only"):
        message = "`gate.baseline` without `new_only: true` changes nothing"
        policy.diagnostics.append(Diagnostic("W354", message, policy.gate_spans["baseline"], level="warning"))


def _span(entry: Entry, *path: str | int) -> Span:
    node = entry.node.at(*path) if entry.node is not None else None
    return node.span if node is not None else entry.span
