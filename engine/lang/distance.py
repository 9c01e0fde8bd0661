"""Edit distance: insertions, deletions, changes, and swaps of two neighbours."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_TEXT = 128  # characters up to which any two texts are compared


def within(left: str, right: str, limit: int) -> int:
    """The distance of two texts, or `limit + 1` when it is greater than `limit`.

    Takes time in proportion to the shorter text × the limit.
    """
    if left == right:
        return 0
    if abs(len(left) - len(right)) > limit or limit <= 0:
        return max(limit, 0) + 1
    beyond = limit + 1
    before: list[int] = []
    row = [min(at, beyond) for at in range(len(right) + 1)]
    for number, char in enumerate(left, 1):
        before, row = row, _next_row(left, right, number, char, (before, row), limit)
        if min(row) > limit:
            return beyond
    return min(row[-1], beyond)


def _next_row(
    left: str, right: str, number: int, char: str, rows: tuple[list[int], list[int]], limit: int
) -> list[int]:
    older, above = rows
    beyond = limit + 1
    row = [beyond] * (len(right) + 1)
    if number <= limit:
        row[0] = number
    for at in range(max(1, number - limit), min(len(right), number + limit) + 1):
        other = right[at - 1]
        cost = min(above[at - 1] + (char != other), above[at] + 1, row[at - 1] + 1)
        if number > 1 and at > 1 and char == right[at - 2] and left[number - 2] == other:
            cost = min(cost, older[at - 2] + 1)
        row[at] = min(cost, beyond)
    return row


def closest(value: str, names: Iterable[str]) -> str | None:
    """The name with the smallest distance, the first of several; None for a long text, or when there are none."""
    if len(value) > MAX_TEXT:
        return None
    best, least = None, max(len(value), MAX_TEXT) + 1
    for name in names:
        found = within(value, name, least - 1)
        if found < least:
            best, least = name, found
            if not found:
                break
    return best
