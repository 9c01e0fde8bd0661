"""Macros that use themselves, found whether or not a rule uses them."""

from __future__ import annotations

from dataclasses import fields

from modelaudit.engine.lang import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.lang.macros import Macros
    from modelaudit.engine.lang.source import Report


def report_rings(macros: Macros, report: Report) -> None:
    """Parse every macro, and report those that lead back to themselves (E211) or to none (E210)."""
    uses: dict[str, list[ast.MacroCall]] = {}
    for name in macros.names():
        macro = macros.get(name)
        uses[name] = list(_calls(macro.body)) if macro is not None and macro.body is not None else []
    for name, calls in uses.items():
        for call in calls:
            ring = _ring(name, call.name, uses)
            if ring:
                source = macros.parsed[name].source
                hint = " → ".join(f"@{each}" for each in ring)
                end = call.name_end
                report.add("E211", f"macro `@{name}` uses itself", source, call.start, end, hint=hint)


def _ring(start: str, first: str, uses: dict[str, list[ast.MacroCall]]) -> list[str]:
    """A way from a macro over one that it uses back to itself, empty when there is none."""
    came_from = {first: start}
    pending = [first]
    while pending:
        at = pending.pop()
        if at == start:
            return _way(start, came_from)
        for call in uses.get(at, ()):
            if call.name not in came_from:
                came_from[call.name] = at
                pending.append(call.name)
    return []


def _way(start: str, came_from: dict[str, str]) -> list[str]:
    """The names from a macro to itself."""
    way = [start]
    while True:
        way.append(came_from[way[-1]])
        if way[-1] == start:
            return way[::-1]


def _calls(node: ast.Node) -> Iterator[ast.MacroCall]:
    """The macro calls in a tree."""
    stack: list[object] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, ast.MacroCall):
            yield each
        if isinstance(each, ast.Node):
            stack.extend(getattr(each, field.name) for field in fields(each))
        elif isinstance(each, tuple):
            stack.extend(each)
