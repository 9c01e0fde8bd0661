"""Rules and lists as read from files, compiled into the plain JSON that runs and that the cache keeps."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from modelaudit.engine.diagnostics import Diagnostic, Tally
from modelaudit.engine.lang.compile import Compiler
from modelaudit.engine.lang.lists import ListType, compile_list
from modelaudit.engine.lang.macros import MacroDef
from modelaudit.engine.packs.manifest import skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.diagnostics import Span
    from modelaudit.engine.packs.model import ListSource, Pack, RuleSource, Sources
    from modelaudit.engine.yaml_tree import Node

    Json = Any

MAX_CONDITIONS = 1024 * 1024  # characters of one file, which take some seconds to compile
_NO_LIST = "E209"
_COPIED = (
    *("id", "name", "version", "title", "status", "severity", "confidence", "aliases", "formats", "inside", "for"),
    *("once", "absorbs", "why", "fix", "cwes", "tags", "references", "requires"),
)


def compile_lists(lists: Mapping[str, ListSource], diagnostics: list[Diagnostic]) -> dict[str, Json]:
    """The compiled lists by full name; entries that do not fit their list are reported."""
    compiled = {}
    for name, source in lists.items():
        made, problems = compile_list(
            source.kind, source.of, source.fold, source.items, partial(_resolved, source.pack, lists)
        )
        for problem in problems:
            span = source.spans[problem.index] if problem.index < len(source.spans) else source.span
            if problem.length:
                span = _part(span, str(source.items[problem.index]), problem.start, problem.length)
            note = f"list {name}"
            diagnostics.append(Diagnostic(problem.code, problem.message, span, help=problem.help, note=note))
        compiled[name] = made
    return compiled


def _resolved(pack: str, lists: Mapping[str, ListSource], name: str) -> str | None:
    """The full name of a list that an entry names: of its own pack, or as written."""
    return next((full for full in (f"{pack}.{name}", name) if full in lists), None)


def _part(span: Span, item: str, start: int, length: int) -> Span:
    """The place of a part of an entry, when the entry stands on its line as it is."""
    at = span.source.find(item, span.column - 1)
    if at < 0 or at > span.column:
        return span
    return span.shifted(at - (span.column - 1) + start, length)


def list_types(lists: Mapping[str, ListSource]) -> dict[str, ListType]:
    """What the compiler must know of each list: its kind, what it holds and the columns of a table."""
    return {name: _list_type(source) for name, source in lists.items()}


def macro_defs(pack: Pack) -> dict[str, MacroDef]:
    """The macros of a pack as the compiler takes them."""
    return {name: MacroDef(macro.signature, macro.text, macro.span, macro.node) for name, macro in pack.macros.items()}


def compile_rules(sources: Sources, types: Mapping[str, ListType]) -> list[Json]:
    """The compiled rules of all packs; those with mistakes are left out and the mistakes reported."""
    compiled = []
    tally = Tally(sources.diagnostics)
    for pack in sources.packs:
        if pack.compiled is not None:
            compiled += pack.compiled["rules"]
            continue
        compiler = Compiler(lists=types, macros=macro_defs(pack), pack=pack.name)
        compiler.check_macros()
        sources.diagnostics.extend(compiler.diagnostics)
        for rule in _affordable(pack.rules, sources):
            if tally.full(rule.span.file):
                continue
            worker = _RuleCompiler(compiler, rule)
            made = worker.run()
            if made is not None:
                compiled.append(made)
            if sources.incomplete and {d.code for d in worker.mistakes if d.level == "error"} == {_NO_LIST}:
                skip(sources, f"rule {rule.id} is left out: it names a list of a pack that is left out")
                continue
            sources.diagnostics.extend(worker.mistakes)
    return compiled


def _affordable(rules: Sequence[RuleSource], sources: Sources) -> Iterator[RuleSource]:
    """The rules of each file, until its conditions are longer than one file's may be (E202)."""
    spent: dict[str, int] = {}
    for rule in rules:
        before = spent.get(rule.span.file, 0)
        after = before + sum(_length(rule.node.get(key)) for key in ("when", "unless", "raise"))
        spent[rule.span.file] = after
        if after <= MAX_CONDITIONS:
            yield rule
        elif before <= MAX_CONDITIONS:
            message = f"the conditions of this file are longer than {MAX_CONDITIONS:,} characters together"
            hint = "put constants into a list, or the rules into several files"
            sources.diagnostics.append(Diagnostic("E202", message, rule.span, help=hint, note=f"rule {rule.id}"))


