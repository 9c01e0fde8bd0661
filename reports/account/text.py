"""An account as a small tree: artifacts, in them streams, in them steps."""

from __future__ import annotations

from itertools import islice

from modelaudit.reports.digest import counted
from modelaudit.reports.escape import visible
from modelaudit.reports.text.line import GLUE, Line
from modelaudit.reports.text.verdict import answer_line

NAMES = 20  # callables named among the steps that are left out
PORTION = 1000  # lines that are drawn at once
VERB, OFFSET = 7, 10  # cells of the columns
STYLES = {
    "import": "info",
    "call": "warning",
    "make": "info",
    "set": "warning",
    "defect": "critical",
    "limit": "critical",
}

READERS = {"c": "the reader in C", "python": "the reader in Python"}  # of CPython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from modelaudit.engine.facts import Artifact, Stream
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.verdict import Verdict
    from modelaudit.reports import View
    from modelaudit.reports.account.gather import Account, Chapter
    from modelaudit.reports.account.steps import Step

    Answers = Mapping[tuple[str, int | None], Verdict]


def render(
    tree: FactSet, account: Account, titles: Mapping[str, str], view: View, verdicts: Sequence[Verdict] = ()
) -> str:
    """The account of one file on disk."""
    return "".join(portions(tree, account, titles, view, verdicts))


def portions(
    tree: FactSet, account: Account, titles: Mapping[str, str], view: View, verdicts: Sequence[Verdict] = ()
) -> Iterator[str]:
    """The account of one file on disk, some lines at a time."""
    if view.colour:
        from modelaudit.reports.text.colour import draw
    else:
        from modelaudit.reports.text.plain import draw
    answers = {(verdict.artifact, verdict.offset): verdict for verdict in verdicts}
    lines = _lines(tree, account, answers, titles)
    while part := list(islice(lines, PORTION)):
        yield draw(part, view)


def _lines(tree: FactSet, account: Account, answers: Answers, titles: Mapping[str, str]) -> Iterator[Line]:
    silent: list[Artifact] = []
    told = False
    for node in tree.walk():
        chapters = account.chapters(node.artifact.path)
        if not chapters and node is not tree:
            silent.append(node.artifact)
            continue
        yield _heading(node.artifact, titles)
        told = told or bool(chapters)
        indent = 2 * node.artifact.depth + 2
        for chapter in chapters:
            start = chapter.stream.start if chapter.stream is not None else None
            answer = answers.get((node.artifact.path, start)) if start is not None else None
            yield from _chapter(chapter, answer, indent, streams=chapters[0].stream is not None)
    if silent or not told:
        yield Line(("quiet", _nothing(tree.artifact, silent, told=told)), indent=2)


def _nothing(file: Artifact, silent: Sequence[Artifact], *, told: bool) -> str:
    """What is said of a file, or else of members, of which there is nothing to tell; what was not read is no proof."""
    if not told and file.coverage == "none":
        return "not read: no parser knows this format"
    unread = sum(1 for artifact in silent if artifact.coverage != "full")
    if told:
        more = f" ({unread} not read in full)" if unread else ""
        return f"{counted(len(silent), 'further member')}: nothing{more}"
    more = f"; {counted(unread, 'member')} not read in full" if unread else ""
    return f"loading it would import, call and set nothing that is known{more}"


def _heading(artifact: Artifact, titles: Mapping[str, str]) -> Line:
    title = titles.get(artifact.format, artifact.format)
    path = artifact.path if not artifact.depth else artifact.path.rpartition("!")[2]
    told = f", {title}, {artifact.size} bytes" + (", hidden" if artifact.view == "hidden" else "")
    indent = 2 * artifact.depth
    return Line(("path", visible(path)), ("quiet", told), indent=indent, hang=indent + 2, whole=True)


def _chapter(chapter: Chapter, answer: Verdict | None, indent: int, *, streams: bool) -> Iterator[Line]:
    if chapter.stream is not None:
        yield Line(*_stream(chapter.stream), indent=indent, hang=indent + 2, whole=True)
        indent += 2
        if answer is not None:
            yield answer_line(answer, indent)
    elif chapter.streams:
        yield Line(("title", f"{chapter.streams} further streams"), indent=indent)
        indent += 2
    elif streams:
        yield Line(("title", "outside the streams, or read otherwise"), indent=indent)
        indent += 2
    for step in chapter.steps:
        yield _step(step, indent)
    if (chapter.stream is not None or chapter.streams) and not chapter.steps and not chapter.rest:
        yield Line(("quiet", "only plain values"), indent=indent)
    if chapter.rest:
        yield _rest(chapter, indent)


def _stream(stream: Stream) -> Iterator[tuple[str, str]]:
    role = "" if stream.role == "main" else f" ({stream.role})"
    number = "as a plain unpickler reads it" if stream.index < 0 else f"stream {stream.index}"
    yield "title", f"{number}{role}"
    end = f" to 0x{stream.end:x}" if stream.end is not None else ""
    how = "ends with STOP" if stream.stopped else f"ends with an error ({stream.error or 'unknown'})"
    if stream.stopped and stream.refused_by:
        how += f", which {' and '.join([READERS.get(name, name) for name in sorted(stream.refused_by)])} does not reach"
    yield "quiet", f", protocol {stream.protocol}, 0x{stream.start:x}{end}, {how}"


def _step(step: Step, indent: int) -> Line:
    offset = f"0x{step.offset:x}" if step.offset is not None else ""
    columns = f"{offset:<{OFFSET}}".replace(" ", GLUE)
    verb = f"{step.do:<{VERB}}".replace(" ", GLUE)
    times = f" ×{step.n}" if step.n > 1 else ""
    how = f" {GLUE}{step.how}" if step.how else ""
    pieces = (
        ("quiet", columns),
        (STYLES.get(step.do, "label"), verb),
        ("", visible(step.text) + times),
        ("quiet", how),
    )
    return Line(*pieces, indent=indent, hang=indent + OFFSET + VERB, whole=True)


def _rest(chapter: Chapter, indent: int) -> Line:
    """The steps that are left out, the rarest callables first: what stands out is seldom repeated."""
    counts = sorted(chapter.rest.items(), key=lambda item: (item[1], item[0]))
    told = [f"{do} {visible(name)} ×{n}".replace(" ", GLUE) for (do, name), n in counts[:NAMES]]
    more = f", … {len(counts) - NAMES} others" if len(counts) > NAMES else ""
    total = sum(chapter.rest.values())
    return Line(
        ("quiet", f"… {total} more: "), ("", ", ".join(told) + more), indent=indent, hang=indent + 2, whole=True
    )
