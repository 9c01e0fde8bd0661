"""The files of a pack: which ones its globs name, and one digest over them."""

from __future__ import annotations

import os
import re
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
            if any(pattern.fullmatch(path) for pattern in patterns):
                found.add(path)
    return sorted(found)


def digest(folder: str, globs: Sequence[str]) -> str:
    """SHA-256 over names and contents of the files that the globs cover; a missing file changes it."""
    total = sha256()
    for path in matching(folder, globs):
        total.update(f"{path}\0{file_digest(os.path.join(folder, path))}\n".encode("utf-8", "surrogateescape"))
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


def _by_start(globs: Sequence[str]) -> dict[str, list[re.Pattern[str]]]:
    """The globs as patterns, by the folder under which their files must be."""
    starts: dict[str, list[re.Pattern[str]]] = {}
    for glob in globs:
        segments = glob.removeprefix("./").split("/")
        literal = []
        for segment in segments[:-1]:
            if set(segment) & set("*?"):
                break
            literal.append(segment)
        starts.setdefault("/".join(literal), []).append(_pattern(segments))
    return starts


def _pattern(segments: Sequence[str]) -> re.Pattern[str]:
    parts = []
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == "**":
            parts.append(".*" if last else "(?:[^/]+/)*")
            continue
        escaped = re.escape(segment).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
        parts.append(escaped if last else escaped + "/")
    return re.compile("".join(parts), re.DOTALL)


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
