"""Reports: one scan document rendered in one of several forms."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.document import ScanDocument

# format: (module and function, ends of file names that mean it)
RENDERERS = {
    "text": ("modelaudit.reports.text:render_text", (".txt",)),
    "json": ("modelaudit.reports.json:render_json", (".json",)),
    "sarif": ("modelaudit.reports.sarif:render_sarif", (".sarif", ".sarif.json")),
    "html": ("modelaudit.reports.html:render_html", (".html", ".htm")),
    "markdown": ("modelaudit.reports.markdown:render_markdown", (".md", ".markdown")),
    "junit": ("modelaudit.reports.junit:render_junit", (".xml",)),
}
FORMATS = tuple(RENDERERS)


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
    if format not in RENDERERS:
        raise ValueError(f"unknown report format {format!r}")
    from importlib import import_module

    module, _, name = RENDERERS[format][0].partition(":")
    text: str = getattr(import_module(module), name)(document, view)
    return text


def format_of(path: str) -> str | None:
    """The format that the end of a file name means; the longest end counts."""
    ends = ((end, format) for format, (_, all_ends) in RENDERERS.items() for end in all_ends)
    fitting = [(len(end), format) for end, format in ends if path.lower().endswith(end)]
    return max(fitting)[1] if fitting else None
