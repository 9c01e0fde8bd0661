"""Joins: a quantifier whose body asks for an equality only looks at the facts that can satisfy it."""

from __future__ import annotations

from modelaudit.engine.lang.values import UNKNOWN, Cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.lang.evaluate import Env, Value
    from modelaudit.engine.lang.linker import Linker
    from modelaudit.engine.lang.quantify import Items, Source

    Json = Any
    Pairs = list[tuple[Value, FactSet]]
    Index = tuple[dict[Value, Pairs], Pairs]

FEW = 16  # facts that are faster looked at one by one


def narrowed(linker: Linker, program: Json, source: Source) -> Source:
    """The source of a quantifier, or one that leaves out facts for which its body is surely false.

    Works for `any`, `none` and `count` over a collection whose body is a conjunction with `v.field == value`,
    `value in v.field` or `v.field in values`, where the value does not depend on the variable.
    """
    if program["op"] == "all":
        return source
    variable = program["var"]
    for item in _conjuncts(program["body"]):
        join = _join(item, variable)
        if join is not None:
            field, other, many = join
            return _joined(source, field, linker.value(other), many, program["over"])
    return source


def is_joined(program: Json) -> bool:
    """Whether a quantifier over a collection looks its facts up instead of trying each."""
    return program["op"] != "all" and any(_join(item, program["var"]) for item in _conjuncts(program["body"]))


def _conjuncts(body: Json) -> list[Json]:
    return list(body["of"]) if body["op"] == "and" else [body]


def _join(leaf: Json, variable: str) -> tuple[str, Json, bool] | None:
    """The field of the variable, the value that it must equal, and whether the value is a set."""
    if leaf["op"] not in ("==", "in") or leaf.get("neg"):
        return None
    left, right = leaf["left"], leaf["right"]
    for own, other, many in ((left, right, leaf["op"] == "in"), (right, left, False)):
        path = own.get("path")
        if path and path[0] == variable and len(path) == 2 and path[1] != "@artifact" and _is_outer(other, variable):
            return path[1], other, many
    return None


def _is_outer(term: Json, variable: str) -> bool:
    """Whether a value is a field of something else than the variable."""
    path = term.get("path")
    return bool(path) and path[0] != variable


def _joined(source: Source, field: str, value_of: Callable[[Env], Value], many: bool, over: Json) -> Source:
    key = ("join", over["facts"], over["tree"], field)

    def joined(env: Env) -> Items | Value:
        found = source(env)
        items, incomplete = found
        if len(items) < FEW:
            return found
        value = value_of(env)
        if value is None:
            return (), incomplete
        if value is UNKNOWN or type(value) is Cut:
            return found
        index: Index | None = env.shared.cache.get(key)
        if index is None:
            index = env.shared.cache[key] = _index(list(items), field)
        table, always = index
        return [*_candidates(table, value if many else (value,)), *always], incomplete

    return joined


def _candidates(table: dict[Value, Pairs], wanted: Value) -> Pairs:
    found: dict[int, tuple[Value, FactSet]] = {}
    for value in wanted:
        for pair in table.get(value, ()):
            found[id(pair[0])] = pair
    return list(found.values())


def _index(items: Pairs, field: str) -> Index:
    """The facts by the value of a field, or by each item of it; those whose value is not known apart."""
    table: dict[Value, Pairs] = {}
    always: Pairs = []
    for pair in items:
        fact = pair[0]
        if field in fact.unknown or field in fact.cut:
            always.append(pair)
            continue
        value = getattr(fact, field)
        for each in (value,) if value is None or isinstance(value, (str, int, float)) else value:
            if each is not None:
                table.setdefault(each, []).append(pair)
    return table, always
