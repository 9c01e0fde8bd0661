"""A scan: every file of the paths read and judged, and what came of it as one document."""

from __future__ import annotations

from time import monotonic, time

from modelaudit import __version__
from modelaudit.engine.document import SKIPPED, PackInfo, PolicyInfo, RuleInfo, ScanDocument, ScanError, Transfer
from modelaudit.engine.lazy import lazy
from modelaudit.parsers.registry import UNKNOWN, Registry
from modelaudit.pipeline.bundles import is_deep
from modelaudit.pipeline.events import ScanDone, ScanStarted, nobody
from modelaudit.pipeline.facts import facts, stream
from modelaudit.pipeline.feed import Admission, Feed
from modelaudit.pipeline.limits import Limits, Options, check_final
from modelaudit.pipeline.one import LINK, Plan, link_tree, link_words, shown
from modelaudit.pipeline.reach import reach_of
from modelaudit.pipeline.workers.work import Job, Work
from modelaudit.sources.address import is_address, scheme_of, unfolded, without_secrets
from modelaudit.sources.errors import SourceError
from modelaudit.sources.local import SourceFile, SourceFolder, SourceLink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelaudit.engine.document import ArtifactSummary
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.finding import Judgement
    from modelaudit.engine.lazy import Lazy
    from modelaudit.engine.policy.acceptance import Acceptance
    from modelaudit.engine.policy.origin import Origins
    from modelaudit.engine.ruleset import Rule, Ruleset
    from modelaudit.pipeline.events import Observer
    from modelaudit.pipeline.one import FileResult
    from modelaudit.pipeline.store.shared import FactStore
    from modelaudit.pipeline.workers.executor import Executor
    from modelaudit.sources.local import Entry

__all__ = ["FACTS_VERSION", "Options", "facts", "scan", "stream"]

FACTS_VERSION = "1.0"  # of schemas/facts.schema.json


def scan(
    paths: Sequence[str],
    ruleset: Ruleset,
    options: Options | None = None,
    observer: Observer = nobody,
    registry: Registry | None = None,
    store: FactStore | None = None,
    executor: Executor | None = None,
) -> ScanDocument:
    """Read and judge everything under the paths.

    Never raises for what a file holds or for a path that cannot be read: findings, coverage and errors say it.
    `UsageError` comes of an option or a source that the policy forbids, and of a baseline that cannot be read,
    before the first byte of a model is. `observer` is told what happens, see `modelaudit.pipeline.events`.
    Facts that `store` knows are not read again, those that it does not know are put in it. `executor` reads the files
    in the place of this process and its own workers; it stays the caller's to shut down.
    """
    from modelaudit.engine.policy.gate import Gate

    options = options or Options()
    Gate(ruleset, options.fail_on)  # refuses what a final gate forbids before any file is read
    check_final(options, ruleset.policy)
    limits = Limits(options, ruleset.policy.limits)
    registry = registry or Registry.load()
    if options.selection is not None:
        registry.left_out = frozenset(registry.formats) - frozenset(options.selection.enabled)
        store = None  # it knows files as every parser reads them
    plan = Plan(registry, limits, ruleset, store=store, keep=False, describe=options.describe)
    plan.scope = options.scope or ruleset.policy.limits.get("scope")
    run = Run(tuple(paths), plan, options)
    observer(ScanStarted(run.paths))
    threads = None
    if run.reach.elsewhere and executor is None:
        from modelaudit.pipeline.workers.threads import Threads

        executor = threads = Threads(plan, observer, options.bounds, stream=options.stream)
    try:
        run.read(Feed(Work(run.plan), options, Admission(limits, run.bars), observer, executor))
    finally:
        if threads is not None:
            threads.shutdown()
    if store is not None:
        store.close()
    document = run.document()
    observer(ScanDone(document.files_scanned, document.bytes_scanned, document.decision.exit_code))
    return document


