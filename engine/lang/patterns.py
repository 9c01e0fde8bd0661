"""Regular expressions as they are compiled: which are refused, and what decides them without RE2."""

from __future__ import annotations

import re

from modelaudit.engine.lang.literals import regex_literals
from modelaudit.engine.lang.regex import compile_regex

MAX_PATTERN = 4 * 1024  # characters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Json = Any

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
        compile_regex(pattern)
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


def prepare(pattern: str) -> Json:
    """A pattern in compiled form.

    `regex` is the pattern itself. `op` and `text` say what it comes to when it has nothing special; `heads` are
    beginnings of which a text must have one, `needs` texts of which it must have one somewhere, with `folded` whatever
    their case.
    """
    simple = literal(pattern)
    if simple is not None:
        return {"regex": pattern, "op": simple[0], "text": simple[1]}
    heads = prefixes(pattern)
    if heads:
        return {"regex": pattern, "heads": list(heads)}
    flags = _FLAGS.match(pattern)
    needs = regex_literals(pattern[flags.end() :] if flags else pattern)
    if not needs or (flags and not all(map(str.isascii, needs))):
        return {"regex": pattern}
    if flags:
        return {"regex": pattern, "needs": [need.lower() for need in needs], "folded": True}
    return {"regex": pattern, "needs": needs}


_FLAGS = re.compile(r"\(\?(?:i|is|si)\)")  # case does not matter


def literal(pattern: str) -> tuple[str, str] | None:
    """The operator and text that a pattern comes to when it has nothing special: ==, startswith, endswith, contains."""
    match = _LITERAL.match(pattern)
    if match is None:
        return None
    text = re.sub(r"\\(.)", r"\1", match.group(2))
    operators = {("^", "$"): "==", ("^", ""): "startswith", ("", "$"): "endswith", ("", ""): "contains"}
    return operators[match.group(1), match.group(3)], text


def prefixes(pattern: str) -> tuple[str, ...]:
    """Beginnings of which a text must have one for an anchored pattern to occur; empty when none are known."""
    match = _ANCHORED.match(pattern)
    if match is None or _has_choice(pattern):
        return ()
    heads = tuple(_plain(each) for each in (match.group(1) or "").split("|"))
    tail = match.group(2)
    if _QUANTIFIED.match(pattern, match.end()):
        if not tail:
            return ()
        tail = _LAST.sub("", tail)
    found = tuple(head + _plain(tail) for head in heads)
    return found if all(found) else ()


_ANCHORED = re.compile(r"\^(?:\(\?:((?:[\w|]|\\[^\w\s])*)\)(?![*+?{]))?((?:[\w/:,@-]|\\[^\w\s])*)", re.ASCII)
_QUANTIFIED = re.compile(r"[*+?{]")
_LAST = re.compile(r"(?:\\.|.)\Z")


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _has_choice(pattern: str) -> bool:
    """Whether a `|` stands outside of all groups, or the pattern is too involved to tell."""
    depth = 0
    for piece in _PIECE.findall(pattern):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth -= 1
        elif piece == "|" and depth <= 0:
            return True
    return False


_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]|[()|]", re.DOTALL)
