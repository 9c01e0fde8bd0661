"""What goes to the terminal or a pipe, and how it looks there."""

from __future__ import annotations

import os
import sys

from modelaudit.reports import View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from modelaudit.engine.diagnostics import Diagnostic
    from modelaudit.engine.packs.testing_result import TestResult as RuleResult
    from modelaudit.engine.policy.testing import TestResult as PolicyResult

WIDEST = 100  # cells; longer lines are hard to read
SIGNS = str.maketrans({"·": "-", "…": "...", "–": "-", "—": "-", "→": "->", "’": "'", "“": '"', "”": '"', "×": "x"})


def complain(message: str, level: str = "error") -> None:
    """Say on stderr what went wrong."""
    from modelaudit.reports.escape import visible

    lines = [visible(line) for line in message.splitlines()] or [""]
    _put(sys.stderr, "\n".join([f"{level}: {lines[0]}", *lines[1:]]) + "\n")


def complain_of(diagnostics: Sequence[Diagnostic]) -> None:
    """Say on stderr what is wrong in rule and policy files."""
    from modelaudit.reports.diagnostics.text import render_text

    _put(sys.stderr, render_text(diagnostics).removesuffix("\n"))


def write_stdout(text: str) -> bool:
    """Write to stdout; returns whether somebody still reads it. `OSError` when writing fails otherwise."""
    if sys.stdout is None:
        raise OSError("standard output is closed")
    try:
        _put(sys.stdout, text)
    except BrokenPipeError:
        silence_stdout()
        return False
    except OSError:
        silence_stdout()
        raise
    return True


def say(text: str, hang: int = 0) -> None:
    """Write text to stdout, wrapped to the width of the output; a line that wraps is indented by `hang` more."""
    from modelaudit.reports.escape import visible
    from modelaudit.reports.text.line import Line, wrap

    width = terminal_view(verbose=False, quiet=False).width
    out = []
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        shown = visible(line.strip())
        # Columns are held apart by two spaces and more, which wrapping would close up.
        kept = shown.replace("  ", "\u00a0\u00a0")
        rows = wrap(Line(("", kept), indent=indent, hang=indent + hang), width)
        out += ["".join(part for _, part in row).rstrip() for row in rows]
    write_stdout("\n".join(out) + "\n")


def show_result(name: str, result: RuleResult | PolicyResult, *, verbose: bool) -> None:
    """Say of a test in a rule or policy file what it expected and did not get; with `verbose` that it passed, too."""
    if result.problems:
        say(f"FAIL  {name}  {result.span.file}:{result.span.line}")
        for problem in result.problems:
            say(f"      {problem}", hang=2)
    elif verbose:
        say(f"{'skip' if result.skipped else 'ok  '}  {name}")


def is_one_screen() -> bool:
    """Whether stdout and stderr both go to a terminal."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr))


def silence_stdout() -> None:
    """Send what is still buffered for stdout nowhere, so that the exit of the process is quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def terminal_view(*, verbose: bool, quiet: bool) -> View:
    """How a text report looks on this stdout.

    Colour on a terminal unless NO_COLOR is set or the terminal is dumb, and wherever FORCE_COLOR is set. The
    width is COLUMNS, else the terminal's, else 80. What is piped keeps the headline of a finding on one line.
    """
    terminal = sys.stdout is not None and sys.stdout.isatty()
    width = _columns() or (_terminal_width() if terminal else 80)
    return View(
        verbose=verbose,
        quiet=quiet,
        width=max(40, min(width, WIDEST)),
        whole_headlines=not terminal and not _columns(),
        colour=_colour(terminal),
    )


def file_view(*, verbose: bool, quiet: bool) -> View:
    """How a report looks in a file: plain, 80 columns."""
    return View(verbose=verbose, quiet=quiet)


def shown_path(path: str) -> str:
    """A path as it may be shown."""
    from modelaudit.reports.escape import visible

    return visible(path)


def _colour(terminal: bool) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"


def _columns() -> int:
    value = os.environ.get("COLUMNS", "")
    return int(value) if value.isdecimal() else 0


def _terminal_width() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except OSError:
        return 80


def _put(stream: TextIO | None, text: str) -> None:
    """Write and flush; signs that the stream's encoding lacks are written plainly or as escapes."""
    if stream is None:
        return
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        plain = text.translate(SIGNS).encode(encoding, "backslashreplace").decode(encoding)
        stream.write(plain)
    stream.flush()
