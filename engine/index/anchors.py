"""What must hold of a fact before a condition can be true or unknown: its anchors.

An anchor is a key, a test of one value that a fact, its artifact or an item of a set has. Of a conjunction the
rarest anchor is enough, a disjunction needs one of each part, and where nothing can be said there is none. A
condition is never true or unknown while none of its keys holds and every value that they ask for is known.
"""

from __future__ import annotations

import json

from modelaudit.engine.lang import globs
from modelaudit.engine.lang.globs import glob_literal
from modelaudit.engine.lang.literals import regex_literals
from modelaudit.engine.lang.logic import COMPARISONS, count_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Json = Any
    Key = tuple[str, Json]  # a source as text, and a test
    Keys = list[Key]
    Score = Callable[[Keys], float]

OUTER = frozenset(("artifact", "parent", "root"))
MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
MANY = 64  # entries of a list that are texts to look for; more are tried by the list's own test, once for all rules
TEXTS = {"contains": "contains", "startswith": "prefix", "endswith": "suffix"}


class Anchors:
    """Finds the anchors of conditions about one kind of fact.

    `score` tells how rare the keys of an anchor are, the lowest being the rarest; `lists` are compiled lists.
    """

    def __init__(self, kind: str, lists: Mapping[str, Json], score: Score) -> None:
        self.kind = kind
        self.lists = lists
        self.score = score

    def of(self, program: Json) -> Keys | None:
        """The keys of a condition, of which one must hold; None when it has no anchor."""
        return self.condition(program, ())

    def condition(self, program: Json, chain: tuple[Json, ...]) -> Keys | None:
        """The keys of a condition inside the quantifiers of the chain."""
        op = program["op"]
        if op == "and":
            found = [keys for keys in (self.condition(item, chain) for item in program["of"]) if keys is not None]
            return min(found, key=self.score) if found else None
        if op == "or":
            return _united([self.condition(item, chain) for item in program["of"]])
        if op == "not":
            return self.negation(program["of"], chain)
        if op in ("any", "count"):
            return self.exists(program, chain)
        if op in ("all", "none"):
            return None
        return self.leaf(program, chain, negated=False)

    def negation(self, program: Json, chain: tuple[Json, ...]) -> Keys | None:
        """A leaf that must be false: it is so of an absent value too."""
        op = program["op"]
        if op == "has":
            return self.keys({"path": program["path"]}, chain, [["absent"]])
        if op == "is":
            return self.keys(program["left"], chain, [["eq", False], ["absent"]])
        if op not in ("==", "!=", "in", "glob", "matches", *TEXTS) or "left" not in program:
            return None
        found = self.leaf(program, chain, negated=True)
        absent = self.keys(program["left"], chain, [["absent"]])
        if found is None or absent is None or any(_is_number(test) for _, test in found):
            return None
        return found + absent

    def exists(self, program: Json, chain: tuple[Json, ...]) -> Keys | None:
        """A quantifier that is false while nothing satisfies its body."""
        if program["op"] == "count" and count_of(0, 0, False, program["cmp"], program["n"]) is not False:
            return None
        over = program["over"]
        if not self.fits(over, chain):
            return None
        inner = (*chain, {"over": over, "var": program["var"]})
        found = self.condition(program["body"], inner)
        return found if found is not None else self.keys({"lit": True}, inner, [["eq", True]])

    def fits(self, over: Json, chain: tuple[Json, ...]) -> bool:
        """Whether the items can be walked in time linear in the facts."""
        if "facts" in over:
            return not chain
        return self.is_plain(over, chain)

    def is_plain(self, term: Json, chain: tuple[Json, ...]) -> bool:
        """Whether a value is read from one thing: the fact, its artifact, or the items of one collection."""
        if _quantifies(term):
            return False
        heads = set(_heads(term)) - OUTER - {step["var"] for step in chain}
        if chain and "facts" in chain[0]["over"]:
            return not heads
        return heads <= {self.kind}

    def keys(self, term: Json, chain: tuple[Json, ...], tests: Sequence[Json]) -> Keys | None:
        """Keys that put tests to a value."""
        if not self.is_plain(term, chain):
            return None
        source = json.dumps({"in": list(chain), "term": term}, sort_keys=True, ensure_ascii=False)
        return [(source, test) for test in tests]

    # Leaves

    def leaf(self, leaf: Json, chain: tuple[Json, ...], *, negated: bool) -> Keys | None:
        """The keys of a leaf, or of its negation."""
        op = leaf["op"]
        if op == "const":
            return None if leaf["value"] is not negated else []
        if op == "has":
            return self.keys({"path": leaf["path"]}, chain, [["present"]])
        if op == "is":
            return self.keys(leaf["left"], chain, [["eq", True]])
        if op in COMPARISONS:
            return self.comparison(op, leaf["left"], leaf["right"], chain, negated)
        negated = negated is not bool(leaf.get("neg"))
        if op == "in":
            return self.member(leaf["left"], leaf["right"], chain, negated)
        if op == "overlaps":
            return self.overlap(leaf["left"], leaf["right"], chain)
        if op == "within":
            return None
        tests = self.patterns(op, leaf["right"], negated)
        return None if tests is None else self.keys(leaf["left"], chain, tests)

    def comparison(self, op: str, left: Json, right: Json, chain: tuple[Json, ...], negated: bool) -> Keys | None:
        """The keys of two values compared."""
        if _is_constant(left):
            left, right, op = right, left, MIRRORED[op]
        if _is_constant(left) or not _is_constant(right):
            return None
        if op in ("==", "!="):
            word = "ne" if (op == "!=") is not negated else "eq"
            constant = _constant(right)
            return self.keys(left, chain, [[word, [constant] if word == "ne" else constant]])
        return None if negated else self.keys(left, chain, [["order", op, _constant(right)]])

    def member(self, left: Json, right: Json, chain: tuple[Json, ...], negated: bool) -> Keys | None:
        """The keys of a value in a set."""
        if "list" in right:
            return self.keys(left, chain, [["list", right["list"], negated]])
        if "items" in right:
            if negated:
                return self.keys(left, chain, [["ne", right["items"]]])
            return self.keys(left, chain, [["eq", item] for item in right["items"]])
        if negated or not _is_constant(left) or "path" not in right:
            return None
        return self.each(right, chain, [["eq", _constant(left)]])

    def overlap(self, left: Json, right: Json, chain: tuple[Json, ...]) -> Keys | None:
        """The keys of two sets that share an item."""
        if "items" in left:
            left, right = right, left
        if "path" not in left:
            return None
        if "list" in right:
            return self.each(left, chain, [["list", right["list"], False]])
        return self.each(left, chain, [["eq", item] for item in right["items"]]) if "items" in right else None

    def each(self, values: Json, chain: tuple[Json, ...], tests: Sequence[Json]) -> Keys | None:
        """Keys that put tests to every item of a set."""
        if not self.fits(values, chain):
            return None
        step = {"over": values, "var": f"v{len(chain)}"}
        return self.keys({"path": [step["var"]]}, (*chain, step), tests)

    def patterns(self, op: str, right: Json, negated: bool) -> list[Json] | None:
        """The tests of a text against patterns."""
        if op in TEXTS:
            items = self.lists[right["list"]]["items"] if "list" in right else right["items"]
            if negated or len(items) > MANY or not all(isinstance(item, str) and item for item in items):
                return [["test", {"op": op, "right": right, "neg": negated}]]
            return [[TEXTS[op], item] for item in items]
        if "list" in right:
            return [["list", right["list"], negated]]
        if negated:
            return [["test", {"op": op, "right": right, "neg": True}]]
        if op == "glob":
            return [test for text in right["globs"] for test in _glob(text, right["of"])]
        return [test for each in right["regexes"] for test in _regex(each)]


