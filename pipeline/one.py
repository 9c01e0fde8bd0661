"""One file on disk: read, hashed, judged. Nothing here is shared between files, so it can run anywhere."""

from __future__ import annotations

import os

from modelaudit.engine.document import ArtifactSummary, ScanError
from modelaudit.engine.facts import Artifact, Limit, Place, Reference, clean, path_class, quote_member
from modelaudit.engine.factset import FactSet
from modelaudit.engine.judge import judge
from modelaudit.engine.record import replace
from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.registry import UNKNOWN
from modelaudit.pipeline.budget import Budget
from modelaudit.pipeline.fold import Fold
from modelaudit.pipeline.isolation import MAIN
from modelaudit.pipeline.read import ALL, TreeReader, extension_of, reasons
from modelaudit.pipeline.references import root_of
from modelaudit.sources.errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.engine.derived.deriver import Deriver
    from modelaudit.engine.facts import Fact
    from modelaudit.engine.finding import Judgement
    from modelaudit.engine.ruleset import Ruleset
    from modelaudit.parsers.registry import Registry
    from modelaudit.pipeline.fold import Unfolded
    from modelaudit.pipeline.isolation import Isolation
    from modelaudit.pipeline.limits import Limits
    from modelaudit.pipeline.references import Root
    from modelaudit.pipeline.store.recall import Recall
    from modelaudit.pipeline.store.shared import FactStore
    from modelaudit.sources.file import FileReader
    from modelaudit.sources.local import SourceFile, SourceLink

if TYPE_CHECKING:
    from typing import Protocol

    class Sink(Protocol):
        """Who is given every fact of a file in order."""

        def take(self, fact: Fact) -> None:
            """Take the next fact in."""

        def again(self) -> None:
            """Forget what came: the file is read from its beginning."""


FULL, STRUCTURE = "full", "structure"  # scopes: every byte is read, or no weights
LINK = "link"  # the format of a link that was not followed


class Plan:
    """What every file of a scan is read with. Without a rule set everything is read and nothing is judged.

    `keep` leaves the facts in the results. `sink` is given every fact as it comes; in another process, where it is not,
    `ordered` keeps them in the results. `deriver` finds what the patterns of packs look for; that of the rule set when
    there is one. With `describe` the summaries also hold what artifacts say of themselves, which is then read even when
    no rule asks for it. `scope` is that of `Options`.
    """

    __slots__ = (
        *("asks", "deriver", "describe", "folding", "judges", "keep", "limits", "ordered", "registry", "ruleset"),
        *("scope", "sink", "store"),
    )

    def __init__(
        self,
        registry: Registry,
        limits: Limits,
        ruleset: Ruleset | None = None,
        *,
        folding: Callable[[str], Fold | Unfolded] = Fold,
        store: FactStore | None = None,
        keep: bool = True,
        sink: Sink | None = None,
        deriver: Deriver | None = None,
        describe: bool = False,
        scope: str | None = None,
    ) -> None:
        self.registry = registry
        self.limits = limits
        self.ruleset = ruleset
        self.folding = folding
        self.store = store  # of facts that were read before
        self.keep = keep
        self.sink = sink
        self.ordered = False
        self.judges = True
        self.describe = describe
        self.scope = scope
        self.asks: Callable[[str], bool] | None = None  # what is read without a rule set; None is everything
        self.deriver = deriver if ruleset is None else ruleset.deriver

    def remote(self) -> Plan:
        """The plan as another process follows it: with a store of its own, and no sink."""
        store = None if self.store is None else type(self.store)(self.store.limit)
        plan = Plan(self.registry, self.limits, self.ruleset, folding=self.folding, store=store, keep=self.keep)
        plan.deriver = self.deriver
        plan.describe = self.describe
        plan.scope = self.scope
        plan.asks = self.asks
        plan.ordered = self.sink is not None
        return plan

    def unjudged(self) -> Plan:
        """The plan of who reads what somebody else judges: it asks for the same facts, and leaves them."""
        plan = Plan(self.registry, self.limits, self.ruleset, folding=self.folding, store=self.store)
        plan.deriver, plan.describe, plan.scope, plan.judges = self.deriver, self.describe, self.scope, False
        return plan

    def reads_all(self, source: SourceFile) -> bool:
        """Whether every byte of a file is read: on this machine it is when nobody says otherwise."""
        return self.scope == FULL if self.scope else source.whole

    @property
    def wants(self) -> Callable[[str], bool] | None:
        """Says of a kind or computed field whether it is read; None when everything is."""
        if self.ruleset is None or not self.describe:
            return self.asks if self.ruleset is None else self.ruleset.wants
        from modelaudit.pipeline.describe import KINDS

        asked = self.ruleset.wants
        return lambda name: name in KINDS or asked(name)

    def summaries(self, tree: FactSet) -> tuple[ArtifactSummary, ...]:
        """One line for each artifact of a tree, outermost first."""
        if not self.describe:
            return summaries(tree)
        from modelaudit.pipeline.describe import described

        return tuple(replace(_summary(node), described=described(node)) for node in tree.walk())

    def judge(self, tree: FactSet) -> Judgement | None:
        """What the rules say of a tree."""
        if self.ruleset is None or not self.judges:
            return None
        return judge(self.ruleset, tree)


