"""Diagnostics in SARIF are valid by the schema of the standard, where a copy of it is at hand."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, Draft7Validator

from modelaudit.engine.authoring.codes import pages
from modelaudit.engine.diagnostics import Diagnostic, Span
from modelaudit.reports.diagnostics import render_diagnostics

NAME = Path("shared", "data", "sarif-schema-2.1.0.json")
PLACES = [folder / NAME for folder in Path(__file__).resolve().parents]
SPAN = Span("rules/ä b.yaml", 14, 19, 5, "    when: 'import.modul in $exec'")


@pytest.fixture(scope="module")
def validator():
    found = next((place for place in PLACES if place.is_file()), None)
    if found is None:
        pytest.skip(f"no copy of the SARIF schema beside the repository ({NAME.as_posix()})")
    schema = json.loads(found.read_text(encoding="utf-8"))
    kind = Draft4Validator if "draft-04" in schema.get("$schema", "") else Draft7Validator
    kind.check_schema(schema)
    return kind(schema)


@pytest.mark.parametrize(
    "diagnostics",
    [
        [],
        [Diagnostic(code, page.title, SPAN) for code, page in pages().items()],
        [Diagnostic("W301", "a reader would like to know `why`", None, level="warning")],
        [Diagnostic("E101", "no YAML", Span("/tmp/a b.yaml", 1, 1))],
        [Diagnostic("E101", "no YAML", Span("\udcff.yaml", 1, 1, 1, "\x00"))],
    ],
    ids=["none", "every code", "no place", "an absolute path", "a name that is no text"],
)
def test_diagnostics_are_valid_sarif(validator, diagnostics):
    document = json.loads(render_diagnostics(diagnostics, "sarif"))
    assert [error.message for error in validator.iter_errors(document)] == []
