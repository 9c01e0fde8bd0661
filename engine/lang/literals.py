"""Texts that must occur wherever a pattern matches."""

from __future__ import annotations

import re

MAX_CHOICES = 32  # texts of which one must occur
LEAST = 3  # characters of a text that is worth looking for

_ESCAPES = frozenset("dwsDWSbBAztnrfva")  # one character each, and no text
_TOKEN = re.compile(
    r"\\(?P<escape>.)|(?P<klass>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<open>\((?:\?P?<\w+>|\?[^:()]*:|(?!\?)))"
    r"|(?P<flags>\(\?[a-zA-Z-]*\))|(?P<close>\))|(?P<bar>\|)|(?P<times>[*+?]|\{\d+(?:,\d*)?\})|(?P<edge>[.^$])"
    r"|(?P<char>[^\\\[({])",
    re.DOTALL,
)
_ODD = re.compile(r"\[:|\\[xpPQEC0-9]|\(\?[a-zA-Z-]*i")  # what is not taken apart


def regex_literals(pattern: str) -> list[str]:
    """Texts of which one is in everything that a regular expression matches; empty when none are known."""
    if _ODD.search(pattern):
        return []
    try:
        found = _Parts(pattern).alternatives()
    except _NotUnderstoodError:
        return []
    return sorted(found) if found and len(found) <= MAX_CHOICES and min(map(len, found)) >= LEAST else []


class _NotUnderstoodError(Exception):
    pass


class _Parts:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.depth = 0

    def token(self) -> re.Match[str] | None:
        """The next token, None at the end."""
        if self.at >= len(self.pattern):
            return None
        match = _TOKEN.match(self.pattern, self.at)
        if match is None:
            raise _NotUnderstoodError
        self.at = match.end()
        return match

    def alternatives(self) -> frozenset[str] | None:
        """What one of the choices up to the end or the closing parenthesis needs."""
        choices: list[frozenset[str] | None] = []
        while True:
            run = _Run()
            last = self.sequence(run)
            choices.append(run.best())
            if last != "bar":
                break
        if (last == "close") is not (self.depth > 0):
            raise _NotUnderstoodError
        if any(choice is None for choice in choices):
            return None
        return frozenset().union(*(choice for choice in choices if choice is not None))

    def sequence(self, run: _Run) -> str:
        """Take in a sequence, and say what ended it."""
        while (match := self.token()) is not None:
            kind = str(match.lastgroup)
            if kind in ("bar", "close"):
                return kind
            if kind == "open":
                self.depth += 1
                if self.depth > 32:
                    raise _NotUnderstoodError
                inner = self.alternatives()
                self.depth -= 1
                run.group(inner)
            elif kind == "times":
                run.repeat(match.group())
            else:
                run.piece(kind, match)
        return "end"


class _Run:
    """The texts that a sequence needs."""

    def __init__(self) -> None:
        self.text = ""
        self.found: list[frozenset[str]] = []
        self.last: frozenset[str] | None = None  # what a group just before needs

    def piece(self, kind: str, match: re.Match[str]) -> None:
        """A character, or something that matches others."""
        self.settle()
        if kind == "char":
            self.text += match.group()
            return
        escaped = match.group("escape")
        if escaped is not None and not escaped.isalnum():
            self.text += escaped
            return
        if escaped is not None and escaped not in _ESCAPES:
            raise _NotUnderstoodError
        self.cut()

    def group(self, needs: frozenset[str] | None) -> None:
        """A group, of which something may come after that makes it optional."""
        self.cut()
        self.last = needs

    def repeat(self, times: str) -> None:
        """The piece just before may come more or fewer times."""
        optional = times in ("*", "?") or re.match(r"\{0*[,}]", times) is not None
        if self.last is not None and optional:
            self.last = None
        if self.text:
            if optional:
                self.text = self.text[:-1]
            self.cut()

    def settle(self) -> None:
        """A group just before is needed."""
        if self.last is not None:
            self.found.append(self.last)
            self.last = None

    def cut(self) -> None:
        """A run of characters ends."""
        self.settle()
        if self.text:
            self.found.append(frozenset((self.text,)))
        self.text = ""

    def best(self) -> frozenset[str] | None:
        """The needed texts of which the shortest is longest."""
        self.cut()
        return max(self.found, key=lambda texts: (min(map(len, texts)), -len(texts)), default=None)
