"""A scan of stored facts: the same judging, decision and report as of the models, which are not needed."""

from __future__ import annotations

from hashlib import sha256
from os import SEEK_CUR

from modelaudit.engine.document import ArtifactSummary, ScanError
from modelaudit.engine.facts import KINDS, Limit, quote_member
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.fold import RECORDS
from modelaudit.pipeline.limits import Limits, Options
from modelaudit.pipeline.one import STRUCTURE, FileResult, Plan, judged, link_words, too_large
from modelaudit.pipeline.scan import Run
from modelaudit.pipeline.store.codec import MAX_BLOCK, MAX_LINE, BadFactsError, Block, Wanted, load, split, tree_of
from modelaudit.pipeline.stored import SCHEMA
from modelaudit.sources.errors import SourceError, from_os_error
from modelaudit.sources.local import SourceFile, discover

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, BinaryIO

    from modelaudit.engine.document import ScanDocument
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.ruleset import Ruleset

    Json = dict[str, Any]

SUFFIX = ".jsonl"  # of documents in a folder
BLOCK = b'{"block":'  # the beginning of the line before a block
CODE = "facts-file"  # of the error for a document that cannot be used
NOT_COMPUTED = "not-computed"
HEADER = {"schema": str, "tool": str, "facts": str, "parsers": str, "paths": list, "computed": dict}


def scan_facts(
    paths: Sequence[str],
    ruleset: Ruleset,
    options: Options | None = None,
    registry: Registry | None = None,
) -> ScanDocument:
    """Judge the documents at the paths, and those in folders among them.

    The report is that of a scan of the models, with the paths under which they were read. A document that is damaged
    is an error of the scan; what was read of it before the damage is judged. `UsageError` as of `scan`.
    """
    from modelaudit.engine.policy.gate import Gate

    options = options or Options()
    Gate(ruleset, options.fail_on)
    limits = Limits(options, ruleset.policy.limits)
    plan = Plan(registry or Registry.load(), limits, ruleset, describe=options.describe)
    errors: list[ScanError] = []
    documents = list(open_documents(paths, errors))
    run = Run(tuple(dict.fromkeys(path for document in documents for path in document.paths)), plan, options)
    run.errors += errors
    for document in documents:
        Replay(run, document).all()
    return run.document()


def read_facts(paths: Sequence[str], wants: Callable[[str], bool] | None = None) -> Iterator[FactSet]:
    """The trees of the documents at the paths, one after the other, with the kinds that are wanted.

    Raises `SourceError` for a document that cannot be read or is damaged, after what stands before the damage.
    """
    errors: list[ScanError] = []
    for document in open_documents(paths, errors):
        for record in document.records(wants):
            if record.tree is not None:
                yield record.tree
        errors += document.errors
    for error in errors:
        raise SourceError(error.code, error.message, error.path or "")


def open_documents(paths: Sequence[str], errors: list[ScanError]) -> Iterator[Document]:
    """The documents at the paths, their first lines read. What cannot be used is added to `errors`."""
    for entry in discover(paths):
        if isinstance(entry, SourceError):
            errors.append(ScanError(entry.code, str(entry), entry.path))
        elif isinstance(entry, SourceFile) and (entry.named or entry.path.endswith(SUFFIX)):
            document = Document(entry)
            if document.usable():
                yield document
            errors += document.errors
            document.errors = []


class Record:
    """One thing that was read: `line` says what, `tree` has its facts."""

    __slots__ = ("line", "tree")

    def __init__(self, line: Json, tree: FactSet | None) -> None:
        self.line = line
        self.tree = tree


