"""Turns compiled conditions into nested functions."""

from __future__ import annotations

from modelaudit.engine.lang import tests
from modelaudit.engine.lang.logic import COMPARISONS
from modelaudit.engine.lang.values import UNKNOWN, Cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.lang.evaluate import Env, Getter, Observe, Predicate, Truth, Value
    from modelaudit.engine.lang.lists import Matcher

    Json = Any

QUANTIFIERS = frozenset(("any", "all", "none", "count"))


class Linker:
    """Links one program, leaf by leaf in the order of their numbers."""

    def __init__(self, lists: Mapping[str, Matcher], observe: Observe | None = None) -> None:
        self.lists = lists
        self.observe = observe
        self.number = 0

    # Conditions

    def condition(self, program: Json) -> Predicate:
        """A condition as a function."""
        op = program["op"]
        if op == "and":
            return _and([self.condition(item) for item in program["of"]])
        if op == "or":
            return _or([self.condition(item) for item in program["of"]])
        if op == "not":
            return _not(self.condition(program["of"]))
        if op in QUANTIFIERS:
            from modelaudit.engine.lang.quantify import quantifier

            return quantifier(self, program)
        return self.leaf(program)

    def leaf(self, program: Json) -> Predicate:
        """A leaf as a function, which reports its value to whoever observes."""
        number = self.number
        self.number += 1
        test = self.test(program)
        observe = self.observe
        if observe is None:
            return _shared(program, test, self.lists)

        def observed(env: Env) -> Truth:
            value = test(env)
            observe(number, value)
            return value

        return observed

    def test(self, program: Json) -> Predicate:
        """A leaf's own test."""
        op = program["op"]
        if op == "const":
            value: Truth = program["value"]
            return lambda env: value
        if op == "has":
            return _has(self.path(program["path"]))
        left = self.value(program["left"])
        if op == "is":
            return _is(left)
        if op in COMPARISONS:
            return self.comparison(op, left, program["right"])
        if op in ("in", "overlaps", "within"):
            return self.membership(op, left, program["right"], program.get("neg", False))
        return self.pattern(op, left, program["right"], program.get("neg", False))

    def comparison(self, op: str, left: Getter, right: Json) -> Predicate:
        """Two values compared."""
        if "lit" in right and op in ("==", "!="):
            return _equal_to(left, right["lit"], op == "!=")
        return _compare(op, left, self.value(right))

    def membership(self, op: str, left: Getter, right: Json, negated: bool) -> Predicate:
        """A value in a set, or a set against a set."""
        if "list" in right:
            finder = _contains(self.lists, right["list"])
            return _covered(left, finder, negated) if op == "in" else _sets_by(op, left, finder)
        if "items" in right:
            constants = frozenset([constant_of(item) for item in right["items"]])
            return _in_constants(left, constants, negated) if op == "in" else _sets(op, left, lambda env: constants)
        values = self.value(right)
        return _in(left, values, negated) if op == "in" else _sets(op, left, values)

    def pattern(self, op: str, left: Getter, right: Json, negated: bool) -> Predicate:
        """A text against patterns."""
        if "list" in right:
            if op in ("glob", "matches"):
                return _covered(left, _contains(self.lists, right["list"]), negated)
            name, lists = right["list"], self.lists
            return _text(left, tests.lazy(lambda: tests.texts(op, lists[name].items)), negated)
        if op == "glob":
            return _text(left, tests.globs_test(right["globs"], right["of"]), negated)
        if op == "matches":
            return _text(left, tests.regexes_test(right["regexes"]), negated)
        return _text(left, tests.texts(op, [constant_of(item) for item in right["items"]]), negated)

    # Values

    def value(self, term: Json) -> Getter:
        """A value as a function: UNKNOWN when it is not known, None when it is absent."""
        if "path" in term:
            return self.path(term["path"])
        if "lit" in term or "bytes" in term:
            constant = constant_of(term if "bytes" in term else term["lit"])
            return lambda env: constant
        if "call" in term:
            return self.call(term)
        if "items" in term:
            items = frozenset([constant_of(item) for item in term["items"]])
            return lambda env: items
        if "pred" in term:
            return _truth(self.condition(term["pred"]))
        raise ValueError(f"not a value: {sorted(term)}")

    def call(self, term: Json) -> Getter:
        """A function call."""
        from modelaudit.engine.lang.functions import FUNCTIONS, SHAPES

        if term["call"] in SHAPES:
            from modelaudit.engine.lang.shapes import getter

            value, shapes = term["args"]
            return getter(term["call"], self.value(value), shapes["list"], self.lists)
        function = FUNCTIONS[term["call"]]
        pairs = zip(term["args"], function.params, strict=False)
        args = [self.strings(arg) if param == "strings" else self.value(arg) for arg, param in pairs]
        return _called(function.call, function.keeps_cut, args)

    def strings(self, term: Json) -> Getter:
        """A list given to a function, or a set of texts."""
        if "list" not in term:
            return _names(self.value(term))
        name, lists = term["list"], self.lists
        return lambda env: lists[name]

    def path(self, path: Sequence[str | int]) -> Getter:
        """The value at a path."""
        from modelaudit.engine.lang.paths import getter

        return getter(path)


