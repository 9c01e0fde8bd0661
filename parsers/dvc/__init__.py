"""Pointers of DVC: `.dvc` files, `dvc.lock`, `dvc.yaml`, and the lists of files that its cache keeps of folders.

Layout: https://dvc.org/doc/user-guide/project-structure/dvc-files and
https://dvc.org/doc/user-guide/project-structure/internal-files (`.dir` lists, `files/md5/ab/cdef…`).
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property, Searched
    from modelaudit.parsers.reader import Reader

READ_MAX = 16 * 1024 * 1024  # bytes
LOOK = 1024 * 1024
OUTS = re.compile(rb"^[ \t]*[\"']?(?:outs|deps)[\"']?[ \t]*:", re.MULTILINE)
HASH = re.compile(
    rb"^[ \t-]*[\"']?(?:md5|etag|checksum|hash|sha256)[\"']?[ \t]*:|^[\"']?stages[\"']?[ \t]*:", re.MULTILINE
)
PATH = re.compile(rb"^[ \t-]*[\"']?(?:path|cmd)[\"']?[ \t]*:", re.MULTILINE)


def recognise_pointer(head: bytes, reader: Reader) -> bool:
    """Whether a YAML text lists outputs with hashes and paths, or stages that have outputs."""
    if 0 in head or head.lstrip()[:1] in (b"{", b"["):
        return False
    data = head if reader.size <= len(head) else reader.read_at(0, LOOK)
    return bool(OUTS.search(data) and HASH.search(data) and PATH.search(data))


def recognise_list(head: bytes, reader: Reader) -> bool:
    """Whether a JSON text lists files of a folder with their hashes."""
    start = head.lstrip()
    return start[:1] == b"[" and b'"relpath"' in head and b'"md5"' in head


RECOGNISERS = {"dvc": recognise_pointer, "dvc-folder": recognise_list}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Searched]:
    """The text, and a reference for each path that is named."""
    from modelaudit.parsers.dvc.pointer import parse_list, parse_pointer
    from modelaudit.parsers.plain.text import parse_text

    yield from parse_text(artifact, context)
    yield from (parse_list if artifact.format == "dvc-folder" else parse_pointer)(artifact, context)
