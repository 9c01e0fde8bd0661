"""What a program costs at worst, so that no rule is written that can never be fast."""

from __future__ import annotations

from modelaudit.engine.lang.functions import COSTS, FUNCTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.engine.lang.source import Report, Source

    Json = Any

MAX_NODES = 4_000  # of a compiled program
MAX_COST = 10**11
FACTS = 1_000  # facts that a collection is taken to hold
ITEMS = 10  # items that a set or list is taken to hold


def check_cost(program: Json, source: Source, report: Report) -> bool:
    """Whether a program is small and cheap enough; else that is reported (E232)."""
    from modelaudit.engine.lang.lower import size

    nodes = size(program)
    if nodes > MAX_NODES:
        message = f"the condition has {nodes} parts with its macros, more than {MAX_NODES}"
        report.add("E232", message, source, 0, len(source.text), hint="split the rule")
        return False
    if cost(program) > MAX_COST:
        hint = "compare by `==` or `in`, or move the slow function out of the inner quantifier"
        report.add("E232", "the condition costs too much", source, 0, len(source.text), hint=hint)
        return False
    return True


def cost(node: Json) -> int:
    """Units of work for one fact: a plain comparison is one."""
    if isinstance(node, list):
        return sum(cost(item) for item in node)
    if not isinstance(node, dict):
        return 0
    if "over" in node:
        items = FACTS if "facts" in node["over"] else ITEMS
        return cost(node["over"]) + items * cost(node["body"])
    own = COSTS[FUNCTIONS[node["call"]].cost] if "call" in node else int("op" in node or "path" in node)
    return own + sum(cost(value) for value in node.values())
