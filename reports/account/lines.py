"""An account as JSON lines: one object for each stream, step and count."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.verdict import Verdict
    from modelaudit.reports.account.gather import Account, Chapter
    from modelaudit.reports.account.steps import Step


def render(tree: FactSet, account: Account, verdicts: Sequence[Verdict] = ()) -> Iterator[str]:
    """The lines of one file on disk, in the order of the text."""
    for node in tree.walk():
        artifact = node.artifact
        about = {"format": artifact.format, "size": artifact.size, "coverage": artifact.coverage}
        yield _line({"artifact": artifact.path, **about})
        for chapter in account.chapters(artifact.path):
            yield from _chapter(artifact.path, chapter)
        for verdict in verdicts:
            if verdict.artifact == artifact.path:
                yield _line(_verdict(verdict))


def _chapter(path: str, chapter: Chapter) -> Iterator[str]:
    stream = chapter.stream
    place: dict[str, object] = {"artifact": path}
    if stream is not None:
        place["stream"] = stream.index
        about = {"role": stream.role, "protocol": stream.protocol, "start": stream.start, "end": stream.end}
        yield _line({**place, **about, "stopped": stream.stopped, "error": stream.error})
    elif chapter.streams:
        yield _line({**place, "streams": chapter.streams, "left_out": True})
    for step in chapter.steps:
        yield _line({**place, **_step(step)})
    for (do, name), n in chapter.rest.items():
        yield _line({**place, "do": do, "name": name, "n": n, "left_out": True})


def _verdict(verdict: Verdict) -> dict[str, object]:
    place = {"artifact": verdict.artifact, "offset": verdict.offset, "do": "answer", "name": verdict.name}
    return {**place, "text": verdict.question, "answer": verdict.answer, "because": list(verdict.reasons)}


def _step(step: Step) -> dict[str, object]:
    record: dict[str, object] = {"offset": step.offset, "do": step.do, "name": step.name, "text": step.text}
    for key in ("how", "args", "keys"):
        value = getattr(step, key)
        if value:
            record[key] = list(value) if isinstance(value, tuple) else value
    record["n"] = step.n
    return record


def _line(record: dict[str, object]) -> str:
    return json.dumps(record) + "\n"
