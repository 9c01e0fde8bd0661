"""The facts of one file as lines of JSON, and back.

An artifact's own record stands before its other facts, an outer artifact before what is nested in it. Facts are a line
each, or blocks of one kind in columns (`engine/facts/columns.py`). `{"fact":"KIND"` begins every line of a fact, so
that kinds which nobody asks for are passed over unread.
"""

from __future__ import annotations

from modelaudit.engine.facts import KINDS, Artifact, Fact
from modelaudit.engine.facts.columns import BadFactsError, Columns, columns_of, decode, dump, split
from modelaudit.engine.facts.serial import from_json, to_json
from modelaudit.engine.factset import FactSet
from modelaudit.pipeline.fold import RECORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    Json = dict[str, Any]

__all__ = ["BadFactsError", "Block", "Wanted", "chunks", "content_lines", "dump", "load", "split", "tree_of"]

MAX_LINE = 16 * 1024 * 1024  # bytes of a line that stands in no block
MAX_BLOCK = 32 * 1024 * 1024  # bytes of the lines of a block
ROWS = 10_000  # facts after which a new block begins
MAX_NODES = 200_000  # artifacts of one file
NEEDED = frozenset({"artifact", "limit", "defect"})  # kinds that the summary of an artifact is made from
COVERAGES = frozenset({"full", "partial", "none"})
_START = b'{"fact":"'


def load(line: bytes) -> Json:
    """The JSON object of a line. Raises `BadFactsError`."""
    found = decode(line)
    if not isinstance(found, dict):
        raise BadFactsError("no JSON object")
    return found


def chunks(tree: FactSet) -> Iterator[tuple[str | None, int, list[str]]]:
    """The facts of a tree, content and context, as lines without their ends.

    `None` with the line of each artifact, then each kind with its number of facts and their columns, at most `ROWS`
    facts at a time.
    """
    for node in tree.walk():
        yield None, 1, [dump(to_json(node.artifact))]
        for kind, records in node.facts.items():
            for start in range(0, len(records), ROWS):
                some = records[start : start + ROWS]
                yield kind, len(some), list(columns_of(kind, some))


def content_lines(tree: FactSet) -> Iterator[str]:
    """The same without what depends on where the file stands; paths of nested artifacts begin at the file."""
    outer = len(tree.artifact.path)
    for node in tree.walk():
        own = to_json(node.artifact)
        if node is tree:
            own = {name: value for name, value in own.items() if name not in Artifact.CONTEXT}
        else:
            own["path"] = node.artifact.path[outer:]
        yield dump(own)
        for kind, records in node.facts.items():
            context = KINDS[kind].CONTEXT
            for fact in records:
                yield dump({name: value for name, value in to_json(fact).items() if name not in context})


class Wanted:
    """Which kinds are to be made from lines; the rest is passed over. `wants` None is for all of them."""

    __slots__ = ("kinds",)

    def __init__(self, wants: Callable[[str], bool] | None = None) -> None:
        self.kinds = {
            kind.encode(): kind for kind in KINDS if wants is None or kind in NEEDED or wants(kind)
        }  # by the word on the line

    def passes(self, kind: object) -> bool:
        """Whether a kind is passed over. Raises `BadFactsError` for what is no kind."""
        if not isinstance(kind, str) or kind not in KINDS:
            raise BadFactsError(f"no such kind of fact: {str(kind)[:40]!r}")
        return kind.encode() not in self.kinds

    def kind(self, line: bytes) -> str | None:
        """The kind of the fact on a line, None for one that is not wanted. Raises `BadFactsError`."""
        if not line.startswith(_START):
            word = load(line).get("fact")
            line = _START + (word.encode() if isinstance(word, str) else b"") + b'"'
        name = line[len(_START) : line.find(b'"', len(_START))]
        kind = self.kinds.get(name)
        if kind is None and name.decode("utf-8", "replace") not in KINDS:
            raise BadFactsError(f"no such kind of fact: {name[:40].decode('utf-8', 'replace')!r}")
        return kind


