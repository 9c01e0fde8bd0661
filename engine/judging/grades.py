"""What a rule could come to under a policy, before it is judged."""

from __future__ import annotations

from modelaudit.engine.finding import CONFIDENCES, SEVERITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.engine.ruleset import Rule

    Json = Any


def is_suppressed(rule: Rule) -> bool:
    """Whether the policy ignores the rule or lets it only report."""
    return has_suppression(rule.doc)


def has_suppression(doc: Json) -> bool:
    """The same of a compiled rule."""
    return bool((doc.get("standing") or {}).get("suppression"))


def potential(rule: Rule) -> tuple[str, str]:
    """The gravest severity and surest confidence that a match of the rule could have."""
    doc = rule.doc
    confidence = _most(CONFIDENCES, [doc["confidence"], *_raised(rule, "confidence")])
    severity = (doc.get("standing") or {}).get("severity")
    if severity is None:
        severity = _most(SEVERITIES, [doc["severity"], *_raised(rule, "severity")])
        if confidence == "possible" and severity == "critical":
            severity = "warning"
    return severity, confidence


def _raised(rule: Rule, field: str) -> list[str]:
    """The words that raises may say; what a table says may be anything."""
    words = (case.get(field) for case in rule.doc["raise"])
    most = "critical" if field == "severity" else "proved"
    return [word if isinstance(word, str) else most for word in words if word is not None]


def _most(order: tuple[str, ...], words: list[str]) -> str:
    return max(words, key=order.index)
