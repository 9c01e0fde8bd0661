"""The facts of one file as lines of JSON, and back.

Each line is one fact, an artifact's own record before its other facts, an outer artifact before what is nested in
it. `{"fact":"KIND"` begins every line, so that kinds which nobody asks for are passed over unread.
"""

from __future__ import annotations

import json

from modelaudit.engine.facts import KINDS, Artifact, Fact
from modelaudit.engine.facts.serial import from_json, to_json
from modelaudit.engine.factset import FactSet
from modelaudit.pipeline.fold import RECORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, NoReturn

    Json = dict[str, Any]

MAX_LINE = 16 * 1024 * 1024  # bytes of a line that stands in no block
MAX_BLOCK = 32 * 1024 * 1024  # bytes of the lines of a block
CHUNK = 1024 * 1024  # characters after which a new block begins
MAX_NODES = 200_000  # artifacts of one file
NEEDED = frozenset({"artifact", "limit", "defect"})  # kinds that the summary of an artifact is made from
COVERAGES = frozenset({"full", "partial", "none"})
_START = b'{"fact":"'


class BadFactsError(ValueError):
    """Lines that are no facts of a file; the words say why."""


def dump(value: object) -> str:
    """JSON as it stands on a line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def load(line: bytes) -> Json:
    """The JSON object of a line. Raises `BadFactsError`."""
    try:
        text = line.decode("utf-8")
        found, end = _decode(text)
        if text[end:].strip():
            raise ValueError("something stands after the object")
        if b"\\u" in line:
            json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError) as error:
        raise BadFactsError(f"no JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadFactsError("no JSON object")
    return found


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


_decode: Callable[[str], tuple[object, int]] = json.JSONDecoder(parse_constant=_constant).raw_decode


def chunks(tree: FactSet) -> Iterator[tuple[str | None, list[str]]]:
    """The facts of a tree, content and context, as lines without their ends.

    `None` with the line of each artifact, then each kind with the lines of its facts, some `CHUNK` characters at a
    time.
    """
    for node in tree.walk():
        yield None, [dump(to_json(node.artifact))]
        for kind, records in node.facts.items():
            lines: list[str] = []
            size = 0
            for fact in records:
                lines.append(dump(to_json(fact)))
                size += len(lines[-1])
                if size >= CHUNK:
                    yield kind, lines
                    lines, size = [], 0
            if lines:
                yield kind, lines


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


def tree_of(
    source: Iterable[bytes],
    wanted: Wanted,
    *,
    under: str = "",
    content: Callable[[Fact], Fact] | None = None,
) -> FactSet:
    """The tree that lines describe. Raises `BadFactsError`.

    Paths of artifacts are put `under` this one; `content` completes the facts of the outermost artifact.
    """
    growing = _Growing(wanted, under, content)
    for line in source:
        growing.take(line)
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
        records = node.facts.setdefault(kind, [])
        if len(records) > RECORDS:
            raise BadFactsError(f"more than {RECORDS} facts of kind {kind} in one artifact")
        records.append(fact)

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
