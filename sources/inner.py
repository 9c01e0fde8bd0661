"""The files in the folders below a folder, for formats that keep a part of a model there."""

from __future__ import annotations

import os

from modelaudit.sources.local import VERSION_CONTROL

DEPTH = 4  # of folders
MOST = 20_000  # names that are looked at


def inner_files(folder: str) -> tuple[dict[str, str], tuple[str, int, int] | None]:
    """The regular files below the folders in a real folder, by their paths from it with `/`, and what ended listing.

    No link is followed. Folders that cannot be listed are empty; what is too many or too deep is left out: its name
    (`files`, `depth`), how many there are at least, and how many may be.
    """
    spent: tuple[str, int, int] | None = None
    found: dict[str, str] = {}
    left = MOST
    waiting = [("", folder, 0)]
    while waiting:
        prefix, real, depth = waiting.pop()
        for entry in _listing(real):
            left -= 1
            if left < 0:
                return found, ("files", MOST + 1, MOST)
            if entry.is_symlink():
                continue
            if entry.is_dir(follow_symlinks=False):
                if entry.name in VERSION_CONTROL:
                    continue
                if depth < DEPTH:
                    waiting.append((f"{prefix}{entry.name}/", entry.path, depth + 1))
                else:
                    spent = "depth", DEPTH + 1, DEPTH
            elif prefix and entry.is_file(follow_symlinks=False):
                found[prefix + entry.name] = entry.path
    return found, spent


def _listing(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listing:
            return sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return []
