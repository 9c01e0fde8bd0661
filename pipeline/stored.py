"""Documents of facts: what was read from models, to be judged again later without them.

`modelaudit/facts@1` is JSON lines. The first line says what made the document; then come files, folders and links in
the order in which a scan meets them, each a line that says how many lines of facts follow (`pipeline/store/codec.py`
has their form); the last line has the SHA-256 of everything before it, so that a document that was cut short is known
as such. A document is read from front to back, and never more of it is held than the facts of one file.
"""

from __future__ import annotations

from hashlib import sha256

from modelaudit import __version__
from modelaudit.engine.document import ArtifactSummary, ScanError
from modelaudit.engine.facts import KINDS, clean
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.bundles import bundle_tree
from modelaudit.pipeline.limits import Limits, Options
from modelaudit.pipeline.one import FileResult, Plan, link_tree, scan_one, shown
from modelaudit.pipeline.scan import FACTS_VERSION
from modelaudit.pipeline.store.codec import MAX_LINE, dump, lines
from modelaudit.sources.errors import SourceError
from modelaudit.sources.local import SourceFile, SourceFolder, SourceLink, discover

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from modelaudit.engine.factset import FactSet
    from modelaudit.sources.local import Entry

    Json = dict[str, Any]

SCHEMA = "modelaudit/facts@1"


def write(
    paths: Sequence[str],
    options: Options | None = None,
    *,
    registry: Registry | None = None,
    errors: list[ScanError] | None = None,
) -> Iterator[str]:
    """The document of everything under the paths, some lines at a time.

    What could not be read stands in the document, and is added to `errors` too.
    """
    from modelaudit.pipeline.store.versions import parsers_digest

    limits = Limits(options or Options())
    plan = Plan(registry or Registry.load(), limits)
    found = [] if errors is None else errors
    total = sha256()
    for text in _texts(_header(paths, parsers_digest()), paths, plan, found):
        total.update(text.encode())
        yield text
    yield dump({"end": total.hexdigest()}) + "\n"


def _header(paths: Sequence[str], digest: str) -> Json:
    return {
        "schema": SCHEMA,
        "tool": __version__,
        "facts": FACTS_VERSION,
        "parsers": digest,
        "paths": [clean(path)[0] for path in paths],
        "computed": {kind: sorted(made.FIELDS) for kind, made in KINDS.items()},
    }


def _texts(header: Json, paths: Sequence[str], plan: Plan, errors: list[ScanError]) -> Iterator[str]:
    yield dump(header) + "\n"
    for entry in discover(paths):
        if plan.limits.passed():
            seconds = plan.limits.timeout
            message = f"timeout: {shown(entry.path)} and what comes after it were not read within {seconds:g} seconds"
            yield _error(ScanError("timeout", message, shown(entry.path)), errors)
            break
        try:
            yield from _entry(entry, plan, errors)
        except _TooLongError:
            path = shown(entry.path)
            yield _error(ScanError("unreadable", f"{path}: a fact is too long for a line", path), errors)


class _TooLongError(Exception):
    """A fact that no reader would take."""


def _entry(entry: Entry, plan: Plan, errors: list[ScanError]) -> Iterator[str]:
    """The lines of what discovery found, the first of them saying how many facts come after it."""
    if isinstance(entry, SourceError):
        yield _error(ScanError(entry.code, str(entry), shown(entry.path)), errors)
    elif isinstance(entry, SourceFile):
        result = scan_one(entry, plan)
        errors += result.errors
        yield from _with_facts(_file(entry, result), result.tree)
    elif isinstance(entry, SourceLink):
        yield from _with_facts({"link": clean(entry.path)[0], "escapes": entry.escapes}, link_tree(entry))
    else:
        yield from _folder(entry, plan, errors)


def _folder(folder: SourceFolder, plan: Plan, errors: list[ScanError]) -> Iterator[str]:
    found: list[ScanError] = []
    tree = bundle_tree(folder, plan, found)
    errors += found
    if tree is not None or found:
        yield from _with_facts({"folder": clean(folder.path)[0], "errors": [_plain(error) for error in found]}, tree)


def _file(source: SourceFile, result: FileResult) -> Json:
    """What is said of a file besides its facts."""
    line: Json = {"file": clean(source.path)[0], "size": result.size}
    if result.sha256 is not None:
        line["sha256"] = result.sha256
    line |= {"named": source.named, "read": result.read, "late": result.timed_out}
    line["errors"] = [_plain(error) for error in result.errors]
    if result.tree is None and result.summaries:
        listed: ArtifactSummary = result.summaries[0]
        line["listed"] = {"format": listed.format, "role": listed.role, "reasons": list(listed.reasons)}
    return line


def _with_facts(line: Json, tree: FactSet | None) -> Iterator[str]:
    facts = [] if tree is None else list(lines(tree))
    if any(4 * len(text) > MAX_LINE and len(text.encode()) >= MAX_LINE for text in facts):
        raise _TooLongError
    line["lines"] = len(facts)
    yield dump(line) + "\n"
    for at in range(0, len(facts), 1000):
        yield "\n".join(facts[at : at + 1000]) + "\n"


def _error(error: ScanError, errors: list[ScanError]) -> str:
    errors.append(error)
    return dump({"error": _plain(error)}) + "\n"


def _plain(error: ScanError) -> Json:
    found = {"code": error.code, "message": clean(error.message)[0]}
    return found if error.path is None else {**found, "path": clean(error.path)[0]}
