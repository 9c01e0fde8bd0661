"""Reading one file and everything nested in it: recognise, parse, fold, and say how much was understood.

Coverage of an artifact:

- `none`: no parser knows the format, or its content was not read at all (nested too deep, over a size limit);
- `partial`: a `limit` or `defect` says which kinds of facts may be missing, or reading ended early;
- `full`: everything else. A member that is not understood takes nothing from its container: it has a coverage of
  its own, and both are listed.

`incomplete` names the kinds of facts that may be missing. It stays empty for an unknown format, which no rule can
say anything about; its coverage of `none` and `gate.on_unknown_format` speak for it.
"""

from __future__ import annotations

import os
from functools import cache

from modelaudit.engine.derived.spots import SPOTS
from modelaudit.engine.document import SKIPPED, ScanError
from modelaudit.engine.facts import (
    KINDS,
    Artifact,
    Defect,
    Fact,
    Limit,
    Metadata,
    Reference,
    Tensor,
    Text,
    clean,
    quote_member,
)
from modelaudit.engine.factset import FactSet
from modelaudit.parsers.base import BudgetSpent, Context, Input, Nested, Property, Searched, Values
from modelaudit.parsers.reader import Ends, SliceReader
from modelaudit.parsers.registry import HEAD, OTHER, UNKNOWN, UNRECOGNISED, Recognition
from modelaudit.pipeline.budget import Metered
from modelaudit.pipeline.embedded import SHORTEST, Around, Embedded
from modelaudit.pipeline.fold import Fold
from modelaudit.pipeline.isolation import MAIN
from modelaudit.sources.errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from modelaudit.engine.derived.deriver import Deriver
    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.registry import Registry
    from modelaudit.pipeline.budget import Budget
    from modelaudit.pipeline.fold import Unfolded
    from modelaudit.pipeline.isolation import Isolation, Loss
    from modelaudit.pipeline.references import Root
    from modelaudit.pipeline.weights import Weights

    T = TypeVar("T")

ALL = frozenset(KINDS) - {"artifact"}  # what may be missing when nothing is known of the rest
PROPERTIES = frozenset({"version", "producer", "producer_version", "role", "repo", "revision"})
_NOTHING: frozenset[str] = frozenset()
_SHA256 = frozenset({"sha256"})
REQUEST = "request"  # what ended the reading when the user left the parser out
UNREAD = Recognition((), (), None)  # what an artifact is before it was looked at
TEXT = "text-family"
UNREAD_FORMATS = frozenset({UNKNOWN, "text"})  # zeros that are masked with a letter look like text
SMALL = 1024 * 1024  # bytes of a file that is searched for programs though weights are not read
MESSAGE = 200  # characters of a crash's own words


