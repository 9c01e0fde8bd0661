"""Reports: one scan document rendered as text or JSON."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.document import ScanDocument

FORMATS = ("text", "json")


class View:
    """How a report is shown: what is left out, and for which kind of output.

    `width` is in terminal cells. With `whole_headlines` the first line of a finding is never wrapped, so that a
    line tool finds place, severity and message together. `colour` takes the renderer for terminals.
    """

    __slots__ = ("colour", "quiet", "verbose", "whole_headlines", "width")

    def __init__(
        self,
        *,
        verbose: bool = False,
        quiet: bool = False,
        width: int = 80,
        whole_headlines: bool = True,
        colour: bool = False,
    ) -> None:
        self.verbose = verbose
        self.quiet = quiet
        self.width = width
        self.whole_headlines = whole_headlines
        self.colour = colour


def render(document: ScanDocument, format: str, view: View) -> str:
    """The report in one of `FORMATS`, ending in a newline; `ValueError` for an unknown format."""
    if format == "text":
        from modelaudit.reports.text import render_text

        return render_text(document, view)
    if format == "json":
        from modelaudit.reports.json import render_json

        return render_json(document, view)
    raise ValueError(f"unknown report format {format!r}")
