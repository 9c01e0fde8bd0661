"""The text report: one layout, drawn plain or in colour."""

from __future__ import annotations

from modelaudit.reports.text.layout import report_lines, summary_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.document import ScanDocument
    from modelaudit.reports import View
    from modelaudit.reports.text.line import Line


def render_text(document: ScanDocument, view: View) -> str:
    """The whole report, ending in a newline."""
    return _draw(report_lines(document, view), view)


def render_summary(document: ScanDocument, view: View) -> str:
    """The last lines of the report alone: counts and the decision."""
    return _draw(summary_lines(document, view), view)


def _draw(lines: Sequence[Line], view: View) -> str:
    if view.colour:
        from modelaudit.reports.text.colour import draw
    else:
        from modelaudit.reports.text.plain import draw
    return draw(lines, view)