def _shared(leaf: Json, test: Predicate, lists: Mapping[str, Matcher]) -> Predicate:
    """The test of a leaf, whose answer is shared with other rules where it costs more than to remember it."""
    if leaf["op"] != "matches" and "call" not in leaf.get("left", ()) and "call" not in leaf.get("right", ()):
        return test
    from modelaudit.engine.lang.remember import remembered

    return remembered(leaf, test, lists)


def constant_of(item: Json) -> Value:
    """A constant; bytes are written as one character each."""
    if isinstance(item, dict):
        return item["bytes"].encode("latin-1")
    return item


def _contains(lists: Mapping[str, Matcher], name: str) -> Callable[[str], bool]:
    """The look-up of a list, which is built when it is first used."""
    found: list[Callable[[str], bool]] = []

    def contains(value: str) -> bool:
        if not found:
            found.append(lists[name].contains)
        return found[0](value)

    return contains


# Connectives


def _and(items: list[Predicate]) -> Predicate:
    if len(items) == 2:
        first, second = items

        def both(env: Env) -> Truth:
            left = first(env)
            if left is False:
                return False
            right = second(env)
            return right if left is True or right is False else None

        return both

    def conjunction(env: Env) -> Truth:
        result: Truth = True
        for item in items:
            value = item(env)
            if value is False:
                return False
            if value is None:
                result = None
        return result

    return conjunction


def _or(items: list[Predicate]) -> Predicate:
    def disjunction(env: Env) -> Truth:
        result: Truth = False
        for item in items:
            value = item(env)
            if value is True:
                return True
            if value is None:
                result = None
        return result

    return disjunction


def _not(item: Predicate) -> Predicate:
    def negation(env: Env) -> Truth:
        value = item(env)
        return None if value is None else not value

    return negation


# Leaves


def _has(get: Getter) -> Predicate:
    def has(env: Env) -> Truth:
        value = get(env)
        return None if value is UNKNOWN else value is not None

    return has


def _is(get: Getter) -> Predicate:
    def truth(env: Env) -> Truth:
        value = get(env)
        return None if value is UNKNOWN else value is True

    return truth


def _truth(condition: Predicate) -> Getter:
    def value(env: Env) -> Value:
        found = condition(env)
        return UNKNOWN if found is None else found

    return value


def _equal_to(get: Getter, constant: Value, negated: bool) -> Predicate:
    def equal(env: Env) -> Truth:
        value = get(env)
        if value is None:
            return False
        if value is UNKNOWN:
            return None
        if type(value) is Cut:
            return tests.negate(tests.cut_equal(value.kept, constant), negated)
        if value != value:  # not a number
            return False
        return (value == constant) is not negated

    return equal


def _compare(op: str, left: Getter, right: Getter) -> Predicate:
    compare = COMPARISONS[op]

    def compared(env: Env) -> Truth:
        a, b = left(env), right(env)
        if a is None or b is None:
            return False
        if a is UNKNOWN or b is UNKNOWN:
            return None
        if type(a) is Cut or type(b) is Cut:
            return tests.cut_compare(op, a, b)
        if a != a or b != b:  # not a number
            return False
        return compare(a, b)

    return compared


