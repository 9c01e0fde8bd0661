"""Addresses of data sets on the hub, and models by where they stand: the cache of huggingface_hub keeps their names.

Layout: https://huggingface.co/docs/huggingface_hub/guides/manage-cache (`models--OWNER--NAME/snapshots/REVISION`).
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CACHED = re.compile(r"(?:^|[/\\])models--([\w.-]+?)--([\w.-]+)[/\\]snapshots[/\\]([0-9a-f]{40})(?=$|[/\\])", re.ASCII)
DATASET = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
DATASETS = "https://huggingface.co/datasets/"


def dataset(name: str) -> dict[str, Any]:
    """A data set as CycloneDX has it, with its address when the name is one of the hub."""
    made: dict[str, Any] = {"type": "dataset", "name": name}
    return {**made, "contents": {"url": f"{DATASETS}{name}"}} if DATASET.fullmatch(name) else made


def cached(path: str) -> tuple[str, str, str] | None:
    """Repository, revision and path within it of what stands at a path; None outside of a cache."""
    found = CACHED.search(path)
    if found is None:
        return None
    return f"{found[1]}/{found[2]}", found[3], path[found.end() :].replace("\\", "/").strip("/")
