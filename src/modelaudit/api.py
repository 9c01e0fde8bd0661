"""The Python API: `scan` judges models and gives a `Report`, `facts` gives what was read without judging.

Both take the way of the command line. They print nothing, exit nothing, and never load a model.
"""

from __future__ import annotations

import os

from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.errors import ModelAuditError, UsageError
from modelaudit.engine.facts import Fact
from modelaudit.engine.finding import Finding
from modelaudit.pipeline.events import nobody
from modelaudit.pipeline.facts import IncompleteError
from modelaudit.pipeline.limits import UNLIMITED, Options
from modelaudit.pipeline.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from modelaudit.engine.document import ArtifactSummary, ScanDocument, ScanError
    from modelaudit.pipeline.events import Observer
    from modelaudit.pipeline.workers.executor import Executor

    Path = str | os.PathLike[str]
    Paths = Path | Iterable[Path]
    Words = str | Iterable[str]

__all__ = [
    "DiagnosticsError",
    "Fact",
    "Finding",
    "IncompleteError",
    "ModelAuditError",
    "Report",
    "UsageError",
    "facts",
    "scan",
]


def scan(
    paths: Paths,
    *,
    policy: Path | None = None,
    rules: Paths = (),
    strict: bool = False,
    select: Words = (),
    ignore: Words = (),
    severity: Mapping[str, str] | None = None,
    blacklist: Words = (),
    fail_on: str | None = None,
    timeout: float | None = None,
    max_file_size: int | None = None,
    max_total_size: int | None = None,
    max_requests: int | None = None,
    max_transfer: int | None = None,
    scope: str | None = None,
    stream: bool = False,
    jobs: int | None = None,
    scanners: Words = (),
    exclude_scanners: Words = (),
    plugins: Words = (),
    cache: bool = True,
    sbom: bool = False,
    observer: Observer = nobody,
    executor: Executor | None = None,
) -> Report:
    """Scan files and folders and decide by a policy: the report of `modelaudit scan` with these options.

    A parameter means what the option of its name means; sizes are bytes, 0 for no limit, `timeout` is seconds. `sbom`
    gathers what `Report.render("cyclonedx")` shows. `observer` is called with the events of
    `modelaudit.pipeline.events`, `executor` reads the files in the place of worker processes of our own.

    What a model holds, and a path that cannot be read, is in the report. `UsageError` says that the request makes no
    sense, `DiagnosticsError` that rules or a policy have mistakes; both come before a model is opened.
    """
    request = Request(
        paths=_paths(paths),
        policy=None if policy is None else os.fspath(policy),
        rules=_paths(rules),
        strict=strict,
        select=_words(select),
        ignore=_words(ignore),
        severity=tuple(f"{rule}={level}" for rule, level in (severity or {}).items()),
        blacklist=_words(blacklist),
        fail_on=fail_on,
        timeout=_seconds(timeout),
        max_file_size=_bytes("max_file_size", max_file_size),
        max_total_size=_bytes("max_total_size", max_total_size),
        max_requests=_count("max_requests", max_requests),
        max_transfer=_bytes("max_transfer", max_transfer),
        scope=_scope(scope),
        stream=stream,
        jobs=_count("jobs", jobs),
        scanners=_words(scanners),
        exclude_scanner=_words(exclude_scanners),
        plugin=_words(plugins),
        cache=cache,
        describe=sbom,
    )
    return Report(request.run(observer, executor), request)


def facts(
    paths: Paths,
    *,
    timeout: float | None = None,
    max_file_size: int | None = None,
    plugins: Words = (),
) -> Iterator[Fact]:
    """Every fact about everything under the paths, as `modelaudit facts` prints them; nothing is judged.

    `docs/reference/facts.md` describes the kinds; `modelaudit.engine.facts` has a class for each. Facts come file by
    file, and memory holds those of one file. `IncompleteError` after the last one says what could not be read.
    """
    from modelaudit.engine.packs.load import load_ruleset
    from modelaudit.pipeline import facts as reading
    from modelaudit.pipeline.selection import registry_with

    registry = registry_with(_words(plugins))
    options = Options(_seconds(timeout), _bytes("max_file_size", max_file_size))
    deriver = load_ruleset().every_pattern()
    for tree in reading.facts(_paths(paths), options, registry=registry, deriver=deriver):
        for node in tree.walk():
            yield node.artifact
            for records in node.facts.values():
                yield from records