class Document:
    """A document of facts. What is wrong with it is in `errors`."""

    def __init__(self, source: SourceFile) -> None:
        self.source = source
        self.path = source.path
        self.errors: list[ScanError] = []
        self.header: Json = {}
        self.number = 0  # of the line that was read last

    @property
    def paths(self) -> list[str]:
        """The paths that were given when it was made."""
        return list(self.header["paths"])

    def usable(self) -> bool:
        """Whether the document can be opened and begins as one."""
        return next(self._guarded(self._only_header), None) is not None

    def records(self, wants: Callable[[str], bool] | None = None) -> Iterator[Record]:
        """Everything in it, in order, until the end or the first mistake."""
        return self._guarded(lambda stream: self._records(stream, Wanted(wants), wants))

    def lacks(self, wants: Callable[[str], bool] | None) -> frozenset[str]:
        """Kinds and fields (`tensor.stats`) that somebody wants and its maker did not compute."""
        made = self.header["computed"]
        kinds = [kind for kind in KINDS if kind not in made]
        fields = [
            f"{kind}.{name}"
            for kind, fact in KINDS.items()
            for name in fact.FIELDS
            if name not in made.get(kind, fact.FIELDS)
        ]
        return frozenset(name for name in (*kinds, *fields) if wants is None or wants(name))

    def _guarded(self, read: Callable[[BinaryIO], Iterator[Record]]) -> Iterator[Record]:
        """What `read` gives; a mistake or a refusal of the system ends it and is noted."""
        self.number = 0
        try:
            with open(self.source.real, "rb") as stream:
                yield from read(stream)
        except OSError as error:
            refused = from_os_error(error, self.path)
            self.errors.append(ScanError(refused.code, str(refused), self.path))
        except BadFactsError as bad:
            self.errors.append(ScanError(CODE, f"{self.path}:{self.number}: {bad}", self.path))

    def _line(self, stream: BinaryIO) -> bytes:
        line = stream.readline(MAX_LINE)
        self.number += 1
        if not line:
            raise BadFactsError("the document is cut short: its last line is missing")
        if not line.endswith(b"\n"):
            raise BadFactsError("the document is cut short, or the line is too long")
        return line

    def _only_header(self, stream: BinaryIO) -> Iterator[Record]:
        try:
            header = load(self._line(stream))
        except BadFactsError:
            header = {}
        if header.get("schema") != SCHEMA:
            raise BadFactsError(f"no facts: a document of {SCHEMA} is made by `modelaudit facts MODEL -o FILE`")
        for name, kind in HEADER.items():
            if not isinstance(header.get(name), kind):
                raise BadFactsError(f"`{name}` is missing or has the wrong type")
        if not all(isinstance(path, str) for path in header["paths"]):
            raise BadFactsError("`paths` has something else than texts")
        if not all(isinstance(names, list) for names in header["computed"].values()):
            raise BadFactsError("`computed` has something else than lists")
        self.header = header
        yield Record(header, None)

    def _records(self, stream: BinaryIO, wanted: Wanted, wants: Callable[[str], bool] | None) -> Iterator[Record]:
        total = sha256(self._line(stream))
        lacks = self.lacks(wants)
        while True:
            line = self._line(stream)
            record = load(line)
            if "end" in record:
                self._end(stream, record, total.hexdigest())
                return
            total.update(line)
            yield Record(record, self._tree(stream, record, wanted, lacks, total.update))

    def _end(self, stream: BinaryIO, record: Json, digest: str) -> None:
        if record["end"] != digest:
            raise BadFactsError("the document was changed after it was made: its digest differs")
        if stream.read(1):
            raise BadFactsError("something stands after the last line")

    def _tree(
        self, stream: BinaryIO, record: Json, wanted: Wanted, lacks: frozenset[str], update: Callable[[bytes], None]
    ) -> FactSet | None:
        """The facts that belong to a record."""
        number = record.get("lines", 0)
        if type(number) is not int or number < 0:
            raise BadFactsError("`lines` is no number of lines")
        if not number:
            return None

        def following() -> Iterator[bytes | Block]:
            for _ in range(number):
                line = self._line(stream)
                update(line)
                if line.startswith(BLOCK):
                    block = self._block(stream, load(line), wanted)
                    if block is not None:
                        yield block
                else:
                    yield line

        tree = tree_of(following(), wanted)
        if lacks:
            mark(tree, lacks)
        return tree

    def _block(self, stream: BinaryIO, head: Json, wanted: Wanted) -> Block | None:
        """A block, None when nobody asks for its kind."""
        facts, count, size = (_number(head, name) for name in ("facts", "lines", "bytes"))
        if not 0 < count <= size <= MAX_BLOCK or not 0 < facts <= RECORDS + 1:
            raise BadFactsError("a block without its size, or too large")
        if wanted.passes(head.get("block")):
            stream.seek(size, SEEK_CUR)
            self.number += count
            return None
        data = stream.read(size)
        if sha256(data).hexdigest() != head.get("sha256"):
            raise BadFactsError("the block after this line was changed or cut short: its digest differs")
        lines = data.split(b"\n")
        if lines.pop() or len(lines) != count:
            raise BadFactsError(f"the block after this line has not {count} lines")
        where = f"{self.path}:{self.number + 1}"
        self.number += count
        return Block(str(head["block"]), facts, split(lines), where)


def _number(head: Json, name: str) -> int:
    """A number above zero in the line before a block, 0 for anything else."""
    value = head.get(name)
    return value if type(value) is int and value > 0 else 0


