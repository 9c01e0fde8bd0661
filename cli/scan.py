"""`modelaudit scan`."""

from __future__ import annotations

import sys

import click

from modelaudit.cli.scan_options import Scan, scan_options, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.cli.scan_options import Delivery
    from modelaudit.engine.document import ScanDocument
    from modelaudit.pipeline.request import Request


@click.command(cls=Scan, short_help="Scan model files and folders, and decide by policy.")
@scan_options
def scan(**given: object) -> int:
    """Scan model files and folders: read them without loading, judge what they would do, decide by policy.

    Folders are scanned with everything in them. Archives and checkpoints are opened, and what is nested in them
    is scanned too. What a file is, is decided by its content, never by its name.

    \b
    Examples:
      modelaudit scan model.pkl
      modelaudit scan ./models --policy strict
      modelaudit scan ./models --policy acme-policy.yaml --rules acme-rules/
      modelaudit scan model.pt -o report.json -o report.sarif
      modelaudit scan ./models --fail-on critical --quiet
      modelaudit scan --facts facts.jsonl --policy strict
      modelaudit scan ./models --policy acme-policy.yaml --decision-log decisions.jsonl
      modelaudit scan ./models --sbom models.cdx.json

    \b
    Exit codes:
      0  everything was read, and nothing that the policy fails on stands
      1  at least one such finding stands, even if the rest could not be read
      2  no such finding, but the scan is not complete or could not run:
         missing or unreadable path, time or size limit, usage error, broken
         rule or policy file, output that cannot be written
    """
    from modelaudit.cli import deliver

    listed = given.pop("list_scanners")
    request, delivery = split(given)
    if listed:
        return _listed(delivery.format, request.plugin)
    if not request.paths and not request.facts:
        raise click.UsageError("Missing argument 'PATH...'.", click.get_current_context())
    inputs = (*request.paths, *request.facts)
    to = deliver.outputs(delivery.format, delivery.output)
    deliver.check_all(delivery.output, inputs)
    if delivery.sbom is not None:
        deliver.check_sbom(delivery.sbom, delivery.output, inputs)
    if delivery.decision_log is not None:
        deliver.check_log(delivery.decision_log, inputs)
    return _delivered(_scanned(request, delivery), delivery, to)


def _listed(format: str | None, plugins: tuple[str, ...]) -> int:
    from modelaudit.cli.console import write_stdout
    from modelaudit.cli.scanners import listing

    write_stdout(listing(format, plugins))
    return 0


def _scanned(request: Request, delivery: Delivery) -> ScanDocument:
    """The scan, with its progress on stderr where somebody may see it."""
    seen = delivery.progress or (not delivery.quiet and sys.stderr is not None and sys.stderr.isatty())
    if not seen or request.facts or request.dry_run:
        return request.run()
    from modelaudit.cli.progress import shown

    with shown(request.paths) as observer:
        return request.run(observer)


def _delivered(document: ScanDocument, delivery: Delivery, to: list[tuple[str, str]]) -> int:
    """The exit code of the process, after everything that was asked for is written."""
    from modelaudit.cli import deliver

    code = deliver.report(document, to, verbose=delivery.verbose, quiet=delivery.quiet)
    if delivery.sbom is not None:
        code = deliver.sbom(document, delivery.sbom, delivery.sbom_version, delivery.sbom_format, code)
    return code if delivery.decision_log is None else deliver.log(document, delivery.decision_log, code)