def _is_number(test: Json) -> bool:
    """Whether a test asks for a number: `not (x != 1)` is true of what is not a number, too, and that has no key."""
    return test[0] == "eq" and isinstance(test[1], (int, float)) and not isinstance(test[1], bool)


def _united(parts: list[Keys | None]) -> Keys | None:
    found: dict[str, Key] = {}
    for keys in parts:
        if keys is None:
            return None
        for key in keys:
            found[json.dumps(key, ensure_ascii=False)] = key
    return list(found.values())


def _glob(text: str, of: str) -> list[Json]:
    kind, part = globs.shape(text, of)
    if kind in ("under", "below"):
        return [[kind, of, part]]
    word = {"exact": "eq", "prefix": "prefix", "suffix": "suffix"}.get(kind)
    if word is not None and part:
        return [[word, part]]
    literal = glob_literal(text, of)
    return [["contains", literal]] if literal else [["test", {"op": "glob", "right": {"globs": [text], "of": of}}]]


def _regex(prepared: Json) -> list[Json]:
    if prepared.get("op") == "==":
        return [["eq", prepared["text"]]]
    if prepared.get("text"):
        return [[TEXTS[prepared["op"]], prepared["text"]]]
    if prepared.get("heads"):
        return [["prefix", head] for head in prepared["heads"]]
    literals = regex_literals(prepared["regex"])
    return [["contains", literal] for literal in literals] if literals else [["regex", prepared["regex"]]]


def _is_constant(term: Json) -> bool:
    return "lit" in term or "bytes" in term


def _constant(term: Json) -> Json:
    """A constant as JSON: text, number, truth value, or `{"bytes": …}`."""
    return term if "bytes" in term else term["lit"]


def _heads(node: Json) -> list[str]:
    """The heads of all paths in a value."""
    if isinstance(node, list):
        return [head for item in node for head in _heads(item)]
    if not isinstance(node, dict):
        return []
    if isinstance(node.get("path"), list):
        return [str(node["path"][0])]
    return [head for value in node.values() for head in _heads(value)]


def _quantifies(node: Json) -> bool:
    """Whether a value has a quantifier in it."""
    if isinstance(node, list):
        return any(map(_quantifies, node))
    return isinstance(node, dict) and ("over" in node or any(map(_quantifies, node.values())))
