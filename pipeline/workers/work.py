"""What is done with the files of a scan, by whatever process has them."""

from __future__ import annotations

from modelaudit.engine.document import ScanError
from modelaudit.engine.facts import Artifact, Limit, clean
from modelaudit.engine.factset import FactSet
from modelaudit.parsers.registry import UNKNOWN
from modelaudit.pipeline.bundles import scan_folder
from modelaudit.pipeline.isolation import MAIN, Isolation, Loss
from modelaudit.pipeline.one import FileResult, scan_one, shown
from modelaudit.pipeline.read import ALL, extension_of
from modelaudit.sources.local import SourceFolder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelaudit.pipeline.isolation import Target
    from modelaudit.pipeline.one import Plan
    from modelaudit.sources.local import SourceFile

    Batch = Sequence["Job"]

LOSSES = 4  # workers that one file may take down before it is given up


class Job:
    """One file, or one folder as a whole, to read. `lost` are the artifacts in it that took a worker down."""

    __slots__ = ("careful", "losses", "lost", "room", "size", "source")

    def __init__(self, source: SourceFile | SourceFolder, size: int = 0, room: int | None = None) -> None:
        self.source = source
        self.size = size  # when the file was listed
        self.room = room  # bytes that the limit of the whole scan leaves for it
        self.lost: Mapping[Target, Loss] = {}
        self.losses = 0
        self.careful = False

    def again(self, loss: Loss, target: Target | None) -> Job | None:
        """The same file once more, after a worker was lost to it; None when there is no use in trying.

        When it is not known which artifact in the file did it, the next worker says what it parses; when it is
        known, the next one passes it over.
        """
        if self.losses + 1 >= LOSSES or (target is None and self.careful):
            return None
        job = Job(self.source, self.size, self.room)
        job.losses = self.losses + 1
        job.lost = self.lost if target is None else {**self.lost, target: loss}
        job.careful = True
        return job


class Work:
    """A plan, as a function of a batch of files: what an executor is given. It travels between processes.

    A result of None says that the scan's time was up before the file was reached.
    """

    __slots__ = ("plan",)

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __reduce__(self) -> tuple[type[Work], tuple[Plan]]:
        return Work, (self.plan.remote(),)

    def __call__(self, batch: Batch) -> list[FileResult | None]:
        """What came of each file of a batch, for an executor whose processes are none of ours."""
        return [self.one(job, Isolation(inside=True)) for job in batch]

    def one(
        self, job: Job, isolation: Isolation = MAIN, pulse: Callable[[int], None] | None = None
    ) -> FileResult | None:
        """What came of one file; `pulse` is called now and then with the bytes that were read."""
        if self.plan.limits.passed():
            return None
        if isinstance(job.source, SourceFolder):
            result = scan_folder(job.source, self.plan, isolation)
        else:
            result = scan_one(job.source, self.plan, job.room, isolation, pulse)
        if not self.plan.keep:
            result.tree = None  # its facts are judged, and let go
        return result


def given_up(job: Job, plan: Plan, loss: Loss) -> FileResult:
    """What is said of a file of which nothing came but lost workers, or for which the time was up."""
    path = shown(job.source.path)
    name = clean(job.source.path)[0].rpartition("/")[2]
    promise = plan.registry.promises.get(extension_of(name))
    timed_out = loss.what == "time"
    record = Artifact(
        path=path,
        name=name,
        format=UNKNOWN if promise is None else promise.id,
        role="other" if promise is None else promise.role,
        size=job.size,
        extension=extension_of(name),
        declared_format=None if promise is None else promise.id,
        coverage="partial",
        incomplete=ALL,
        unknown=frozenset({"sha256"}),
    )
    budget = int(plan.limits.timeout) if timed_out else None
    limit = Limit(path, what=loss.what, budget=budget, by="user" if timed_out else "tool", affects=ALL)
    result = FileResult(path)
    result.tree = FactSet(record, {"limit": [limit]})
    result.size = job.size
    result.read = True
    result.timed_out = timed_out
    if not timed_out:
        result.errors.append(ScanError("crash", f"{path}: reading it {loss.words}", path))
    result.judgement = plan.judge(result.tree)
    result.summaries = plan.summaries(result.tree)
    if not plan.keep:
        result.tree = None
    return result
