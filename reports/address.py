"""Paths as URI references."""

from __future__ import annotations

import os
from urllib.parse import quote

from modelaudit.engine.facts.text import clean


def uri(path: str) -> str:
    """A path as a relative reference, or as a `file:` address when it is absolute; an address as it is.

    Segments `.` are left out, as SARIF asks of its producers; `..` stays, since links decide what it means. Bytes of a
    name that are no text keep their value.
    """
    if "://" in path:
        return _quoted(path, "/:?=&%+")
    quoted = _quoted(_without_dots(path.replace(os.sep, "/")))
    if not os.path.isabs(path):
        return quoted
    return f"file://{quoted}" if quoted.startswith("/") else f"file:///{quoted}"


def part(name: str) -> str:
    """The name of a nested member as an absolute reference inside its container."""
    return "/" + _quoted(name.lstrip("/"))


def _without_dots(path: str) -> str:
    """The path without segments that mean the folder they stand in; `.` for that folder itself."""
    if "." not in path.split("/"):
        return path
    root = "/" if path.startswith("/") else ""
    return root + "/".join(each for each in path.split("/") if each not in ("", ".")) or "."


def _quoted(text: str, safe: str = "/") -> str:
    try:
        return quote(text, safe=safe, errors="surrogateescape")
    except UnicodeEncodeError:
        return quote(clean(text)[0], safe=safe)
