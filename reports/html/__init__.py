"""The report as one HTML file: no network, no other file, charts as SVG, a filter in a few lines of script."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from modelaudit.engine.resources import data_path
from modelaudit.reports.html import charts, findings, overview, tree
from modelaudit.reports.html.markup import Raw, element, escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.document import ScanDocument
    from modelaudit.reports import View


def render_html(document: ScanDocument, view: View) -> str:
    """A page that opens from disk. Its own policy lets nothing run or load but its one script and one style."""
    style, script = _part("style.css"), _part("filter.js")
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'"
    head = [
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escaped(policy)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{escaped(overview.title(document))}</title>",
        f"<style>{style}</style>",
    ]
    body = [
        overview.header(document),
        element("main", *_sections(document, view)),
        overview.footer(document),
        Raw(f"<script>{script}</script>"),
    ]
    return "\n".join(
        ["<!doctype html>", '<html lang="en">', "<head>", *head, "</head>", "<body>", *body, "</body>", "</html>", ""]
    )


def _sections(document: ScanDocument, view: View) -> list[Raw]:
    return [
        charts.charts(document, verbose=view.verbose),
        findings.section(document, verbose=view.verbose),
        findings.suppressed(document),
        tree.section(document, verbose=view.verbose),
        overview.verdicts(document),
        overview.undecided(document),
        overview.problems(document),
    ]


def _part(name: str) -> str:
    with open(data_path("reports", "html", name), encoding="utf-8") as stream:
        return stream.read()


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
