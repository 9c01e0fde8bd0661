"""Reports: one scan document rendered in one of several forms."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

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
    """The report in one of `FORMATS` or as a plug-in makes it, ending in a newline; `ValueError` for an unknown one."""
    text = renderer(format)(document, view)
    return text if text.endswith("\n") else f"{text}\n"


def renderer(format: str) -> Callable[[ScanDocument, View], str]:
    """The function that makes a report; `ValueError` for an unknown format and for a plug-in that is none."""
    if format in RENDERERS:
        from importlib import import_module

        module, _, name = RENDERERS[format][0].partition(":")
        ours: Callable[[ScanDocument, View], str] = getattr(import_module(module), name)
        return ours
    from modelaudit.reports import plugins

    found = plugins.renderer(format)
    if found is None:
        raise ValueError(f"unknown report format {format!r}; there is {', '.join(RENDERERS)}")
    return found


def is_known(format: str) -> bool:
    """Whether there is such a report; plug-ins are only looked at for names that are not ours."""
    if format in RENDERERS:
        return True
    from modelaudit.reports import plugins

    return format in plugins.installed()


def format_of(path: str) -> str | None:
    """The format that the end of a file name means; the longest end counts, and plug-ins after our own."""
    ends = ((end, format) for format, (_, all_ends) in RENDERERS.items() for end in all_ends)
    fitting = [(len(end), format) for end, format in ends if path.lower().endswith(end)]
    if fitting:
        return max(fitting)[1]
    end = path.lower().rpartition(".")[2]
    return end if end.isalnum() and end != path.lower() and is_known(end) else None
