"""The report as JUnit XML: a suite for each file, a failed case for each finding that fails the scan."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from modelaudit.reports import digest
from modelaudit.reports.escape import paragraphs, visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelaudit.engine.document import ArtifactSummary, ScanDocument
    from modelaudit.engine.finding import Finding
    from modelaudit.reports import View

SCAN = "scan"  # the suite of what is about no file
TALLIES = ("failure", "error", "skipped")


def render_junit(document: ScanDocument, view: View) -> str:
    """XML in UTF-8. Findings below the threshold of the policy are cases that pass and say what was seen."""
    findings = digest.shown_findings(document, verbose=view.verbose)
    by_file: dict[str, list[Finding]] = {artifact.path: [] for artifact in digest.files(document)}
    for finding in [*findings, *digest.suppressed_findings(document)]:
        by_file.setdefault(digest.top_level(finding.artifact), []).append(finding)
    artifacts = {artifact.path: artifact for artifact in digest.files(document)}
    undecided: dict[str, list[str]] = {}
    for item in document.inconclusive:
        undecided.setdefault(digest.top_level(item.artifact), []).append(f"{item.rule}: {item.cause}")
    suites = [_suite(SCAN, _scan_cases(document), document)]
    for path, found in by_file.items():
        cases = [*_coverage(path, artifacts.get(path), undecided.get(path, [])), *_cases(path, found, document)]
        suites.append(_suite(path, cases, document))
    root = ET.Element("testsuites", name="modelaudit", time=f"{document.duration:.3f}")
    root.extend(suites)
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(name: str, cases: Sequence[ET.Element], document: ScanDocument) -> ET.Element:
    failures, errors, skipped = (sum(case.find(kind) is not None for case in cases) for kind in TALLIES)
    suite = ET.Element(
        "testsuite",
        name=visible(name),
        tests=str(len(cases)),
        failures=str(failures),
        errors=str(errors),
        skipped=str(skipped),
        time="0",
        timestamp=datetime.fromtimestamp(document.started, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    )
    suite.extend(cases)
    return suite


def _case(classname: str, name: str) -> ET.Element:
    return ET.Element("testcase", classname=visible(classname), name=visible(name), time="0")


def _say(case: ET.Element, kind: str, message: str, text: str = "", type: str = "") -> ET.Element:
    child = ET.SubElement(case, kind, message=visible(message))
    if type:
        child.set("type", type)
    child.text = text or None
    return case


def _scan_cases(document: ScanDocument) -> list[ET.Element]:
    """One case for each error, and one that says whether the scan is complete."""
    cases = [_say(_case(SCAN, e.message), "error", e.message, type=e.code) for e in document.errors]
    whole = _case(SCAN, "the scan is complete")
    if document.decision.outcome == "incomplete" and not cases:
        _say(whole, "error", " ".join(document.decision.reasons), type="incomplete")
    return [*cases, *([] if cases else [whole])]


def _coverage(path: str, artifact: ArtifactSummary | None, undecided: Sequence[str]) -> Iterable[ET.Element]:
    """Whether a file was read in full and every rule decided."""
    if artifact is None:
        return
    case = _case(path, "the file was read in full")
    if artifact.coverage != "full":
        reasons = "; ".join(artifact.reasons)
        _say(case, "skipped", f"{'read in part' if artifact.coverage == 'partial' else 'not read'}: {reasons}")
    elif undecided:
        _say(case, "skipped", f"could not be decided: {'; '.join(undecided)}")
    yield case


def _cases(path: str, findings: Iterable[Finding], document: ScanDocument) -> Iterable[ET.Element]:
    bar = digest.RANK[document.policy.fail_on]
    for finding in findings:
        where = digest.location(finding.artifact, finding.places)
        case = _case(path, f"{finding.rule} {finding.name}: {finding.message} [{where}]")
        taken = finding.suppression
        if taken is not None:
            _say(case, "skipped", f"{taken.step}: {taken.reason}")
        elif digest.RANK[finding.severity] >= bar:
            _say(case, "failure", f"{finding.severity}: {finding.message}", _text(finding, where), finding.rule)
        else:
            ET.SubElement(case, "system-out").text = _text(finding, where)
        yield case


def _text(finding: Finding, where: str) -> str:
    lines = [f"{visible(where)}: [{finding.severity.upper()}] {visible(finding.message)}"]
    for label, said in (("Why", finding.why), ("Fix", finding.fix)):
        lines += [f"{label}: {paragraphs(said)}"] if said else []
    lines += [f"See: {visible(reference)}" for reference in finding.references]
    return "\n".join([*lines, f"Id: {finding.id}"])
