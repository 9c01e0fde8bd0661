"""A finished scan on its way out: report, warnings, exit code."""

from __future__ import annotations

import os

from modelaudit import reports
from modelaudit.cli import console, output
from modelaudit.engine.errors import ModelAuditError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelaudit.engine.document import ScanDocument
    from modelaudit.reports import View

STDOUT = "-"
UNWRITABLE = 2  # exit code when the report could not be delivered


def outputs(format: str | None, paths: Sequence[str]) -> list[tuple[str, str]]:
    """Format and file of each report; stdout when no file is named.

    A single file has the format that was asked for, whatever its name. Otherwise the end of a name decides, and for
    one that says nothing the format that was asked for, else text.
    """
    if len(paths) == 1 and format is not None:
        return [(format, paths[0])]
    return [(reports.format_of(path) or format or "text", path) for path in paths] or [(format or "text", STDOUT)]


def check(path: str, inputs: Iterable[str] = ()) -> None:
    """Refuse, before the scan, an output file that cannot be written, or that is one of the files to read."""
    if path != STDOUT:
        output.check_writable(path, inputs)


def check_all(paths: Sequence[str], inputs: Sequence[str]) -> None:
    """Refuse, before the scan, reports that cannot be written, or whose file is to be read or stands there twice."""
    seen: set[str] = set()
    for path in paths:
        real = path if path == STDOUT else os.path.realpath(path)
        if real in seen:
            raise output.OutputError(f"cannot write {path}: it is named twice")
        seen.add(real)
        check(path, inputs)


def check_log(path: str, inputs: Iterable[str] = ()) -> None:
    """Refuse, before the scan, a decision log that cannot be appended to, or that is one of the files to read."""
    from modelaudit.engine.policy import decision_log

    output.check_apart(path, inputs)
    decision_log.check(path)


def check_sbom(path: str, reports: Iterable[str], inputs: Iterable[str] = ()) -> None:
    """Refuse, before the scan, a bill of materials that cannot be written, or whose file is that of the report."""
    if path == STDOUT:
        raise output.OutputError("--sbom needs a file: stdout is for the report")
    if os.path.realpath(path) in {os.path.realpath(report) for report in reports}:
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


def report(document: ScanDocument, to: Sequence[tuple[str, str]], *, verbose: bool, quiet: bool) -> int:
    """Deliver the reports and say on stderr what went wrong; returns the exit code of the process.

    Where both go to one terminal, the text report alone says it.

    Without a file stdout holds the report alone. With files alone it holds a short summary; should one fail after
    all, stdout holds the whole text report, so that nothing found is lost.
    """
    here = next((format for format, path in to if path == STDOUT), None)
    if not (here == "text" and not quiet and console.is_one_screen()):
        _warn(document, quiet=quiet)
    failed = [not _written(document, format, path, verbose, quiet) for format, path in to if path != STDOUT]
    try:
        view = console.terminal_view(verbose=verbose, quiet=quiet)
        if here is not None:
            console.write_stdout(reports.render(document, here, view))
        elif any(failed):
            console.write_stdout(reports.render(document, "text", view))
        elif not quiet:
            console.write_stdout(_summary(document, [path for _, path in to], view))
    except OSError as error:
        raise ModelAuditError(f"cannot write the report: {error.strerror or error}") from error
    return UNWRITABLE if any(failed) else document.decision.exit_code


def _written(document: ScanDocument, format: str, path: str, verbose: bool, quiet: bool) -> bool:
    """Whether a report could be written to its file; what kept it from that is said."""
    view = console.file_view(verbose=verbose, quiet=quiet)
    try:
        output.write_whole(path, [reports.render(document, format, view)])
    except output.OutputError as error:
        console.complain(str(error))
        return False
    return True


def _summary(document: ScanDocument, paths: Iterable[str], view: View) -> str:
    from modelaudit.reports.text import render_summary

    lines = "".join(f"Report     {console.shown_path(path)}\n" for path in paths)
    return render_summary(document, view) + lines


def _warn(document: ScanDocument, *, quiet: bool) -> None:
    for error in document.errors:
        console.complain(_words(error.message, error.path))
    if not quiet:
        for notice in document.notices:
            console.complain(notice, level="warning")


def _words(message: str, path: str | None) -> str:
    """The message, with its path if it does not name it."""
    return message if path is None or path in message else f"{path}: {message}"