class Run:
    """A scan under way: what the files came to so far."""

    def __init__(self, paths: tuple[str, ...], plan: Plan, options: Options) -> None:
        self.paths = paths
        self.plan = plan
        self.options = options
        self.started, self.clock = time(), monotonic()
        self.acceptance, self.origins = _policy_of(paths, plan, options)
        self.reach = reach_of(paths, plan, self.origins)
        self.artifacts: list[ArtifactSummary] = []
        self.claims: set[tuple[str, str]] = set()
        self.judgements: list[Judgement] = []
        self.errors: list[ScanError] = []
        self.notices: list[str] = []
        self.named: list[str] = []  # files that the user named and no parser knows
        self.hashes: list[str] = []
        self.files = self.bytes = self.beyond = 0
        self.late = False
        self.unverified = False  # of a file nobody has said or taken the digest

    def read(self, feed: Feed) -> None:
        """Read and judge everything under the paths."""
        try:
            for entry, result in feed.results(self.reach.entries()):
                self.take(entry, result, feed)
        finally:
            feed.close()
            self.reach.close()

    def take(self, entry: Entry, result: FileResult | None, feed: Feed) -> None:
        """Deal with what discovery found, and with what came of it when it is a file."""
        if result is not None:
            self.add(result, named=isinstance(entry, SourceFile) and entry.named)
        elif self.plan.limits.passed():
            self.out_of_time(entry)
        elif isinstance(entry, SourceError):
            self.errors.append(ScanError(entry.code, str(entry), shown(entry.path)))
        elif isinstance(entry, SourceLink):
            self.link(entry)
        elif isinstance(entry, SourceFolder):
            self.folder(entry, feed)
        else:
            self.refused(entry)

    def bars(self, entry: SourceFile) -> bool:
        """Whether the policy does not let a file in; it is then not opened."""
        return bool(self.refusal(entry.origins))

    def refusal(self, places: Sequence[str]) -> str:
        """Why the policy lets nothing in from one of these places, empty when it does."""
        return self.origins.refusal_of_any(places) if self.origins is not None else ""

    def refused(self, entry: SourceFile) -> bool:
        """Note a file that the policy does not let in."""
        said = self.refusal(entry.origins)
        if said:
            self.errors.append(ScanError("source-refused", said, shown(entry.path)))
        return bool(said)

    def room(self) -> int | None:
        """Bytes that the total size limit leaves, None without one."""
        most = self.plan.limits.max_total_size
        return None if most is None else max(0, most - self.bytes)

    def link(self, link: SourceLink) -> None:
        """List a link that was not followed, and let rules see where it leads."""
        tree = link_tree(link)
        self.judge(tree)
        self.notices.append(link_words(tree, escapes=link.escapes))

    def folder(self, folder: SourceFolder, feed: Feed) -> None:
        """Judge a folder as a whole, after its files. What the policy does not let in is not opened here either."""
        deep = is_deep(folder)
        if len(folder.files) < 2 and not deep:
            return
        if self.origins is not None:
            whole = folder
            folder = folder.only(lambda name: not self.refusal(whole.origins(name)), deep=deep)
        result = feed.inline.whole(Job(folder))
        if result is not None:
            self.artifacts += result.summaries
            self.errors += result.errors
            if result.judgement is not None:
                self.judgements.append(result.judgement)

    def judge(self, tree: FactSet) -> None:
        """List and judge what is no file itself."""
        self.artifacts += self.plan.summaries(tree)
        judgement = self.plan.judge(tree)
        if judgement is not None:
            self.judgements.append(judgement)

    def add(self, result: FileResult, *, named: bool) -> None:
        """Take in what came of one file; its facts are let go."""
        self.artifacts += result.summaries
        self.claims.update(result.claims)
        self.errors += result.errors
        if result.judgement is not None:
            self.judgements.append(result.judgement)
        if result.read:
            self.files += 1
            self.bytes += result.size
            if named and result.format == UNKNOWN:
                self.named.append(result.path)
        elif result.summaries and not result.errors:
            self.beyond += 1
        if result.sha256 is not None:
            self.hashes.append(result.sha256)
        elif result.read and result.summaries and result.summaries[0].unverified:
            self.unverified = True
        if result.timed_out:
            self.time_error(result.path, "was read in part")

    def out_of_time(self, entry: Entry) -> None:
        """Note that time ran out before an entry was reached."""
        if not self.late:
            self.time_error(shown(entry.path), "and what comes after it were not read")

    def time_error(self, path: str, what: str) -> None:
        """Note once that the scan's time is up."""
        self.late = True
        seconds = self.plan.limits.timeout
        self.errors.append(ScanError("timeout", f"timeout: {path} {what} within {seconds:g} seconds", path))

    def document(self) -> ScanDocument:
        """The whole scan."""
        from modelaudit.engine.policy.acceptance import notices
        from modelaudit.engine.policy.gate import decide

        ruleset = self.plan.ruleset
        assert ruleset is not None  # noqa: S101 - `scan` gives one
        self.settle()
        errors = (*self.errors, *self.closing_errors())
        artifacts = tuple(self.artifacts)
        judgements, waivers = self.acceptance.apply(self.judgements, artifacts)
        if len(judgements) > 1 and ruleset.once:
            from modelaudit.engine.judging.once import unite

            judgements = unite(judgements, ruleset.once)
        decision = decide(
            ruleset, judgements, errors=errors, artifacts=artifacts, fail_on=self.options.fail_on, waivers=waivers
        )
        return ScanDocument(
            tool_version=__version__,
            facts_version=FACTS_VERSION,
            started=self.started,
            duration=monotonic() - self.clock,
            paths=tuple(map(without_secrets, self.paths)),
            artifacts=artifacts,
            findings=tuple(finding for judgement in judgements for finding in judgement.findings),
            inconclusive=tuple(item for judgement in self.judgements for item in judgement.inconclusive),
            questions=tuple(question for judgement in self.judgements for question in judgement.questions),
            errors=errors,
            notices=(*ruleset.notices, *self.notices, *self.reach.revisions(), *notices(waivers)),
            rules=rule_infos(ruleset),
            packs=tuple(PackInfo(p.pack, p.version, p.digest, p.rules) for p in ruleset.packs),
            policy=policy_info(ruleset, self.options.fail_on),
            decision=decision,
            files_scanned=self.files,
            bytes_scanned=self.bytes,
            content_hash=None if self.unverified else content_hash(self.hashes),
            waivers=waivers,
            selection=self.options.selection,
            transfer=self.transfer(),
        )

    def settle(self) -> None:
        """List the files that a model has claimed as what they are."""
        if self.claims:
            from modelaudit.pipeline.claims import settle

            self.artifacts = settle(self.artifacts, self.claims, self.plan.registry)

    def transfer(self) -> Transfer | None:
        """What came from other machines."""
        meter = self.reach.meter
        return None if meter is None else Transfer(meter.requests, meter.bytes, meter.retries)

    def closing_errors(self) -> list[ScanError]:
        """What can only be said at the end: the total size limit, named files that nobody knows, nothing scanned.

        Files of unknown format that were met in a folder are no error: `gate.on_unknown_format` is about them.
        """
        errors = []
        if self.beyond:
            most = self.plan.limits.max_total_size
            files = "1 file was" if self.beyond == 1 else f"{self.beyond} files were"
            errors.append(ScanError("size-limit", f"{files} not read: the total size limit is {most} bytes"))
        if any(artifact.coverage != "none" and artifact.format != LINK for artifact in self.artifacts):
            return errors
        if self.artifacts and all(SKIPPED in artifact.reasons for artifact in self.artifacts):
            errors.append(ScanError("nothing-scanned", "nothing was scanned: every file was skipped by request"))
        elif self.named:
            errors += [
                ScanError("unknown-format", f"{path}: unsupported: no parser knows this format", path)
                for path in self.named
            ]
        elif not self.errors and not errors and all(artifact.format == LINK for artifact in self.artifacts):
            what = "are only links that are not followed" if self.artifacts else "is no file"
            errors.append(ScanError("nothing-scanned", f"nothing was scanned: there {what} under the paths"))
        return errors


