"""Macros: named expressions with typed parameters, inlined where they are used."""

from __future__ import annotations

import re
from dataclasses import dataclass

from modelaudit.engine.lang.parse import parse
from modelaudit.engine.lang.source import Report, Source
from modelaudit.engine.lang.types import Type, parse_type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modelaudit.engine.diagnostics import Span
    from modelaudit.engine.lang import ast
    from modelaudit.engine.lang.source import Placed

MAX_MACRO_DEPTH = 8
MAX_MACRO_NODES = 500  # that macros may bring into one expression

_SIGNATURE = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*\(([^()]*)\)\s*\Z")
_PARAM = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*:\s*([A-Za-z_<>]+)\s*\Z")


@dataclass(frozen=True, slots=True)
class MacroDef:
    """A macro as its file has it, such as `runs(n: str)` and `n in $exec`, with the places of both."""

    signature: str
    text: str
    span: Span
    text_span: Span | Placed


@dataclass(frozen=True, slots=True)
class Macro:
    """A parsed macro; `body` is None when its expression does not parse."""

    name: str
    params: Mapping[str, Type]
    body: ast.Node | None
    source: Source
    signature: str


class Macros:
    """The macros of a pack, each parsed when it is first used."""

    def __init__(self, definitions: Mapping[str, MacroDef], report: Report) -> None:
        self.definitions = definitions
        self.report = report
        self.parsed: dict[str, Macro] = {}

    def names(self) -> Iterable[str]:
        """Every name."""
        return self.definitions

    def get(self, name: str) -> Macro | None:
        """The macro, None when there is none; its own mistakes are reported once."""
        if name not in self.definitions:
            return None
        if name not in self.parsed:
            self.parsed[name] = read_macro(name, self.definitions[name], self.report)
        return self.parsed[name]


def read_macro(name: str, definition: MacroDef, report: Report) -> Macro:
    """Parse a macro; mistakes in the signature are E231, in the expression those of any expression."""
    signature = Source(definition.signature, definition.span)
    params = _params(signature, report)
    source = Source(definition.text, definition.text_span)
    body = parse(source, report)
    return Macro(name, params or {}, body if params is not None else None, source, definition.signature.strip())


def _params(signature: Source, report: Report) -> dict[str, Type] | None:
    match = _SIGNATURE.match(signature.text)
    if match is None:
        hint = "write `name(param: type, …)`"
        report.add("E231", "this is no signature of a macro", signature, 0, len(signature.text), hint=hint)
        return None
    params: dict[str, Type] = {}
    at = match.start(2)
    for part in match.group(2).split(",") if match.group(2).strip() else ():
        found = _param(part, at, params, signature, report)
        if found is None:
            return None
        params[found[0]] = found[1]
        at += len(part) + 1
    return params


def _param(
    part: str, at: int, params: Mapping[str, Type], signature: Source, report: Report
) -> tuple[str, Type] | None:
    start, end = at + len(part) - len(part.lstrip()), at + len(part.rstrip())
    match = _PARAM.match(part)
    type_ = parse_type(match.group(2)) if match else None
    if match is None or type_ is None:
        hint = "types are bool, int, float, str, bytes, dotted, path, uri, strings, set<…>, list<…> and fact kinds"
        report.add("E231", f"`{part.strip()}` is no parameter with a type", signature, start, end, hint=hint)
        return None
    if match.group(1) in params:
        report.add("E231", f"parameter `{match.group(1)}` is there twice", signature, start, end)
        return None
    return match.group(1), type_
