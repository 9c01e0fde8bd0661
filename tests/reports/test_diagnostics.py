"""Diagnostics as text, JSON and SARIF."""

import json

import pytest

from modelaudit.engine.authoring.codes import pages
from modelaudit.engine.diagnostics import Diagnostic, Span, Tally, in_order
from modelaudit.reports.diagnostics import render_diagnostics
from modelaudit.reports.diagnostics.text import counted

SPAN = Span("rules/ä b.yaml", 14, 19, 5, "    when: 'import.modul in $exec'")
FOUND = [
    Diagnostic("E203", "unknown field `modul` on `import`", SPAN, "did you mean `module`?", "", "rule ACME-17"),
    Diagnostic("W301", "a reader would like to know `why`", None, level="warning"),
]


def test_text_has_carets_and_counts():
    text = render_diagnostics(FOUND, "text")
    assert text == (
        "error[E203]: unknown field `modul` on `import`\n"
        "  --> rules/ä b.yaml:14:19\n"
        "14 |     when: 'import.modul in $exec'\n"
        "   |                   ^^^^^ did you mean `module`?\n"
        "   = rule ACME-17\n\n"
        "warning[W301]: a reader would like to know `why`\n\n"
    )
    assert counted(FOUND) == "1 error, 1 warning"
    assert counted([]) == "0 errors, 0 warnings"


def test_text_from_files_is_made_safe():
    hostile = Diagnostic("E110", "unknown key `\x1b[2J`", Span("a.yaml", 1, 1, 3, "\x1b[2J: 1"))
    assert "\x1b" not in render_diagnostics([hostile], "text")


def test_json_has_every_part():
    said = json.loads(render_diagnostics(FOUND, "json"))
    assert (said["schema"], said["errors"], said["warnings"]) == ("modelaudit/diagnostics@1", 1, 1)
    assert said["diagnostics"] == [
        {
            "code": "E203",
            "level": "error",
            "message": "unknown field `modul` on `import`",
            "label": "did you mean `module`?",
            "note": "rule ACME-17",
            "file": "rules/ä b.yaml",
            "line": 14,
            "column": 19,
            "end_column": 24,
            "source": SPAN.source,
        },
        {"code": "W301", "level": "warning", "message": "a reader would like to know `why`"},
    ]


def test_sarif_names_the_place_and_explains_the_code():
    (run,) = json.loads(render_diagnostics(FOUND, "sarif"))["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["E203", "W301"]
    assert run["tool"]["driver"]["rules"][0]["shortDescription"]["text"] == pages()["E203"].title
    first, second = run["results"]
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("E203", 0, "error")
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "rules/%C3%A4%20b.yaml"
    assert place["region"] == {
        "startLine": 14,
        "startColumn": 19,
        "endLine": 14,
        "endColumn": 24,
        "snippet": {"text": SPAN.source},
    }
    assert "locations" not in second


def test_nothing_to_tell_is_still_a_document():
    assert render_diagnostics([], "text") == ""
    assert json.loads(render_diagnostics([], "json"))["diagnostics"] == []
    assert json.loads(render_diagnostics([], "sarif"))["runs"][0]["results"] == []


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="xml"):
        render_diagnostics([], "xml")


def test_a_long_line_is_cut_around_the_place():
    span = Span("a.yaml", 1, 5_001, 3, "x" * 5_000 + "bad" + "y" * 5_000)
    number, line, caret = Diagnostic("E203", "unknown", span).render().split("\n")[1:4]
    assert number.endswith("a.yaml:1:5001")
    assert len(line) < 200
    assert line[caret.index("^") :].startswith("bad")
    assert caret.count("^") == 3


def test_errors_stand_before_warnings_and_more_than_anybody_reads_is_said():
    errors = [Diagnostic("E203", f"mistake {n}", Span("b.yaml", n + 1, 1)) for n in range(150)]
    doubts = [Diagnostic("W301", f"doubt {n}", Span("a.yaml", n + 1, 1), level="warning") for n in range(150)]
    told = in_order([*doubts, *errors])
    assert [d.code for d in told] == ["E203"] * 100 + ["E133"] + ["W301"] * 100 + ["W318"]
    assert told[100].span.line == 101


def test_of_many_files_some_mistakes_are_told():
    told = in_order([Diagnostic("E203", f"{n}", Span(f"{n}.yaml", 1, 1)) for n in range(900)])
    assert len(told) == 501
    assert told[-1].message == "at least 400 more mistakes are not told"


def test_more_doubts_than_are_told_keep_no_rule_from_being_checked():
    found = [Diagnostic("W301", f"{n}", Span("a.yaml", n + 1, 1), level="warning") for n in range(200)]
    assert not Tally(found).full("a.yaml")
    found += [Diagnostic("E203", f"{n}", Span("a.yaml", n + 1, 1)) for n in range(101)]
    assert Tally(found).full("a.yaml")
