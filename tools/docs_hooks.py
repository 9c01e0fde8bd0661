"""What mkdocs asks while it builds the site: pages about formats take their place in the navigation by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SECTION, FOLDER = "Formats", "reference/formats"


def on_config(config: Any) -> Any:  # noqa: ANN401 - mkdocs' own type, which the package does not depend on
    """The configuration with every page of the folder in the section, those that are not named by their headings."""
    folder = Path(config["docs_dir"]) / FOLDER
    section = _section(config["nav"])
    named = {page for entry in section for page in (entry.values() if isinstance(entry, dict) else [entry])}
    section += [page for page in (f"{FOLDER}/{path.name}" for path in sorted(folder.glob("*.md"))) if page not in named]
    return config


def _section(items: list[Any]) -> list[Any]:
    """The entries of the section, wherever it stands."""
    for item in items:
        for title, inner in item.items() if isinstance(item, dict) else ():
            if title == SECTION:
                return list(inner) if not isinstance(inner, list) else inner
            found = _section(inner) if isinstance(inner, list) else []
            if found:
                return found
    return []