class FileResult:
    """What came of one file. `tree` has its facts; `read` says whether the file was opened and read."""

    __slots__ = (
        *("claims", "errors", "full", "judgement", "moved", "ordered", "path", "read", "sha256", "size", "summaries"),
        *("timed_out", "tree"),
    )

    def __init__(self, path: str) -> None:
        self.path = path
        self.tree: FactSet | None = None
        self.judgement: Judgement | None = None
        self.summaries: tuple[ArtifactSummary, ...] = ()
        self.claims: tuple[tuple[str, str], ...] = ()  # files beside it that are its numbers, and their formats
        self.errors: list[ScanError] = []
        self.ordered: list[Fact] = []  # every fact as it came, when it was read for a sink in another process
        self.sha256: str | None = None
        self.size = 0
        self.moved: tuple[int, int, int] | None = None  # requests, bytes, retries of a process that counts for itself
        self.full = True  # every byte was to be read
        self.read = False
        self.timed_out = False

    @property
    def format(self) -> str:
        """The format of the file itself."""
        return self.summaries[0].format if self.summaries else UNKNOWN


def scan_one(
    source: SourceFile,
    plan: Plan,
    room: int | None = None,
    isolation: Isolation = MAIN,
    pulse: Callable[[int], None] | None = None,
) -> FileResult:
    """Read, hash and judge one file. A file larger than `room` bytes or the size limit is listed and not read.

    `pulse` is called now and then with the bytes that were read. Raises `NeedsIsolation` when the file has to be read
    in another process.
    """
    result = FileResult(shown(source.path))
    budget = budget_for(plan)
    try:
        result.full = plan.reads_all(source)
        with source.open(budget.check, full=result.full) as reader:
            result.size = reader.size
            if pulse is not None:
                budget.pulse = lambda: pulse(reader.bytes_read)
            if not too_large(result, source, plan, room):
                _read(result, source, reader, plan, budget, isolation)
    except SourceError as error:
        result.errors.append(ScanError(error.code, clean(str(error))[0], result.path))
    judged(result, plan)
    if isolation.inside and source.elsewhere:
        result.moved = source.moved
    return result


def judged(result: FileResult, plan: Plan) -> None:
    """Judge what was read, and list it."""
    if result.tree is None:
        return
    result.judgement = plan.judge(result.tree)
    result.summaries = plan.summaries(result.tree)
    result.claims = claimed(result.tree, plan.registry)
    if not result.full:
        result.summaries = (replace(result.summaries[0], scope=STRUCTURE), *result.summaries[1:])


