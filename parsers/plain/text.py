"""Text files: their role by name, and the beginning of their text when somebody reads it."""

from __future__ import annotations

import json
import os
from fnmatch import fnmatchcase
from functools import cache, lru_cache

from modelaudit.engine.facts import KINDS, TEXT_MAX, Defect, Place, Text, clean, decode
from modelaudit.parsers.base import Property, Searched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input

SOURCE = frozenset({".py", ".pyw"})  # that Python takes for source whatever it looks like
NOTEBOOK = ".ipynb"
TEMPLATE = frozenset({".jinja", ".jinja2"})
POINTER = b"version https://git-lfs.github.com/spec/"  # https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
POINTER_MAX = 1024  # bytes
WHOLE: frozenset[str] = frozenset()  # nothing of it is cut
BYTES = 4 * TEXT_MAX  # that hold the longest text in any encoding
WINDOW = 64 * 1024  # bytes of a long text that are searched at once; even, for UTF-16
OVERLAP = 8 * 1024  # bytes at the end of a window that the next one begins with: two matches of the longest kind
MARK = b"\xef\xbb\xbf"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
DEFAULT = ("doc", "other")
ESCAPES = (b"\\u00", b"\\x", b"\\/", b"://")  # of which one stands where an escape is resolved
CONFIGS = frozenset({"repository-json", "repository-yaml"})
EVIDENCE_MAX = 4 * 1024 * 1024  # bytes of a text that is looked at for licences
REQUIREMENTS = ("requirements", "constraints")
PROJECT = "pyproject.toml"
PACKAGES = frozenset({"pyproject.toml", "setup.cfg", "setup.py", "metadata", "pkg-info"})


def parse_text(artifact: Input, context: Context) -> Iterator[Fact | Property | Searched]:
    """The file's role, its text, and a defect when it only stands for a file that is not there."""
    name = artifact.path.replace("\\", "/").rpartition("/")[2].rpartition("!")[2]
    text_role, role = _roles(name.lower())
    if role == DEFAULT[1] and artifact.format in CONFIGS:
        text_role = "config"  # whatever its name, a loader may take its settings from it
    if role != DEFAULT[1]:
        yield Property("role", role)
    reader = artifact.reader
    if reader.size <= POINTER_MAX and reader.read_at(0, len(POINTER)) == POINTER:
        missing = frozenset(KINDS) - {"artifact"}
        detail = "Git LFS pointer: the content itself was not downloaded"
        yield Defect(artifact.path, code="lfs-pointer", detail=detail, affects=missing, places=(Place(offset=0),))
    if context.wants("license") or context.wants("metadata"):
        yield from _evidence(artifact, role, name.lower(), context)
    if context.wants("text"):
        value, lossy, whole = _value(reader.read_at(0, BYTES))
        value = _resolved(value, text_role)
        cut = WHOLE if whole and reader.size <= BYTES else frozenset({"value"})
        place = (Place(offset=0),)
        yield Text(artifact.path, value=value, role=text_role, owner=name, lossy=lossy, cut=cut, places=place)
    if reader.size > TEXT_MAX:
        yield from _behind(artifact, context, text_role, name)
    if artifact.format == "text":
        yield from _by_extension(artifact, context)
        yield from _by_name(artifact, name.lower(), context)


def _by_extension(artifact: Input, context: Context) -> Iterator[Fact]:
    """What a loader takes for source or a template by its name alone, though it does not look like it."""
    if artifact.extension in SOURCE and "code" not in artifact.told:
        from modelaudit.parsers.repository.source import parse_source

        yield from parse_source(artifact, context)
    elif artifact.extension == NOTEBOOK:
        from modelaudit.parsers.project.notebook import parse_notebook

        yield from parse_notebook(artifact, context)
    elif artifact.extension in TEMPLATE:
        from modelaudit.parsers.repository.template import parse_template

        yield from parse_template(artifact, context)


def _by_name(artifact: Input, name: str, context: Context) -> Iterator[Fact]:
    """What pip takes for requirements or a project by its name alone."""
    if name == PROJECT or (name.startswith(REQUIREMENTS) and name.endswith(".txt")):
        from modelaudit.parsers.project.packages import parse_packages

        yield from parse_packages(artifact, context, project=name == PROJECT)


