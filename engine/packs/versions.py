"""Versions such as `1.2`, `2026.11.0` or `1.0rc1`, and ranges such as `>=1.0,<2`."""

from __future__ import annotations

import re

from modelaudit.engine.errors import ModelAuditError

_VERSION = re.compile(r"v?([0-9]{1,9}(?:\.[0-9]{1,9}){0,9})(?:[-_.]?(dev|a|alpha|b|beta|rc|post)[-_.]?([0-9]{0,9}))?")
_CLAUSE = re.compile(r"(>=|<=|==|!=|>|<)\s*(\S+)")
_STAGES = {"dev": -4, "a": -3, "alpha": -3, "b": -2, "beta": -2, "rc": -1, "post": 1}


class VersionError(ModelAuditError):
    """A version or a range that does not read as one."""


def version_key(text: str) -> tuple[tuple[int, ...], int, int]:
    """What versions sort by: `1.0` equals `1`, `1.0rc1` comes before it, `1.0.post1` after it.

    Refuses whatever is not a version with a `VersionError`.
    """
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        raise VersionError(f"`{text}` is not a version such as `1.2` or `2026.11.0`")
    numbers = [int(part) for part in match.group(1).split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers), _STAGES.get(match.group(2) or "", 0), int(match.group(3) or 0)


def in_range(version: str, wanted: str) -> bool:
    """Whether a version fits a range: clauses joined by commas, all of which must hold.

    Refuses whatever is not a range with a `VersionError`.
    """
    key = version_key(version)
    fits = [_holds(key, clause) for clause in wanted.split(",")]
    return all(fits)


def _holds(key: tuple[tuple[int, ...], int, int], clause: str) -> bool:
    match = _CLAUSE.fullmatch(clause.strip())
    if match is None:
        raise VersionError(f"`{clause.strip()}` is not a clause such as `>=1.0`; clauses are joined by commas")
    operator, bound = match.group(1), version_key(match.group(2))
    return {
        ">=": key >= bound,
        "<=": key <= bound,
        "==": key == bound,
        "!=": key != bound,
        ">": key > bound,
        "<": key < bound,
    }[operator]
