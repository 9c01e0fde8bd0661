"""Lines without colour."""

from __future__ import annotations

from modelaudit.reports.text.line import GLUE, wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.reports import View
    from modelaudit.reports.text.line import Line


def draw(lines: Sequence[Line], view: View) -> str:
    """The lines as plain text."""
    out: list[str] = []
    for line in lines:
        if line.whole and view.whole_headlines:
            text = "".join(text for _, text in line.pieces).replace(GLUE, " ")
            out.append(" " * line.indent + text)
            continue
        out += ["".join(text for _, text in row) for row in wrap(line, view.width)]
    return "".join(f"{text.rstrip()}\n" for text in out)
