"""Parsers that the user lets take part, and the list of all."""

from __future__ import annotations

import json

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.document import ScannerSelection


def selection(only: Sequence[str], without: Sequence[str]) -> ScannerSelection | None:
    """What `--scanners` and `--exclude-scanner` leave; None when they are not given. Unknown names are refused."""
    if not only and not without:
        return None
    from modelaudit.engine.document import ScannerSelection
    from modelaudit.parsers.registry import Registry
    from modelaudit.parsers.selection import UnknownScanner, named

    registry = Registry.load()
    try:
        requested, excluded = named(registry, only), named(registry, without)
    except UnknownScanner as error:
        near = f", did you mean {error.near[0]!r}?" if error.near else "; --list-scanners shows them all"
        raise click.UsageError(f"unknown scanner {error.name!r}{near}", click.get_current_context()) from error
    enabled = tuple(id for id in requested or registry.formats if id not in excluded)
    if not enabled:
        raise click.UsageError("no scanner is left", click.get_current_context())
    return ScannerSelection(requested, enabled, excluded)


def listing(format: str | None) -> str:
    """All parsers, as text or JSON."""
    from modelaudit.parsers.registry import Registry
    from modelaudit.parsers.selection import class_name

    formats = Registry.load().formats.values()
    if format == "json":
        rows = [
            {
                "id": each.id,
                "class": class_name(each),
                "description": each.title,
                "extensions": list(each.extensions),
                "dependencies": [],
            }
            for each in formats
        ]
        return json.dumps({"scanners": rows}, indent=2) + "\n"
    if format not in (None, "text"):
        raise click.UsageError(f"--list-scanners is told as text or json, not as {format}", click.get_current_context())
    lines = []
    for each in formats:
        lines.append(f"{each.id} ({class_name(each)})")
        lines += [f"  Extensions: {', '.join(each.extensions)}"] if each.extensions else []
        lines.append(f"  Description: {each.title}")
    return "\n".join(lines) + "\n"
