"""The options of `modelaudit scan`, and the records that they fill: what to scan, and where the results go."""

from __future__ import annotations

import os

import click

from modelaudit.cli.config import configure
from modelaudit.cli.report_format import ReportFormat
from modelaudit.cli.values import Place, Seconds, Size, Words, rule_ids, scanner_ids
from modelaudit.engine.errors import OptionError
from modelaudit.engine.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from modelaudit.pipeline.request import Request


@record
class Delivery:
    """Where the results of a scan go, and how they look."""

    format: str | None
    output: tuple[str, ...]
    sbom: str | None
    sbom_version: str
    sbom_format: str | None
    decision_log: str | None
    verbose: bool
    quiet: bool
    progress: bool


SECRETS = {
    "registry_uri": "MLFLOW_REGISTRY_URI",
    "jfrog_api_token": "JFROG_API_TOKEN",
    "jfrog_access_token": "JFROG_ACCESS_TOKEN",
}
DELIVERY = tuple(Delivery.__annotations__) if TYPE_CHECKING else Delivery.FIELDS


def split(given: dict[str, Any]) -> tuple[Request, Delivery]:
    """What click gives a command with these options, as records.

    Addresses and tokens of registries stand in neither, since nothing that is reported is made from them: sources find
    them where every client looks, in the variables of the process.
    """
    from modelaudit.pipeline.request import Request

    for name, variable in SECRETS.items():
        value = given.pop(name)
        if value:
            os.environ[variable] = value
    delivery = Delivery(**{name: given.pop(name) for name in DELIVERY})
    return Request(**given, describe=delivery.sbom is not None), delivery


