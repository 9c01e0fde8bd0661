"""Diagnostics as JSON (`modelaudit/diagnostics@1`)."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from modelaudit.engine.diagnostics import Diagnostic

SCHEMA = "modelaudit/diagnostics@1"


def render_json(diagnostics: Sequence[Diagnostic]) -> str:
    """`errors`, `warnings` and the list; lines and columns count from 1, `end_column` is the one after the last."""
    errors = sum(1 for each in diagnostics if each.level == "error")
    document = {
        "schema": SCHEMA,
        "errors": errors,
        "warnings": len(diagnostics) - errors,
        "diagnostics": [_one(diagnostic) for diagnostic in diagnostics],
    }
    return json.dumps(document, indent=2) + "\n"


def _one(diagnostic: Diagnostic) -> dict[str, Any]:
    span = diagnostic.span
    place = {}
    if span is not None:
        ends = {"end_column": span.column + span.length}
        place = {"file": span.file, "line": span.line, "column": span.column, **ends, "source": span.excerpt()[0]}
    said = {"label": diagnostic.label, "help": diagnostic.help, "note": diagnostic.note}
    return {
        "code": diagnostic.code,
        "level": diagnostic.level,
        "message": diagnostic.message,
        **{key: value for key, value in said.items() if value},
        **place,
    }
