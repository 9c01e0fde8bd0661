"""The look-ups of a table that few rule sets need at every start: inequality, parts of texts, orders, patterns."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from modelaudit.engine.index.table import FEW
from modelaudit.engine.lang.globs import SEPARATORS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.lang.lists import Matcher
    from modelaudit.engine.lang.tests import Test

    Json = Any
    Value = Any
    Lists = Mapping[str, Matcher]
    Search = Callable[[Value], Iterable[int]]
    Texts = Mapping[str, list[int]]

ATOM = 4  # characters of an atom, as the builder makes them
MANY = 256  # regular expressions that are tried together


def unequal(doc: Json, lists: Lists) -> Search:
    """Rules that ask for a value to be none of some constants."""
    rules = frozenset(doc["rules"])
    left_out: dict[Value, set[int]] = {text: set(numbers) for text, numbers in doc["texts"].items()}
    for constant, number in doc["others"]:
        key = constant["bytes"].encode("latin-1") if isinstance(constant, dict) else constant
        left_out.setdefault(key, set()).add(number)
    return lambda value: rules - left_out[value] if value in left_out else rules


def under(doc: Json, lists: Lists) -> Search:
    """Rules that ask for a name or anything in it (`name.**`)."""
    return _by_segments(doc, _heads)


def below(doc: Json, lists: Lists) -> Search:
    """Rules that ask for a name or its last segments (`**.name`)."""
    return _by_segments(doc, _tails)


def _by_segments(doc: Json, parts: Callable[[str, str], Iterable[str]]) -> Search:
    tables: list[tuple[str, Texts]] = [(SEPARATORS[of], table) for of, table in doc.items()]

    def find(value: Value) -> Iterable[int]:
        text = _text(value)
        return [n for by, table in tables for part in parts(text, by) if part in table for n in table[part]]

    return find


def _heads(text: str, separators: str) -> Iterator[str]:
    """The text, and its beginnings up to each separator."""
    yield text
    for separator in separators:
        at = text.find(separator)
        while at >= 0:
            yield text[:at]
            at = text.find(separator, at + 1)


def _tails(text: str, separators: str) -> Iterator[str]:
    """The text, and its ends after each separator."""
    yield text
    for separator in separators:
        at = text.find(separator)
        while at >= 0:
            yield text[at + 1 :]
            at = text.find(separator, at + 1)


def prefix(doc: Json, lists: Lists) -> Search:
    """Rules that ask for a beginning: one look-up for each length."""
    lengths = sorted({len(text) for text in doc})

    def find(value: Value) -> Iterable[int]:
        text, found = _text(value), []
        for length in lengths:
            if length > len(text):
                break
            if text[:length] in doc:
                found += doc[text[:length]]
        return found

    return find


def suffix(doc: Json, lists: Lists) -> Search:
    """Rules that ask for an end."""
    lengths = sorted({len(text) for text in doc})

    def find(value: Value) -> Iterable[int]:
        text, found = _text(value), []
        for length in lengths:
            if length > len(text):
                break
            if text[-length:] in doc:
                found += doc[text[-length:]]
        return found

    return find


def contains(doc: Json, lists: Lists) -> Search:
    """Rules that ask for a text anywhere: atoms of the value say which texts to look for."""
    texts: list[tuple[str, list[int]]] = [(text, rules) for atom in doc.values() for text, rules in atom]
    lengths = sorted({len(atom) for atom in doc})

    def one_by_one(value: Value) -> Iterable[int]:
        if type(value) is str and value.isascii():  # as nearly every one is
            return [n for text, rules in texts if text in value for n in rules]
        probes = _probes(value)
        return [n for text, rules in texts if any(text in probe for probe in probes) for n in rules]

    def by_atoms(value: Value) -> Iterable[int]:
        found: list[int] = []
        for probe in _probes(value):
            for length in lengths:
                windows = {probe[at : at + length] for at in range(len(probe) - length + 1)}
                for atom in windows & doc.keys():
                    found += [n for text, rules in doc[atom] if text in probe for n in rules]
        return found

    return one_by_one if len(texts) <= FEW else by_atoms


def orders(doc: Json, lists: Lists) -> Search:
    """Rules that ask for a value below or above a number: sorted bounds."""
    bounds: dict[str, tuple[list[Value], list[int]]] = {}
    for op in ("<", "<=", ">", ">="):
        pairs = sorted((bound, number) for word, bound, number in doc if word == op)
        if pairs:
            bounds[op] = [bound for bound, _ in pairs], [number for _, number in pairs]

    def find(value: Value) -> Iterable[int]:
        found: list[int] = []
        for op, (numbers, rules) in bounds.items():
            if op == ">":
                found += rules[: bisect_left(numbers, value)]
            elif op == ">=":
                found += rules[: bisect_right(numbers, value)]
            elif op == "<":
                found += rules[bisect_right(numbers, value) :]
            else:
                found += rules[bisect_left(numbers, value) :]
        return found

    return find


def tests(doc: Json, lists: Lists) -> Search:
    """Rules that ask for what only the test itself can tell, put once for all of them."""
    made = [(_exact(leaf, lists), leaf.get("neg", False), rules) for leaf, rules in doc]
    return lambda value: [n for test, negated, rules in made if test.whole(value) is not negated for n in rules]


def _exact(leaf: Json, lists: Lists) -> Test:
    from modelaudit.engine.lang import tests as texts
    from modelaudit.engine.lang.linker import constant_of

    op, right = leaf["op"], leaf["right"]
    if "list" in right:
        return texts.texts(op, lists[right["list"]].items)
    if op == "glob":
        return texts.globs_test(right["globs"], right["of"])
    if op == "matches":
        return texts.regexes_test(right["regexes"])
    return texts.texts(op, [constant_of(item) for item in right["items"]])


def regexes(doc: Json, lists: Lists) -> Search:
    """Rules that ask for a regular expression of which no text is known: many in one, then those of a hit."""
    from modelaudit.engine.lang.regex import compile_regex

    patterns = list(doc)
    parts = [_together(patterns[at : at + MANY]) for at in range(0, len(patterns), MANY)]
    blocks = [block for part in parts for block in part]

    def find(value: Value) -> Iterable[int]:
        data = _text(value).encode("utf-8", "backslashreplace")
        found: list[int] = []
        for united, members in blocks:
            if len(members) == 1 or compile_regex(united).search(data) is not None:
                found += [n for each in members if compile_regex(each).search(data) is not None for n in doc[each]]
        return found

    return find


def _together(patterns: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
    """Patterns as choices of one, in smaller blocks where that is too large."""
    import re2

    from modelaudit.engine.lang.regex import compile_regex

    united = "|".join(f"(?:{pattern})" for pattern in patterns)
    if len(patterns) == 1:
        return [(united, patterns)]
    try:
        compile_regex(united)
    except re2.error:
        half = len(patterns) // 2
        return [*_together(patterns[:half]), *_together(patterns[half:])]
    return [(united, patterns)]


def _text(value: Value) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _probes(value: Value) -> Sequence[str]:
    """The text, and as regular expressions see it where that is another one."""
    text = _text(value)
    if text.isascii():
        return (text,)
    seen = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return (text,) if seen == text else (text, seen)
