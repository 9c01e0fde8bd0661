"""A verdict as a line: the question, the answer, and the reasons."""

from __future__ import annotations

from modelaudit.engine.verdict import NO, UNKNOWN, YES
from modelaudit.reports.escape import visible
from modelaudit.reports.text.line import Line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.verdict import Verdict
    from modelaudit.reports import View

REASONS = 4  # that are told; the others are counted
FILES = 3  # verdicts of one file that are told without --verbose
STYLES = {YES: "pass", NO: "info", UNKNOWN: "incomplete"}


def answer_lines(verdicts: Sequence[Verdict], view: View, indent: int) -> list[Line]:
    """The verdicts of one file; of several members each with its name."""
    shown = verdicts if view.verbose else verdicts[:FILES]
    lines = [answer_line(verdict, indent, named=len(verdicts) > 1) for verdict in shown]
    left = len(verdicts) - len(shown)
    if left:
        lines.append(Line(("quiet", f"… and {left} more of these (--verbose names all)"), indent=indent))
    return lines


def answer_line(verdict: Verdict, indent: int, *, named: bool = False) -> Line:
    """`QUESTION: no, because REASON; REASON`, with the name of the member in front when it is `named`."""
    style = STYLES[verdict.answer]
    member = f"{visible(verdict.artifact.partition('!')[2])} " if named else ""
    return Line(
        ("label", f"{member}{visible(verdict.question)}: "),
        (style, verdict.answer),
        ("", visible(_because(verdict))),
        indent=indent,
        hang=indent + 2,
        whole=True,
    )


def _because(verdict: Verdict) -> str:
    if verdict.answer == UNKNOWN:
        return ", because it was not read in full"
    told = list(verdict.reasons[:REASONS])
    more = len(verdict.reasons) - len(told)
    told += [f"{more} more like these"] if more else []
    return f", because {'; '.join(told)}" if told else ""
