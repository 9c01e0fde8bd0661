"""Findings, file by file, each with its evidence."""

from __future__ import annotations

from itertools import groupby

from modelaudit.engine.finding import SEVERITIES
from modelaudit.reports import digest
from modelaudit.reports.html.markup import Raw, element, link, panel, table, void
from modelaudit.reports.html.overview import more

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.document import ArtifactSummary, ScanDocument
    from modelaudit.engine.facts import Place
    from modelaudit.engine.finding import Finding

FINDINGS = 2000  # on one page; the JSON report has all


def section(document: ScanDocument, *, verbose: bool) -> Raw:
    """The filter, then a group for each file with findings."""
    found = digest.shown_findings(document, verbose=verbose)
    if not found:
        return panel("Findings", element("p", "No findings."), id="findings")
    facts = {artifact.path: artifact for artifact in digest.files(document)}
    groups = []
    for path, those in groupby(found[:FINDINGS], key=lambda finding: digest.top_level(finding.artifact)):
        head = element("h3", path, " ", element("small", _file_words(facts.get(path))))
        groups.append(element("section", head, *map(_finding, those), class_="file"))
    left = len(found) - FINDINGS
    rest = [more(left, "finding")] if left > 0 else []
    return panel("Findings", _filter(found), *groups, *rest, id="findings")


def suppressed(document: ScanDocument) -> Raw:
    """Findings that do not count, and on whose word."""
    found = digest.suppressed_findings(document)
    if not found:
        return Raw("")
    rows = [_taken(finding) for finding in found[:FINDINGS]]
    head = ("Severity", "Where", "What", "Rule", "Step", "Reason", "Until")
    left = len(found) - FINDINGS
    rest = [more(left, "finding")] if left > 0 else []
    return panel("Not counted", table(head, rows), *rest, id="suppressed")


def _taken(finding: Finding) -> tuple[str, ...]:
    taken = finding.suppression
    assert taken is not None  # noqa: S101 - the caller chose suppressed findings
    who = [f"{label} {name}" for label, name in (("owner", taken.owner), ("approved by", taken.approved_by)) if name]
    source = " · ".join([taken.source, *who] if taken.source else who)
    reason = f"{taken.reason} ({source})" if source else taken.reason
    where = digest.location(finding.artifact, finding.places)
    return (_grade(finding.severity), where, finding.message, finding.rule, taken.step, reason, taken.until)


def _filter(found: list[Finding]) -> Raw:
    counts = digest.severity_counts(found)
    boxes = []
    for grade in reversed(SEVERITIES):
        if grade in counts:
            box = void("input", type="checkbox", name="severity", value=grade, checked="")
            boxes.append(element("label", box, f" {grade} ({counts[grade]})"))
    words = void("input", type="search", id="words", placeholder="path, rule or word")
    shown = element("output", f"{len(found[:FINDINGS])} shown", id="shown")
    return element("form", *boxes, element("label", "Search ", words), shown, id="filter")


def _finding(finding: Finding) -> Raw:
    where = digest.location(finding.artifact, finding.places)
    summary = element(
        "summary",
        _grade(finding.severity),
        " ",
        element("strong", finding.message),
        element("span", where, class_="where"),
    )
    searched = f"{where} {finding.rule} {finding.name} {finding.title} {finding.message} {finding.subject}".lower()
    return element(
        "details",
        summary,
        *_prose(finding),
        element("dl", *_evidence(finding)),
        class_=f"finding {finding.severity}",
        data_severity=finding.severity,
        data_words=searched,
        open="" if finding.severity == "critical" else None,
    )


def _prose(finding: Finding) -> list[Raw]:
    told = (("Why", finding.why), ("Fix", finding.fix))
    return [element("p", element("b", f"{name}: "), " ".join(text.split())) for name, text in told if text.strip()]


def _evidence(finding: Finding) -> list[Raw]:
    deny = " (forbidden by the policy)" if finding.source == "deny" else ""
    rows: list[tuple[str, list[str]]] = [
        ("Rule", [f"{finding.rule} {finding.name}: {finding.title}{deny}"]),
        ("Pack", [f"{finding.pack} {finding.pack_version}, rule version {finding.rule_version}"]),
        ("Confidence", [finding.confidence]),
        ("Subject", [element("code", finding.subject)] if finding.subject else []),
        ("Artifact", [element("code", finding.artifact), f" ({finding.format}, {finding.kind})"]),
        ("Places", _places(finding.places, finding.n)),
        ("Stands for", [_related(finding)] if finding.related else []),
        ("Tags", [", ".join([*finding.cves, *finding.cwes, *finding.tags])] if _known(finding) else []),
        ("References", _joined([link(each) for each in finding.references])),
        ("Id", [element("code", finding.id)]),
    ]
    return [Raw(element("dt", name) + element("dd", *parts)) for name, parts in rows if parts]


def _known(finding: Finding) -> bool:
    return bool(finding.cves or finding.cwes or finding.tags)


def _places(places: tuple[Place, ...], n: int) -> list[str]:
    """The places, offsets in decimal and hexadecimal, and how often it was seen."""
    told = []
    for place in places:
        words = digest.place_words(place)
        if words:
            told.append(f"{words} (0x{place.offset:x})" if place.offset is not None else words)
    seen = [f"{n} times in all"] if n > 1 else []
    return _joined([element("code", each) for each in told] + [element("span", each) for each in seen])


def _related(finding: Finding) -> Raw:
    return element("ul", *(element("li", _stands_for(finding, other)) for other in finding.related))


def _stands_for(finding: Finding, other: Finding) -> str:
    where = f" ({other.artifact})" if other.artifact != finding.artifact else ""
    return f"{other.rule} {other.name}: {other.message}{where}"


def _joined(parts: list[Raw]) -> list[str]:
    return [piece for part in parts for piece in (part, ", ")][:-1]


def _grade(severity: str) -> Raw:
    return element("span", severity, class_=f"grade {severity}")


def _file_words(artifact: ArtifactSummary | None) -> str:
    if artifact is None:
        return ""
    words = {"full": "read in full", "partial": "read in part", "none": "not read"}[artifact.coverage]
    return f"{artifact.format} · {digest.human_size(artifact.size)} · {words}"
