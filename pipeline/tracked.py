"""Digests of files and folders as DVC takes them, to hold what stands there against a pointer.

A file has the MD5 of its bytes, in pointers without `hash: md5` of its bytes with Unix line ends when it is a text
(https://dvc.org/doc/user-guide/upgrade). A folder has the MD5 of the JSON list of its files, with `.dir` behind it.
"""

from __future__ import annotations

import json
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 1024 * 1024
FILES_MAX = 100_000
NEW, OLD = "md5", "md5-dos2unix"
IGNORE = ".dvcignore"  # with one, a folder on disk has more files than are tracked


def tracked_digest(path: str, described: str, root: str, check: Callable[[], None]) -> str | None:
    """The digest of a file or folder in the form of a described one; None when it is not to be had."""
    kind = described.partition(":")[0]
    try:
        status = os.lstat(path)
        if stat.S_ISREG(status.st_mode):
            return f"{kind}:{_file(path, old=kind == OLD, check=check)}"
        if stat.S_ISDIR(status.st_mode) and not os.path.exists(os.path.join(root, IGNORE)):
            found = _folder(path, old=kind == OLD, check=check)
            return None if found is None else f"{kind}:{found}.dir"
    except OSError:
        return None
    return None


def _file(path: str, *, old: bool, check: Callable[[], None]) -> str:
    """The MD5 of a regular file."""
    from modelaudit.sources.dvc.digest import TrackedDigest

    state = TrackedDigest(OLD if old else NEW)
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb", buffering=0) as file:
        while data := file.read(WINDOW):
            check()
            state.update(data)
    return state.hexdigest()


def _folder(path: str, *, old: bool, check: Callable[[], None]) -> str | None:
    """The MD5 of the list of a folder's files; None when it holds a link, whose target is not looked at."""
    from hashlib import md5

    files: dict[str, str] = {}
    for folder, inner, names in os.walk(path):
        inner.sort()
        for name in [*names, *inner]:
            whole = os.path.join(folder, name)
            mode = os.lstat(whole).st_mode
            if stat.S_ISREG(mode):
                files[os.path.relpath(whole, path).replace(os.sep, "/")] = _file(whole, old=old, check=check)
            elif not stat.S_ISDIR(mode):
                return None
        if len(files) > FILES_MAX:
            return None
    rows = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    return md5(json.dumps(rows, sort_keys=True).encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()
