"""A finished scan on its way out: report, warnings, exit code."""

from __future__ import annotations

import os

from modelaudit import reports
from modelaudit.cli import console, output
from modelaudit.engine.errors import ModelAuditError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelaudit.engine.document import ScanDocument

STDOUT = "-"
UNWRITABLE = 2  # exit code when the report could not be delivered


def check(path: str, inputs: Iterable[str] = ()) -> None:
    """Refuse, before the scan, an output file that cannot be written, or that is one of the files to read."""
    if path != STDOUT:
        output.check_writable(path, inputs)


def check_log(path: str, inputs: Iterable[str] = ()) -> None:
    """Refuse, before the scan, a decision log that cannot be appended to, or that is one of the files to read."""
    from modelaudit.engine.policy import decision_log

    output.check_apart(path, inputs)
    decision_log.check(path)


def check_sbom(path: str, report: str | None, inputs: Iterable[str] = ()) -> None:
    """Refuse, before the scan, a bill of materials that cannot be written, or whose file is that of the report."""
    if path == STDOUT:
        raise output.OutputError("--sbom needs a file: stdout is for the report")
    if report is not None and os.path.realpath(report) == os.path.realpath(path):
        raise output.OutputError(f"cannot write {path}: it is the file of the report")
    output.check_writable(path, inputs)


def sbom(document: ScanDocument, path: str, version: str, format: str | None, code: int) -> int:
    """Write the bill of materials; returns the exit code, which says when that failed."""
    from modelaudit.reports.sbom import render_sbom

    chosen = format or ("xml" if path.lower().endswith(".xml") else "json")
    try:
        output.write_whole(path, [render_sbom(document, version, chosen)])
    except output.OutputError as error:
        console.complain(str(error))
        return UNWRITABLE
    return code


def log(document: ScanDocument, path: str, code: int) -> int:
    """Append the scan to the decision log; returns the exit code, which says when that failed."""
    from modelaudit.engine.policy import decision_log

    try:
        decision_log.append(path, document)
    except OSError as error:
        console.complain(f"cannot write decision log {path}: {error.strerror or error}")
        return UNWRITABLE
    return code


def report(document: ScanDocument, format: str, path: str | None, *, verbose: bool, quiet: bool) -> int:
    """Deliver the report and say on stderr what went wrong; returns the exit code of the process.

    Where both go to one terminal, the report alone says it.

    Without a file stdout holds the report alone. With one, stdout holds a short summary; should the file fail
    after all, stdout holds the whole text report, so that nothing found is lost.
    """
    here = path is None or path == STDOUT
    if not (here and format == "text" and not quiet and console.is_one_screen()):
        _warn(document, quiet=quiet)
    try:
        if here:
            view = console.terminal_view(verbose=verbose, quiet=quiet)
            console.write_stdout(reports.render(document, format, view))
        else:
            assert path is not None  # noqa: S101 - see `here`
            _to_file(document, format, path, verbose=verbose, quiet=quiet)
    except output.OutputError as error:
        console.complain(str(error))
        view = console.terminal_view(verbose=verbose, quiet=quiet)
        console.write_stdout(reports.render(document, "text", view))
        return UNWRITABLE
    except OSError as error:
        raise ModelAuditError(f"cannot write the report: {error.strerror or error}") from error
    return document.decision.exit_code


def _to_file(document: ScanDocument, format: str, path: str, *, verbose: bool, quiet: bool) -> None:
    view = console.file_view(verbose=verbose, quiet=quiet)
    output.write_whole(path, [reports.render(document, format, view)])
    if quiet:
        return
    from modelaudit.reports.text import render_summary

    summary = render_summary(document, console.terminal_view(verbose=verbose, quiet=quiet))
    console.write_stdout(f"{summary}Report     {console.shown_path(path)}\n")


def _warn(document: ScanDocument, *, quiet: bool) -> None:
    for error in document.errors:
        console.complain(_words(error.code, error.message, error.path))
    if not quiet:
        for notice in document.notices:
            console.complain(notice, level="warning")


def _words(code: str, message: str, path: str | None) -> str:
    """The message, with its path if it does not name it."""
    return message if path is None or path in message else f"{path}: {message}"