def mark(tree: FactSet, lacks: frozenset[str]) -> None:
    """Say on every artifact what was not computed: kinds may be missing, fields are unknown."""
    kinds = frozenset(name for name in lacks if "." not in name)
    fields: dict[str, set[str]] = {}
    for name in lacks - kinds:
        kind, _, field = name.partition(".")
        fields.setdefault(kind, set()).add(field)
    for node in tree.walk():
        for kind, unknown in fields.items():
            if kind == "artifact":
                node.artifact = node.artifact.replace(unknown=node.artifact.unknown | unknown)
            elif kind in node.facts:
                node.facts[kind] = [fact.replace(unknown=fact.unknown | unknown) for fact in node.facts[kind]]
        artifact = node.artifact
        if kinds and artifact.coverage != "none":
            limit = Limit(artifact.path, what=NOT_COMPUTED, by="tool", affects=kinds)
            node.facts["limit"] = [*node.facts.get("limit", ()), limit]
            node.artifact = artifact.replace(coverage="partial", incomplete=artifact.incomplete | kinds)


class Replay:
    """A document played to a scan, as if its files were met again."""

    def __init__(self, run: Run, document: Document) -> None:
        self.run = run
        self.plan = run.plan
        self.document = document

    def all(self) -> None:
        """Judge everything in the document."""
        assert self.plan.ruleset is not None  # noqa: S101 - there is one in every scan
        self._note_version()
        for record in self.document.records(self.plan.wants):
            if self.plan.limits.passed():
                self.run.out_of_time(self._source(self.document.path))
                break
            try:
                self.take(record)
            except BadFactsError as bad:
                self.run.errors.append(ScanError(CODE, str(bad), self.document.path))
                break
            except (AttributeError, KeyError, TypeError, ValueError):
                message = f"{self.document.path}:{self.document.number}: a record without what belongs to it"
                self.run.errors.append(ScanError(CODE, message, self.document.path))
                break
        self.run.errors += self.document.errors

    def _note_version(self) -> None:
        from modelaudit.pipeline.store.versions import parsers_digest

        if self.document.header["parsers"] != parsers_digest():
            made = self.document.header["tool"]
            self.run.notices.append(
                f"{self.document.path}: the facts were read by other parsers (modelaudit {made}); "
                "read the models again for everything that the parsers of this one see"
            )

    def take(self, record: Record) -> None:
        """Take in one record. Raises what plain Python raises when something in it is missing or wrong."""
        line = record.line
        if "file" in line:
            self.file(line, record.tree)
        elif "link" in line and record.tree is not None:
            self.run.judge(record.tree)
            self.run.notices.append(link_words(record.tree, escapes=bool(line["escapes"])))
        elif "folder" in line:
            self.run.errors += _errors(line)
            if record.tree is not None:
                self.run.judge(record.tree)
        elif "error" in line:
            self.run.errors.append(_error(line["error"]))
        else:
            raise ValueError("a record of no known kind")

    def file(self, line: Json, tree: FactSet | None) -> None:
        """Judge a file, unless a limit or the policy keeps it out now."""
        source = self._source(_text(line["file"]), named=bool(line["named"]))
        if self.run.refused(source):
            return
        result = FileResult(quote_member(source.path))
        result.size = _size(line["size"])
        if not too_large(result, source, self.plan, self.run.room()):
            self._fill(result, line, tree)
        self.run.add(result, named=source.named)

    def _fill(self, result: FileResult, line: Json, tree: FactSet | None) -> None:
        result.read = bool(line["read"])
        result.sha256 = None if line.get("sha256") is None else _text(line["sha256"])
        result.errors += _errors(line)
        result.timed_out = bool(line["late"])
        result.full = line.get("scope") != STRUCTURE
        result.tree = tree
        if tree is not None:
            if tree.artifact.path != result.path:
                raise ValueError("facts of another file")
            judged(result, self.plan)
        elif "listed" in line:
            result.summaries = (_listed(line["listed"], result),)

    @staticmethod
    def _source(path: str, *, named: bool = False) -> SourceFile:
        return SourceFile(path, "", "", "", named=named)


def _listed(listed: Json, result: FileResult) -> ArtifactSummary:
    reasons = tuple(_text(reason) for reason in listed["reasons"])
    format, role = _text(listed["format"]), _text(listed["role"])
    return ArtifactSummary(result.path, format, role, result.size, 0, "none", reasons=reasons)


def _errors(line: Json) -> list[ScanError]:
    return [_error(error) for error in line["errors"]]


def _error(error: Json) -> ScanError:
    path = error.get("path")
    return ScanError(_text(error["code"]), _text(error["message"]), None if path is None else _text(path))


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(value)
    return value


def _size(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(value)
    return value
