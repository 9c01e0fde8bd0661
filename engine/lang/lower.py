"""Brings checked conditions into the form that is linked and indexed.

`not` moves down to the leaves, never into an order or a leaf that may lack an operand; connectives are
flattened; what has only constants is evaluated; globs and regular expressions that are plain texts become
`==`, `startswith`, `endswith` or `contains`.
"""

from __future__ import annotations

from modelaudit.engine.lang import globs
from modelaudit.engine.lang.logic import OPPOSITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Json = Any

TRUE: Json = {"op": "const", "value": True}
FALSE: Json = {"op": "const", "value": False}
NEGATABLE = frozenset(("in", "glob", "matches", "contains", "startswith", "endswith"))
QUANTIFIERS = frozenset(("any", "all", "none", "count"))


def lower(program: Json, negated: bool = False) -> Json:
    """The condition, or its negation, in normal form."""
    op = program["op"]
    if op == "not":
        return lower(program["of"], not negated)
    if op in ("and", "or"):
        return _connective(program, negated)
    if op in QUANTIFIERS:
        return _quantifier(program, negated)
    if op == "const":
        return {"op": "const", "value": program["value"] is not negated}
    return _negation(_leaf(program), negated)


def _connective(program: Json, negated: bool) -> Json:
    conjunction = (program["op"] == "and") is not negated
    op, decided, neutral = ("and", FALSE, TRUE) if conjunction else ("or", TRUE, FALSE)
    items: list[Json] = []
    for item in program["of"]:
        made = lower(item, negated)
        if made == decided:
            return decided
        if made == neutral:
            continue
        items.extend(made["of"] if made["op"] == op else [made])
    if not items:
        return neutral
    return items[0] if len(items) == 1 else {"op": op, "of": items}


def _quantifier(program: Json, negated: bool) -> Json:
    op = program["op"]
    made = {**program, "over": _over(program["over"])}
    if negated and program.get("keep"):
        return {"op": "not", "of": {**made, "body": lower(program["body"])}}
    if op == "count":
        made["cmp"] = OPPOSITE[program["cmp"]] if negated else program["cmp"]
    elif negated:
        made["op"] = {"any": "none", "none": "any", "all": "any"}[op]
    made["body"] = lower(program["body"], negated and op == "all")
    return made


def _over(over: Json) -> Json:
    return over if "facts" in over else term(over)


def _leaf(program: Json) -> Json:
    """A leaf with its terms lowered, and constants evaluated."""
    made = dict(program)
    for side in ("left", "right"):
        if side in made:
            made[side] = term(made[side])
    made = _simplified(made)
    if all(is_constant(made[side]) for side in ("left", "right") if side in made) and made["op"] != "has":
        from modelaudit.engine.lang.evaluate import constant

        value = constant(made)
        if value is not None:
            return {"op": "const", "value": value}
    return made


def _simplified(leaf: Json) -> Json:
    right = leaf.get("right", {})
    if "globs" in right:
        return _with_items(leaf, [_glob(text, right["of"]) for text in right["globs"]])
    if "regexes" in right:
        return _with_items(leaf, [(each["op"], each["text"]) if "op" in each else None for each in right["regexes"]])
    return leaf


def _glob(text: str, of: str) -> tuple[str, str] | None:
    kind, part = globs.shape(text, of)
    op = {"exact": "==", "prefix": "startswith", "suffix": "endswith"}.get(kind)
    return None if op is None else (op, part)


def _with_items(leaf: Json, simple: list[tuple[str, str] | None]) -> Json:
    """The leaf with plain texts in place of patterns, when all of them are of one sort."""
    known = [each for each in simple if each is not None]
    operators = {op for op, _ in known}
    if len(known) < len(simple) or len(operators) != 1:
        return leaf
    op = operators.pop()
    return {**leaf, "op": "in" if op == "==" else op, "right": {"items": [text for _, text in known]}}


def _negation(leaf: Json, negated: bool) -> Json:
    if not negated:
        return leaf
    op = leaf["op"]
    if op == "const":
        return {"op": "const", "value": not leaf["value"]}
    if not leaf.get("keep"):
        if op in ("==", "!="):
            return {**leaf, "op": OPPOSITE[op]}
        if op in NEGATABLE:
            return {**leaf, "neg": not leaf.get("neg", False)}
    return {"op": "not", "of": leaf}


def term(value: Json) -> Json:
    """A value with its parts lowered, and calls on constants evaluated."""
    if "pred" in value:
        made = lower(value["pred"])
        return {"lit": made["value"]} if made["op"] == "const" else {"pred": made}
    if "call" not in value:
        return value
    made = {**value, "args": [term(arg) for arg in value["args"]]}
    if all("lit" in arg for arg in made["args"]):
        from modelaudit.engine.lang.evaluate import constant_value

        result = constant_value(made)
        if isinstance(result, (bool, int, float, str)):
            return {"lit": result}
    return made


def is_constant(value: Json) -> bool:
    """Whether a value is the same everywhere."""
    if "call" in value:
        return all(is_constant(arg) for arg in value["args"])
    return not ("path" in value or "list" in value or "pred" in value)


def size(program: Json) -> int:
    """How many nodes a program has."""
    return sum(1 for _ in walk(program))


def walk(program: Json) -> Iterable[Json]:
    """Every condition in a program, outermost first, in the order in which leaves are numbered."""
    stack = [program]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(parts(node)))


def parts(node: Json) -> list[Json]:
    """The conditions directly under a condition; those inside values too."""
    op = node["op"]
    if op in ("and", "or"):
        return list(node["of"])
    if op == "not":
        return [node["of"]]
    if op in QUANTIFIERS:
        return [*_inside(node["over"]), node["body"]]
    return [each for side in ("left", "right") if side in node for each in _inside(node[side])]


def _inside(value: Json) -> list[Json]:
    if "pred" in value:
        return [value["pred"]]
    if "call" in value:
        return [each for arg in value["args"] for each in _inside(arg)]
    return []


def leaves(program: Json) -> list[Json]:
    """The leaf conditions of a program; `observe` gets their positions in this list."""
    return [node for node in walk(program) if node["op"] not in ("and", "or", "not", *QUANTIFIERS)]
