"""Whether a longer list makes a condition true more often, less often, or either: for proofs about policies."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Json = Any

MORE, LESS, EITHER = 1, -1, 0


def polarities(program: Json, name: str) -> set[int]:
    """How a condition answers to a list that gets longer, once for each place where it names the list."""
    return set(_walk(program, name, MORE))


def names(program: Json) -> set[str]:
    """The full names of every list that a program reads."""
    return set(_names(program))


def _walk(node: Json, name: str, sign: int) -> Iterator[int]:
    if not isinstance(node, dict):
        return
    op = node.get("op")
    if op in ("and", "or"):
        for part in node["of"]:
            yield from _walk(part, name, sign)
    elif op == "not":
        yield from _walk(node["of"], name, -sign)
    elif op in ("any", "all"):
        yield from _walk(node["body"], name, sign)
        yield from _anything(node["over"], name)
    elif op == "none":
        yield from _walk(node["body"], name, -sign)
        yield from _anything(node["over"], name)
    else:
        yield from _leaf(node, name, sign)


def _leaf(node: Json, name: str, sign: int) -> Iterator[int]:
    """How one test answers to a list."""
    if node.get("op") in _GROWING and "list" in (node.get("right") or {}):
        if node["right"]["list"] == name:
            yield EITHER if _modified(node) else -sign if node.get("neg") else sign
        yield from _anything(node["left"], name)
    elif _asks_list(node):
        if node["left"]["args"][-1]["list"] == name:
            yield -sign if node.get("neg") else sign
        yield from _anything(node["left"]["args"][:-1], name)
    else:
        yield from _anything(node, name)


def _asks_list(node: Json) -> bool:
    """Whether a test is a call of a function that is true the more often the longer its list is."""
    left = node.get("left")
    return (
        node.get("op") == "is"
        and not _modified(node)
        and isinstance(left, dict)
        and left.get("call") in _ASKING
        and left.keys() == {"call", "args"}
        and "list" in left["args"][-1]
    )


# Functions whose last argument is a list of call shapes.
_ASKING = frozenset({"listed", "shaped"})

# Operators whose right side is a set or patterns: the longer it is, the more the test is true.
_GROWING = frozenset({"in", "glob", "matches", "contains", "startswith", "endswith", "overlaps", "within"})
_KNOWN = frozenset({"op", "left", "right", "src", "keep", "neg"})


def _modified(node: Json) -> bool:
    """Whether a test carries anything that this module does not know."""
    return not node.keys() <= _KNOWN


def _anything(node: Json, name: str) -> Iterator[int]:
    """A list that is used in any other way may do either."""
    if name in names(node):
        yield EITHER


def _names(node: Json) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("list"), str):
            yield node["list"]
        for value in node.values():
            yield from _names(value)
    elif isinstance(node, list):
        for value in node:
            yield from _names(value)


def triggers(program: Json) -> list[Json]:
    """Tests each of which alone makes a condition true: `(what is ranged over, operator, left side, list)`."""
    return list(_tests(program, None, "or", "any"))


def blockers(program: Json, name: str) -> list[Json] | None:
    """The tests that keep a condition from being true where a value is in a list; None when that is not all it does.

    They are conjuncts of the condition, as in `none n in import.names: (n in $list)` and `not (x in $list)`.
    """
    found: list[Json] = []
    for part in program["of"] if program.get("op") == "and" else [program]:
        if name not in names(part):
            continue
        inner = _opposite(part)
        if inner is None:
            return None
        tests = list(_tests(inner, None, "or", "any"))
        mine = [test for test in tests if test[3] == name]
        if not mine or sum(_count(part, name)) != len(mine):
            return None
        found += mine
    return found


def _opposite(part: Json) -> Json | None:
    """The condition that a conjunct denies, None when it denies none."""
    if part["op"] == "not":
        return part["of"]
    if part["op"] == "none":
        return {**part, "op": "any"}
    return {**part, "neg": False} if part.get("neg") else None


def _tests(node: Json, over: Json, joined: str, quantifier: str) -> Iterator[Json]:
    op = node.get("op") if isinstance(node, dict) else None
    if op == joined:
        for part in node["of"]:
            yield from _tests(part, over, joined, quantifier)
    elif op == quantifier and over is None:
        yield from _tests(node["body"], node["over"], joined, quantifier)
    elif op in _GROWING and "list" in (node.get("right") or {}) and not (_modified(node) or node.get("neg")):
        yield (repr(over), op, repr(node["left"]), node["right"]["list"])


def _count(node: Json, name: str) -> Iterator[int]:
    """A one for each place where a program names a list."""
    if isinstance(node, dict):
        if node.get("list") == name:
            yield 1
        for value in node.values():
            yield from _count(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from _count(value, name)


def reached(start: set[str], *sides: Json) -> set[str]:
    """Lists and every list that these name, directly or through others, in any of some sets of compiled lists."""
    waiting, seen = [*start], {*start}
    while waiting:
        now = waiting.pop()
        for other in (other for side in sides for other in _mentions(side.get(now))):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def _mentions(compiled: Json) -> Iterator[str]:
    """The lists that a list of call shapes names: whole ones, and those of arguments."""
    if compiled is None or compiled.get("kind") != "shapes":
        return
    for name, _ in compiled["through"]:
        yield name
    for _, args, _ in compiled["forms"]:
        for choices in args or ():
            yield from (choice[1] for choice in choices if choice[0] == "list")
