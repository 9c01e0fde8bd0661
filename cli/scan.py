"""`modelaudit scan`."""

from __future__ import annotations

import sys

import click

from modelaudit.cli.values import Seconds, Size
from modelaudit.reports import FORMATS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelaudit.engine.document import ScanDocument
    from modelaudit.engine.ruleset import Ruleset
    from modelaudit.pipeline.limits import Options


@click.command(short_help="Scan model files and folders, and decide by policy.")
@click.argument("paths", metavar="PATH...", nargs=-1)
@click.option(
    "--facts",
    metavar="FILE|DIR",
    multiple=True,
    help="Judge facts that `modelaudit facts -o FILE` wrote, without the models. May be repeated.",
)
@click.option(
    "--policy",
    metavar="FILE|NAME",
    help="Policy that decides: a built-in name (`policy list`) or a file. A word without slash or dot is a name.",
)
@click.option("--strict", is_flag=True, help="Judge by the policy `strict`, and by --policy on top of it.")
@click.option(
    "--rules",
    metavar="PATH",
    multiple=True,
    help="More rules: a rule file, a pack.yaml or a pack folder. May be repeated.",
)
@click.option(
    "--blacklist",
    "-b",
    metavar="PATTERN",
    multiple=True,
    help="Warn of files, models and repositories with this in their name, in whatever case; `*`, `?` and `[` make it a "
    "pattern for the whole name, `re:` a regular expression. May be repeated.",
)
@click.option(
    "--format",
    "-f",
    type=click.Choice(FORMATS),
    help="Form of the report; text when absent, or what the name of a file says.",
)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    multiple=True,
    help="Write a report to FILE, whole or not at all; stdout then holds a short summary. May be repeated.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["warning", "critical"]),
    help="Severity from which on a finding fails the scan; the policy's own choice when absent.",
)
@click.option("--select", metavar="RULE", multiple=True, help="Judge by these rules alone: ids, tag:NAME, pack/*.")
@click.option("--ignore", metavar="RULE", multiple=True, help="Findings of these rules do not count.")
@click.option(
    "--severity", metavar="RULE=LEVEL", multiple=True, help="Another severity for a rule, tag:NAME or pack/*."
)
@click.option("--verbose", "-v", is_flag=True, help="Show everything: debug findings, full coverage, references.")
@click.option("--quiet", "-q", is_flag=True, help="Show findings and the decision alone.")
@click.option("--timeout", "-t", type=Seconds(), metavar="SECONDS", help="Time for the whole scan.  [default: 300]")
@click.option(
    "--max-file-size",
    "--max-size",
    type=Size(),
    metavar="SIZE",
    help="Do not read larger files: bytes, or 500MB, 20GiB; 0 = no limit.",
)
@click.option(
    "--max-total-size", type=Size(), metavar="SIZE", help="Stop after this many bytes of files; 0 = no limit."
)
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=1),
    metavar="N",
    help="Read so many files at the same time; one for each processor when absent. The report does not depend on it.",
)
@click.option("--scanners", metavar="ID", multiple=True, help="Parsers that take part, by id or class; no others do.")
@click.option("--exclude-scanner", metavar="ID", multiple=True, help="Parsers that take no part.")
@click.option("--list-scanners", is_flag=True, help="List the parsers and scan nothing.")
@click.option("--dry-run", is_flag=True, help="Check policy and rules, list what would be read, and read nothing.")
@click.option("--stream", is_flag=True, help="Keep no copies of what is read; files are never deleted.")
@click.option(
    "--sbom",
    metavar="FILE",
    help="Also write a CycloneDX bill of materials to FILE: XML when it ends in .xml, else JSON.",
)
@click.option(
    "--sbom-version",
    type=click.Choice(["1.6", "1.7"]),
    default="1.6",
    show_default=True,
    help="Version of CycloneDX.",
)
@click.option("--sbom-format", type=click.Choice(["json", "xml"]), help="Form of the bill, whatever the name of FILE.")
@click.option("--decision-log", metavar="FILE", help="Append one JSON line about this scan and its decision to FILE.")
@click.option(
    "--verify-index", is_flag=True, help="Try every rule on every fact as well, and refuse a difference (slow)."
)
@click.option(
    "--progress",
    is_flag=True,
    help="Show on stderr how far the scan is, even with --quiet or in a pipe.",
)
@click.option("--no-cache", is_flag=True, help="Read every file, whatever earlier scans know of it.")
def scan(
    paths: tuple[str, ...],
    facts: tuple[str, ...],
    policy: str | None,
    strict: bool,
    rules: tuple[str, ...],
    blacklist: tuple[str, ...],
    format: str | None,
    output: tuple[str, ...],
    fail_on: str | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    severity: tuple[str, ...],
    verbose: bool,
    quiet: bool,
    timeout: float | None,
    max_file_size: int | None,
    max_total_size: int | None,
    jobs: int | None,
    scanners: tuple[str, ...],
    exclude_scanner: tuple[str, ...],
    list_scanners: bool,
    dry_run: bool,
    stream: bool,
    sbom: str | None,
    sbom_version: str,
    sbom_format: str | None,
    decision_log: str | None,
    verify_index: bool,
    progress: bool,
    no_cache: bool,
) -> int:
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
    from modelaudit.cli.overrides import changes
    from modelaudit.cli.scanners import selection
    from modelaudit.engine.packs.load import load_ruleset
    from modelaudit.pipeline.scan import Options

    if list_scanners:
        return _listed(format)
    if bool(paths) == bool(facts):
        words = "--facts takes the place of paths" if paths else "Missing argument 'PATH...'."
        raise click.UsageError(words, click.get_current_context())
    to = deliver.outputs(format, output)
    deliver.check_all(output, (*paths, *facts))
    if sbom is not None:
        deliver.check_sbom(sbom, output, (*paths, *facts))
    if decision_log is not None:
        deliver.check_log(decision_log, (*paths, *facts))
    chosen = selection(scanners, exclude_scanner)
    if facts and (chosen or dry_run):
        raise click.UsageError("--facts reads no models: it goes with no choice of scanners and no dry run")
    changed = changes(select, ignore, severity)
    ruleset = load_ruleset(policy, rules, lists=_blocked(blacklist), strict=strict, changes=changed)
    ruleset.verify_index |= verify_index
    options = Options(timeout, max_file_size, max_total_size, fail_on, jobs=jobs, describe=sbom is not None)
    options.selection = chosen
    display = progress or (not quiet and sys.stderr is not None and sys.stderr.isatty())
    if dry_run:
        from modelaudit.pipeline.dry import dry_run as listed

        document = listed(paths, ruleset, options)
    else:
        document = _judged(paths, facts, ruleset, options, use_store=not no_cache, display=display)
    code = deliver.report(document, to, verbose=verbose, quiet=quiet)
    if sbom is not None:
        code = deliver.sbom(document, sbom, sbom_version, sbom_format, code)
    return code if decision_log is None else deliver.log(document, decision_log, code)


def _blocked(patterns: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Names that are not wanted, as items of lists."""
    if not patterns:
        return {}
    from modelaudit.cli.blacklist import blocked_lists

    return blocked_lists(patterns)


def _listed(format: str | None) -> int:
    from modelaudit.cli.console import write_stdout
    from modelaudit.cli.scanners import listing

    write_stdout(listing(format))
    return 0


def _judged(
    paths: tuple[str, ...],
    facts: tuple[str, ...],
    ruleset: Ruleset,
    options: Options,
    *,
    use_store: bool,
    display: bool,
) -> ScanDocument:
    """The scan of models, or of stored facts in their place."""
    if facts:
        from modelaudit.pipeline.rejudge import scan_facts

        return scan_facts(facts, ruleset, options)
    from modelaudit.pipeline.scan import scan
    from modelaudit.pipeline.store.shared import FactStore

    store = FactStore() if use_store else None
    if not display:
        return scan(paths, ruleset, options, store=store)
    from modelaudit.cli.progress import shown

    with shown(paths) as observer:
        return scan(paths, ruleset, options, observer, store=store)
