"""Findings as vulnerabilities, and what the policy says of them as their analysis."""

from __future__ import annotations

from cyclonedx.model import Property, XsUri
from cyclonedx.model.impact_analysis import (
    ImpactAnalysisJustification,
    ImpactAnalysisResponse,
    ImpactAnalysisState,
)
from cyclonedx.model.vulnerability import (
    BomTarget,
    Vulnerability,
    VulnerabilityAdvisory,
    VulnerabilityAnalysis,
    VulnerabilityRating,
    VulnerabilityReference,
    VulnerabilityScoreSource,
    VulnerabilitySeverity,
    VulnerabilitySource,
)

from modelaudit.reports import digest
from modelaudit.reports.escape import paragraphs, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.document import ScanDocument
    from modelaudit.engine.finding import Finding, Suppression
    from modelaudit.reports.sbom.components import Components
    from modelaudit.reports.sbom.paths import Paths

NVD = "https://nvd.nist.gov/vuln/detail/"
SEVERITIES = {
    "critical": VulnerabilitySeverity.CRITICAL,
    "warning": VulnerabilitySeverity.MEDIUM,
    "info": VulnerabilitySeverity.INFO,
}
STATES = {
    "waiver": ImpactAnalysisState.NOT_AFFECTED,
    "allow": ImpactAnalysisState.FALSE_POSITIVE,
    "baseline": ImpactAnalysisState.IN_TRIAGE,
    "ignore": ImpactAnalysisState.IN_TRIAGE,
    "maturity": ImpactAnalysisState.IN_TRIAGE,
}


def vulnerabilities(document: ScanDocument, components: Components) -> Iterator[Vulnerability]:
    """One for each finding from info on; those that another finding stands for are left out."""
    seen: dict[str, int] = {}
    for finding in (*digest.shown_findings(document, verbose=False), *digest.suppressed_findings(document)):
        if finding.severity not in SEVERITIES or (finding.suppression and finding.suppression.step == "absorb"):
            continue
        key = f"finding-{finding.id}-{components.reference(finding.artifact)[-8:]}"
        again = seen[key] = seen.get(key, 0) + 1
        yield _vulnerability(finding, key if again == 1 else f"{key}-{again}", components)


def _vulnerability(finding: Finding, key: str, components: Components) -> Vulnerability:
    source = VulnerabilitySource(name=f"modelaudit {finding.pack}" if finding.pack else "modelaudit")
    told = (finding, *(other for other in finding.related if other.id == finding.id))  # of every file
    targets = [one.artifact if one.artifact in components else digest.top_level(one.artifact) for one in told]
    return Vulnerability(
        bom_ref=key,
        id=finding.rule,
        source=source,
        references=[
            VulnerabilityReference(id=cve, source=VulnerabilitySource(name="NVD", url=XsUri(f"{NVD}{cve}")))
            for cve in finding.cves
        ],
        ratings=[
            VulnerabilityRating(
                source=source,
                severity=SEVERITIES[finding.severity],
                method=VulnerabilityScoreSource.OTHER,
                justification=f"confidence: {finding.confidence}",
            )
        ],
        cwes=[int(number) for number in (cwe.rpartition("-")[2] for cwe in finding.cwes) if number.isdecimal()],
        description=visible(finding.message),
        detail=paragraphs(finding.why) or None,
        recommendation=paragraphs(finding.fix) or None,
        advisories=[VulnerabilityAdvisory(url=XsUri(url)) for url in finding.references],
        analysis=_analysis(finding.suppression),
        affects=[BomTarget(ref=components.reference(target)) for target in targets if target in components] or None,
        properties=[
            Property(name=f"modelaudit:{name}", value=visible(value))
            for name, value in _facts(finding, components.paths)
        ],
    )


def _facts(finding: Finding, shown: Paths) -> Iterator[tuple[str, str]]:
    yield "finding", finding.id
    yield "title", finding.title
    yield "rule-version", str(finding.rule_version)
    if finding.pack:
        yield "pack-version", finding.pack_version
    yield "severity", finding.severity
    yield "confidence", finding.confidence
    yield "location", digest.location(shown(finding.artifact), finding.places)
    for tag in finding.tags:
        yield "tag", tag


def _analysis(taken: Suppression | None) -> VulnerabilityAnalysis:
    """What the policy decided. A finding that stands waits for somebody to look at it."""
    if taken is None:
        return VulnerabilityAnalysis(state=ImpactAnalysisState.IN_TRIAGE)
    waived = taken.step == "waiver"
    return VulnerabilityAnalysis(
        state=STATES.get(taken.step, ImpactAnalysisState.IN_TRIAGE),
        justification=ImpactAnalysisJustification.PROTECTED_BY_MITIGATING_CONTROL if waived else None,
        responses=[ImpactAnalysisResponse.WILL_NOT_FIX] if waived else None,
        detail=visible("; ".join(_words(taken))),
    )


def _words(taken: Suppression) -> Iterator[str]:
    yield f"{taken.step}: {taken.reason}"
    for name, value in (
        ("source", taken.source),
        ("owner", taken.owner),
        ("approved by", taken.approved_by),
        ("until", taken.until),
    ):
        if value:
            yield f"{name} {value}"
