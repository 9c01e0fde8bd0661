"""The truth tables: True, False, and None for unknown."""

from __future__ import annotations

import operator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Truth = bool | None

COMPARISONS: Mapping[str, Callable[[object, object], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,  # type: ignore[dict-item]
    "<=": operator.le,  # type: ignore[dict-item]
    ">": operator.gt,  # type: ignore[dict-item]
    ">=": operator.ge,  # type: ignore[dict-item]
}
OPPOSITE: Mapping[str, str] = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def conjunction(values: Iterable[Truth]) -> Truth:
    """False if any is false, else unknown if any is unknown, else true."""
    unknown = False
    for value in values:
        if value is False:
            return False
        unknown = unknown or value is None
    return None if unknown else True


def disjunction(values: Iterable[Truth]) -> Truth:
    """True if any is true, else unknown if any is unknown, else false."""
    unknown = False
    for value in values:
        if value is True:
            return True
        unknown = unknown or value is None
    return None if unknown else False


def negation(value: Truth) -> Truth:
    """True and false change places; unknown stays."""
    return None if value is None else not value


def any_of(true: int, unknown: int, incomplete: bool) -> Truth:
    """Whether any item satisfies, from how many do and may; `incomplete` says that items may be missing."""
    if true:
        return True
    return None if unknown or incomplete else False


def all_of(false: int, unknown: int, incomplete: bool) -> Truth:
    """Whether all items satisfy, from how many do not and may not."""
    if false:
        return False
    return None if unknown or incomplete else True


def count_of(true: int, unknown: int, incomplete: bool, op: str, number: int) -> Truth:
    """Whether the number of items that satisfy compares as asked; it lies in [true, true + unknown] or above."""
    high = None if incomplete else true + unknown
    if op == "==":
        return _equal(true, high, number)
    if op == "!=":
        return negation(_equal(true, high, number))
    if op in (">=", ">"):
        return _at_least(true, high, number + (op == ">"))
    return negation(_at_least(true, high, number + (op == "<=")))


def _equal(low: int, high: int | None, number: int) -> Truth:
    if low > number or (high is not None and high < number):
        return False
    return True if low == high else None


def _at_least(low: int, high: int | None, number: int) -> Truth:
    if low >= number:
        return True
    return False if high is not None and high < number else None


def outcome(when: Truth, unless: Truth = False) -> str:
    """What a rule says of a fact: match, noted (a match whose exception is unknown), suppressed, inconclusive
    or no-match.

    An exception that is unknown never hides a match.
    """
    if when is False:
        return "no-match"
    if unless is True:
        return "suppressed"
    if when is None:
        return "inconclusive"
    return "match" if unless is False else "noted"
