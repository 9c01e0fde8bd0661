"""Tests of a text against patterns, for whole texts and for the kept beginning of a cut one."""

from __future__ import annotations

from modelaudit.engine.lang import globs
from modelaudit.engine.lang.logic import disjunction
from modelaudit.engine.lang.values import Cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Json = Any
    Value = Any
    Truth = bool | None


class Test:
    """A test: `whole` decides a text; `cut` decides by the kept beginning, None when it cannot."""

    __slots__ = ("cut", "whole")
    __test__ = False  # not a test of this product

    def __init__(self, whole: Callable[[Value], bool], cut: Callable[[Value], Truth]) -> None:
        self.whole = whole
        self.cut = cut


def negate(value: Truth, negated: bool) -> Truth:
    """The value, or its negation."""
    return value if value is None else value is not negated


def lazy(make: Callable[[], Test]) -> Test:
    """A test that is made when it is first used."""
    made: list[Test] = []

    def get() -> Test:
        if not made:
            made.append(make())
        return made[0]

    return Test(lambda value: get().whole(value), lambda kept: get().cut(kept))


def texts(op: str, items: Sequence[Value]) -> Test:
    """`contains`, `startswith` or `endswith` any of these."""
    if op == "contains":
        return Test(_contains(items), lambda kept: True if any(_hits(kept, item) for item in items) else None)
    all_items = tuple(items)
    if op == "startswith":
        return Test(lambda value: bool(value.startswith(all_items)), _cut_startswith(all_items))
    return Test(lambda value: bool(value.endswith(all_items)), lambda kept: None)


def _contains(items: Sequence[Value]) -> Callable[[Value], bool]:
    if len(items) == 1:
        only = items[0]
        return lambda value: only in value
    return lambda value: any(item in value for item in items)


def _hits(kept: Value, item: Value) -> bool:
    """Whether the item occurs in the kept text without touching its end."""
    at = kept.find(item)
    return bool(0 <= at < len(kept) - len(item))


def _cut_startswith(items: tuple[Value, ...]) -> Callable[[Value], Truth]:
    def test(kept: Value) -> Truth:
        if kept.startswith(items):
            return True
        return None if any(item.startswith(kept) for item in items) else False

    return test


def globs_test(patterns: Sequence[str], of: str) -> Test:
    """Covered by any of these globs."""
    found = [globs.compile_glob(pattern, of) for pattern in patterns]
    shapes = [globs.shape(pattern, of) for pattern in patterns]
    if len(found) == 1:
        return Test(_decoded(found[0]), lambda kept: _cut_as(*shapes[0], kept))
    return Test(
        _decoded(lambda value: any(test(value) for test in found)),
        lambda kept: disjunction(_cut_as(*shape, kept) for shape in shapes),
    )


def regexes_test(prepared: Sequence[Json]) -> Test:
    """Any of these regular expressions occurs."""
    from modelaudit.engine.lang import regex

    found = [regex.searcher(each) for each in prepared]

    def cut(kept: Value) -> Truth:
        text = _text(kept)
        return disjunction(
            _cut_as(each["op"], each["text"], text) if "op" in each else regex.search_cut(each["regex"], text) or None
            for each in prepared
        )

    return Test(_decoded(lambda value: any(test(value) for test in found)), cut)


def _cut_as(op: str, item: str, kept: Value) -> Truth:
    """What the kept part of a cut text says of a pattern that comes to a plain text."""
    text = _text(kept)
    if op in ("==", "exact"):
        return cut_equal(text, item)
    if op in ("startswith", "prefix"):
        return _cut_startswith((item,))(text)
    return True if op == "contains" and _hits(text, item) else None


def _text(value: Value) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _decoded(test: Callable[[str], bool]) -> Callable[[Value], bool]:
    return lambda value: test(value if isinstance(value, str) else _text(value))


def cut_equal(kept: Value, constant: Value) -> Truth:
    """Whether a text that begins with `kept` and goes on is the constant."""
    if len(kept) > len(constant) or not constant.startswith(kept):
        return False
    return None


def cut_in(kept: Value, values: Iterable[Value]) -> Truth:
    """Whether a text that begins with `kept` and goes on is one of these."""
    return None if any(cut_equal(kept, value) is None for value in values) else False


def cut_compare(op: str, left: Value, right: Value) -> Truth:
    """A comparison with a cut text: only a difference within the kept part decides."""
    if op not in ("==", "!="):
        return None
    if type(left) is Cut and type(right) is Cut:
        shorter = min(len(left.kept), len(right.kept))
        same: Truth = None if left.kept[:shorter] == right.kept[:shorter] else False
    elif type(left) is Cut:
        same = cut_equal(left.kept, right)
    else:
        same = cut_equal(right.kept, left)
    return negate(same, op == "!=")