def _in_constants(get: Getter, constants: frozenset[Value], negated: bool) -> Predicate:
    def member(env: Env) -> Truth:
        value = get(env)
        if value is None:
            return False
        if value is UNKNOWN:
            return None
        if type(value) is Cut:
            return tests.negate(tests.cut_in(value.kept, constants), negated)
        if value != value:  # not a number
            return False
        return (value in constants) is not negated

    return member


def _in(get: Getter, values: Getter, negated: bool) -> Predicate:
    def member(env: Env) -> Truth:
        value, held = get(env), values(env)
        if value is None or held is None:
            return False
        if value is UNKNOWN or held is UNKNOWN:
            return None
        if type(value) is Cut:
            return tests.negate(tests.cut_in(value.kept, _kept(held)), negated)
        if value != value:  # not a number
            return False
        if value in _kept(held):
            return not negated
        return None if type(held) is Cut else negated

    return member


def _covered(get: Getter, contains: Callable[[str], bool], negated: bool) -> Predicate:
    def member(env: Env) -> Truth:
        value = get(env)
        if value is None:
            return False
        if value is UNKNOWN or type(value) is Cut:
            return None
        return contains(value) is not negated

    return member


def _kept(value: Value) -> Value:
    return value.kept if type(value) is Cut else value


def _sets(op: str, left: Getter, right: Getter) -> Predicate:
    overlaps = op == "overlaps"

    def relation(env: Env) -> Truth:
        a, b = left(env), right(env)
        if a is None or b is None:
            return False
        if a is UNKNOWN or b is UNKNOWN:
            return None
        held = _kept(b)
        if overlaps:
            if any(item in held for item in _kept(a)):
                return True
            return None if type(a) is Cut or type(b) is Cut else False
        if not all(item in held for item in _kept(a)):
            return None if type(b) is Cut else False
        return None if type(a) is Cut else True

    return relation


def _sets_by(op: str, left: Getter, contains: Callable[[str], bool]) -> Predicate:
    overlaps = op == "overlaps"

    def relation(env: Env) -> Truth:
        values = left(env)
        if values is None:
            return False
        if values is UNKNOWN:
            return None
        if overlaps:
            hit = any(contains(item) for item in _kept(values))
            return True if hit else (None if type(values) is Cut else False)
        whole = all(contains(item) for item in _kept(values))
        return False if not whole else (None if type(values) is Cut else True)

    return relation


def _text(get: Getter, test: tests.Test, negated: bool) -> Predicate:
    def matched(env: Env) -> Truth:
        value = get(env)
        if value is None:
            return False
        if value is UNKNOWN:
            return None
        if type(value) is Cut:
            return tests.negate(test.cut(value.kept), negated)
        return test.whole(value) is not negated

    return matched


# Values


class Names:
    """A set of texts where a function takes a list."""

    __slots__ = ("items",)

    def __init__(self, items: Value) -> None:
        self.items = sorted(items)

    def contains(self, value: str) -> bool:
        """Whether the text is one of them."""
        return value in self.items


def _names(get: Getter) -> Getter:
    def names(env: Env) -> Value:
        value = get(env)
        if value is None or value is UNKNOWN:
            return value
        return UNKNOWN if type(value) is Cut else Names(value)

    return names


def _called_with(call: Callable[[Value], Value], keeps_cut: bool, arg: Getter) -> Getter:
    """The same for one argument, as most functions have."""

    def called(env: Env) -> Value:
        value = arg(env)
        if value is UNKNOWN or value is None:
            return value
        if type(value) is Cut:
            return Cut(call(value.kept)) if keeps_cut else UNKNOWN
        return call(value)

    return called


def _called(call: Callable[..., Value], keeps_cut: bool, args: list[Getter]) -> Getter:
    if len(args) == 1:
        return _called_with(call, keeps_cut, args[0])

    def called(env: Env) -> Value:
        values = [arg(env) for arg in args]
        if UNKNOWN in values:
            return UNKNOWN
        if None in values:
            return None
        if any(type(value) is Cut for value in values):
            return Cut(call(values[0].kept)) if keeps_cut else UNKNOWN
        return call(*values)

    return called
