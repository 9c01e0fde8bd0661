"""The rules of a run, with help, and the weaknesses (CWE) that they are about."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from modelaudit.engine.document import RuleInfo, ScanDocument
    from modelaudit.engine.finding import Finding

    Json = dict[str, Any]

LEVELS = {"critical": "error", "warning": "warning", "info": "note", "debug": "none"}
PRECISIONS = {"proved": "very-high", "likely": "high", "possible": "medium"}
# The scale by which code hosts sort alerts: 9 and more is critical, 4 and more medium, less is low.
SCORES = {"critical": "9.0", "warning": "5.0", "info": "2.0", "debug": "0.1"}
CWE = "https://cwe.mitre.org/data/definitions/{}.html"


class Catalogue:
    """The rules that have a result or a notification in the run."""

    def __init__(self, document: ScanDocument, findings: Sequence[Finding]) -> None:
        known = {rule.id: rule for rule in document.rules}
        samples: dict[str, Finding] = {}
        for finding in findings:
            samples.setdefault(finding.rule, finding)
        undecided = (item.rule for item in document.inconclusive)
        ids = dict.fromkeys([*samples, *(rule for rule in undecided if rule in known)])
        self.index = {rule: number for number, rule in enumerate(ids)}
        cwes = {rule: _cwes(samples.get(rule), known.get(rule)) for rule in ids}
        cwes |= {finding.id: _cwes(finding, None) for finding in findings}
        self.taxa = sorted({number for numbers in cwes.values() for number in numbers}, key=int)
        self.descriptors = [self._descriptor(rule, samples.get(rule), known.get(rule)) for rule in ids]

    def reference(self, rule: str) -> Json:
        """A reference to a rule."""
        index = self.index.get(rule)
        return {"id": rule, **({"index": index} if index is not None else {})}

    def weaknesses(self, finding: Finding) -> list[Json]:
        """References to the weaknesses that a finding is about."""
        return [self._taxon(number) for number in _cwes(finding, None)]

    def taxonomy(self) -> Json:
        """The part of the Common Weakness Enumeration that the run refers to."""
        return {
            "name": "CWE",
            "organization": "MITRE",
            "shortDescription": {"text": "The MITRE Common Weakness Enumeration"},
            "informationUri": "https://cwe.mitre.org/",
            "isComprehensive": False,
            "taxa": [{"id": number, "helpUri": CWE.format(number)} for number in self.taxa],
        }

    def _taxon(self, number: str) -> Json:
        return {"id": number, "index": self.taxa.index(number), "toolComponent": {"name": "CWE", "index": 0}}

    def _descriptor(self, rule: str, finding: Finding | None, info: RuleInfo | None) -> Json:
        said: RuleInfo | Finding | None = info or finding
        assert said is not None  # noqa: S101 - each id comes from one of the two
        cwes = _cwes(finding, info)
        descriptor: Json = {
            "id": rule,
            "name": said.name,
            "shortDescription": {"text": said.title},
            "fullDescription": {"text": said.why.strip() or said.title},
            "defaultConfiguration": {"level": LEVELS[said.severity]},
            "help": {"text": _help(said, "{}:"), "markdown": _help(said, "**{}**")},
            "properties": _properties(said, finding, cwes),
        }
        address = next((each for each in said.references if each.startswith("https://")), None)
        if address is not None:
            descriptor["helpUri"] = address
        if cwes:
            descriptor["relationships"] = [{"target": self._taxon(n), "kinds": ["superset"]} for n in cwes]
        return descriptor


def _cwes(finding: Finding | None, info: RuleInfo | None) -> list[str]:
    """The numbers of the weaknesses."""
    both = [*(info.cwes if info else ()), *(finding.cwes if finding else ())]
    numbers = (each.upper().removeprefix("CWE-") for each in dict.fromkeys(both))
    return [number for number in numbers if number.isdecimal()]


def _properties(said: RuleInfo | Finding, finding: Finding | None, cwes: Iterable[str]) -> Json:
    return {
        "tags": ["security", *(f"external/cwe/cwe-{number}" for number in cwes), *said.tags],
        "security-severity": SCORES[said.severity],
        **({"precision": PRECISIONS[finding.confidence]} if finding is not None else {}),
        "pack": said.pack,
    }


def _help(said: RuleInfo | Finding, heading: str) -> str:
    parts = [said.title]
    for title, words in (("Why", said.why), ("Fix", said.fix)):
        if words.strip():
            parts.append(f"{heading.format(title)} {words.strip()}")
    if said.references:
        parts.append("\n".join([heading.format("References"), "", *(f"- {each}" for each in said.references)]))
    return "\n\n".join(parts)