class Report:
    """What a scan found and decided. Iterating gives the findings that count, in the order of the files.

    `document` is everything, as reports are made from it.
    """

    __slots__ = ("_request", "document")

    def __init__(self, document: ScanDocument, request: Request) -> None:
        self.document = document
        self._request = request

    def __repr__(self) -> str:
        decision = self.document.decision
        return f"<Report: {decision.outcome}, {len(self)} findings, {self.document.files_scanned} files>"

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __bool__(self) -> bool:
        return True  # a report without findings is a report

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings that count in the decision, whatever their severity."""
        return tuple(finding for finding in self.document.findings if finding.active)

    @property
    def suppressed(self) -> tuple[Finding, ...]:
        """The findings that the policy allows, ignores or waives, each with its `suppression`."""
        return tuple(finding for finding in self.document.findings if not finding.active)

    @property
    def artifacts(self) -> tuple[ArtifactSummary, ...]:
        """Every file and nested member, and how much of it was understood."""
        return self.document.artifacts

    @property
    def errors(self) -> tuple[ScanError, ...]:
        """What kept the scan from being complete."""
        return self.document.errors

    @property
    def outcome(self) -> str:
        """`pass`, `fail` or `incomplete`."""
        return self.document.decision.outcome

    @property
    def passed(self) -> bool:
        """Whether everything was read and nothing that the policy fails on stands."""
        return self.document.decision.exit_code == 0

    @property
    def exit_code(self) -> int:
        """What the command line would exit with: 0 pass, 1 fail, 2 incomplete."""
        return self.document.decision.exit_code

    def facts(self) -> Iterator[Fact]:
        """The facts of the scanned paths, read anew: a scan keeps only what it found. See `facts`."""
        asked = self._request
        return facts(asked.paths, timeout=asked.timeout, max_file_size=asked.max_file_size, plugins=asked.plugin)

    def to_dict(self, *, verbose: bool = False) -> dict[str, Any]:
        """The JSON report as plain data; `schemas/report.schema.json` describes it."""
        from modelaudit.reports.json import report

        return report(self.document, verbose=verbose)

    def render(self, format: str = "text", *, verbose: bool = False) -> str:
        """The report as text, JSON, SARIF, HTML, Markdown, JUnit, CycloneDX (`cyclonedx`) or as a plug-in makes it.

        `UsageError` for an unknown format, and for `cyclonedx` of a scan without `sbom=True`.
        """
        if format == "cyclonedx":
            return self._bill()
        from modelaudit import reports

        try:
            return reports.render(self.document, format, reports.View(verbose=verbose))
        except ValueError as error:
            raise UsageError(str(error)) from error

    def write(self, path: Path, format: str | None = None, *, verbose: bool = False) -> None:
        """Write the report to a file in a format, by default the one that the end of its name means, else text."""
        from modelaudit import reports

        name = os.fspath(path)
        text = self.render(format or reports.format_of(name) or "text", verbose=verbose)
        with open(name, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)

    def _bill(self) -> str:
        if not self._request.describe:
            raise UsageError("a bill of materials needs scan(…, sbom=True)")
        from modelaudit.reports.sbom import render_sbom

        return render_sbom(self.document, "1.6", "json")


def _paths(paths: Paths) -> tuple[str, ...]:
    """One path or several, as text."""
    given = (paths,) if isinstance(paths, (str, os.PathLike)) else paths
    return tuple(os.fspath(path) for path in given)


def _words(words: Words) -> tuple[str, ...]:
    """One word or several: a text alone is a word, never its letters."""
    return (words,) if isinstance(words, str) else tuple(words)


def _bytes(name: str, size: int | None) -> int | None:
    """A limit in bytes as a request takes it, where 0 is no limit."""
    if size is None:
        return None
    if not isinstance(size, int) or size < 0:
        raise UsageError(f"{name} takes bytes as a whole number, 0 for no limit, not {size!r}")
    return size or UNLIMITED


def _count(name: str, number: int | None) -> int | None:
    """A limit of something that is counted, as a request takes it."""
    if number is None or (isinstance(number, int) and number > 0):
        return number
    raise UsageError(f"{name} takes a whole number above 0, not {number!r}")


def _scope(scope: str | None) -> str | None:
    """What is read, as a request takes it."""
    if scope in (None, "structure", "full"):
        return scope
    raise UsageError(f"scope takes structure or full, not {scope!r}")


def _seconds(seconds: float | None) -> float | None:
    """The time for a scan as a request takes it."""
    if seconds is None or (isinstance(seconds, (int, float)) and 0 < seconds < float("inf")):
        return seconds
    raise UsageError(f"timeout takes seconds above 0, not {seconds!r}")
