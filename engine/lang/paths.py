"""Values at paths: facts, records, and what of them is unknown or cut."""

from __future__ import annotations

from operator import attrgetter

from modelaudit.engine.facts import KINDS
from modelaudit.engine.lang.values import UNKNOWN, Cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.engine.lang.evaluate import Env, Getter, Value

    Origin = Callable[[Env], Value]


def getter(path: Sequence[str | int]) -> Getter:
    """What gives the value at a path: UNKNOWN when not known, None when absent, a Cut when only a part is kept."""
    head, rest = path[0], list(path[1:])
    if rest and rest[0] == "@artifact":
        return _from(_artifact_of(str(head)), rest[1:])
    if len(rest) == 1 and head in KINDS:
        return (_of_artifact if head == "artifact" else _of_fact)(str(rest[0]))
    return _from(_origin(str(head)), rest)


def _of_artifact(name: str) -> Getter:
    """A field of the artifact."""
    get = attrgetter(name)

    def field(env: Env) -> Value:
        artifact = env.node.artifact
        value = get(artifact)
        return _known(artifact, name, value) if artifact.unknown or artifact.cut else value

    return field


def _of_fact(name: str) -> Getter:
    """A field of the fact that is judged."""
    get = attrgetter(name)

    def field(env: Env) -> Value:
        fact = env.fact
        value = get(fact)
        return _known(fact, name, value) if fact.unknown or fact.cut else value

    return field


def _known(fact: Fact, name: str, value: Value) -> Value:
    """A field's value, as far as it is known."""
    if name in fact.unknown:
        return UNKNOWN
    if name in fact.cut:
        return UNKNOWN if value is None or isinstance(value, (int, float)) else Cut(value)
    return value


def _origin(head: str) -> Origin:
    if head == "artifact":
        return lambda env: env.node.artifact
    if head == "parent":
        return lambda env: None if env.node.parent is None else env.node.parent.artifact
    if head == "root":
        return lambda env: env.node.root.artifact
    if head[1:].isdigit():
        slot = int(head[1:])
        return lambda env: env.vars[slot]
    return lambda env: env.fact


def _artifact_of(head: str) -> Origin:
    slot = int(head[1:])
    return lambda env: env.nodes[slot].artifact


def _from(origin: Origin, steps: Sequence[str | int]) -> Getter:
    if not steps:
        return origin
    name = str(steps[0])
    if len(steps) == 1:
        return _field(origin, name)
    return _deep(_whole(origin, name), tuple(steps[1:]), tuple(_dotted(steps)))


def _field(origin: Origin, name: str) -> Getter:
    """A field of a fact, or of a record that a quantifier ranges over."""
    get = attrgetter(name)

    def field(env: Env) -> Value:
        fact = origin(env)
        if fact is None:
            return None
        if fact is UNKNOWN:
            return UNKNOWN
        value = get(fact)
        partly = getattr(fact, "unknown", None) or getattr(fact, "cut", None)  # a record in a fact has neither
        return _known(fact, name, value) if partly else value

    return field


def _whole(origin: Origin, name: str) -> Callable[[Env], tuple[Value, Value]]:
    """A fact and the value of one of its fields, whatever of it is cut."""
    get = _field(origin, name)

    def whole(env: Env) -> tuple[Value, Value]:
        return origin(env), get(env)

    return whole


def _deep(whole: Callable[[Env], tuple[Value, Value]], steps: tuple[str | int, ...], names: tuple[str, ...]) -> Getter:
    """A part of a field: what is missing from a cut or unknown one is unknown."""

    def deep(env: Env) -> Value:
        fact, value = whole(env)
        if value is UNKNOWN or value is None:
            return value
        cut = type(value) is Cut
        found = follow(value.kept if cut else value, steps)
        unknown = getattr(fact, "unknown", None)
        if unknown and not unknown.isdisjoint(names):
            return UNKNOWN
        if not cut:
            return found
        return Cut(found) if isinstance(found, str) else UNKNOWN if found is None else found

    return deep


def follow(value: Any, steps: Iterable[str | int]) -> Any:  # noqa: ANN401 - a field may hold anything
    """What stands at a path in a value of a field, None where nothing does."""
    for step in steps:
        if value is None:
            return None
        if isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            value = getattr(value, step)
    return value


def _dotted(steps: Sequence[str | int]) -> list[str]:
    """Every way in which `unknown` may name the path or a part of it, such as `stats.mean`."""
    names = []
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
        names.append(text)
    return names
