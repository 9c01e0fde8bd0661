"""The files of a pack: which ones its globs name, and one digest over them."""

from __future__ import annotations

import os
from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_FILES = 20_000  # entries looked at below one folder


def matching(folder: str, globs: Sequence[str]) -> list[str]:
    """Paths below `folder`, relative and with `/`, that one of the globs covers, sorted.

    `*` and `?` stay within a segment, `**` is any number of whole segments. Links to folders are not followed
    and hidden entries are left out.
    """
    found: set[str] = set()
    for start, patterns in _by_start(globs).items():
        for path in _walk(folder, start):
            segments = path.split("/")
            if any(_covers(pattern, segments) for pattern in patterns):
                found.add(path)
    return sorted(found)


def digest(folder: str, globs: Sequence[str]) -> str:
    """SHA-256 over names and contents of the files that the globs cover; a missing file changes it."""
    total = sha256()
    for path in matching(folder, globs):
        total.update(f"{path}\0{file_digest(os.path.join(folder, path))}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def stamp(folder: str, globs: Sequence[str]) -> str:
    """SHA-256 over names, sizes and times of change of the files that the globs cover: what a look at each tells."""
    total = sha256()
    for path in matching(folder, globs):
        try:
            found = os.stat(os.path.join(folder, path))
        except OSError:
            continue
        said = f"{path}\0{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}\n"
        total.update(said.encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def file_digest(path: str) -> str:
    """SHA-256 of a file's content, empty when it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return sha256(stream.read()).hexdigest()
    except OSError:
        return ""


def escapes(glob: str) -> bool:
    """Whether a glob leaves the folder that it is relative to."""
    return glob.startswith(("/", "~")) or ":" in glob or "\\" in glob or ".." in glob.split("/")


def _by_start(globs: Sequence[str]) -> dict[str, list[list[str]]]:
    """The globs as segments, by the folder under which their files must be."""
    starts: dict[str, list[list[str]]] = {}
    for glob in globs:
        segments = glob.removeprefix("./").split("/")
        literal = []
        for segment in segments[:-1]:
            if "*" in segment or "?" in segment:
                break
            literal.append(segment)
        starts.setdefault("/".join(literal), []).append(segments)
    return starts


def _covers(glob: Sequence[str], path: Sequence[str]) -> bool:
    """Whether the segments of a glob cover those of a path. No `re`: this runs at every start."""
    if not glob:
        return not path
    if glob[0] == "**":
        return any(_covers(glob[1:], path[skip:]) for skip in range(len(path) + 1))
    return bool(path) and _fits(glob[0], path[0]) and _covers(glob[1:], path[1:])


def _fits(pattern: str, name: str) -> bool:
    """Whether one segment fits a pattern of `*` and `?`; on a misfit only the last star takes in more."""
    at = here = covered = 0
    star = -1
    while here < len(name):
        sign = pattern[at] if at < len(pattern) else ""
        if sign == "*":
            star, covered, at = at, here, at + 1
        elif sign in ("?", name[here]):
            at, here = at + 1, here + 1
        elif star >= 0:
            covered += 1
            at, here = star + 1, covered
        else:
            return False
    return not pattern[at:].strip("*")


def _walk(folder: str, start: str) -> Iterator[str]:
    """Files below a folder, as paths relative to `folder`."""
    pending = [start]
    seen = 0
    while pending:
        below = pending.pop()
        try:
            entries = list(os.scandir(os.path.join(folder, below) if below else folder))
        except OSError:
            continue
        for entry in entries:
            seen += 1
            if entry.name.startswith(".") or seen > MAX_FILES:
                continue
            path = f"{below}/{entry.name}" if below else entry.name
            if entry.is_dir(follow_symlinks=False):
                pending.append(path)
            elif entry.is_file():
                yield path
