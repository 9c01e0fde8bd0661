"""`modelaudit inspect`."""

from __future__ import annotations

import click

from modelaudit.cli.values import Seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelaudit.engine.document import ScanError
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.verdict import Verdict
    from modelaudit.reports.account.gather import Account

INCOMPLETE = 2  # exit code when not everything could be read
LIMIT = 60  # steps of each stream


@click.command(short_help="Show what loading a model would import, call and set.")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option(
    "--limit", "-n", type=click.IntRange(0), default=LIMIT, show_default=True, help="Steps told of a stream, 0: all."
)
@click.option("--json", "as_json", is_flag=True, help="JSON lines in the place of the tree.")
@click.option("--timeout", "-t", type=Seconds(), metavar="SECONDS", help="Time for all models.  [default: 300]")
def inspect(models: tuple[str, ...], limit: int, as_json: bool, timeout: float | None) -> int:
    """Show in order what loading the models would import, call and set, with the offset of each step.

    Every stream in a model is told, also those in archives, behind other streams and in constants. Of a stream that
    torch.load reads, a line says whether it would load with weights_only=True, and why not. Nothing is loaded, and
    nothing else is judged: `modelaudit scan` says what to think of it.

    \b
    Examples:
      modelaudit inspect model.pkl
      modelaudit inspect model.pt --limit 0
      modelaudit inspect model.pt --json | jq 'select(.do == "call") | .text'

    Exit codes: 0 the account is whole, 2 a path could not be read.
    """
    from modelaudit.cli import console
    from modelaudit.engine.packs.load import load_ruleset
    from modelaudit.engine.verdict import judges, verdicts_of
    from modelaudit.pipeline.facts import accounts
    from modelaudit.pipeline.scan import Options
    from modelaudit.reports.account.gather import Account

    errors: list[ScanError] = []
    most = limit or 2**62
    rules = judges(load_ruleset())
    for tree, account in accounts(models, Options(timeout), lambda: Account(most), errors):
        if not _write(_shown(tree, account, verdicts_of(rules, tree), as_json=as_json)):
            break
    for error in errors:
        console.complain(error.message)
    return INCOMPLETE if errors else 0


def _shown(tree: FactSet, account: Account, verdicts: list[Verdict], *, as_json: bool) -> Iterable[str]:
    """What is written of one file."""
    if as_json:
        from modelaudit.reports.account.lines import render as render_lines

        return render_lines(tree, account, verdicts)
    from modelaudit.cli.console import terminal_view
    from modelaudit.parsers.registry import Registry
    from modelaudit.reports.account.text import portions

    titles = {id: format.title for id, format in Registry.load().formats.items()}
    return portions(tree, account, titles, terminal_view(verbose=False, quiet=False), verdicts)


def _write(parts: Iterable[str]) -> bool:
    from modelaudit.cli.console import write_stdout

    return all(write_stdout(part) for part in parts)