class Block:
    """The columns of facts of one kind as they were read; `where` they stand is said with a mistake in them."""

    __slots__ = ("facts", "kind", "raw", "where")

    def __init__(self, kind: str, facts: int, raw: dict[str, bytes], where: str) -> None:
        self.kind = kind
        self.facts = facts
        self.raw = raw
        self.where = where


def tree_of(
    source: Iterable[bytes | Block],
    wanted: Wanted,
    *,
    under: str = "",
    content: Callable[[Fact], Fact] | None = None,
) -> FactSet:
    """The tree that lines describe. Raises `BadFactsError`.

    Paths of artifacts are put `under` this one; `content` completes the facts of the outermost artifact.
    """
    growing = _Growing(wanted, under, content)
    for part in source:
        if isinstance(part, Block):
            growing.block(part)
        else:
            growing.take(part)
    if growing.root is None:
        raise BadFactsError("no artifact")
    return growing.root


class _Growing:
    """A tree while its lines come in."""

    __slots__ = ("content", "nodes", "root", "stack", "under", "wanted")

    def __init__(self, wanted: Wanted, under: str, content: Callable[[Fact], Fact] | None) -> None:
        self.wanted = wanted
        self.under = under
        self.content = content
        self.root: FactSet | None = None
        self.stack: list[FactSet] = []  # the artifact that is open, after all that it is nested in
        self.nodes = 0

    def take(self, line: bytes) -> None:
        """Take in one fact."""
        kind = self.wanted.kind(line)
        if kind == "artifact":
            self.artifact(line)
        elif not self.stack:
            raise BadFactsError("a fact before its artifact")
        elif kind is not None:
            self.fact(kind, line)

    def fact(self, kind: str, line: bytes) -> None:
        """Add a fact to the open artifact."""
        node = self.stack[-1]
        doc = load(line)
        doc["artifact"] = node.artifact.path
        fact = _made(doc)
        if kind != fact.KIND:
            raise BadFactsError("a fact of two kinds")
        if self.content is not None and len(self.stack) == 1:
            fact = self.content(fact)
        self.add(kind, [fact])

    def block(self, block: Block) -> None:
        """Add the facts of a block to the open artifact."""
        if not self.stack:
            raise BadFactsError("a fact before its artifact")
        path = self.stack[-1].artifact.path
        self.add(block.kind, Columns(block.kind, block.facts, block.raw, path, block.where))

    def add(self, kind: str, more: list[Fact] | Columns) -> None:
        """Put facts of a kind after those that the open artifact has."""
        facts = self.stack[-1].facts
        known = facts.get(kind)
        if len(more) + len(known or ()) > RECORDS + 1:
            raise BadFactsError(f"more than {RECORDS} facts of kind {kind} in one artifact")
        if known is None:
            facts[kind] = more
        elif isinstance(known, list):
            known += more
        else:
            facts[kind] = [*known, *more]

    def artifact(self, line: bytes) -> None:
        """Open an artifact."""
        doc = load(line)
        doc["path"] = f"{self.under}{doc.get('path', '')}"
        record = _made(doc)
        if not isinstance(record, Artifact):
            raise BadFactsError("a fact of two kinds")
        if record.coverage not in COVERAGES:
            raise BadFactsError(f"no such coverage: {record.coverage!r}")
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise BadFactsError(f"more than {MAX_NODES} artifacts in one file")
        node = FactSet(record)
        self.place(node, record)

    def place(self, node: FactSet, record: Artifact) -> None:
        """Put an artifact under the one that it is nested in."""
        if self.root is None:
            if record.depth:
                raise BadFactsError("the first artifact is nested in nothing")
            self.root = node
            self.stack = [node]
            return
        if not 0 < record.depth <= len(self.stack):
            raise BadFactsError(f"an artifact of depth {record.depth} in the wrong place")
        del self.stack[record.depth :]
        if not record.path.startswith(f"{self.stack[-1].artifact.path}!"):
            raise BadFactsError("an artifact that is not named after the one before it")
        self.stack[-1].add_child(node)
        self.stack.append(node)


def _made(doc: Json) -> Fact:
    try:
        return from_json(doc)
    except ValueError as error:
        raise BadFactsError(str(error)) from None
