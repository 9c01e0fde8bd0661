"""Mistakes in rule, pack and policy files: found all at once, each with its place and a help."""

from __future__ import annotations

from dataclasses import dataclass

from modelaudit.engine.errors import ModelAuditError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_IN_FILE = 100  # mistakes of one file that are told
MAX_IN_ALL = 500
MAX_TEXT = 1_000  # characters of a message
WIDEST = 160  # characters of a source line that are shown
_LEAD = 40  # of these before the place


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a file: 1-based line and column, and how many characters it covers on that line."""

    file: str
    line: int
    column: int
    length: int = 1
    source: str = ""  # the whole line

    def excerpt(self) -> tuple[str, int]:
        """The line as far as it is shown, and the column of the place in that: a long one is cut on both sides."""
        if len(self.source) <= WIDEST:
            return self.source, self.column
        start = max(0, min(self.column - 1 - _LEAD, len(self.source) - WIDEST))
        end = start + WIDEST
        before, after = "…" if start else "", "…" if end < len(self.source) else ""
        return f"{before}{self.source[start:end]}{after}", self.column - start + len(before)

    def shifted(self, by: int, length: int) -> Span:
        """The part of this span that starts `by` characters further on the same line."""
        return Span(self.file, self.line, self.column + by, max(1, length), self.source)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake: a stable code, where it is, what is wrong and what to write instead."""

    code: str
    message: str
    span: Span | None = None
    label: str = ""  # stands beside the caret
    help: str = ""
    note: str = ""  # such as `rule ACME-17`
    level: str = "error"

    def __post_init__(self) -> None:
        for part in ("message", "label", "help", "note"):
            text = getattr(self, part)
            if len(text) > MAX_TEXT:  # a name from a file can be of any length
                object.__setattr__(self, part, f"{text[:MAX_TEXT]}…")

    def render(self) -> str:
        """The diagnostic as a person reads it, with a caret under the place."""
        lines = [f"{self.level}[{self.code}]: {self.message}"]
        if self.span is not None:
            span = self.span
            number = str(span.line)
            pad = " " * len(number)
            lines.append(f"{pad}--> {span.file}:{span.line}:{span.column}")
            if span.source:
                shown, column = span.excerpt()
                caret = " " * (column - 1) + "^" * min(span.length, max(1, len(shown) - column + 1))
                lines.append(f"{number} | {shown}")
                lines.append(f"{pad} | {caret} {self.label}".rstrip())
        pad = " " * len(str(self.span.line)) if self.span else ""
        if self.help:
            lines.append(f"{pad} = help: {self.help}")
        if self.note:
            lines.append(f"{pad} = {self.note}")
        return "\n".join(lines)


class Tally:
    """How many errors of each file a growing list holds, so that nobody looks for more than are told."""

    __slots__ = ("_counted", "_counts", "_diagnostics")

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        self._diagnostics = diagnostics
        self._counted = 0
        self._counts: dict[str, int] = {}

    def full(self, file: str) -> bool:
        """Whether a file has more errors than are told."""
        for number in range(self._counted, len(self._diagnostics)):
            diagnostic = self._diagnostics[number]
            span = diagnostic.span
            if span is not None and diagnostic.level == "error":
                self._counts[span.file] = self._counts.get(span.file, 0) + 1
        self._counted = len(self._diagnostics)
        return self._counts.get(file, 0) > MAX_IN_FILE


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Errors before warnings, both file by file and line by line, each once.

    Of one file `MAX_IN_FILE` are told and of all `MAX_IN_ALL`; what is left out is said (E133, W318).
    """
    places = {d: (d.level != "error", *_place(d)) for d in diagnostics}
    told: list[Diagnostic] = []
    counts: dict[str, int] = {}
    for diagnostic in sorted(places, key=places.__getitem__):
        file = diagnostic.span.file if diagnostic.span else ""
        counts[file] = counts.get(file, 0) + 1
        if counts[file] <= MAX_IN_FILE:
            told.append(diagnostic)
        elif counts[file] == MAX_IN_FILE + 1:
            message = f"{file or 'what has no place'} has more than {MAX_IN_FILE} mistakes; from here on none is told"
            told.append(_left_out(message, diagnostic.span, diagnostic.level))
    return tuple(told if len(told) <= MAX_IN_ALL else _cut(told))


def _cut(told: list[Diagnostic]) -> list[Diagnostic]:
    rest = told[MAX_IN_ALL:]
    return [*told[:MAX_IN_ALL], _left_out(f"at least {len(rest)} more mistakes are not told", None, rest[0].level)]


def _left_out(message: str, span: Span | None, level: str) -> Diagnostic:
    code = "E133" if level == "error" else "W318"
    return Diagnostic(code, message, span, help="correct those that are told first", level=level)


def _place(diagnostic: Diagnostic) -> tuple[str, int, int]:
    span = diagnostic.span
    return (span.file, span.line, span.column) if span else ("", 0, 0)


class DiagnosticsError(ModelAuditError):
    """Rule or policy files that cannot be used; carries every mistake found in all of them."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(diagnostics)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return "\n\n".join(d.render() for d in self.diagnostics)
