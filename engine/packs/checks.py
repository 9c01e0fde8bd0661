"""What a schema cannot say about a rule: ids, kinds, formats, grades and tests that fit together."""

from __future__ import annotations

import functools
import json
import re

from modelaudit.engine import validation
from modelaudit.engine.diagnostics import Diagnostic, Tally
from modelaudit.engine.finding import CONFIDENCES, SEVERITIES
from modelaudit.engine.resources import data_path
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelaudit.engine.diagnostics import Span
    from modelaudit.engine.packs.model import Pack, RuleSource, Sources
    from modelaudit.engine.yaml_tree import Node

_RESERVED = re.compile(r"MA(?![A-Za-z])", re.IGNORECASE)
_EXPLAINED = ("why", "fix", "references")


@functools.lru_cache(maxsize=1)
def kinds() -> tuple[str, ...]:
    """Every kind of fact, in the order of the schema."""
    defs = validation.schema_of("facts")["$defs"]
    return tuple(name for name, each in defs.items() if "x-collection" in each)


@functools.lru_cache(maxsize=1)
def computed() -> frozenset[str]:
    """Fields that parsers compute only when a rule asks, such as `tensor.stats`."""
    defs = validation.schema_of("facts")["$defs"].values()
    return frozenset(
        field["x-requires"] for each in defs for field in each.get("properties", {}).values() if "x-requires" in field
    )


@functools.lru_cache(maxsize=1)
def formats() -> dict[str, tuple[str, ...]]:
    """Every format with its families."""
    with open(data_path("schemas", "formats.json"), encoding="utf-8") as stream:
        catalogue = json.load(stream)["formats"]
    return {name: tuple(each["families"]) for name, each in catalogue.items()}


def families() -> frozenset[str]:
    """Every family of formats."""
    return frozenset(family for each in formats().values() for family in each)


def check_rules(sources: Sources) -> None:
    """Report everything about the rules of all packs that the schema cannot see."""
    _packs(sources)
    _ids(sources)
    named = [*sources.rules, *sources.left_out]
    known = {rule.id for rule in named} | {alias for rule in named for alias in rule.value("aliases")}
    tally = Tally(sources.diagnostics)
    for rule in sources.rules:
        if rule.pack.compiled is None and not tally.full(rule.span.file):
            _Checker(rule, sources.diagnostics).run(None if sources.incomplete else known)


def _packs(sources: Sources) -> None:
    first: dict[str, Pack] = {}
    for pack in sources.packs:
        if pack.name in first:
            span = first[pack.name].span
            message = f"pack name `{pack.name}` is taken"
            label = f"first in {span.file}:{span.line}"
            sources.diagnostics.append(Diagnostic("E122", message, pack.span, label))
        first.setdefault(pack.name, pack)


def _ids(sources: Sources) -> None:
    """Ids and former ids must be unique over all packs, and `MA` belongs to built-in ones."""
    first: dict[str, Span] = {}
    for rule in [*sources.rules, *sources.left_out]:
        aliases = rule.node.get("aliases")
        ident = rule.node.get("id")
        for node in ([ident] if ident else []) + (aliases.items if aliases else []):
            if _RESERVED.match(node.text) and not rule.pack.builtin:
                message = f"rule id `{node.text}` is reserved: ids that begin with `MA` belong to built-in packs"
                sources.diagnostics.append(Diagnostic("E121", message, node.span, help="choose a prefix of your own"))
            elif node.text in first:
                span = first[node.text]
                label = f"first in {span.file}:{span.line}"
                sources.diagnostics.append(Diagnostic("E120", f"rule id `{node.text}` is taken", node.span, label))
            first.setdefault(node.text, node.span)


