"""Leaves that cost much and that several rules ask of a fact: evaluated once for it."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from modelaudit.engine.lang.evaluate import Env, Predicate, Truth
    from modelaudit.engine.lang.lists import Matcher

    Json = Any


def remembered(leaf: Json, test: Predicate, lists: Mapping[str, Matcher]) -> Predicate:
    """The test of a leaf, or one that keeps its last answer for all rules with the same leaf and the same lists.

    A leaf about the variable of a quantifier, which has many values for one fact, and one about constants are
    left as they are.
    """
    heads = set(_heads(leaf))
    if not heads or any(head[0] == "v" and head[1:].isdigit() for head in heads):
        return test
    text = json.dumps({name: value for name, value in leaf.items() if name != "src"}, sort_keys=True)
    key = (text, id(lists))  # two policies may judge one fact in turn, with other entries under the same names

    def once(env: Env, lists: Mapping[str, Matcher] = lists) -> Truth:  # kept, so that nothing else has their id
        cache = env.shared.cache
        last = cache.get(key)
        if last is None or last[0] is not env.fact:
            last = cache[key] = (env.fact, test(env))
        value: Truth = last[1]
        return value

    return once


def _heads(node: Json) -> Iterator[str]:
    """The heads of all paths in a leaf."""
    if isinstance(node, list):
        for item in node:
            yield from _heads(item)
    elif isinstance(node, dict):
        path = node.get("path")
        if isinstance(path, list):
            yield str(path[0])
        else:
            for value in node.values():
                yield from _heads(value)
