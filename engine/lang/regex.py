"""Regular expressions of the language: RE2, linear in the text, bounded in memory."""

from __future__ import annotations

import functools
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Compiled = Any

MAX_PATTERN = 4 * 1024  # characters
MAX_MEMORY = 8 << 20  # bytes that one compiled pattern may take

_LITERAL = re.compile(r"(\^?)((?:[A-Za-z0-9_ /:;,@=<>!\"'#%&~`-]|\\[^A-Za-z0-9\s])*)(\$?)\Z")
_UNSUPPORTED = (
    ("(?=", "look-ahead"),
    ("(?!", "look-ahead"),
    ("(?<=", "look-behind"),
    ("(?<!", "look-behind"),
    ("(?>", "atomic group"),
    ("(?(", "conditional group"),
    ("(?P=", "back-reference"),
    ("(?#", "comment"),
    ("(?R", "recursion"),
)
_NAMES = {
    "missing ]": "a `[` is not closed",
    "missing )": "a `(` is not closed",
    "unexpected )": "a `)` closes nothing",
    "missing argument to repetition operator": "nothing to repeat",
    "invalid repetition size": "at most 1,000 repetitions, also where they multiply",
    "bad repetition operator": "two repetitions in a row",
    "trailing \\": "a single `\\` at the end",
    "invalid character class range": "a range runs backwards",
    "pattern too large": "the pattern needs more than 8 MiB of memory",
}


class RegexProblem:
    """Why a pattern is refused; `start` and `length` are the place in the pattern."""

    __slots__ = ("code", "help", "length", "message", "start")

    def __init__(self, code: str, message: str, start: int = 0, length: int = 0, hint: str = "") -> None:
        self.code, self.message, self.start, self.length, self.help = code, message, start, length, hint


def check(pattern: str) -> RegexProblem | None:
    """What is wrong with a pattern (E221 not linear-time, E222 invalid, E223 too long), None when nothing is."""
    if len(pattern) > MAX_PATTERN:
        return RegexProblem("E223", "the pattern is longer than 4 KiB", hint="use several, or a list")
    import re2

    try:
        _compile(pattern)
    except re2.error as error:
        said = error.args[0]
        return _explain(pattern, said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said))
    return None


def _explain(pattern: str, said: str) -> RegexProblem:
    unsupported = _unsupported(pattern)
    if unsupported is not None:
        start, word, name = unsupported
        message = f"{name} `{word}` is not linear-time and not supported"
        hint = "patterns are RE2: say it with two conditions, such as `matches … and not … matches …`"
        return RegexProblem("E221", message, start, len(word), hint)
    reason, _, part = said.partition(": ")
    words = _NAMES.get(reason, reason)
    if part and reason in ("invalid escape sequence", "invalid perl operator"):
        words = f"`{part}` is not part of RE2"
    start = max(0, pattern.find(part)) if part else 0
    return RegexProblem("E222", f"the pattern is not valid: {words}", start, len(part) if part in pattern else 0)


def _unsupported(pattern: str) -> tuple[int, str, str] | None:
    """The first construct that cannot be matched in linear time, outside of classes and escapes."""
    at, in_class = 0, False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            if not in_class and pattern[at + 1 : at + 2] in tuple("123456789k"):
                return at, pattern[at : at + 2], "back-reference"
            at += 2
            continue
        if in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
            at += 2 if pattern[at + 1 : at + 2] == "]" else 1
            continue
        else:
            for word, name in _UNSUPPORTED:
                if pattern.startswith(word, at):
                    return at, word, name
        at += 1
    return None


@functools.lru_cache(maxsize=4096)
def _compile(pattern: str) -> Compiled:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    return re2.compile(pattern.encode("utf-8", "backslashreplace"), options)


def literal(pattern: str) -> tuple[str, str] | None:
    """The operator and text that a pattern comes to when it has nothing special: ==, startswith, endswith, contains."""
    match = _LITERAL.match(pattern)
    if match is None:
        return None
    text = re.sub(r"\\(.)", r"\1", match.group(2))
    operators = {("^", "$"): "==", ("^", ""): "startswith", ("", "$"): "endswith", ("", ""): "contains"}
    return operators[match.group(1), match.group(3)], text


def searcher(pattern: str) -> Callable[[str], bool]:
    """What tells whether a pattern occurs in a text; compiles at the first use."""
    simple = literal(pattern)
    if simple is not None:
        return _literal_searcher(*simple)
    compiled: Compiled = None

    def search(text: str) -> bool:
        nonlocal compiled
        if compiled is None:
            compiled = _compile(pattern)
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
    return any(match.end() < len(data) for match in _compile(pattern).finditer(data))
