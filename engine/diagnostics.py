"""Mistakes in rule, pack and policy files: found all at once, each with its place and a help."""

from __future__ import annotations

from dataclasses import dataclass

from modelaudit.engine.errors import ModelAuditError


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a file: 1-based line and column, and how many characters it covers on that line."""

    file: str
    line: int
    column: int
    length: int = 1
    source: str = ""  # the whole line

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

    def render(self) -> str:
        """The diagnostic as a person reads it, with a caret under the place."""
        lines = [f"{self.level}[{self.code}]: {self.message}"]
        if self.span is not None:
            span = self.span
            number = str(span.line)
            pad = " " * len(number)
            lines.append(f"{pad}--> {span.file}:{span.line}:{span.column}")
            if span.source:
                caret = " " * (span.column - 1) + "^" * min(span.length, max(1, len(span.source) - span.column + 1))
                lines.append(f"{number} | {span.source}")
                lines.append(f"{pad} | {caret} {self.label}".rstrip())
        pad = " " * len(str(self.span.line)) if self.span else ""
        if self.help:
            lines.append(f"{pad} = help: {self.help}")
        if self.note:
            lines.append(f"{pad} = {self.note}")
        return "\n".join(lines)


class DiagnosticsError(ModelAuditError):
    """Rule or policy files that cannot be used; carries every mistake found in all of them."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(diagnostics)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return "\n\n".join(d.render() for d in self.diagnostics)
