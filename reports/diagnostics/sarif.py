"""Diagnostics as SARIF 2.1.0 (OASIS standard), which code hosts show in pull requests."""

from __future__ import annotations

import json

import modelaudit
from modelaudit.engine.authoring.codes import pages
from modelaudit.reports.address import uri

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from modelaudit.engine.diagnostics import Diagnostic

    Json = dict[str, Any]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render_sarif(diagnostics: Sequence[Diagnostic]) -> str:
    """One run, whose rules are the codes that occur; columns count code points."""
    codes = list(dict.fromkeys(diagnostic.code for diagnostic in diagnostics))
    driver = {
        "name": "modelaudit",
        "semanticVersion": modelaudit.__version__,
        "rules": [_rule(code) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, codes.index(diagnostic.code)) for diagnostic in diagnostics],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str) -> Json:
    page = pages().get(code)
    if page is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": page.title},
        "fullDescription": {"text": page.text},
        "defaultConfiguration": {"level": page.level},
        "help": {"text": f"{page.text}\n\nWrong:\n{page.wrong}\n\nRight:\n{page.right}"},
    }


def _result(diagnostic: Diagnostic, index: int) -> Json:
    words = [diagnostic.message, diagnostic.label, diagnostic.help, diagnostic.note]
    result: Json = {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": diagnostic.level,
        "message": {"text": "; ".join(word for word in words if word)},
    }
    span = diagnostic.span
    if span is not None:
        region: Json = {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.line,
            "endColumn": span.column + span.length,
        }
        if span.source:
            region["snippet"] = {"text": span.excerpt()[0]}
        place = {"artifactLocation": {"uri": uri(span.file)}, "region": region}
        result["locations"] = [{"physicalLocation": place}]
    return result
