"""Texts that are compiled, and where they stand in their files."""

from __future__ import annotations

from modelaudit.engine.diagnostics import Diagnostic, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Placed(Protocol):
        """What knows the place of each part of its text, such as a scalar of a YAML file."""

        def place(self, offset: int, length: int = 1) -> Span:
            """The place of a part of the text."""


class Source:
    """A text with the place of its first character; `\\n` in it begins a new line at the same column."""

    __slots__ = ("place", "text")

    def __init__(self, text: str, place: Span | Placed) -> None:
        self.text = text
        self.place = place

    def span(self, start: int, end: int) -> Span:
        """The place of the characters from `start` to `end`."""
        if not isinstance(self.place, Span):
            return self.place.place(start, max(1, end - start))
        line = self.text.count("\n", 0, start)
        if not line:
            return self.place.shifted(start, end - start)
        column = start - (self.text.rfind("\n", 0, start) + 1)
        first = self.place
        source = " " * (first.column - 1) + self.text.split("\n")[line]
        return Span(first.file, first.line + line, first.column + column, max(1, end - start), source)


class Report:
    """Gathers diagnostics; never raises."""

    __slots__ = ("diagnostics",)

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        self.diagnostics = diagnostics

    def add(
        self,
        code: str,
        message: str,
        source: Source,
        start: int,
        end: int,
        *,
        label: str = "",
        hint: str = "",
    ) -> None:
        """Report one mistake at a part of a text, once."""
        found = Diagnostic(code, message, source.span(start, end), label, hint)
        if found not in self.diagnostics:
            self.diagnostics.append(found)

    @property
    def errors(self) -> int:
        """How many mistakes there are so far."""
        return sum(1 for each in self.diagnostics if each.level == "error")
