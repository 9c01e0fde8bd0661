"""What is asked of a scan, as one record that the command line and the Python API both make."""

from __future__ import annotations

from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.record import record
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.events import nobody
from modelaudit.pipeline.scan import Options, scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelaudit.engine.document import ScanDocument
    from modelaudit.engine.ruleset import Ruleset
    from modelaudit.pipeline.events import Observer
    from modelaudit.pipeline.workers.executor import Executor


@record
class Request:
    """What to scan, how far, and by what to judge. A field means what the option of that name means.

    `facts` are documents of facts in the place of paths. `describe` gathers what an SBOM shows of artifacts.
    """

    paths: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    policy: str | None = None
    strict: bool = False
    rules: tuple[str, ...] = ()
    blacklist: tuple[str, ...] = ()
    fail_on: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()  # RULE=LEVEL
    timeout: float | None = None
    max_file_size: int | None = None
    max_total_size: int | None = None
    max_requests: int | None = None
    max_transfer: int | None = None
    jobs: int | None = None
    scope: str | None = None
    scanners: tuple[str, ...] = ()
    exclude_scanner: tuple[str, ...] = ()
    plugin: tuple[str, ...] = ()
    dry_run: bool = False
    cache: bool = True
    verify_index: bool = False
    describe: bool = False
    stream: bool = False

    def check(self) -> None:
        """Refuse what does not go together, with a `UsageError`."""
        if bool(self.paths) == bool(self.facts):
            raise UsageError("--facts takes the place of paths" if self.paths else "there are no paths to scan")
        if self.facts and (self.scanners or self.exclude_scanner or self.plugin or self.dry_run):
            raise UsageError("--facts reads no models: it goes with no choice of scanners and no dry run")

    def ruleset(self) -> Ruleset:
        """The rules and the policy, compiled. `UsageError` or `DiagnosticsError` when that is not possible."""
        ruleset = load_ruleset(
            self.policy, self.rules, lists=self._blocked(), strict=self.strict, changes=self._changes()
        )
        ruleset.verify_index |= self.verify_index
        return ruleset

    def run(self, observer: Observer = nobody, executor: Executor | None = None) -> ScanDocument:
        """The scan; refuses before the first byte of a model is read, and never because of what a model holds."""
        self.check()
        registry = self._registry()
        options = Options(self.timeout, self.max_file_size, self.max_total_size, self.fail_on, jobs=self.jobs)
        options.describe = self.describe
        options.scope = self.scope
        options.max_requests = self.max_requests
        options.max_transfer = self.max_transfer
        options.stream = self.stream
        if self.scanners or self.exclude_scanner:
            from modelaudit.pipeline.selection import selection

            options.selection = selection(registry, self.scanners, self.exclude_scanner)
        ruleset = self.ruleset()
        if self.facts:
            from modelaudit.pipeline.rejudge import scan_facts

            return scan_facts(self.facts, ruleset, options)
        if self.dry_run:
            from modelaudit.pipeline.dry import dry_run

            return dry_run(self.paths, ruleset, options, registry)
        from modelaudit.pipeline.store.shared import FactStore

        # The store knows files as the parsers of the product read them.
        store = FactStore() if self.cache and not self.plugin else None
        return scan(self.paths, ruleset, options, observer, registry, store, executor)

    def _registry(self) -> Registry:
        """The parsers, those of other packages that were asked for too."""
        if not self.plugin:
            return Registry.load()
        from modelaudit.pipeline.selection import registry_with

        return registry_with(self.plugin)

    def _blocked(self) -> Mapping[str, tuple[str, ...]]:
        """Names that are not wanted, as items of lists."""
        if not self.blacklist:
            return {}
        from modelaudit.engine.policy.blacklist import blocked_lists

        return blocked_lists(self.blacklist)

    def _changes(self) -> str:
        """The policy that `select`, `ignore` and `severity` make."""
        if not (self.select or self.ignore or self.severity):
            return ""
        from modelaudit.engine.policy.overrides import changes

        return changes(self.select, self.ignore, self.severity)
