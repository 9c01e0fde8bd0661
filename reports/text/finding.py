"""One finding as lines."""

from __future__ import annotations

from modelaudit.reports import digest
from modelaudit.reports.escape import paragraphs, visible
from modelaudit.reports.text.line import Line, glued

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.finding import Finding
    from modelaudit.reports import View

INDENT = 3
FILES = 5  # named of those that a finding is about as well
STEPS = {
    "ignore": "ignored",
    "maturity": "not mature enough",
    "allow": "allowed",
    "absorb": "stood for by another finding",
    "baseline": "in the baseline",
    "waiver": "waived",
}


def finding_lines(number: int, finding: Finding, view: View | None) -> list[Line]:
    """The headline `1. PATH (pos N): [SEVERITY] message`, then why, fix, rule and more places, indented.

    Without a view the headline alone.
    """
    lines = [_headline(f"{number}. ", finding)]
    if view is None:
        return lines
    if finding.why:
        lines.append(_labelled("Why", paragraphs(finding.why)))
    if finding.fix:
        lines.append(_labelled("Fix", paragraphs(finding.fix)))
    lines.append(_labelled("Rule", _rule_words(finding)))
    lines += _places(finding)
    lines += _related(finding)
    return lines + (_details(finding) if view.verbose else [])


def suppressed_lines(finding: Finding, view: View) -> list[Line]:
    """A finding that does not count, and on whose word."""
    taken = finding.suppression
    assert taken is not None  # noqa: S101 - the caller chose suppressed findings
    words = STEPS.get(taken.step, taken.step)
    words += f" by {visible(taken.source)}" if taken.source else ""
    words += f", owner {visible(taken.owner)}" if taken.owner else ""
    words += f", approved by {visible(taken.approved_by)}" if taken.approved_by else ""
    words += f", until {taken.until}" if taken.until else ""
    lines = [
        _headline("", finding, indent=2),
        Line(("label", f"{finding.rule} "), ("", f"{words}: {paragraphs(taken.reason)}"), indent=6, hang=8),
    ]
    if view.verbose and finding.why:
        lines.append(Line(("label", "Why: "), ("", paragraphs(finding.why)), indent=6, hang=8))
    return lines


def _headline(lead: str, finding: Finding, indent: int = 0) -> Line:
    place = visible(digest.location(finding.artifact, finding.places))
    return Line(
        ("label", glued(lead)),
        ("path", glued(f"{place}:")),
        ("", " "),
        (finding.severity, f"[{finding.severity.upper()}]"),
        ("", f" {visible(finding.message)}"),
        indent=indent,
        hang=indent + INDENT,
        whole=True,
    )


def _labelled(label: str, words: str) -> Line:
    return Line(("label", f"{label}: "), ("", words), indent=INDENT, hang=INDENT + 5)


def _rule_words(finding: Finding) -> str:
    confidence = glued(f"confidence {finding.confidence}")
    if finding.source == "deny":
        policy = glued(f"policy {visible(finding.pack)} version {finding.pack_version}")
        return f"{finding.rule} · {glued('denied by')} {policy} · {confidence}"
    rule = glued(f"{finding.rule} {finding.name}")
    return f"{rule} · {glued(f'{visible(finding.pack)} {finding.pack_version}')} · {confidence}"


def _places(finding: Finding) -> list[Line]:
    more = [visible(words) for words in map(digest.place_words, finding.places[1:]) if words]
    first = finding.places[0] if finding.places else None
    lines = []
    if first is not None and first.offset is None and digest.place_words(first):
        lines.append(_labelled("At", visible(digest.place_words(first))))
    if finding.n > 1 or more:
        seen = f"{digest.counted(finding.n, 'time')} in all"
        lines.append(_labelled("Also", f"{', '.join(more)} ({seen})" if more else seen))
    return lines


def _related(finding: Finding) -> list[Line]:
    lines = []
    elsewhere = [visible(other.artifact) for other in finding.related if other.id == finding.id]
    if elsewhere:
        more = f" and {len(elsewhere) - FILES} more" if len(elsewhere) > FILES else ""
        lines.append(_labelled("Also of", ", ".join(elsewhere[:FILES]) + more))
    for other in finding.related:
        if other.id == finding.id:
            continue
        place = digest.place_words(other.places[0]) if other.places else ""
        at = f" ({visible(place)})" if place else ""
        lines.append(_labelled("With", f"{glued(f'{other.rule} {other.name}{at}')}: {visible(other.message)}"))
    return lines


def _details(finding: Finding) -> list[Line]:
    known = [*finding.cves, *finding.cwes, *finding.tags]
    lines = [_labelled("Tags", ", ".join(known))] if known else []
    lines += [_labelled("See", visible(reference)) for reference in finding.references]
    return [*lines, _labelled("Id", f"{finding.id} (rule version {finding.rule_version}, format {finding.format})")]
