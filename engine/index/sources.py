"""The values that a table is asked about: a field of a fact, the items of a set, or what a program reads."""

from __future__ import annotations

from operator import attrgetter

from modelaudit.engine.index.fields import Field
from modelaudit.engine.index.table import NONE, Table

FEW = 64  # items of a set whose answer is kept
KEPT_SETS = 4096

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.lang.evaluate import Env, Getter
    from modelaudit.engine.lang.lists import Matcher
    from modelaudit.engine.lang.quantify import Source

    Json = Any
    Rules = frozenset[int]
    OfValue = Callable[[Any], Rules]
    Numbers = Callable[[Any], Iterable[int]]
    OfEnv = Callable[[Env], Rules]


def ask_fields(docs: Iterable[Json], owner: str, lists: Mapping[str, Matcher]) -> tuple[list[Field], list[Json]]:
    """The fields of facts of a kind, or of the artifact, that sources ask; and the sources that need more than one."""
    fields: dict[str, Field] = {}
    others: list[Json] = []
    for doc in docs:
        asked = _asked(doc, owner, lists)
        if asked is None:
            others.append(doc)
            continue
        name, names, table, numbers = asked
        fields.setdefault(name, Field(name)).add(names, table.rules, numbers)
    return list(fields.values()), others


def _asked(doc: Json, owner: str, lists: Mapping[str, Matcher]) -> tuple[str, frozenset[str], Table, Numbers] | None:
    """A field, the ways in which it may be unknown, its table, and what that says of a value."""
    plain = _plain(doc, owner)
    if plain is not None:
        name, part, calls = plain
        table = Table(doc, lists)
        names = frozenset((name, f"{name}.{part}") if part else (name,))
        return name, names, table, _through(part, calls, table)
    found = of_field(owner, doc, lists)
    return None if found is None else (found[0], frozenset((found[0],)), found[1], found[2])


def _through(part: str, calls: Sequence[Callable[[Any], Any]], table: Table) -> Numbers:
    """What a table says of a value, of a part of it where it is a record, or of what functions make of it."""
    numbers = table.numbers
    if not (part or calls):
        return numbers
    steps = [*([attrgetter(part)] if part else ()), *calls]

    def through(value: Any) -> Iterable[int]:  # noqa: ANN401
        for step in steps:
            if value is None:
                break
            value = step(value)
        return numbers(value)

    return through


def of_field(kind: str, doc: Json, lists: Mapping[str, Matcher]) -> tuple[str, Table, OfValue] | None:
    """The field that a source asks, its table, and what it says of a value; None when it needs more than a field."""
    chain, term = doc["in"], doc["term"]
    name = _field(chain[0]["over"] if chain else term, kind)
    if name is None or len(chain) > 1:
        return None
    table = Table(doc, lists)
    if not chain:
        return name, table, table.find
    path = term.get("path")
    if not path or path[0] != chain[0]["var"] or len(path) > 2 or "@artifact" in path:
        return None
    return name, table, _items(table) if len(path) == 1 else _parts(table, path[1])


def of_env(doc: Json, lists: Mapping[str, Matcher]) -> OfEnv:
    """What any source says in an environment."""
    from modelaudit.engine.lang.linker import Linker
    from modelaudit.engine.lang.quantify import source_of

    linker = Linker(lists)
    steps = [(int(step["var"][1:]), source_of(linker, step)) for step in doc["in"]]
    return _program(steps, linker.value(doc["term"]), Table(doc, lists), once=doc["term"] == {"lit": True})


def _field(term: Json, kind: str) -> str | None:
    """The name of a field of the fact, None when a term is something else."""
    path = term.get("path")
    if path and len(path) == 2 and path[0] == kind and path[1] != "@artifact":
        return str(path[1])
    return None


def _plain(doc: Json, owner: str) -> tuple[str, str, list[Callable[[Any], Any]]] | None:
    """A field of a record, a part of it or none, and the functions that it goes through; None for other sources."""
    term: Json = None if doc["in"] else doc["term"]
    names = []
    while term and "call" in term and len(term["args"]) == 1:
        names.append(term["call"])
        term = term["args"][0]
    path = term.get("path") if term else None
    if not path or path[0] != owner or len(path) not in (2, 3) or not all(isinstance(step, str) for step in path):
        return None
    if path[1].startswith("@"):
        return None
    return path[1], path[2] if len(path) == 3 else "", [function_of(name) for name in reversed(names)]


def function_of(name: str) -> Callable[[Any], Any]:
    """A function of the language, of one argument that is there and known."""
    from modelaudit.engine.lang.functions import FUNCTIONS  # not before a rule asks for one

    return FUNCTIONS[name].call


def _items(table: Table) -> OfValue:
    find = table.find
    known: dict[frozenset[Any], Rules] = {}  # of small sets, which come again and again

    def items(value: Any) -> Rules:  # noqa: ANN401 - a set or list, or None
        found: Rules | None = known.get(value) if type(value) is frozenset else None
        if found is None:
            found = united(value or ())
            if type(value) is frozenset and len(value) <= FEW:
                if len(known) >= KEPT_SETS:
                    known.clear()
                known[value] = found
        return found

    def united(items: Iterable[Any]) -> Rules:
        found: Rules = NONE
        for item in items:
            more = find(item)
            if more:
                found = found | more if found else more
        return found

    return items


def _parts(table: Table, part: str) -> OfValue:
    """The same for one field of each record in a list."""
    find = table.find

    def parts(value: Any) -> Rules:  # noqa: ANN401
        found: Rules = NONE
        for record in value or ():
            found |= find(getattr(record, part))
        return found

    return parts


def _program(steps: Sequence[tuple[int, Source]], get: Getter, table: Table, *, once: bool) -> OfEnv:
    from modelaudit.engine.lang.values import UNKNOWN, Cut

    rules, find = table.rules, table.find

    def leaf(env: Env) -> Rules:
        value = get(env)
        return rules if value is UNKNOWN or type(value) is Cut else find(value)

    def walk(env: Env, depth: int) -> Rules:
        if depth == len(steps):
            return leaf(env)
        slot, source = steps[depth]
        found = source(env)
        if found is None:
            return NONE
        if found is UNKNOWN:
            return rules
        items, incomplete = found
        return rules if incomplete else united(env, depth, slot, items)

    def united(env: Env, depth: int, slot: int, items: Iterable[Any]) -> Rules:
        variables, nodes = env.vars, env.nodes
        union: Rules = NONE
        for variables[slot], nodes[slot] in items:
            union |= walk(env, depth + 1)
            if once and union:
                break
        return union

    return (lambda env: walk(env, 0)) if steps else leaf