class Crash(Exception):  # noqa: N818 - carries what a parser raised
    """A parser or recogniser raised; `words` say what and where."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.what = "memory" if isinstance(error, MemoryError) else "crash"
        trace = error.__traceback__
        where = ""
        while trace is not None:
            code = trace.tb_frame.f_code
            where = f" at {code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
            trace = trace.tb_next
        self.words = clean(f"{type(error).__name__}: {error}"[:MESSAGE] + where)[0]


class Node:
    """An artifact while it is read."""

    __slots__ = (
        "base",
        "children",
        "compressed",
        "depth",
        "extension",
        "fold",
        "name",
        "path",
        "properties",
        "reader",
        "recognition",
        "told",
        "view",
    )

    def __init__(
        self,
        path: str,
        name: str,
        reader: Reader,
        fold: Fold | Unfolded,
        *,
        depth: int = 0,
        view: str = "visible",
        told: frozenset[str] = frozenset(),
    ) -> None:
        self.path = path
        self.name = name
        self.reader = reader
        self.fold = fold
        self.depth = depth
        self.view = view
        self.told = told
        self.base: Reader | None = None  # what gives the bytes of a nested one, before they are counted
        self.compressed: int | None = None  # bytes that they are expanded from, if they are
        self.extension = extension_of(name)
        self.recognition = UNREAD
        self.properties: dict[str, str] = {}
        self.children: list[FactSet] = []


class TreeReader:
    """Reads a file and what is nested in it under one budget. `errors` are what reports say beside the findings."""

    def __init__(
        self,
        registry: Registry,
        budget: Budget,
        *,
        wants: Callable[[str], bool] | None = None,
        root: Root | None = None,
        folding: Callable[[str], Fold | Unfolded] = Fold,
        emit: Callable[[Fact], None] | None = None,
        isolation: Isolation = MAIN,
        deriver: Deriver | None = None,
        full: bool = True,
    ) -> None:
        self.registry = registry
        self.budget = budget
        self.context = Context(wants=wants, check=budget.check, sought=deriver.keywords if deriver else None, full=full)
        self.context.budgets = budget.limits
        if deriver is not None:
            self.context.licences = deriver.licences
        self.root = root
        self.folding = folding
        self.emit = emit  # given every fact as it comes
        self.isolation = isolation
        self.deriver = deriver if deriver else None  # or nothing is looked for
        self.errors: list[ScanError] = []
        self.embedded = Embedded(budget.limits) if self.context.wants("blob") else None
        self.weights: Weights | None = None  # once there is a tensor

    def read(self, path: str, reader: Reader, digest: Callable[[], str | None] | None = None) -> FactSet:
        """The facts of a file on disk; `path` is as the user sees it. `digest` is asked once all else is read."""
        if not path.isascii():
            path = clean(path)[0]
        shown = quote_member(path)
        name = path.rpartition(os.sep)[2]
        node = Node(shown, name, reader, self.folding(shown))
        if self.embedded is not None and self.context.full:
            self.embedded.attach(reader)
        self.attempt(node, self.whole)
        self.compare(node)
        return self.close(node, None, digest)

    def artifact(self, node: Node, role: str | None = None) -> FactSet:
        """The facts of one artifact and its members."""
        self.attempt(node, self.whole)
        if self.embedded is not None:
            self.attempt(node, self.programs)
        return self.close(node, role)

    def bundle(self, node: Node, relate: Callable[[Context], Iterator[Fact | Property | Values]]) -> FactSet:
        """The facts of a folder that was recognised as a whole, as `relate` gives them."""
        self.attempt(node, lambda node: self.drain(node, _guarded(relate, self.context)))
        self.compare(node)
        return self.close(node, "bundle")

    def attempt(self, node: Node, read: Callable[[Node], None]) -> None:
        """Read an artifact; whatever ends the reading is noted, and what was found before stands."""
        try:
            read(node)
        except BudgetSpent as spent:
            self.limit(node, spent)
        except Crash as crash:
            self.crash(node, crash)
        except SourceError as error:
            self.unreadable(node, error)

    def whole(self, node: Node) -> None:
        """Recognise an artifact and read it as everything that it is."""
        node.recognition = self.recognise(node)
        for code, detail in node.recognition.defects:
            affects = ALL if code == UNRECOGNISED else frozenset[str]()
            self.take(node, Defect(node.path, code=code, detail=detail, affects=affects))
        for format in node.recognition.parse:
            if format in self.registry.left_out:
                self.take(node, Limit(node.path, what=REQUEST, by="user"))
            else:
                self.parse(node, format)
        if node.recognition.spent is not None:
            self.limit(node, node.recognition.spent)

    def recognise(self, node: Node) -> Recognition:
        """What the artifact is."""
        head = node.reader.read_at(0, HEAD)
        reader = node.reader
        if not self.context.full:
            if node.depth and isinstance(node.base, SliceReader):
                found = _guarded(self.registry.weights, head, reader, node.extension)
                if found is not None:
                    return found
            elif not node.depth:
                reader = Ends(reader)
        return _guarded(self.registry.recognise, head, reader, node.extension)

    def parse(self, node: Node, format: str) -> None:
        """Run one parser and take what it yields, unless a worker was lost to it."""
        loss = self.isolation.enter((node.path, format), isolated=self.registry.formats[format].isolated)
        if loss is not None:
            self.lost(node, format, loss)
            return
        formats = frozenset(node.recognition.formats)
        given = Input(
            node.path,
            node.reader,
            format,
            formats=formats,
            extension=node.extension,
            depth=node.depth,
            told=node.told,
        )
        self.drain(node, _guarded(self.parsed, format, given))

    def parsed(self, format: str, given: Input) -> Iterator[Fact | Nested | Property | Searched | Values]:
        """What the parser of a format yields."""
        return self.registry.parser(format)(given, self.context)

    def drain(self, node: Node, items: Iterator[Fact | Nested | Property | Searched | Values]) -> None:
        """Take everything that a parser yields."""
        item = None
        try:
            while True:
                try:
                    item = next(items, None)
                except (BudgetSpent, SourceError):
                    raise
                except Exception as error:  # as `_guarded` does; a call for each item would cost more than many items
                    raise Crash(error) from error
                if item is None:
                    break
                self.route(node, item)
        finally:
            if item is not None:  # or the parser has ended by itself
                _guarded(getattr(items, "close", _nothing))

    def route(self, node: Node, item: Fact | Nested | Property | Searched | Values) -> None:
        """What becomes of one thing that a parser yields."""
        if isinstance(item, Fact):
            self.take(node, item)
        elif isinstance(item, Nested):
            self.nested(node, item)
        elif isinstance(item, Searched):
            self.search(node, item)
        elif isinstance(item, Values):
            self.tensor(node, item.tensor, item.reader)
        elif item.name in PROPERTIES:
            node.properties[item.name] = clean(item.value)[0]

    def take(self, node: Node, fact: Fact) -> None:
        """Take in one fact, and those that come of it."""
        if isinstance(fact, Tensor):
            self.tensor(node, fact)
            return
        if isinstance(fact, (Text, Metadata)):
            self.encoded(node, fact)
        if self.deriver is not None and fact.KIND in SPOTS:
            fact, derived = self.deriver.derive(fact)
            for found in derived:
                self.keep(node, found)
        self.keep(node, fact)

    def tensor(self, node: Node, fact: Tensor, values: Reader | None = None) -> None:
        """Take in a tensor with what is asked of its values, and what its low bits hold."""
        if self.weights is None:
            self.weights = _weights()(self.context)
        told, hidden = self.weights.told(fact, node.reader, values)
        self.keep(node, told)
        for found in hidden:
            self.route(node, found)

    def compare(self, node: Node) -> None:
        """Take in what the tensors of a file say about each other, now that all were seen."""
        if self.weights is not None:
            for fact in self.weights.relations(node.path):
                self.keep(node, fact)

    def encoded(self, node: Node, fact: Text | Metadata) -> None:
        """Take in the files that stand encoded in a text."""
        if self.embedded is not None and len(fact.value) >= SHORTEST:
            for found in self.embedded.encoded(fact):
                self.route(node, found)

    def search(self, node: Node, item: Searched) -> None:
        """Take in what patterns find in a text, and leave the text itself."""
        for found in self.deriver.derive(item.text)[1] if self.deriver else ():
            self.keep(node, found)

    def keep(self, node: Node, fact: Fact) -> None:
        """Take in one fact as it is."""
        if isinstance(fact, Reference):
            if self.root is not None and not node.depth:
                fact = self.root.resolve(fact)
            if self.deriver is not None:
                fact = self.deriver.without_secrets(fact)
        if self.emit is not None:
            self.emit(fact)
        node.fold.add(fact)

    def nested(self, outer: Node, nested: Nested) -> None:
        """Route a nested artifact; one that is too deep is listed and not read."""
        self.budget.enter()
        name = clean(nested.name)[0]
        path = f"{outer.path}!{quote_member(name)}"
        last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
        reader = Metered(nested, self.budget)
        depth = outer.depth + 1
        node = Node(path, last, reader, self.folding(path), depth=depth, view=nested.view, told=nested.told)
        if node.depth > self.budget.max_depth:
            spent = BudgetSpent("depth", at=node.depth, budget=self.budget.max_depth, by=self.budget.depth_by)
            self.limit(node, spent)
            outer.children.append(self.close(node, nested.role))
        else:
            node.base, node.compressed = nested.reader, reader.compressed
            outer.children.append(self.artifact(node, nested.role))

    def programs(self, node: Node) -> None:
        """Take in the programs that stand somewhere in an artifact."""
        assert self.embedded is not None  # noqa: S101 - or nobody asks
        if not self.context.full and isinstance(node.base, SliceReader) and self.is_weights(node):
            return  # its numbers are not here
        if node.base is not None or self.embedded.may_hold(node.reader):
            around = Around(node.fold.facts, text=self.is_text(node), container=bool(node.children))
            if node.base is None:
                found = self.embedded.found(node.path, node.reader, around)
            else:
                found = self.embedded.inside(node.path, node.base, node.compressed, around, self.context.check)
            for fact in found:
                self.take(node, fact)
        if node.recognition.format in UNREAD_FORMATS:
            for item in self.embedded.masked(node.path, node.reader):
                self.route(node, item)

    def is_weights(self, node: Node) -> bool:
        """Whether an artifact is weights as everything that it was read as."""
        return self.registry.all_weights(node.recognition.parse)

    def is_text(self, node: Node) -> bool:
        """Whether an artifact is text as everything that it was read as."""
        formats = node.recognition.parse
        return bool(formats) and all(TEXT in self.registry.families((format,)) for format in formats)

    def limit(self, node: Node, spent: BudgetSpent) -> None:
        """Note that a budget ended the reading of an artifact."""
        fact = Limit(node.path, what=spent.what, at=spent.at, budget=spent.budget, by=spent.by, affects=ALL)
        self.take(node, fact)

    def crash(self, node: Node, crash: Crash) -> None:
        """Note that a parser failed: what it yielded before stands."""
        self.take(node, Limit(node.path, what=crash.what, by="tool", affects=ALL))
        message = f"{node.path}: the parser of {node.recognition.format} failed ({crash.words})"
        self.errors.append(ScanError("crash", message, node.path))

    def lost(self, node: Node, format: str, loss: Loss) -> None:
        """Note that a parser took its process down, and is not tried again."""
        self.take(node, Limit(node.path, what=loss.what, by="tool", affects=ALL))
        message = f"{node.path}: the parser of {format} {loss.words}"
        self.errors.append(ScanError("crash", message, node.path))

    def unreadable(self, node: Node, error: SourceError) -> None:
        """Note that the bytes could not be read any further."""
        self.take(node, Limit(node.path, what="read", by="tool", affects=ALL))
        said = ScanError(error.code, str(error), node.path)
        if said not in self.errors:
            self.errors.append(said)

    def close(self, node: Node, role: str | None, digest: Callable[[], str | None] | None = None) -> FactSet:
        """The artifact's own record, and everything under it; its digest is unknown when `digest` gives none."""
        sha256 = None if digest is None else digest()
        if digest is not None and self.embedded is not None and self.is_searched(node, sha256):
            self.attempt(node, self.programs)
        facts = node.fold.facts()
        recognition = node.recognition
        affected = affected_kinds(facts)
        record = Artifact(
            path=node.path,
            name=node.name,
            format=recognition.format,
            formats=frozenset(recognition.formats),
            families=self.registry.families(recognition.parse),
            version=node.properties.get("version"),
            role=node.properties.get("role") or role or self.role(recognition.format, node),
            size=node.reader.size,
            sha256=sha256,
            extension=node.extension,
            declared_format=recognition.declared,
            depth=node.depth,
            view=node.view,
            repo=node.properties.get("repo"),
            revision=node.properties.get("revision"),
            producer=node.properties.get("producer"),
            producer_version=node.properties.get("producer_version"),
            coverage=self.coverage(recognition, affected),
            incomplete=affected,
            unknown=_NOTHING if digest is None or sha256 else _SHA256,
        )
        return FactSet(record, facts, node.children)

    def is_searched(self, node: Node, sha256: str | None) -> bool:
        """Whether a file on disk is searched for programs: all of it was read, or it is small."""
        return bool(sha256) if self.context.full else node.reader.size <= SMALL

    def coverage(self, recognition: Recognition, affected: frozenset[str]) -> str:
        """How much of an artifact was read; parsers that were left out by request understood nothing."""
        left_out = self.registry.left_out
        if recognition.format == UNKNOWN or (left_out and left_out.issuperset(recognition.parse)):
            return "none"
        return "partial" if affected or not left_out.isdisjoint(recognition.parse) else "full"

    def role(self, format: str, node: Node) -> str:
        """The role that the catalogue gives a format."""
        if format == UNKNOWN:
            return "member" if node.depth else OTHER
        return self.registry.role(format)


