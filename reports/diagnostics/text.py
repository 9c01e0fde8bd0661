"""Diagnostics as a person reads them, with carets."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.diagnostics import Diagnostic


def render_text(diagnostics: Sequence[Diagnostic]) -> str:
    """Each diagnostic with its caret and a pointer to its page, a blank line between them."""
    return "".join(f"{_one(diagnostic)}\n\n" for diagnostic in diagnostics)


def counted(diagnostics: Sequence[Diagnostic]) -> str:
    """How many errors and warnings there are, such as `2 errors, 1 warning`."""
    errors = sum(1 for each in diagnostics if each.level == "error")
    warnings = len(diagnostics) - errors
    return f"{number(errors, 'error')}, {number(warnings, 'warning')}"


def _one(diagnostic: Diagnostic) -> str:
    from modelaudit.reports.escape import visible

    return "\n".join(visible(line) for line in diagnostic.render().split("\n"))


def number(count: int, word: str, plural: str = "") -> str:
    """A count with its noun, such as `1 rule`, `2 rules` or, where the plural is given, `2 policies`."""
    return f"{count} {word if count == 1 else plural or word + 's'}"
