"""The order in which values of a policy are stricter or looser, sizes as numbers, defaults from the schema."""

from __future__ import annotations

from modelaudit.engine.finding import CONFIDENCES, SEVERITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = Any

# From loosest to strictest.
GATE_SCALES: dict[str, tuple[str, ...]] = {
    "fail_on": tuple(reversed(SEVERITIES)),
    "min_confidence": tuple(reversed(CONFIDENCES)),
    "on_incomplete": ("report", "error", "fail"),
    "on_unknown_format": ("report", "error", "fail"),
}

WAIVER_SCALES: dict[str, tuple[str, ...]] = {"on_expired": ("report", "fail"), "on_unused": ("report", "fail")}
GATE_OTHERS = ("baseline", "new_only", "max_findings")  # keys of `gate` whose values are on no scale of words

_UNITS = {"": 1, "B": 1}
for _power, _letter in enumerate("KMGT", 1):
    _UNITS[f"{_letter}iB"] = 1024**_power
    _UNITS[f"{_letter}B"] = 1000**_power


def size_in_bytes(text: str) -> int:
    """The number of bytes that a size such as `20GiB`, `500 MB` or `1024` stands for."""
    number = text.rstrip("KMGTiB ")
    return int(float(number) * _UNITS[text[len(number) :].strip()])


def is_looser(section: str, key: str, before: Json, after: Json) -> bool:
    """Whether a later value of `gate.KEY`, `limits.KEY` or `waiver_rules.KEY` lets more through than the earlier."""
    if key == "scope":
        return bool(before == "full" and after != "full")
    if section == "limits" or key == "max_days":
        return before is not None and (after is None or after > before)
    scale = {**GATE_SCALES, **WAIVER_SCALES}.get(key)
    if scale is not None:
        return scale.index(after) < scale.index(before)
    if key == "max_findings":
        return bool((after or 0) > (before or 0))
    if key == "new_only":
        return bool(after and not before)
    if key == "require":
        return not set(before or ()) <= set(after or ())
    return bool(after != before)  # a baseline: what is in the other one cannot be known


def default_of(key: str, inner: str | None = None) -> Json:
    """The default of a policy key, or of a key inside it, as the schema states it; None when it has none."""
    from modelaudit.engine.validation import schema_of

    schema: Json = schema_of("policy")["properties"][key]
    if inner is not None:
        schema = schema["properties"][inner]
    return schema.get("default")
