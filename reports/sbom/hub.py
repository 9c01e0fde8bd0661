"""Models of the hub by where they stand: the cache of huggingface_hub keeps its names in those of folders.

Layout: https://huggingface.co/docs/huggingface_hub/guides/manage-cache (`models--OWNER--NAME/snapshots/REVISION`).
"""

from __future__ import annotations

import re

CACHED = re.compile(r"(?:^|[/\\])models--([\w.-]+?)--([\w.-]+)[/\\]snapshots[/\\]([0-9a-f]{40})(?=$|[/\\])", re.ASCII)


def cached(path: str) -> tuple[str, str, str] | None:
    """Repository, revision and path within it of what stands at a path; None outside of a cache."""
    found = CACHED.search(path)
    if found is None:
        return None
    return f"{found[1]}/{found[2]}", found[3], path[found.end() :].replace("\\", "/").strip("/")