INPUT = (
    click.argument("paths", metavar="PATH...", nargs=-1, type=Place()),
    click.option(
        "--facts",
        type=Place(),
        metavar="FILE|DIR",
        multiple=True,
        help="Judge facts that `modelaudit facts -o FILE` wrote, without the models. May be repeated.",
    ),
    click.option(
        "--config",
        type=Place(),
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=configure,
        help="Take options from FILE instead of the user's own config file; `none` takes them from nowhere.",
    ),
)
JUDGING = (
    click.option(
        "--policy",
        type=Place("default", "permissive", "strict", "weights-only"),
        metavar="FILE|NAME",
        help="Policy that decides: a built-in name (`policy list`) or a file. A word without slash or dot is a name.",
    ),
    click.option("--strict", is_flag=True, help="Judge by the policy `strict`, and by --policy on top of it."),
    click.option(
        "--rules",
        type=Place(),
        metavar="PATH",
        multiple=True,
        help="More rules: a rule file, a pack.yaml or a pack folder. May be repeated.",
    ),
    click.option(
        "--blacklist",
        "-b",
        metavar="PATTERN",
        multiple=True,
        help="Warn of files, models and repositories with this in their name, in whatever case; `*`, `?` and `[` make "
        "it a pattern for the whole name, `re:` a regular expression. May be repeated.",
    ),
    click.option(
        "--fail-on",
        type=click.Choice(["warning", "critical"]),
        help="Severity from which on a finding fails the scan; the policy's own choice when absent.",
    ),
    click.option(
        "--select",
        type=Words(rule_ids),
        metavar="RULE",
        multiple=True,
        help="Judge by these rules alone: ids, tag:NAME, pack/*.",
    ),
    click.option(
        "--ignore", type=Words(rule_ids), metavar="RULE", multiple=True, help="Findings of these rules do not count."
    ),
    click.option(
        "--severity", metavar="RULE=LEVEL", multiple=True, help="Another severity for a rule, tag:NAME or pack/*."
    ),
)
RESULTS = (
    click.option(
        "--format",
        "-f",
        type=ReportFormat(),
        help="Form of the report; text when absent, or what the name of a file says.",
    ),
    click.option(
        "--output",
        "-o",
        type=Place(),
        metavar="FILE",
        multiple=True,
        help="Write a report to FILE, whole or not at all; stdout then holds a short summary. May be repeated.",
    ),
    click.option(
        "--sbom",
        type=Place(),
        metavar="FILE",
        help="Also write a CycloneDX bill of materials to FILE: XML when it ends in .xml, else JSON.",
    ),
    click.option(
        "--sbom-version",
        type=click.Choice(["1.6", "1.7"]),
        default="1.6",
        show_default=True,
        help="Version of CycloneDX.",
    ),
    click.option(
        "--sbom-format", type=click.Choice(["json", "xml"]), help="Form of the bill, whatever the name of FILE."
    ),
    click.option(
        "--decision-log",
        type=Place(),
        metavar="FILE",
        help="Append one JSON line about this scan and its decision to FILE.",
    ),
    click.option("--verbose", "-v", is_flag=True, help="Show everything: debug findings, full coverage, references."),
    click.option("--quiet", "-q", is_flag=True, help="Show findings and the decision alone."),
    click.option(
        "--progress", is_flag=True, help="Show on stderr how far the scan is, even with --quiet or in a pipe."
    ),
)
READING = (
    click.option("--timeout", "-t", type=Seconds(), metavar="SECONDS", help="Time for the whole scan.  [default: 300]"),
    click.option(
        "--max-file-size",
        "--max-size",
        type=Size(),
        metavar="SIZE",
        help="Do not read larger files: bytes, or 500MB, 20GiB; 0 = no limit.",
    ),
    click.option(
        "--max-total-size", type=Size(), metavar="SIZE", help="Stop after this many bytes of files; 0 = no limit."
    ),
    click.option(
        "--max-requests",
        type=click.IntRange(min=1),
        metavar="N",
        help="Make no more requests to other machines.  [default: 100000]",
    ),
    click.option(
        "--max-transfer",
        type=Size(),
        metavar="SIZE",
        help="Read nothing more of other machines once so many bytes have come.  [default: 4TiB]",
    ),
    click.option(
        "--scope",
        type=click.Choice(["structure", "full"]),
        help="structure: read what can run or configure, and no weights; full: read every byte. full for files of this "
        "machine and structure for others when absent.",
    ),
    click.option(
        "--jobs",
        "-j",
        type=click.IntRange(min=1),
        metavar="N",
        help="Read so many files at the same time; one for each processor when absent. The report does not depend on "
        "it.",
    ),
    click.option(
        "--scanners",
        type=Words(scanner_ids),
        metavar="ID",
        multiple=True,
        help="Parsers that take part, by id or class; no others do.",
    ),
    click.option(
        "--exclude-scanner", type=Words(scanner_ids), metavar="ID", multiple=True, help="Parsers that take no part."
    ),
    click.option("--list-scanners", is_flag=True, help="List the parsers and scan nothing."),
    click.option(
        "--plugin",
        metavar="NAME",
        multiple=True,
        help="Let a parser of another package take part, by the name of its entry point. May be repeated.",
    ),
    click.option("--dry-run", is_flag=True, help="Check policy and rules, list what would be read, and read nothing."),
    click.option(
        "--stream",
        is_flag=True,
        help="Read files of other machines one at a time, and keep nothing of one when the next begins.",
    ),
    click.option(
        "--no-cache",
        "cache",
        is_flag=True,
        flag_value=False,
        default=True,
        help="Read every file, whatever earlier scans know of it.",
    ),
    click.option(
        "--verify-index", is_flag=True, help="Try every rule on every fact as well, and refuse a difference (slow)."
    ),
)
REGISTRIES = (
    click.option(
        "--registry-uri", metavar="URI", help="Address of an MLflow registry; better said by MLFLOW_REGISTRY_URI."
    ),
    click.option("--jfrog-api-token", metavar="TOKEN", help="Better said by JFROG_API_TOKEN: other users see options."),
    click.option("--jfrog-access-token", metavar="TOKEN", help="Better said by JFROG_ACCESS_TOKEN."),
)


SECTIONS = {
    "Input": INPUT,
    "Judging": JUDGING,
    "Results": RESULTS,
    "Reading": READING,
    "Registries": REGISTRIES,
}


def scan_options(command: Callable[..., int]) -> Callable[..., int]:
    """A function that takes all these options."""
    for option in reversed([option for options in SECTIONS.values() for option in options]):
        command = option(command)
    return command


class Scan(click.Command):
    """A command that shows its options by sections, and answers a wrong value with its usage wherever it was found."""

    def invoke(self, ctx: click.Context) -> object:
        """What the command gives."""
        try:
            return super().invoke(ctx)
        except OptionError as error:
            raise click.UsageError(str(error), ctx) from error

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each in its section."""
        left = {str(parameter.name): parameter.get_help_record(ctx) for parameter in self.get_params(ctx)}
        for title, options in SECTIONS.items():
            rows = [left.pop(name, None) for name in map(_name, options)]
            with formatter.section(title):
                formatter.write_dl([row for row in rows if row is not None and row[1]])
        with formatter.section("Other"):
            formatter.write_dl([row for row in left.values() if row is not None])


def _name(option: Callable[..., Any]) -> str:
    """The name of the parameter that a decorator makes."""

    def command() -> None: ...

    made: list[click.Parameter] = option(command).__click_params__
    return str(made[0].name)
