r"""Whether a regular expression takes exponential time: a part that repeats, of which one way through only repeats.

`(a+)+`, `(a*|b)*` and `(?:\s*)*` are of this kind; `(?:,\s*\w+)*` is not, since each turn begins with a comma. Only the
shape is looked at, with the syntax that Oniguruma and fancy-regex share; possessive and atomic parts never go back.
"""

from __future__ import annotations

import re

PATTERN_MAX = 16 * 1024  # characters
DEPTH_MAX = 200
ATOM = re.compile(
    r"\\[pP]\{[^}]{0,64}\}|\\x\{[^}]{0,16}\}|\\[xu][0-9A-Fa-f]{2,4}|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\]){0,512}+\]|[^()\[\]|*+?{}\\]",
    re.DOTALL,
)
TIMES = re.compile(r"(?:([*+])|(\?)|\{(\d*)(,?)(\d*)\})([+?]?)")
OPEN = re.compile(r"\((\?(?:[:=!>|]|<[=!]|<\w+>|P<\w+>|[a-zA-Z-]+:|[a-zA-Z-]+\)|#[^)]{0,256}\)))?")
SAFE = ("(?>", "(?=", "(?!", "(?<=", "(?<!")  # what is behind them is not tried again


class Group:
    """A group while it is read: whether an alternative of it only repeats, and what the present one has so far."""

    __slots__ = ("atomic", "begun", "loops", "only")

    def __init__(self, *, atomic: bool) -> None:
        self.atomic = atomic
        self.only = False  # an alternative does nothing but repeat
        self.loops = False  # the present one repeats something
        self.begun = False  # and has something that has to be there

    def end(self) -> None:
        """The present alternative ends."""
        self.only = self.only or (self.loops and not self.begun)
        self.loops = self.begun = False


def is_exponential(pattern: str) -> bool:
    """Whether a group that repeats without end has an alternative that does nothing but repeat."""
    groups = [Group(atomic=False)]
    at = 0
    while at < min(len(pattern), PATTERN_MAX):
        sign = pattern[at]
        opened = OPEN.match(pattern, at) if sign == "(" else None
        if opened is not None and not opened[0].endswith(")"):
            groups.append(Group(atomic=opened[0].startswith(SAFE)))
            if len(groups) > DEPTH_MAX:
                return False
            at = opened.end()
        elif sign == "|":
            groups[-1].end()
            at += 1
        elif sign == ")" and len(groups) > 1:
            at, bad = _closed(groups, pattern, at + 1)
            if bad:
                return True
        else:
            end = opened.end() if opened is not None else _atom(pattern, at)
            at = end if opened is not None else _counted(groups[-1], pattern, end)
    return False


def _atom(pattern: str, at: int) -> int:
    found = ATOM.match(pattern, at)
    return found.end() if found is not None else at + 1


def _times(pattern: str, at: int) -> tuple[int, bool, bool]:
    """Behind a quantifier: the place, whether it repeats without end and may go back, whether it may be nothing."""
    found = TIMES.match(pattern, at)
    if found is None:
        return at, False, False
    endless = bool(found[1]) or (bool(found[4]) and not found[5])
    nothing = found[1] == "*" or bool(found[2]) or (found[3] is not None and not (found[3] or "0").strip("0"))
    return found.end(), endless and found[6] != "+", nothing


def _counted(group: Group, pattern: str, at: int) -> int:
    """Take in an atom with its quantifier."""
    at, endless, nothing = _times(pattern, at)
    if endless:
        group.begun = group.begun or group.loops  # a second loop beside the first is quadratic at most
        group.loops = True
    elif not nothing:
        group.begun = True
    return at


def _closed(groups: list[Group], pattern: str, at: int) -> tuple[int, bool]:
    """A group ends: whether it repeats what only repeats."""
    inner = groups.pop()
    inner.end()
    at, endless, nothing = _times(pattern, at)
    outer = groups[-1]
    if inner.atomic:
        return at, False
    if endless and inner.only:
        return at, True
    if endless or inner.only:
        outer.begun = outer.begun or outer.loops
        outer.loops = True
    elif not nothing:
        outer.begun = True
    return at, False
