"""`modelaudit cache`."""

from __future__ import annotations

import click


@click.group(short_help="Show or clear what is kept between scans.")
def cache() -> None:
    """Show or clear what is kept between scans: compiled rules and facts of files that were read before.

    Both stand in the user's cache folder, or where MODELAUDIT_CACHE_DIR says, and both can be deleted at any time.

    \b
    Examples:
      modelaudit cache stats
      modelaudit cache clear --facts
    """


@cache.command(short_help="Say where the caches stand and how large they are.")
@click.option("--format", "-f", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form.")
def stats(format: str) -> int:
    """Say where the caches stand and how large they are.

    \b
    Example:
      modelaudit cache stats --format json
    """
    import json

    from modelaudit.cli.console import say, write_stdout
    from modelaudit.engine.distribution import places
    from modelaudit.engine.packs import cache as packs
    from modelaudit.pipeline.store import database
    from modelaudit.reports.digest import human_size

    entries, size = packs.statistics()
    found = database.statistics()
    facts = {"entries": found[0], "bytes": found[1], "bytes_on_disk": found[2], "limit": database.LIMIT}
    if format == "json":
        compiled = {"entries": entries, "bytes": size}
        write_stdout(json.dumps({"folder": places.cache_folder(), "packs": compiled, "facts": facts}, indent=2) + "\n")
        return 0
    say(f"Folder  {places.cache_folder()}")
    say(f"Packs   {_entries(entries)}, {human_size(size)}")
    say(f"Facts   {_entries(found[0])}, {human_size(found[2])} on disk, at most {human_size(database.LIMIT)}")
    return 0


@cache.command(short_help="Delete what is kept.")
@click.option("--packs", is_flag=True, help="Only the compiled rules.")
@click.option("--facts", is_flag=True, help="Only the facts.")
def clear(packs: bool, facts: bool) -> int:
    """Delete compiled rules and stored facts; the next scan makes them anew.

    \b
    Examples:
      modelaudit cache clear
      modelaudit cache clear --packs
    """
    from modelaudit.cli.console import say
    from modelaudit.engine.packs import cache as compiled
    from modelaudit.pipeline.store import database
    from modelaudit.reports.digest import human_size

    if packs or not facts:
        say(f"Packs   {human_size(compiled.clear())} deleted")
    if facts or not packs:
        say(f"Facts   {human_size(database.remove())} deleted")
    return 0


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number:,} entries"
