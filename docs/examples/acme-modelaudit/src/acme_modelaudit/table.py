"""Findings as CSV, one a row."""

import csv
import io

from modelaudit.engine.document import ScanDocument
from modelaudit.reports import View
from modelaudit.reports.escape import visible


def render(document: ScanDocument, view: View) -> str:
    """The report; what comes from models is made safe to look at, and no spreadsheet takes it for a formula."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("severity", "rule", "artifact", "message"))
    for finding in document.findings:
        if finding.active:
            table.writerow(map(_cell, (finding.severity, finding.rule, finding.artifact, finding.message)))
    return out.getvalue()


def _cell(text: str) -> str:
    shown = visible(text)
    return f"'{shown}" if shown[:1] in "=+-@" and shown else shown
