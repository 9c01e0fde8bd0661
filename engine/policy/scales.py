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

_UNITS = {"": 1, "B": 1}
for _power, _letter in enumerate("KMGT", 1):
    _UNITS[f"{_letter}iB"] = 1024**_power
    _UNITS[f"{_letter}B"] = 1000**_power


def size_in_bytes(text: str) -> int:
    """The number of bytes that a size such as `20GiB`, `500 MB` or `1024` stands for."""
    number = text.rstrip("KMGTiB ")
    return int(float(number) * _UNITS[text[len(number) :].strip()])


def is_looser(section: str, key: str, before: Json, after: Json) -> bool:
    """Whether a later value of `gate.KEY` or `limits.KEY` lets more through than the earlier one."""
    if section == "limits":
        return before is not None and (after is None or after > before)
    scale = GATE_SCALES[key]
    return scale.index(after) < scale.index(before)


def default_of(key: str, inner: str | None = None) -> Json:
    """The default of a policy key, or of a key inside it, as the schema states it; None when it has none."""
    from modelaudit.engine.validation import schema_of

    schema: Json = schema_of("policy")["properties"][key]
    if inner is not None:
        schema = schema["properties"][inner]
    return schema.get("default")
