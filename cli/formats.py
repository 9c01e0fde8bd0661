"""`modelaudit formats`."""

from __future__ import annotations

import click


@click.command(short_help="List the formats that are read, and what is checked.")
@click.argument("word", required=False, metavar="[FORMAT|EXTENSION|WORD]")
@click.option("--format", "-f", "form", type=click.Choice(["text", "json", "markdown"]), default="text", help="How.")
def formats(word: str | None, form: str) -> int:
    """List every format: its extensions, what it is recognised by, and what is checked.

    The content decides what a file is; an extension only says what was promised.

    \b
    Examples:
      modelaudit formats
      modelaudit formats .h5
      modelaudit formats tensorflow
      modelaudit formats --format json
    """
    import json

    from modelaudit.cli.console import write_stdout
    from modelaudit.parsers.catalogue import listing, markdown, matching, rows
    from modelaudit.parsers.registry import Registry

    found = list(Registry.load().formats.values())
    if word:
        found = matching(found, word)
    if not found:
        raise click.UsageError(f"no format is called {word!r}; `modelaudit formats` lists them all")
    if form == "json":
        write_stdout(json.dumps({"formats": rows(found)}, indent=2, ensure_ascii=False) + "\n")
    elif form == "markdown":
        write_stdout(markdown(found, level="##"))
    else:
        write_stdout(listing(found))
    return 0
