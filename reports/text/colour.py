"""Lines in colour, by rich; imported for terminals only."""

from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text

from modelaudit.reports.text.line import wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.reports import View
    from modelaudit.reports.text.line import Line

STYLES = {
    "critical": "bold red",
    "warning": "bold yellow",
    "info": "bold cyan",
    "debug": "bold",
    "path": "bold",
    "label": "dim",
    "quiet": "dim",
    "title": "bold",
    "pass": "bold green",
    "fail": "bold red",
    "incomplete": "bold yellow",
}


def draw(lines: Sequence[Line], view: View) -> str:
    """The lines with the terminal's own sixteen colours, whatever the environment says of the terminal."""
    target = io.StringIO()
    console = Console(
        file=target,
        force_terminal=True,
        color_system="standard",
        no_color=False,
        legacy_windows=False,
        highlight=False,
        markup=False,
        emoji=False,
        width=max(view.width, 20),
    )
    for line in lines:
        for row in wrap(line, view.width):
            console.print(_styled(row), soft_wrap=True)
    return target.getvalue()


def _styled(row: list[tuple[str, str]]) -> Text:
    text = Text()
    for style, part in row:
        text.append(part, STYLES.get(style, ""))
    text.rstrip()
    return text