def claimed(tree: FactSet, registry: Registry) -> tuple[tuple[str, str], ...]:
    """What the models in a file say of files beside them; see `pipeline.claims`."""
    known = registry.claims
    claiming = [node for node in tree.walk() if node.artifact.format in known]
    if not claiming:
        return ()
    from modelaudit.pipeline.claims import claims

    return tuple([claim for node in claiming for claim in claims(node, known[node.artifact.format])])


def budget_for(plan: Plan) -> Budget:
    """A fresh budget for one file, with the time that the scan has left."""
    return Budget(plan.limits.deadline, plan.limits.timeout, plan.limits.max_depth)


def read_with(
    plan: Plan,
    budget: Budget,
    root: Root,
    wants: Callable[[str], bool] | None = None,
    *,
    emit: Callable[[Fact], None] | None = None,
    isolation: Isolation = MAIN,
    full: bool = True,
) -> TreeReader:
    """What reads a file or a folder; `wants` takes the place of what the rules read."""
    wants = plan.wants if wants is None else wants
    return TreeReader(
        plan.registry,
        budget,
        wants=wants,
        root=root,
        folding=plan.folding,
        emit=emit,
        isolation=isolation,
        deriver=plan.deriver,
        full=full,
    )


def _read(
    result: FileResult, source: SourceFile, reader: FileReader, plan: Plan, budget: Budget, isolation: Isolation
) -> None:
    """Parse everything in the file and take its digest."""
    budget.allow(reader.size)
    root = root_of(source, budget.check)
    recall = _recall(source, reader, plan, budget, root)
    asked = None if recall is None else recall.asked
    emit = result.ordered.append if plan.ordered else plan.sink.take if plan.sink is not None else None
    trees = read_with(plan, budget, root, asked, emit=emit, isolation=isolation, full=plan.reads_all(source))
    result.read = True
    known = None if recall is None else recall.find()
    digest = Digest(reader)
    tree = result.tree = known or trees.read(source.path, reader, digest.taken)
    result.errors += trees.errors
    if known is not None:
        if recall is not None and recall.identity:
            digest.sha256 = tree.artifact.sha256
        unknown = frozenset[str]() if digest.sha256 or digest.taken() else frozenset({"sha256"})
        tree.artifact = tree.artifact.replace(sha256=digest.sha256, unknown=unknown)
    if source.elsewhere:
        tree.artifact = tree.artifact.replace(source=source.service, repo=source.repo, revision=source.revision)
    _hash(result, tree, digest)
    _check(result, tree, reader, source)
    result.timed_out = budget.timed_out
    if recall is not None and known is None and digest.error is None and not (result.errors or result.timed_out):
        recall.keep(tree, result.sha256)


def _recall(source: SourceFile, reader: FileReader, plan: Plan, budget: Budget, root: Root) -> Recall | None:
    """The file's way through the store of facts, None when the store does not serve it."""
    full, identity = plan.reads_all(source), reader.identity
    if plan.store is None or not (identity or (full and plan.store.serves(reader.size))):
        return None
    from modelaudit.pipeline.store.recall import Recall

    if identity:
        identity = f"{'full' if full else 'structure'} {identity}"
    wants = plan.wants
    patterns = plan.deriver.digest if plan.deriver is not None else ""
    return Recall(plan.store, source.path, reader, wants, plan.registry, root, budget.max_depth, patterns, identity)


def _check(result: FileResult, tree: FactSet, reader: FileReader, source: SourceFile) -> None:
    """Note that the file changed under the reader."""
    if reader.changed():
        _note(tree, Limit(result.path, what="changed", by="tool", affects=ALL))
        message = f"{clean(source.path)[0]}: {reader.change}"
        result.errors.append(ScanError("unreadable", message, result.path))


class Digest:
    """The digest of a whole file: none when time ran out or the disk refused, and `error` says which."""

    __slots__ = ("error", "reader", "sha256")

    def __init__(self, reader: FileReader) -> None:
        self.reader = reader
        self.sha256: str | None = None
        self.error: BudgetSpent | SourceError | None = None

    def taken(self) -> str | None:
        """Take it: reads what was not read yet."""
        try:
            self.sha256 = self.reader.finish()
        except (BudgetSpent, SourceError) as error:
            self.error = error
        return self.sha256


