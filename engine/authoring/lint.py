"""Lint of rules: what compiles, and is most likely not what its author meant."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from modelaudit.engine.authoring.conditions import conjuncts, never, pairwise, repeated
from modelaudit.engine.diagnostics import Diagnostic, in_order
from modelaudit.engine.finding import SEVERITIES
from modelaudit.engine.index.build import unanchored
from modelaudit.engine.packs.asked import Asked
from modelaudit.engine.packs.load import compiled, gather
from modelaudit.engine.packs.testing import expected_outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from modelaudit.engine.diagnostics import Span
    from modelaudit.engine.packs.model import RuleSource, Sources
    from modelaudit.engine.yaml_tree import Node

    Json = Any

IGNORE = "x-lint-ignore"  # key of a rule: codes that its author has seen and wants to keep


@dataclass(frozen=True, slots=True)
class LintRun:
    """Everything that is wrong or doubtful in some packs, in the order of files and lines."""

    diagnostics: tuple[Diagnostic, ...]
    notices: tuple[str, ...]
    rules: int  # how many rules were looked at

    @property
    def errors(self) -> int:
        """How many mistakes keep the packs from being used."""
        return sum(1 for each in self.diagnostics if each.level == "error")


def lint(rules: Sequence[str] = ()) -> LintRun:
    """Mistakes and doubts in the packs at these paths, or in the built-in packs when there are none.

    Mistakes are gathered with the rest, not raised; a path that is not there is a `UsageError`.
    """
    asked = Asked(rules)
    sources = gather(rules, prepared=not asked.builtin)
    diagnostics = list(sources.diagnostics)
    document = compiled(sources, diagnostics)
    wanted = [rule for rule in sources.rules if asked.takes(rule.pack, rule.span.file)]
    others = _Others(sources, document)
    for rule in wanted:
        diagnostics += _kept(rule, _RuleLint(rule, others.programs.get(rule.id), others).run())
    return LintRun(in_order(diagnostics), tuple(sources.notices), len(wanted))


def _kept(rule: RuleSource, found: Iterator[Diagnostic]) -> Iterator[Diagnostic]:
    """What the author of a rule has not ignored."""
    node = rule.node.get(IGNORE)
    ignored = {item.text for item in ([node, *node.items] if node is not None else ())}
    return (each for each in found if each.code not in ignored)


class _Others:
    """The rules of all packs, as one rule is compared with them."""

    def __init__(self, sources: Sources, document: Json) -> None:
        programs: dict[str, Json] = {doc["id"]: doc for doc in document["rules"]}
        self.by_id = {rule.id: rule for rule in [*sources.rules, *sources.left_out]}
        self.former = {alias: rule for rule in sources.rules for alias in rule.value("aliases")}
        self.conditions = {id: conjuncts(doc["when"]) for id, doc in programs.items()}
        self.programs = programs
        self.position = {id: number for number, id in enumerate(programs)}
        self.by_rarest = self.rarest()
        self.unanchored = frozenset(unanchored(document["rules"], document["lists"]))

    def rarest(self) -> dict[str, list[str]]:
        """The rules by the one of their conditions that the fewest rules have; by none those that always hold."""
        shared = Counter(key for keys in self.conditions.values() for key in keys)
        found: dict[str, list[str]] = {}
        for id, keys in self.conditions.items():
            found.setdefault(min(keys, key=lambda key: (shared[key], key), default=""), []).append(id)
        return found

    def like(self, doc: Json) -> Iterator[Json]:
        """Other rules about facts of the same kind that hold whenever this one does, wherever it applies."""
        mine = self.conditions[doc["id"]]
        near = [id for key in ("", *mine) for id in self.by_rarest.get(key, ())]
        for id in sorted(near, key=self.position.__getitem__):
            other = self.programs[id]
            if id != doc["id"] and other["for"] == doc["for"] and self.conditions[id] <= mine and _wider(other, doc):
                yield other


def _wider(other: Json, doc: Json) -> bool:
    """Whether a rule applies to every artifact that another one does, and excepts no more."""
    places = all(not other[part] or (set(doc[part]) and set(doc[part]) <= set(other[part])) for part in _PLACES)
    return places and (other["unless"] is None or conjuncts(other["unless"]) == conjuncts(doc["unless"]))


_PLACES = ("formats", "inside")


class _RuleLint:
    """Looks at one rule; without a compiled form only at what its file says."""

    def __init__(self, rule: RuleSource, doc: Json | None, others: _Others) -> None:
        self.rule = rule
        self.doc = doc
        self.others = others

    def run(self) -> Iterator[Diagnostic]:
        """Everything that is doubtful about the rule."""
        yield from self.tests()
        yield from self.folded()
        yield from self.names()
        if self.doc is not None:
            yield from self.conditions(self.doc)
            yield from self.raises(self.doc)
            yield from self.neighbours(self.doc)

    def warn(self, code: str, message: str, span: Span, label: str = "", hint: str = "") -> Diagnostic:
        return Diagnostic(code, message, span, label, hint, f"rule {self.rule.id}", "warning")

    def span(self, key: str) -> Span:
        node = self.rule.node.get(key)
        return _first(node).span if node is not None else self.rule.span

    # What the file says

    def tests(self) -> Iterator[Diagnostic]:
        seen = {expected_outcome(test["expect"]) for test in self.rule.data["tests"]}
        for word in ("match", "no-match"):
            if word not in seen:
                span = self.rule.node.key_span("tests")
                yield self.warn("W302", f"no test expects `{word}`", span, hint="a rule needs at least one of either")

    def folded(self) -> Iterator[Diagnostic]:
        cases = self.rule.node.get("raise")
        nodes = [("message", self.rule.node.get("message"))]
        nodes += [("raise", item) for case in (cases.items if cases else ()) for item in _scalars(case.get("when"))]
        nodes += [("group", item) for item in _scalars(self.rule.node.get("group"))]
        for key, node in nodes:
            if node is not None and node.style == "folded":
                yield self.warn("W303", f"a folded block (`>`) in `{key}`", node.span, hint="write `|`, or quotes")

    def names(self) -> Iterator[Diagnostic]:
        for key in ("absorbs", "replaced_by"):
            for item in _scalars(self.rule.node.get(key)):
                yield from self.named(item)
        if self.rule.value("status") == "deprecated" and self.rule.node.get("replaced_by") is None:
            hint = "add `replaced_by`, or say in `why` that nothing does"
            yield self.warn("W305", "nothing says what replaced this rule", self.span("status"), hint=hint)

    def named(self, item: Node) -> Iterator[Diagnostic]:
        current = self.others.former.get(item.text)
        if current is not None and item.text not in self.others.by_id:
            message = f"`{item.text}` is a former id of {current.id}"
            yield self.warn("W304", message, item.span, f"write `{current.id}`")
        rule = self.others.by_id.get(item.text)
        if rule is not None and rule.value("status") == "deprecated":
            replaced = rule.value("replaced_by")
            label = f"write `{replaced}`" if replaced else ""
            yield self.warn("W306", f"rule {item.text} is deprecated", item.span, label)

    # What the programs say

    def conditions(self, doc: Json) -> Iterator[Diagnostic]:
        when, unless = doc["when"], doc["unless"]
        if never(when):
            yield self.warn("W311", "the condition can never hold", self.span("when"), hint="the rule finds nothing")
        elif doc["id"] in self.others.unanchored:
            hint = "start it with an equality, a list, a glob or a text that facts can be looked up by"
            yield self.warn("W310", "rule has no index anchor", self.span("when"), hint=hint)
        if unless is not None and never(unless):
            yield self.warn("W312", "the exception can never hold", self.span("unless"), hint="it excepts nothing")
        for key, program in (("when", when), ("unless", unless)):
            for text in pairwise(program) if program is not None else ():
                hint = "tie the two together by an equality or `in` between their fields"
                yield self.warn("W317", f"`{text}` compares facts pair by pair", self.span(key), hint=hint)
            for text in repeated(program) if program is not None else ():
                yield self.warn("W313", f"`{text}` is there twice", _second(self.rule.node.get(key), text, self.rule))

    def raises(self, doc: Json) -> Iterator[Diagnostic]:
        nodes = self.rule.node.get("raise")
        before: list[frozenset[str]] = []
        for case, node in zip(doc["raise"], nodes.items if nodes else (), strict=True):
            mine = conjuncts(case["when"])
            place = _first(node.get("when") or node).span
            if never(case["when"]):
                yield self.warn("W314", "this raise can never hold", place)
            elif any(earlier <= mine for earlier in before):
                yield self.warn("W314", "a raise before this one holds whenever it does", place)
            before.append(mine)

    def neighbours(self, doc: Json) -> Iterator[Diagnostic]:
        place = self.rule.span
        for other in self.others.like(doc):
            id = other["id"]
            same = self.others.conditions[id] == self.others.conditions[doc["id"]] and _wider(doc, other)
            if doc["id"] in other["absorbs"] and _gravest(doc) <= SEVERITIES.index(other["severity"]):
                message = f"every match is a match of {id} too, which absorbs it"
                yield self.warn("W315", message, place, "never stands by itself")
            elif same and id not in doc["absorbs"] and self.others.position[id] < self.others.position[doc["id"]]:
                hint = "keep one of them, or let one absorb the other"
                yield self.warn("W316", f"rule {id} looks for the same", place, hint=hint)


def _gravest(doc: Json) -> int:
    """The gravest that a match may be; a table may say anything."""
    said = [doc["severity"], *(case["severity"] for case in doc["raise"] if "severity" in case)]
    return max(SEVERITIES.index(word) if isinstance(word, str) else len(SEVERITIES) for word in said)


def _scalars(node: Node | None) -> list[Node]:
    if node is None:
        return []
    return node.items if node.kind == "list" else [node]


def _first(node: Node) -> Node:
    """A scalar, or the first item of a list."""
    return node.items[0] if node.items else node


def _second(node: Node | None, text: str, rule: RuleSource) -> Span:
    """The place where a text stands for the second time, or where its condition begins."""
    seen = 0
    for item in _scalars(node):
        at = item.text.find(text)
        while at >= 0:
            seen += 1
            if seen == 2:
                return item.place(at, len(text))
            at = item.text.find(text, at + 1)
    return _first(node).span if node is not None else rule.span
