"""Regular expressions as they run: RE2, linear in the text, bounded in memory, imported at the first use."""

from __future__ import annotations

import functools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Json = Any
    Compiled = Any

MAX_MEMORY = 8 << 20  # bytes that one compiled pattern may take


@functools.lru_cache(maxsize=4096)
def compile_regex(pattern: str) -> Compiled:
    """A pattern of RE2 over UTF-8; `re2.error` when it is none."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    return re2.compile(pattern.encode("utf-8", "backslashreplace"), options)


def searcher(prepared: Json) -> Callable[[str], bool]:
    """What tells whether a pattern, as `patterns.prepare` made it, occurs in a text."""
    if "op" in prepared:
        return _literal_searcher(prepared["op"], prepared["text"])
    pattern: str = prepared["regex"]
    heads = tuple(prepared.get("heads", ()))
    needs, folded = prepared.get("needs", ()), prepared.get("folded", False)
    compiled: Compiled = None

    def search(text: str) -> bool:
        nonlocal compiled
        if heads and not text.startswith(heads):
            return False
        if needs:
            seen = text.casefold() if folded else text
            if not any(need in seen for need in needs):
                return False
        if compiled is None:
            compiled = compile_regex(pattern)
        return compiled.search(text.encode("utf-8", "backslashreplace")) is not None

    return search


def _literal_searcher(op: str, text: str) -> Callable[[str], bool]:
    if op == "==":
        return lambda value: value == text
    if op == "startswith":
        return lambda value: value.startswith(text)
    if op == "endswith":
        return lambda value: value.endswith(text)
    return lambda value: text in value


def search_cut(pattern: str, kept: str) -> bool:
    """Whether a pattern occurs in the kept part of a cut text without touching the cut."""
    data = kept.encode("utf-8", "backslashreplace")
    return any(match.end() < len(data) for match in compile_regex(pattern).finditer(data))
