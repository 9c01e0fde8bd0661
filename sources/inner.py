"""The files in the folders below a folder, for formats that keep a part of a model there."""

from __future__ import annotations

import os

from modelaudit.sources.local import VERSION_CONTROL

DEPTH = 4  # of folders
MOST = 20_000  # names that are looked at


def inner_files(folder: str) -> dict[str, str]:
    """The regular files below the folders in a real folder, by their paths from it with `/`.

    No link is followed. Folders that cannot be listed are empty; what is too deep or too many is left out.
    """
    found: dict[str, str] = {}
    left = MOST
    waiting = [("", folder, 0)]
    while waiting:
        prefix, real, depth = waiting.pop()
        for entry in _listing(real):
            left -= 1
            if left < 0:
                return found
            if entry.is_symlink():
                continue
            if entry.is_dir(follow_symlinks=False):
                if depth < DEPTH and entry.name not in VERSION_CONTROL:
                    waiting.append((f"{prefix}{entry.name}/", entry.path, depth + 1))
            elif prefix and entry.is_file(follow_symlinks=False):
                found[prefix + entry.name] = entry.path
    return found


def _listing(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listing:
            return sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return []
