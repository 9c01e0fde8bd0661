"""Findings as results."""

from __future__ import annotations

import re
from hashlib import sha256

from modelaudit.reports import digest
from modelaudit.reports.escape import visible
from modelaudit.reports.sarif.rules import LEVELS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.engine.finding import Finding, Suppression
    from modelaudit.reports.sarif.artifacts import Artifacts
    from modelaudit.reports.sarif.rules import Catalogue

    Json = dict[str, Any]

FINGERPRINT = "modelaudit/finding/v1"
_LINK = re.compile(r"\]\(")
_PLACEHOLDER = re.compile(r"\{\d+\}")


def plain(text: str) -> str:
    r"""Text as a plain message: safe to show, and neither a link nor a placeholder that a viewer would fill.

    `[words](address)` and `{0}` mean something in a message; there brackets get a backslash, braces are doubled.
    """
    text = visible(text)
    if _LINK.search(text):
        text = re.sub(r"([\[\]\\])", r"\\\1", text)
    return text.replace("{", "{{").replace("}", "}}") if _PLACEHOLDER.search(text) else text


def result(finding: Finding, catalogue: Catalogue, artifacts: Artifacts) -> Json:
    """One result. The offset in a nested artifact is a related location: viewers show the file on disk."""
    first = finding.places[0] if finding.places else None
    nested = "!" in finding.artifact
    more = finding.places if nested else finding.places[1:]
    related = [artifacts.inside(finding.artifact, place) for place in more]
    related += [artifacts.location(other.artifact, None) for other in finding.related if other.id == finding.id]
    reference = catalogue.reference(finding.rule)
    taxa = catalogue.weaknesses(finding)
    return {
        "ruleId": finding.rule,
        "ruleIndex": reference["index"],
        "kind": "informational" if finding.severity == "debug" else "fail",
        "level": LEVELS[finding.severity],
        "message": {"text": plain(finding.message)},
        "locations": [artifacts.location(finding.artifact, first)],
        **({"relatedLocations": [{"id": n, **place} for n, place in enumerate(related)]} if related else {}),
        "occurrenceCount": max(1, finding.n),
        "fingerprints": {FINGERPRINT: finding.id},
        "partialFingerprints": {"primaryLocationLineHash": _line_hash(finding)},
        **({"taxa": taxa} if taxa else {}),
        "suppressions": [] if finding.suppression is None else [_suppression(finding.suppression)],
        "properties": _properties(finding),
    }


def _line_hash(finding: Finding) -> str:
    """What code hosts tell alerts apart by: the finding in its file."""
    text = f"{digest.top_level(finding.artifact)}\x1f{finding.id}"
    return sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16] + ":1"


def _suppression(taken: Suppression) -> Json:
    """Suppressions without a state are accepted ones."""
    who = [
        f"{label} {visible(value)}"
        for label, value in (
            ("by", taken.source),
            ("owner", taken.owner),
            ("approved by", taken.approved_by),
            ("until", taken.until),
        )
        if value
    ]
    words = f"{taken.step}: {visible(taken.reason)}" + (f" ({', '.join(who)})" if who else "")
    return {"kind": "external", "justification": words, "properties": {"step": taken.step}}


def _properties(finding: Finding) -> Json:
    said = {
        "severity": finding.severity,
        "confidence": finding.confidence,
        "subject": visible(finding.subject),
        "artifact": finding.artifact,
        "format": finding.format,
        "packVersion": finding.pack_version,
        "ruleVersion": finding.rule_version,
    }
    extra = {"fix": finding.fix.strip(), "cves": list(finding.cves)}
    return said | {name: value for name, value in extra.items() if value}
