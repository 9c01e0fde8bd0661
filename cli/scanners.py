"""The list of parsers."""

from __future__ import annotations

import json

from modelaudit.engine.errors import OptionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def listing(format: str | None, plugins: Sequence[str] = ()) -> str:
    """All parsers, those of plug-ins that were asked for too, as text or JSON."""
    from modelaudit.parsers.selection import class_name
    from modelaudit.pipeline.selection import registry_with

    formats = registry_with(plugins).formats.values()
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
        raise OptionError(f"--list-scanners is told as text or json, not as {format}")
    lines = []
    for each in formats:
        lines.append(f"{each.id} ({class_name(each)})")
        lines += [f"  Extensions: {', '.join(each.extensions)}"] if each.extensions else []
        lines.append(f"  Description: {each.title}")
    return "\n".join(lines) + "\n"
