"""Quantifiers over collections, sets and lists, with joins by hash where an equality allows it."""

from __future__ import annotations

from modelaudit.engine.lang.logic import all_of, any_of, count_of, negation
from modelaudit.engine.lang.values import UNKNOWN, Cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.lang.evaluate import Env, Predicate, Truth, Value
    from modelaudit.engine.lang.linker import Linker

    Json = Any
    Pairs = Sequence[tuple[Value, FactSet]]
    Items = tuple[Pairs, bool]
    Search = Callable[[Env, Pairs, bool], Truth]
    Source = Callable[[Env], Items | Value]


def quantifier(linker: Linker, program: Json) -> Predicate:
    """A quantifier as a function."""
    slot = int(program["var"][1:])
    over = program["over"]
    source = source_of(linker, program)
    body = linker.condition(program["body"])
    if linker.observe is None and "facts" in over:
        from modelaudit.engine.lang import joins

        source = joins.narrowed(linker, program, source)
    run = _over_items(source, _search(program, slot, body))
    if slot == 0:
        run = _budgeted(run)
    if linker.observe is None and _is_closed(program):
        return _once(run)
    return run


def source_of(linker: Linker, program: Json) -> Source:
    """What gives the items that a quantifier ranges over."""
    over = program["over"]
    return _collection(over["facts"], over["tree"]) if "facts" in over else _values(linker.value(over))


def _search(program: Json, slot: int, body: Predicate) -> Search:
    """What decides a quantifier from its items and whether any may be missing."""
    op = program["op"]
    if op == "count":
        return _count(slot, body, program["cmp"], program["n"])
    if op == "all":
        return _all(slot, body)
    exists = _any(slot, body)
    if op == "any":
        return exists
    return lambda env, items, incomplete: negation(exists(env, items, incomplete))


def _over_items(source: Source, search: Search) -> Predicate:
    def quantified(env: Env) -> Truth:
        found = source(env)
        if found is None:
            return False
        if found is UNKNOWN:
            return None
        items, incomplete = found
        return search(env, items, incomplete)

    return quantified


def _budgeted(run: Predicate) -> Predicate:
    """The quantifier with a budget of its own for each artifact, which the ones inside it share."""

    def budgeted(env: Env) -> Truth:
        shared = env.shared
        key = ("budget", run)
        shared.budget = shared.cache.get(key, shared.limit)
        value = run(env)
        shared.cache[key] = shared.budget
        return value

    return budgeted


def _collection(kind: str, tree: bool) -> Source:
    """The facts of a kind in the artifact, or in it and everything nested, and whether any may be missing."""
    key = ("facts", kind, tree)

    def collection(env: Env) -> Items:
        found: Items | None = env.shared.cache.get(key)
        if found is None:
            nodes = list(env.node.walk()) if tree else [env.node]
            facts = [(fact, node) for node in nodes for fact in _facts_of(node, kind)]
            found = env.shared.cache[key] = facts, any(kind in node.artifact.incomplete for node in nodes)
        return found

    return collection


def _facts_of(node: FactSet, kind: str) -> Sequence[Fact]:
    return (node.artifact,) if kind == "artifact" else node.facts.get(kind, ())


def _values(get: Callable[[Env], Value]) -> Source:
    """The items of a set or list; a set in a fixed order."""

    def values(env: Env) -> Items | Value:
        value = get(env)
        if value is None or value is UNKNOWN:
            return value
        cut = type(value) is Cut
        items = value.kept if cut else value
        ordered = sorted(items) if isinstance(items, (set, frozenset)) else items
        return [(item, env.node) for item in ordered], cut

    return values


def _any(slot: int, body: Predicate) -> Search:
    def exists(env: Env, items: Pairs, incomplete: bool) -> Truth:
        unknown = 0
        shared, variables, nodes = env.shared, env.vars, env.nodes
        for variables[slot], nodes[slot] in items:
            value = body(env)
            if value is True:
                return True
            if value is None:
                unknown = 1
            shared.budget -= 1
            if shared.budget < 0:
                return None
        return any_of(0, unknown, incomplete)

    return exists


def _all(slot: int, body: Predicate) -> Search:
    def holds(env: Env, items: Pairs, incomplete: bool) -> Truth:
        unknown = 0
        shared, variables, nodes = env.shared, env.vars, env.nodes
        for variables[slot], nodes[slot] in items:
            value = body(env)
            if value is False:
                return False
            if value is None:
                unknown = 1
            shared.budget -= 1
            if shared.budget < 0:
                return None
        return all_of(0, unknown, incomplete)

    return holds


def _count(slot: int, body: Predicate, cmp: str, number: int) -> Search:
    def counted(env: Env, items: Pairs, incomplete: bool) -> Truth:
        true = unknown = 0
        shared, variables, nodes = env.shared, env.vars, env.nodes
        for variables[slot], nodes[slot] in items:
            value = body(env)
            if value is True:
                true += 1
            elif value is None:
                unknown += 1
            shared.budget -= 1
            if shared.budget < 0:
                incomplete = True
                break
        return count_of(true, unknown, incomplete, cmp, number)

    return counted


def _is_closed(program: Json) -> bool:
    """Whether a quantifier over a collection reads nothing but its artifact and its own variables."""
    return "facts" in program["over"] and _free(program) <= {"artifact", "parent", "root"}


def _free(node: Json) -> set[str]:
    """The heads of all paths in a part of a program, without the variables that it binds itself."""
    if isinstance(node, list):
        return set().union(*map(_free, node)) if node else set()
    if not isinstance(node, dict):
        return set()
    if isinstance(node.get("path"), list):
        return {node["path"][0]}
    found = set().union(*(_free(value) for value in node.values()))
    return found - {node["var"]} if "over" in node else found


def _once(run: Predicate) -> Predicate:
    """The quantifier, decided once for all facts of an artifact."""

    def decided(env: Env) -> Truth:
        cache = env.shared.cache
        if run not in cache:
            cache[run] = run(env)
        value: Truth = cache[run]
        return value

    return decided