class _Checker:
    """Checks one rule."""

    def __init__(self, rule: RuleSource, diagnostics: list[Diagnostic]) -> None:
        self.rule = rule
        self.diagnostics = diagnostics

    def report(
        self, code: str, message: str, span: Span, label: str = "", hint: str = "", level: str = "error"
    ) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, label, hint, f"rule {self.rule.id}", level))

    def run(self, known: Iterable[str] | None) -> None:
        self.kind()
        self.formats()
        self.requires()
        self.grades()
        self.others(known)
        self.blocks()
        self.tests()
        self.explained()

    def node(self, key: str) -> Node:
        return self.rule.node.get(key) or self.rule.node

    def kind(self) -> None:
        kind = self.rule.value("for")
        if kind not in kinds():
            label = suggestion(kind, kinds())
            hint = "" if label else f"kinds: {', '.join(kinds())}"
            self.report("E116", f"there is no fact kind `{kind}`", self.node("for").span, label, hint)

    def formats(self) -> None:
        known = sorted({*formats(), *families()})
        for key in ("formats", "inside"):
            for item in self.node(key).items if self.rule.node.get(key) else ():
                if item.text not in known:
                    label = suggestion(item.text, known)
                    hint = "" if label else f"formats and families: {', '.join(known)}"
                    self.report("E117", f"there is no format or family `{item.text}`", item.span, label, hint)

    def requires(self) -> None:
        known = sorted(computed())
        for item in self.node("requires").items if self.rule.node.get("requires") else ():
            if item.text not in known:
                label = suggestion(item.text, known)
                hint = "" if label else f"computed fields: {', '.join(known)}"
                self.report("E119", f"`{item.text}` is not a computed field", item.span, label, hint)

    def grades(self) -> None:
        severity, confidence = self.rule.value("severity"), self.rule.value("confidence")
        self.possible(severity, confidence, self.node("confidence").span)
        cases = self.rule.value("raise")
        for case, node in zip(cases, self.node("raise").items if cases else (), strict=True):
            self.raised(case, node, severity, confidence)

    def possible(self, severity: str, confidence: str, span: Span) -> None:
        if severity == "critical" and confidence == "possible":
            message = "a finding that is only `possible` is never above `warning`"
            self.report("E114", message, span, hint="lower the severity, or prove more")

    def raised(self, case: dict[str, str], node: Node, severity: str, confidence: str) -> None:
        if "severity" not in case and "confidence" not in case:
            self.report("E111", "a raise needs `severity` or `confidence`", node.span)
        for key, base, order in (("severity", severity, SEVERITIES), ("confidence", confidence, CONFIDENCES)):
            said = case.get(key)
            if said in order and order.index(said) <= order.index(base):
                value = node.get(key) or node
                message = f"a raise only raises: the rule's {key} is `{base}` already"
                self.report("E115", message, value.span)
        self.possible(case.get("severity", severity), case.get("confidence", confidence), node.span)

    def others(self, known: Iterable[str] | None) -> None:
        """Rules that this one names; `known` is None where a pack was left out, whose rules nobody knows."""
        named = list(self.node("absorbs").items) if self.rule.node.get("absorbs") else []
        replaced = self.rule.node.get("replaced_by")
        if replaced is not None and self.rule.value("status") != "deprecated":
            self.report("E126", "`replaced_by` is for rules of status `deprecated`", replaced.span)
        elif replaced is not None:
            named.append(replaced)
        for item in named:
            if item.text == self.rule.id:
                self.report("E118", "a rule cannot name itself here", item.span)
            elif known is not None and item.text not in known:
                self.report("E118", f"there is no rule `{item.text}`", item.span, suggestion(item.text, known))

    def blocks(self) -> None:
        """Columns of mistakes need scalars whose text stands in the file as it is."""
        for key in ("when", "unless"):
            node = self.rule.node.get(key)
            for item in [node, *node.items] if node else ():
                if item.style == "folded":
                    self.report("E105", f"a folded block (`>`) in `{key}`", item.span, hint="write `|`, or quotes")

    def tests(self) -> None:
        for node in self.node("tests").items:
            if (node.get("facts") is None) == (node.get("fixture") is None):
                self.report("E125", "a test needs either `facts` or a `fixture`", node.span)

    def explained(self) -> None:
        missing = [key for key in _EXPLAINED if not self.rule.value(key)]
        if not missing:
            return
        names = ", ".join(f"`{key}`" for key in missing)
        if self.rule.pack.builtin:
            self.report("E111", f"a rule of a built-in pack needs {names}", self.rule.span)
        else:
            self.report("W301", f"a reader would like to know {names}", self.rule.span, level="warning")
