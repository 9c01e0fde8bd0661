r"""Globs over segments: `*` and `?` stay within one, `**` is any number of whole ones.

`sklearn.tree.**` covers `sklearn.tree`, `**.system` covers `system`. On plain text `*` matches everything.
Matching is by hand, in time linear in text × pattern, so that no text can make it slow.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeVar

    Test = Callable[[str], bool]
    T = TypeVar("T")

MAX_PATTERN = 4 * 1024  # characters
SEPARATORS = {"dotted": ".", "path": "/!", "uri": "/", "plain": ""}


def is_glob(pattern: str) -> bool:
    """Whether a pattern has a wildcard."""
    return "*" in pattern or "?" in pattern


def problem(pattern: str, of: str) -> str:
    """What is wrong with a pattern, empty when nothing is."""
    if SEPARATORS[of] and any("**" in part and part != "**" for part in _split(pattern, of)):
        return "`**` stands for whole segments and must be one by itself"
    return ""


def shape(pattern: str, of: str) -> tuple[str, str]:
    """The cheapest test that decides a pattern: (exact | under | below | prefix | suffix | glob, text).

    `under` is the text itself or anything in it (`text.**`), `below` the text itself or any last segments
    (`**.text`); `prefix` and `suffix` exist on plain text only.
    """
    if not is_glob(pattern):
        return "exact", pattern
    if not SEPARATORS[of]:
        return _plain_shape(pattern)
    parts = _split(pattern, of)
    if parts[-1] == "**" and len(parts) > 1 and not is_glob(pattern[:-3]):
        return "under", pattern[:-3]
    if parts[0] == "**" and len(parts) > 1 and not is_glob(pattern[3:]):
        return "below", pattern[3:]
    return "glob", pattern


def roots(patterns: Iterable[str]) -> list[str] | None:
    """The first segments of dotted patterns, one of which is that of whatever they cover; None when some has none."""
    found = {pattern.partition(".")[0] for pattern in patterns}
    return None if any(map(is_glob, found)) else sorted(found)


def _plain_shape(pattern: str) -> tuple[str, str]:
    stripped = pattern.rstrip("*")
    if stripped != pattern and not is_glob(stripped):
        return "prefix", stripped
    stripped = pattern.lstrip("*")
    if stripped != pattern and not is_glob(stripped):
        return "suffix", stripped
    return "glob", pattern


def glob_literal(pattern: str, of: str) -> str:
    """The longest text that every value covered by a glob has in it, empty when there is none."""
    parts = re.split(f"[*?{re.escape(SEPARATORS[of])}]", pattern)
    return max(parts, key=len)


def compile_glob(pattern: str, of: str) -> Test:
    """What tells whether a pattern covers a whole value."""
    separators = SEPARATORS[of]
    kind, text = shape(pattern, of)
    simple = _simple(kind, text, separators)
    if simple is not None:
        return simple
    if not separators:
        return _segment(pattern)
    tests = [None if part == "**" else _segment(part) for part in _collapsed(_split(pattern, of))]
    needed = glob_literal(pattern, of)  # faster seen than walked to
    if len(separators) == 1:
        return lambda value: needed in value and _match(tests, value.split(separators))
    walked = _two_separators(pattern, tests, separators)
    return lambda value: needed in value and walked(value)


def _simple(kind: str, text: str, separators: str) -> Test | None:
    if kind == "exact":
        return lambda value: value == text
    if kind == "prefix":
        return lambda value: value.startswith(text)
    if kind == "suffix":
        return lambda value: value.endswith(text)
    if kind == "under":
        heads = tuple(text + each for each in separators)
        return lambda value: value == text or value.startswith(heads)
    if kind == "below":
        tails = tuple(each + text for each in separators)
        return lambda value: value == text or value.endswith(tails)
    return None


def _two_separators(pattern: str, tests: Sequence[Test | None], separators: str) -> Test:
    """A test for values with several separators: a written one is taken literally, `**` spans all.

    Each segment of pattern and value carries the separator before it. After `**` any separator will do.
    """
    cut = re.compile(f"([{re.escape(separators)}])")
    written = _collapsed_pairs(cut.split(pattern))

    def test(value: str) -> bool:
        pieces = cut.split(value)
        segments = list(zip(["", *pieces[1::2]], pieces[::2], strict=True))
        return _match_pairs(tests, written, segments)

    return test


def _collapsed_pairs(pieces: list[str]) -> list[str]:
    """The separator before each segment of a pattern, empty where any will do."""
    separators: list[str] = []
    previous = ""
    for separator, segment in zip(["", *pieces[1::2]], pieces[::2], strict=True):
        if segment == "**" and previous == "**":
            continue
        separators.append("" if "**" in (segment, previous) else separator)
        previous = segment
    return separators


def _match_pairs(tests: Sequence[Test | None], written: list[str], segments: list[tuple[str, str]]) -> bool:
    def fits(at: int, segment: tuple[str, str]) -> bool:
        test = tests[at]
        return test is not None and written[at] in ("", segment[0]) and test(segment[1])

    return _walk(tests, segments, fits)


def _match(tests: Sequence[Test | None], segments: list[str]) -> bool:
    def fits(at: int, segment: str) -> bool:
        test = tests[at]
        return test is not None and test(segment)

    return _walk(tests, segments, fits)


def _walk(tests: Sequence[Test | None], segments: Sequence[T], fits: Callable[[int, T], bool]) -> bool:
    """Match segments one by one; on a failure the last `**` takes one segment more."""
    at = seen = 0
    star, resume = -1, 0
    while seen < len(segments):
        if at < len(tests) and tests[at] is None:
            star, resume = at, seen
            at += 1
        elif at < len(tests) and fits(at, segments[seen]):
            at += 1
            seen += 1
        elif star >= 0:
            resume += 1
            at, seen = star + 1, resume
        else:
            return False
    return all(test is None for test in tests[at:])


def _split(pattern: str, of: str) -> list[str]:
    separators = SEPARATORS[of]
    if len(separators) == 1:
        return pattern.split(separators)
    return re.split(f"[{re.escape(separators)}]", pattern)


def _collapsed(parts: list[str]) -> list[str]:
    return [part for at, part in enumerate(parts) if part != "**" or at == 0 or parts[at - 1] != "**"]


def _segment(pattern: str) -> Test:
    """A test of one segment, or of a whole plain value."""
    if not is_glob(pattern):
        return lambda value: value == pattern
    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    if pattern == "*":
        return lambda value: True
    if "?" not in pattern:
        return _stars(pattern.split("*"))
    return lambda value: _wild(pattern, value)


def _stars(parts: list[str]) -> Test:
    """A test for literals in order with anything between them."""
    first, last, middle = parts[0], parts[-1], parts[1:-1]
    least = sum(map(len, parts))

    def test(value: str) -> bool:
        if len(value) < least or not (value.startswith(first) and value.endswith(last)):
            return False
        at, end = len(first), len(value) - len(last)
        for part in middle:
            found = value.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return at <= end

    return test


def _wild(pattern: str, value: str) -> bool:
    """Match `*` and `?`; on a failure the last star takes one character more."""
    at = seen = 0
    star, resume = -1, 0
    while seen < len(value):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, seen
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", value[seen]):
            at += 1
            seen += 1
        elif star >= 0:
            resume += 1
            at, seen = star + 1, resume
        else:
            return False
    return not pattern[at:].strip("*")
