"""Diagnostics of rule, pack and policy files as text, JSON or SARIF."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.diagnostics import Diagnostic

FORMATS = ("text", "json", "sarif")


def render_diagnostics(diagnostics: Sequence[Diagnostic], format: str) -> str:
    """All diagnostics in one of `FORMATS`, ending in a newline; no text at all when there is none to tell.

    `ValueError` for an unknown format.
    """
    if format == "text":
        from modelaudit.reports.diagnostics.text import render_text

        return render_text(diagnostics)
    if format == "json":
        from modelaudit.reports.diagnostics.json import render_json

        return render_json(diagnostics)
    if format == "sarif":
        from modelaudit.reports.diagnostics.sarif import render_sarif

        return render_sarif(diagnostics)
    raise ValueError(f"unknown format of diagnostics {format!r}")
