"""Documents of facts: what was read from models, to be judged again later without them.

`modelaudit/facts@1` is JSON lines. The first line says what made the document; then come files, folders and links in
the order in which a scan meets them, each a line that says how many lines follow. These are artifacts, each before its
facts, which stand in blocks of one kind: a line with the block's kind, number of facts, lines, bytes and SHA-256, then
its lines, a column each (`engine/facts/columns.py` has their form). The last line of all has the SHA-256 of every line
that stands in no block, so that a document that was cut short or changed is known as such, and blocks that nobody asks
for need not be read. A document is read from front to back, and never more of it is held than the facts of one file.
"""

from __future__ import annotations

from hashlib import sha256

from modelaudit import __version__
from modelaudit.engine.document import ArtifactSummary, ScanError
from modelaudit.engine.facts import KINDS, clean
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.limits import Limits, Options
from modelaudit.pipeline.one import STRUCTURE, FileResult, Plan, link_tree, shown
from modelaudit.pipeline.reach import reach_of
from modelaudit.pipeline.scan import FACTS_VERSION
from modelaudit.pipeline.store.codec import MAX_BLOCK, chunks, dump
from modelaudit.pipeline.workers.executor import alone
from modelaudit.pipeline.workers.work import Job
from modelaudit.sources.errors import SourceError
from modelaudit.sources.local import SourceFile, SourceLink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from modelaudit.engine.derived.deriver import Deriver
    from modelaudit.engine.factset import FactSet
    from modelaudit.sources.local import Entry

    Json = dict[str, Any]
    Read = Callable[[Job], FileResult | None]

SCHEMA = "modelaudit/facts@1"


def write(
    paths: Sequence[str],
    options: Options | None = None,
    *,
    registry: Registry | None = None,
    errors: list[ScanError] | None = None,
    deriver: Deriver | None = None,
) -> Iterator[str]:
    """The document of everything under the paths, some lines at a time.

    What could not be read stands in the document, and is added to `errors` too.
    """
    from modelaudit.pipeline.store.versions import parsers_digest

    options = options or Options()
    limits = Limits(options)
    plan = Plan(registry or Registry.load(), limits, deriver=deriver, scope=options.scope)
    found = [] if errors is None else errors
    total = sha256()
    for text in _texts(_header(paths, parsers_digest(), plan), paths, plan, found):
        if isinstance(text, _Block):
            yield text.text
        else:
            total.update(text.encode())
            yield text
    yield dump({"end": total.hexdigest()}) + "\n"


def _header(paths: Sequence[str], digest: str, plan: Plan) -> Json:
    return {
        "schema": SCHEMA,
        "tool": __version__,
        "facts": FACTS_VERSION,
        "parsers": digest,
        "patterns": plan.deriver.digest if plan.deriver is not None else "",
        "paths": [clean(path)[0] for path in paths],
        "computed": {kind: sorted(made.FIELDS) for kind, made in KINDS.items()},
    }


class _Block:
    """The lines of facts of one kind."""

    __slots__ = ("head", "size", "text")

    def __init__(self, kind: str, facts: int, lines: list[str]) -> None:
        self.text = "\n".join(lines) + "\n"
        data = self.text.encode()
        self.size = len(data)
        self.head = {"block": kind, "facts": facts, "lines": len(lines), "bytes": len(data)}
        self.head["sha256"] = sha256(data).hexdigest()


def _texts(header: Json, paths: Sequence[str], plan: Plan, errors: list[ScanError]) -> Iterator[str | _Block]:
    yield dump(header) + "\n"
    with alone(plan) as read, reach_of(paths, plan) as reach:
        for entry in reach.entries():
            if plan.limits.passed():
                seconds = plan.limits.timeout
                words = f"{shown(entry.path)} and what comes after it were not read within {seconds:g} seconds"
                yield _error(ScanError("timeout", f"timeout: {words}", shown(entry.path)), errors)
                break
            try:
                yield from _entry(entry, read, errors)
            except _TooLongError:
                path = shown(entry.path)
                yield _error(ScanError("unreadable", f"{path}: a fact is too long for a line", path), errors)


class _TooLongError(Exception):
    """A fact that no reader would take."""


def _entry(entry: Entry, read: Read, errors: list[ScanError]) -> Iterator[str | _Block]:
    """The lines of what discovery found, the first of them saying how many lines come after it."""
    if isinstance(entry, SourceError):
        yield _error(ScanError(entry.code, str(entry), shown(entry.path)), errors)
    elif isinstance(entry, SourceLink):
        yield from _with_facts({"link": clean(entry.path)[0], "escapes": entry.escapes}, link_tree(entry))
    else:
        result = read(Job(entry))
        if result is None:  # the time was up in this very moment; the next entry says so
            return
        errors += result.errors
        if isinstance(entry, SourceFile):
            yield from _with_facts(_file(entry, result), result.tree)
        elif result.tree is not None or result.errors:
            found = [_plain(error) for error in result.errors]
            yield from _with_facts({"folder": clean(entry.path)[0], "errors": found}, result.tree)


def _file(source: SourceFile, result: FileResult) -> Json:
    """What is said of a file besides its facts."""
    line: Json = {"file": clean(source.path)[0], "size": result.size}
    if result.sha256 is not None:
        line["sha256"] = result.sha256
    if not result.full:
        line["scope"] = STRUCTURE
    line |= {"named": source.named, "read": result.read, "late": result.timed_out}
    line["errors"] = [_plain(error) for error in result.errors]
    if result.tree is None and result.summaries:
        listed: ArtifactSummary = result.summaries[0]
        line["listed"] = {"format": listed.format, "role": listed.role, "reasons": list(listed.reasons)}
    return line


def _with_facts(line: Json, tree: FactSet | None) -> Iterator[str | _Block]:
    """A record and the facts that belong to it. `_TooLongError` comes before the first line."""
    found: list[str | _Block] = []
    for kind, facts, lines in chunks(tree) if tree is not None else ():
        if kind is None:
            found += (f"{each}\n" for each in lines)
            continue
        block = _Block(kind, facts, lines)
        if block.size > MAX_BLOCK:
            raise _TooLongError
        found += (dump(block.head) + "\n", block)
    line["lines"] = sum(isinstance(part, str) for part in found)
    yield dump(line) + "\n"
    yield from found


def _error(error: ScanError, errors: list[ScanError]) -> str:
    errors.append(error)
    return dump({"error": _plain(error)}) + "\n"


def _plain(error: ScanError) -> Json:
    found = {"code": error.code, "message": clean(error.message)[0]}
    return found if error.path is None else {**found, "path": clean(error.path)[0]}