def _hash(result: FileResult, tree: FactSet, digest: Digest) -> None:
    """Note the digest of the file, or why there is none."""
    result.sha256, error = digest.sha256, digest.error
    if isinstance(error, BudgetSpent):
        _note(tree, Limit(result.path, what="time", at=error.at, budget=error.budget, by=error.by))
    elif error is not None:
        _note(tree, Limit(result.path, what="read", by="tool"))
        if not any(known.path == result.path for known in result.errors):
            result.errors.append(ScanError(error.code, clean(str(error))[0], result.path))


def _note(tree: FactSet, limit: Limit) -> None:
    """Add a limit to an artifact that is already closed."""
    limits = tree.facts.get("limit", ())
    if not any(isinstance(known, Limit) and known.what == limit.what for known in limits):
        tree.facts["limit"] = [*limits, limit]
    artifact = tree.artifact
    coverage = "partial" if artifact.coverage == "full" else artifact.coverage
    tree.artifact = artifact.replace(coverage=coverage, incomplete=artifact.incomplete | limit.affects)


def too_large(result: FileResult, source: SourceFile, plan: Plan, room: int | None) -> bool:
    """Whether a limit of the user keeps the file from being read; it is then listed without coverage."""
    most = plan.limits.max_file_size
    if most is not None and result.size > most:
        message = f"{clean(source.path)[0]}: not read, {result.size} bytes are more than the file limit of {most}"
        result.errors.append(ScanError("size-limit", message, result.path))
        why = "larger than the file size limit"
    elif room is not None and result.size > room:
        why = "beyond the total size limit"
    else:
        return False
    promise = plan.registry.promise(extension_of(source.path.rpartition(os.sep)[2]))
    format = promise.id if promise is not None else UNKNOWN
    role = plan.registry.role(format)
    result.summaries = (ArtifactSummary(result.path, format, role, result.size, 0, "none", reasons=(why,)),)
    return True


def link_tree(link: SourceLink) -> FactSet:
    """The facts of a link that was not followed."""
    path = shown(link.path)
    target, lossy = clean(link.target)
    reference = Reference(
        path,
        target=target,
        kind="link",
        path_class=path_class(target),
        escapes_root=link.escapes,
        exists=None if link.escapes else False,
        places=(Place(offset=0),),
        lossy=lossy,
    )
    name = clean(os.path.basename(link.path))[0]
    record = Artifact(path=path, name=name, format=LINK, formats=frozenset({LINK}), role="other", coverage="full")
    return FactSet(record.replace(extension=extension_of(name)), {"reference": [reference]})


def link_words(tree: FactSet, *, escapes: bool) -> str:
    """What is said to the user of a link that was not followed."""
    why = "it leads out of the scanned folder" if escapes else "it leads nowhere"
    return f"{tree.artifact.path}: link not followed, {why}"


def shown(path: str) -> str:
    """A path on disk as it stands in artifact paths."""
    return quote_member(path if path.isascii() else clean(path)[0])


def summaries(tree: FactSet) -> tuple[ArtifactSummary, ...]:
    """One line for each artifact of a tree, outermost first."""
    return tuple([_summary(node) for node in tree.walk()])


def _summary(node: FactSet) -> ArtifactSummary:
    artifact = node.artifact
    formats, coverage = artifact.formats, artifact.coverage
    return ArtifactSummary(  # in the order of its fields
        artifact.path,
        artifact.format,
        artifact.role,
        artifact.size,
        artifact.depth,
        coverage,
        artifact.sha256,
        tuple(formats) if len(formats) < 2 else tuple(sorted(formats)),
        () if coverage == "full" else tuple(dict.fromkeys(reasons(node))),
        None,
        FULL,
    )
