"""Facts without any rule: for `modelaudit facts`, and for what needs them in the order in which they came."""

from __future__ import annotations

from modelaudit.engine.document import ScanError
from modelaudit.engine.errors import ModelAuditError
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.fold import Fold, Unfolded
from modelaudit.pipeline.limits import Limits, Options
from modelaudit.pipeline.one import Plan, link_tree, shown
from modelaudit.pipeline.reach import reach_of
from modelaudit.pipeline.workers.executor import alone
from modelaudit.pipeline.workers.work import Job
from modelaudit.sources.errors import SourceError
from modelaudit.sources.local import SourceFile, SourceFolder, SourceLink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Protocol, TypeVar

    from modelaudit.engine.derived.deriver import Deriver
    from modelaudit.engine.facts import Fact
    from modelaudit.engine.factset import FactSet
    from modelaudit.pipeline.one import FileResult
    from modelaudit.sources.local import Entry

    class Taker(Protocol):
        """What takes facts one by one."""

        def take(self, fact: Fact) -> None:
            """Take the next fact in."""

    T = TypeVar("T", bound=Taker)


class IncompleteError(ModelAuditError):
    """Facts were given, but not of everything: `errors` say what is missing."""

    def __init__(self, errors: Sequence[ScanError]) -> None:
        super().__init__(errors)
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(error.message for error in self.errors)


def facts(
    paths: Sequence[str],
    options: Options | None = None,
    *,
    folded: bool = True,
    registry: Registry | None = None,
    errors: list[ScanError] | None = None,
    deriver: Deriver | None = None,
) -> Iterator[FactSet]:
    """The facts of everything under the paths, one tree for each file on disk and for each bundle after its files.

    What could not be read is added to `errors`; without that list, `IncompleteError` is raised after the last tree.
    With a `deriver`, facts that patterns find are among them and secrets are not.
    """
    options = options or Options()
    limits = Limits(options)
    plan = Plan(
        registry or Registry.load(), limits, folding=Fold if folded else Unfolded, deriver=deriver, scope=options.scope
    )
    found: list[ScanError] = [] if errors is None else errors
    with alone(plan, options) as read, reach_of(paths, plan) as reach:
        for entry in reach.entries():
            tree = None if limits.passed() else _tree(entry, read, found)
            if limits.passed() and tree is None:
                found.append(ScanError("timeout", f"timeout: {shown(entry.path)} and what comes after were not read"))
                break
            if tree is not None:
                yield tree
    if errors is None and found:
        raise IncompleteError(found)


def _tree(entry: Entry, read: Callable[[Job], FileResult | None], errors: list[ScanError]) -> FactSet | None:
    """The facts of one thing that discovery found."""
    if isinstance(entry, SourceError):
        errors.append(ScanError(entry.code, str(entry), shown(entry.path)))
    elif isinstance(entry, SourceLink):
        return link_tree(entry)
    elif isinstance(entry, (SourceFile, SourceFolder)):
        result = read(Job(entry))
        if result is not None:
            errors += result.errors
            return result.tree
    return None


class _Sink:
    """Where the facts of one file go in order; `begin` is called again when the file is read anew."""

    def __init__(self, begin: Callable[[], Callable[[Fact], None]]) -> None:
        self.begin = begin
        self.take = begin()

    def again(self) -> None:
        """Forget what came."""
        self.take = self.begin()


def stream(
    path: str, options: Options | None = None, *, registry: Registry | None = None, deriver: Deriver | None = None
) -> list[Fact]:
    """Every fact of one file in the order in which it came, members where their container gave them, not folded."""
    found: list[Fact] = []

    def begin() -> Callable[[Fact], None]:
        found.clear()
        return found.append

    options = options or Options()
    limits = Limits(options)
    plan = Plan(
        registry or Registry.load(), limits, folding=Unfolded, sink=_Sink(begin), deriver=deriver, scope=options.scope
    )
    with alone(plan, options) as read, reach_of([path], plan) as reach:
        for entry in reach.entries():
            if isinstance(entry, SourceError):
                raise entry
            if isinstance(entry, SourceFile):
                read(Job(entry))
    return found


def _is_told(name: str) -> bool:
    """Whether an account has a place for facts of a kind: not for every text among the values of a model."""
    return name != "text.literal"


def accounts(
    paths: Sequence[str], options: Options, begin: Callable[[], T], errors: list[ScanError]
) -> Iterator[tuple[FactSet, T]]:
    """For each file its tree, and what `begin` gave after it took every fact in order."""
    limits = Limits(options)
    registry = Registry.load()
    made: list[T] = []

    def fresh() -> Callable[[Fact], None]:
        made[:] = [begin()]
        return made[0].take

    plan = Plan(registry, limits, sink=_Sink(fresh), scope=options.scope)
    plan.asks = _is_told
    with reach_of(paths, plan) as reach:
        for entry in reach.entries():
            if limits.passed():
                what = f"{shown(entry.path)} and what comes after it were not read"
                errors.append(ScanError("timeout", f"timeout: {what}"))
                return
            plan.sink = _Sink(fresh)
            with alone(plan, options) as read:
                tree = _tree(entry, read, errors)
            if tree is not None:
                yield tree, made[0]