def _guarded(call: Callable[..., T], *given: object) -> T:
    """What a parser's code gives; whatever it raises is a `Crash`, but for what the pipeline itself sent through it."""
    try:
        return call(*given)
    except (BudgetSpent, SourceError):
        raise
    except Exception as error:  # hostile input must not end the scan
        raise Crash(error) from error


@cache
def _weights() -> type[Weights]:
    from modelaudit.pipeline.weights import Weights

    return Weights


def _nothing() -> None:
    pass


def affected_kinds(facts: dict[str, list[Fact]]) -> frozenset[str]:
    """The kinds that limits and defects say may lack records."""
    if "limit" not in facts and "defect" not in facts:
        return _NOTHING
    found: set[str] = set()
    for kind in ("limit", "defect"):
        for fact in facts.get(kind, ()):
            assert isinstance(fact, (Limit, Defect))  # noqa: S101 - the kinds of these names
            found |= fact.affects
    return frozenset(found)


def extension_of(name: str) -> str:
    """The extension of a file name with its dot, in lower case; empty for none and for dot files."""
    stem, dot, extension = name.rpartition(".")
    return f".{extension.lower()}" if dot and stem.strip(".") else ""


def reasons(tree: FactSet) -> Iterator[str]:
    """Why the coverage of an artifact is not full, in a few words each; always at least one."""
    unexplained = tree.artifact.format == UNKNOWN
    for kind in ("limit", "defect"):
        for fact in tree.facts.get(kind, ()):
            if isinstance(fact, Limit) and (fact.affects or fact.by != "file"):
                unexplained = False
                yield _limit_words(fact)
            elif isinstance(fact, Defect) and fact.affects:
                yield f"defect: {fact.code}"
    if unexplained:
        yield "no parser knows this format"


def _limit_words(limit: Limit) -> str:
    words = {
        REQUEST: SKIPPED,
        "crash": "the parser failed",
        "memory": "the parser needed too much memory",
        "hang": "the parser gave no sign of life",
        "cpu": "the parser took too much processor time",
        "read": "the file could not be read further",
        "not-computed": "the stored facts lack what the rules read",
    }
    if limit.what in words:
        return words[limit.what]
    shown = "" if limit.budget is None or limit.what == "time" else f" ({limit.budget})"
    return f"limit reached: {limit.what}{shown}"