def _policy_of(paths: Sequence[str], plan: Plan, options: Options) -> tuple[Acceptance, Origins | None]:
    """What the policy accepts of findings and where it lets models come from; paths that it refuses are an error."""
    from modelaudit.engine.policy.acceptance import Acceptance

    assert plan.ruleset is not None  # noqa: S101 - `scan` gives one
    return Acceptance(plan.ruleset, options.today), origins_of(paths, plan.ruleset)


def origins_of(paths: Sequence[str], ruleset: Ruleset) -> Origins | None:
    """Where a policy lets models come from, None when it does not say; paths that it refuses are a `UsageError`."""
    if not ruleset.policy.doc.get("sources"):
        return None
    from modelaudit.engine.policy.origin import Origins

    admitted = Origins(ruleset, _other_names)
    admitted.check([unfolded(path) if is_address(path) else path for path in paths])
    return admitted


def _other_names(path: str) -> Sequence[str]:
    """Further names of an address; a path on disk has none. What DVC tracks is named by a path on disk."""
    if not is_address(path):
        return ()
    if scheme_of(path) == "dvc":
        from modelaudit.sources.dvc.location import parts_of

        return (parts_of(path)[0],)
    from modelaudit.sources.remote.aliases import other_names

    return other_names(path)


def content_hash(hashes: Iterable[str]) -> str | None:
    """The SHA-256 over the sorted SHA-256 of all files: the same bytes give the same, whatever the names."""
    ordered = sorted(hashes)
    if not ordered:
        return None
    from hashlib import sha256

    return sha256("\n".join(ordered).encode()).hexdigest()


def rule_infos(ruleset: Ruleset) -> Lazy[RuleInfo]:
    """What reports say of the rules that took part, each made when a report asks for it."""
    return lazy(ruleset.rules, _rule_info)


def _rule_info(rule: Rule) -> RuleInfo:
    return RuleInfo(
        id=rule.id,
        name=rule.name,
        title=rule.title,
        severity=rule.severity,
        pack=rule.pack,
        version=rule.version,
        why=rule.why,
        fix=rule.fix,
        tags=rule.tags,
        cwes=rule.cwes,
        references=rule.references,
        kind=rule.kind,
    )


def policy_info(ruleset: Ruleset, fail_on: str | None) -> PolicyInfo:
    """What reports say of the policy that decided."""
    policy = ruleset.policy
    return PolicyInfo(policy.policy, policy.version, policy.digest, policy.chain, fail_on or policy.gate["fail_on"])