def _behind(artifact: Input, context: Context, role: str, owner: str) -> Iterator[Searched]:
    """What stands behind the part of a long text that is told, in windows that hold something to be found."""
    sought = context.sought(role)
    if sought is None:
        return
    reader = artifact.reader
    order = {UTF16[0]: "utf-16-le", UTF16[1]: "utf-16-be"}.get(reader.read_at(0, 2))
    start = TEXT_MAX - OVERLAP
    stop = min(reader.size, context.budget("searched"))
    while start + OVERLAP < stop:
        context.check()
        data = reader.read_at(start, WINDOW)
        plain = data.decode(order, "replace").encode() if order else data
        if role == "config" and any(mark in plain for mark in ESCAPES):
            plain = _resolved(plain.decode("utf-8", "surrogateescape"), role).encode("utf-8", "surrogateescape")
        if sought.find(plain) >= 0:
            value, lossy = decode(plain)
            place = (Place(offset=start),)
            yield Searched(Text(artifact.path, value=value, role=role, owner=owner, lossy=lossy, places=place))
        start += WINDOW - OVERLAP


def _resolved(text: str, role: str) -> str:
    """A configuration as a loader has it, where characters are escaped that need not be."""
    if role != "config" or "\\" not in text:
        return text
    from modelaudit.parsers.plain.escapes import resolved

    return resolved(text)


def _evidence(artifact: Input, role: str, name: str, context: Context) -> Iterator[Fact]:
    """The licences of a licence file, what the front matter of a model card says, the classifiers of a package."""
    if role == "license" or name.startswith("readme") or name in PACKAGES:
        from modelaudit.parsers.licences.evidence import evidence

        value = _decoded(artifact.reader.read_at(0, EVIDENCE_MAX))[0]
        yield from evidence(artifact.path, value, role=role, package=name in PACKAGES, context=context)


def _roles(name: str) -> tuple[str, str]:
    for start, end, least, odd, text, role in _rows_for(name[:1], f".{name.rpartition('.')[2]}"):
        if name.startswith(start) and name.endswith(end) and len(name) >= least and (not odd or fnmatchcase(name, odd)):
            return text, role
    return DEFAULT


@lru_cache(maxsize=1024)
def _rows_for(first: str, last: str) -> list[tuple[str, str, int, str, str, str]]:
    """The rows that a name may fit which begins with this letter and has this behind its last dot."""
    return [row for row in _rows() if row[0][:1] in ("", first) and (last.endswith(row[1]) or _odd(row[1]))]


def _odd(end: str) -> bool:
    """Whether the last dot of a name does not tell that it ends so."""
    return not end.startswith(".") or end.count(".") > 1


@cache
def _rows() -> list[tuple[str, str, int, str, str, str]]:
    """What names begin and end with, how long they are at least, and a pattern of fnmatch where that is not all."""
    with open(os.path.join(os.path.dirname(__file__), "roles.json"), "rb") as file:
        rows: list[tuple[str, str, str]] = json.loads(file.read())["rows"]
    return [(*_ends(pattern), text, role) for pattern, text, role in rows]


def _ends(pattern: str) -> tuple[str, str, int, str]:
    if set(pattern) & set("?[]") or pattern.count("*") > 1:
        return "", "", 0, pattern
    start, star, end = pattern.partition("*")
    return start, end, len(pattern) - len(star), "" if star else pattern


def _value(raw: bytes) -> tuple[str, bool, bool]:
    """The text of the bytes, whether it had to be escaped, and whether it is all of them."""
    text, lossy = _decoded(raw)
    return text[:TEXT_MAX], lossy, len(text) <= TEXT_MAX


def _decoded(raw: bytes) -> tuple[str, bool]:
    if raw[:2] in UTF16:
        return clean(raw.decode("utf-16", "surrogatepass" if len(raw) % 2 == 0 else "replace"))
    return _one_byte_or_utf8(raw)


def _one_byte_or_utf8(raw: bytes) -> tuple[str, bool]:
    try:
        return raw.removeprefix(MARK).decode(), False  # the codec that knows the mark is written in Python
    except UnicodeDecodeError as error:
        if error.start >= len(raw) - 3 and len(raw) == BYTES:  # a character is cut by the end of what was read
            return decode(raw[: error.start])
        return raw.decode("latin-1"), False
