"""`modelaudit schema`."""

from __future__ import annotations

import click

KINDS = ("rules", "pack", "lists", "macros", "patterns", "policy", "lock", "config", "facts", "report")


@click.command(short_help="Print the JSON Schema of a kind of file.")
@click.argument("kind", metavar="KIND", type=click.Choice(KINDS))
def schema(kind: str) -> int:
    """Print the JSON Schema of rules, pack, lists, macros, policy, lock, config, facts or report.

    Editors check files while they are written: save the schema beside your rules, and begin each file with
    `# yaml-language-server: $schema=rules.schema.json`.

    \b
    Examples:
      modelaudit schema rules > rules.schema.json
      modelaudit schema policy
    """
    from modelaudit.cli.console import write_stdout
    from modelaudit.engine.resources import data_path

    with open(data_path("schemas", f"{kind}.schema.json"), encoding="utf-8") as stream:
        write_stdout(stream.read())
    return 0
