"""What can be told of compiled conditions without any fact: contradictions, repetitions, implications."""

from __future__ import annotations

import json

from modelaudit.engine.lang.joins import is_joined
from modelaudit.engine.lang.lower import QUANTIFIERS, lower, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Json = Any

_ARTIFACTS = ("artifact", "parent", "root")  # the same for all facts of an artifact
_TEXTS = ("src", "name")  # parts of a program that say how it was written, not what it means


def key(program: Json) -> str:
    """A text that is the same for conditions that are written alike."""
    return json.dumps(_meaning(program), sort_keys=True)


def conjuncts(program: Json | None) -> frozenset[str]:
    """The keys of the conditions that must all hold; none for a condition that always does."""
    if program is None or program == {"op": "const", "value": True}:
        return frozenset()
    return frozenset(key(item) for item in (program["of"] if program["op"] == "and" else [program]))


def never(program: Json) -> bool:
    """Whether a condition surely holds for no fact."""
    op = program["op"]
    if op == "const":
        return program["value"] is False
    if op == "or":
        return all(never(item) for item in program["of"])
    if op == "and":
        return any(never(item) for item in program["of"]) or _contradicts(program["of"])
    return op == "any" and never(program["body"])


def repeated(program: Json) -> Iterator[str]:
    """The text of each condition that stands twice in one conjunction or disjunction."""
    for node in walk(program):
        if node["op"] not in ("and", "or"):
            continue
        seen: set[str] = set()
        for item in node["of"]:
            name = key(item)
            if name in seen:
                yield text_of(item)
            seen.add(name)


def pairwise(program: Json) -> Iterator[str]:
    """The text of each quantifier that tries every fact of a collection anew for every fact outside of it.

    An equality or `in` between the two, which is looked up, makes it cheap.
    """
    for node in walk(program):
        if node["op"] not in QUANTIFIERS or "facts" not in node["over"] or is_joined(node):
            continue
        bound = {each["var"] for each in walk(node) if each["op"] in QUANTIFIERS}
        if _heads(node["body"]) - bound - {*_ARTIFACTS}:
            yield text_of(node)


def _heads(node: Json) -> set[str]:
    """What the paths in a condition begin with: a variable, a kind of fact or an artifact."""
    if isinstance(node, list):
        return {head for item in node for head in _heads(item)}
    if not isinstance(node, dict):
        return set()
    path = node.get("path")
    own = {str(path[0])} if isinstance(path, list) else set()
    return own.union(*(_heads(value) for key, value in node.items() if key not in ("path", "lit", "items")))


def text_of(program: Json) -> str:
    """A condition as it was written, as far as its leaves tell."""
    if "src" in program:
        return str(program["src"])
    if program["op"] == "not":
        return f"not {text_of(program['of'])}"
    if program["op"] in QUANTIFIERS:
        return f"{program['op']} {program.get('name', '…')} in …: ({text_of(program['body'])})"
    if program["op"] in ("and", "or"):
        return f" {program['op']} ".join(text_of(item) for item in program["of"])
    return str(program.get("value", "")).lower()


def _contradicts(items: list[Json]) -> bool:
    """Whether two conditions cannot hold at once: one negates the other, or one value equals two constants."""
    keys = {key(item) for item in items}
    if any(key(lower(item, True)) in keys for item in items):
        return True
    allowed: dict[str, set[str]] = {}
    for item in items:
        constants = _constants(item)
        if constants is None:
            continue
        value = key_of_value(item["left"])
        allowed[value] = allowed[value] & constants if value in allowed else constants
    return any(not constants for constants in allowed.values())


def _constants(item: Json) -> set[str] | None:
    """The constants that a value must be one of for a condition to hold, None when it does not say."""
    right = item.get("right", {})
    if item["op"] == "==" and "lit" in right:
        return {json.dumps(right["lit"])}
    if item["op"] == "in" and "items" in right and not item.get("neg"):
        return {json.dumps(each) for each in right["items"]}
    return None


def key_of_value(value: Json) -> str:
    """A text that is the same for values that are written alike."""
    return json.dumps(_meaning(value), sort_keys=True)


def _meaning(node: Json) -> Json:
    if isinstance(node, dict):
        return {name: _meaning(value) for name, value in node.items() if name not in _TEXTS or "lit" in node}
    if isinstance(node, list):
        return [_meaning(item) for item in node]
    return node