def _length(node: Node | None) -> int:
    """How many characters the texts of a node have."""
    if node is None:
        return 0
    return len(node.text) + sum(map(_length, (*node.items, *node.fields.values())))


def _list_type(source: ListSource) -> ListType:
    columns: dict[str, None] = dict.fromkeys(source.columns)
    for item in source.items if source.kind == "table" else ():
        columns.update(dict.fromkeys(key for key in item if key != "key"))
    return ListType(source.kind, source.of, source.fold, tuple(columns))


class _RuleCompiler:
    """Compiles one rule."""

    def __init__(self, compiler: Compiler, rule: RuleSource) -> None:
        self.compiler = compiler
        self.rule = rule
        self.mistakes: list[Diagnostic] = []
        self.kind: str = rule.value("for")

    def run(self) -> Json | None:
        """The rule as JSON, None when something in it does not compile."""
        self.compiler.diagnostics.clear()
        doc = {key: self.rule.value(key) for key in _COPIED}
        doc["when"] = self.condition(self.rule.node.get("when"))
        doc["unless"] = self.condition(self.rule.node.get("unless"))
        when = doc["when"]
        doc["raise"] = [self.case(node, when) for node in self.items("raise")]
        doc["group"] = [self.path(node) for node in self.items("group")] or None
        doc["message"] = self.text(self.rule.node.get("message"), when)
        doc["cves"] = [self.word(node, when) for node in self.items("cves")]
        doc |= {"pack": self.rule.pack.name, "pack_version": self.rule.pack.version}
        doc |= {"source": "rule", "overridable": False}
        self.mistakes = [replace(each, note=f"rule {self.rule.id}") for each in self.compiler.diagnostics]
        if any(mistake.level == "error" for mistake in self.mistakes):
            return None
        doc["reads"] = sorted(self.reads(doc))
        return doc

    def items(self, key: str) -> list[Node]:
        node = self.rule.node.get(key)
        return node.items if node is not None else []

    def condition(self, node: Node | None) -> Json | None:
        """The conjunction of an expression or a list of expressions, None when there is none."""
        if node is None or (node.kind == "list" and not node.items):
            return None
        lines = [line_of(item) for item in (node.items if node.kind == "list" else [node])]
        return self.compiler.expression(lines, self.kind, requires=self.rule.value("requires"))

    def case(self, node: Node, when: Json) -> Json:
        case = {"when": self.condition(node.get("when"))}
        for key in ("severity", "confidence"):
            said = node.get(key)
            if said is not None:
                case[key] = self.word(said, when)
        return case

    def path(self, node: Node) -> Json:
        return self.compiler.value(*line_of(node), self.kind, requires=self.rule.value("requires"))

    def text(self, node: Node | None, when: Json) -> Json:
        """A template that may use the variables and tables of the condition."""
        if node is None or when is None:
            return None
        return self.compiler.message(*line_of(node), self.kind, when=when)

    def word(self, node: Node, when: Json) -> Json:
        """A word as it stands, or the column of a table that gives it."""
        return {"template": self.text(node, when)} if "{" in node.text else node.text

    def reads(self, doc: Mapping[str, Json]) -> set[str]:
        """Every kind and field that the programs of a rule read."""
        programs = [doc["when"], doc["unless"], *(doc["group"] or ()), *(case["when"] for case in doc["raise"])]
        return {name for program in programs if program is not None for name in self.compiler.reads(program)}


def line_of(node: Node) -> tuple[str, Node]:
    """The text of a scalar, and what knows the place of each part of it."""
    return node.text, node


def neutral(packs: Sequence[Pack]) -> Json:
    """What a compiled document says of its packs."""
    return [
        {"pack": pack.name, "version": pack.version, "digest": pack.digest, "rules": len(pack.rules)} for pack in packs
    ]
