"""How many findings of each severity, how many artifacts of each format, how much of them was read."""

from __future__ import annotations

from collections import Counter

from modelaudit.engine.finding import SEVERITIES
from modelaudit.reports import digest
from modelaudit.reports.html.markup import Raw, element

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.document import ScanDocument

FORMATS = 8  # bars; the rest is one more
ROW, LABEL, WIDTH, BAR = 24, 130, 420, 230  # units of the drawing
Bar = tuple[str, int, str]  # label, number, class of the bar


def charts(document: ScanDocument, *, verbose: bool) -> Raw:
    """Three charts side by side."""
    counts = digest.severity_counts(digest.shown_findings(document, verbose=verbose))
    grades = [grade for grade in reversed(SEVERITIES) if verbose or grade != "debug"]
    severities = [(grade, counts.get(grade, 0), grade) for grade in grades]
    taken = len(digest.suppressed_findings(document))
    severities += [("not counted", taken, "quiet")] if taken else []
    covered = Counter(artifact.coverage for artifact in document.artifacts)
    words = {"full": "read in full", "partial": "read in part", "none": "not read"}
    coverage = [(words[state], covered[state], f"coverage-{state}") for state in words]
    return element(
        "section",
        _chart("Findings by severity", severities),
        _chart("Artifacts by format", _formats(document)),
        _chart("Coverage", coverage),
        id="charts",
    )


def _formats(document: ScanDocument) -> list[Bar]:
    counted = Counter(artifact.format for artifact in document.artifacts)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    bars = [(name, number, "format") for name, number in ordered[:FORMATS]]
    rest = sum(number for _, number in ordered[FORMATS:])
    return bars + ([("other formats", rest, "format")] if rest else [])


def _chart(title: str, bars: Sequence[Bar]) -> Raw:
    """Bars drawn to the largest of them; each says its number."""
    most = max((number for _, number, _ in bars), default=0) or 1
    drawn = [Raw("")]
    for place, (label, number, style) in enumerate(bars):
        top = place * ROW
        length = round(BAR * number / most, 1)
        drawn.append(element("text", label, x=LABEL - 8, y=top + 16, class_="label"))
        drawn.append(element("rect", x=LABEL, y=top + 4, width=str(length), height=16, rx=2, class_=f"bar {style}"))
        drawn.append(element("text", str(number), x=str(LABEL + length + 6), y=top + 16, class_="number"))
    said = ", ".join(f"{label}: {number}" for label, number, _ in bars)
    drawing = element(
        "svg",
        element("title", f"{title}. {said}"),
        *drawn,
        viewBox=f"0 0 {WIDTH} {max(1, len(bars)) * ROW}",
        role="img",
    )
    return element("figure", element("figcaption", title), drawing)
