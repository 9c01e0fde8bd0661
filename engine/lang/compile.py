"""The compiler: texts of rules and policies → plain JSON programs; every mistake is gathered with its place."""

from __future__ import annotations

from modelaudit.engine.lang.check import Checker
from modelaudit.engine.lang.costs import check_cost
from modelaudit.engine.lang.lower import TRUE, lower, term
from modelaudit.engine.lang.macros import Macros
from modelaudit.engine.lang.parse import parse
from modelaudit.engine.lang.reads import reads
from modelaudit.engine.lang.scope import top_scope
from modelaudit.engine.lang.source import Report, Source
from modelaudit.engine.lang.terms import ListNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.diagnostics import Diagnostic, Span
    from modelaudit.engine.lang import ast
    from modelaudit.engine.lang.lists import ListType
    from modelaudit.engine.lang.macros import MacroDef
    from modelaudit.engine.lang.scope import Scope
    from modelaudit.engine.lang.source import Placed

    Json = Any
    Line = tuple[str, Span | Placed]


class Compiler:
    """Compiles the texts of one pack, or with `anywhere` of a policy, which may name the lists of all packs.

    A place is the span of a text's first character, or anything with a `place(offset, length)` that knows
    where each part stands, such as a YAML scalar. `diagnostics` gathers; nothing is raised.
    """

    def __init__(
        self,
        *,
        lists: Mapping[str, ListType],
        macros: Mapping[str, MacroDef],
        pack: str,
        anywhere: bool = False,
    ) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._report = Report(self.diagnostics)
        self._lists = ListNames(lists, pack, anywhere)
        self._macros = Macros(macros, self._report)

    def expression(self, lines: Sequence[Line], kind: str, *, requires: Collection[str] = ()) -> Json | None:
        """The conjunction of the lines for facts of a kind; None when there is a mistake in one."""
        before = self._report.errors
        if not lines:
            return TRUE
        items: list[tuple[ast.Node, Scope]] = []
        for text, place in lines:
            source = Source(text, place)
            node = parse(source, self._report)
            if node is not None:
                items.append((node, top_scope(source, kind, frozenset(requires))))
        found = self._checker().conjunction(items)
        if found is None or self._report.errors > before:
            return None
        program = lower(found.program)
        return program if check_cost(program, items[0][1].source, self._report) else None

    def value(self, text: str, place: Span | Placed, kind: str, *, requires: Collection[str] = ()) -> Json | None:
        """A single value, such as a path of `group:`; it may be absent. None when there is a mistake."""
        source = Source(text, place)
        node = parse(source, self._report)
        if node is None:
            return None
        scope = top_scope(source, kind, frozenset(requires))
        found = self._checker().loose(node, scope)
        return None if found is None else term(found.term)

    def message(self, text: str, place: Span | Placed, kind: str, *, when: Json | None = None) -> Json | None:
        """A message template; `when` is the program of the rule's condition.

        The variables of its outermost `any`s, and the columns of tables that it looks into, can be used.
        """
        from modelaudit.engine.lang.message import Template

        before = self._report.errors
        source = Source(text, place)
        scope = top_scope(source, kind)
        template = Template(self._checker(), self._report, scope, when).compile()
        return template if self._report.errors == before else None

    def check_macros(self) -> None:
        """Report what is wrong with macros by themselves, used or not."""
        from modelaudit.engine.lang.rings import report_rings

        report_rings(self._macros, self._report)

    def reads(self, program: Json) -> set[str]:
        """Kinds and `kind.field` that a program reads."""
        return reads(program)

    def _checker(self) -> Checker:
        return Checker(self._report, self._lists, self._macros)
