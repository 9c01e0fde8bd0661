"""`modelaudit facts`."""

from __future__ import annotations

import click

from modelaudit.cli.values import Seconds, Size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.document import ScanError
    from modelaudit.engine.factset import FactSet

INCOMPLETE = 2  # exit code when not everything could be read


@click.command(short_help="Print what was read from a model, as JSON lines.")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option("--output", "-o", metavar="FILE", help="Write a document to FILE, whole or not at all.")
@click.option("--timeout", "-t", type=Seconds(), metavar="SECONDS", help="Time for all models.  [default: 300]")
@click.option("--max-file-size", type=Size(), metavar="SIZE", help="Do not read larger files.")
def facts(models: tuple[str, ...], output: str | None, timeout: float | None, max_file_size: int | None) -> int:
    """Print every fact that was read from the models: one JSON object a line, `fact` says its kind.

    Facts are all that rules can see. Each line names the artifact, the places and the fields that
    docs/reference/facts.md describes. Fields without a value are left out.

    With --output the file says besides which files the facts are from, so that `modelaudit scan --facts FILE`
    judges them again later, with other rules, without the models.

    \b
    Examples:
      modelaudit facts model.pkl
      modelaudit facts model.pt | jq 'select(.fact == "import") | .qualname'
      modelaudit facts ./models -o facts.jsonl && modelaudit scan --facts facts.jsonl

    Exit codes: 0 facts were printed, 2 a path could not be read.
    """
    from modelaudit.cli import console, deliver
    from modelaudit.cli import output as files
    from modelaudit.engine.packs.load import load_ruleset
    from modelaudit.pipeline.scan import Options
    from modelaudit.pipeline.scan import facts as read_facts

    if output is not None:
        deliver.check(output, models)
    errors: list[ScanError] = []
    options = Options(timeout, max_file_size)
    deriver = load_ruleset().every_pattern()
    if output is None:
        _to_stdout(_lines(read_facts(models, options, errors=errors, deriver=deriver)))
    else:
        from modelaudit.pipeline.stored import write

        document = write(models, options, errors=errors, deriver=deriver)
        if output == deliver.STDOUT:
            _to_stdout(document)
        else:
            files.write_whole(output, document)
    for error in errors:
        console.complain(error.message)
    return INCOMPLETE if errors else 0


def _to_stdout(lines: Iterator[str]) -> None:
    """Write the lines some at a time, until the end or until nobody reads them."""
    from itertools import islice

    from modelaudit.cli.console import write_stdout

    while chunk := "".join(islice(lines, 500)):
        if not write_stdout(chunk):
            return


def _lines(trees: Iterator[FactSet]) -> Iterator[str]:
    import json

    from modelaudit.engine.facts.serial import to_json

    for tree in trees:
        for node in tree.walk():
            for fact in (node.artifact, *(fact for records in node.facts.values() for fact in records)):
                yield json.dumps(to_json(fact)) + "\n"
