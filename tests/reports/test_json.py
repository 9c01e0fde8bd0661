import json
from pathlib import Path

import jsonschema
import pytest

from fixtures import documents
from fixtures.documents import artifact, document, finding
from modelaudit.engine.document import Decision, ScanError
from modelaudit.engine.facts import Place
from modelaudit.engine.finding import Finding, Inconclusive
from modelaudit.reports import View, render
from modelaudit.reports.json import report

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SAMPLES = {"clean": documents.clean, "noted": documents.noted, "rich": documents.rich_document}


def every_value(value: object):
    yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from every_value(child)


def test_the_schema_is_a_schema() -> None:
    VALIDATOR.check_schema(SCHEMA)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("verbose", [False, True])
def test_every_report_is_valid_and_holds_no_null(name: str, verbose: bool) -> None:
    out = report(SAMPLES[name](), verbose=verbose)
    VALIDATOR.validate(out)
    assert None not in every_value(out)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_report_is_the_golden_one(name: str, golden, monkeypatch) -> None:
    monkeypatch.setattr("os.path.abspath", lambda path: f"/abs/{path}")
    golden(f"{name}.json", render(SAMPLES[name](), "json", View()))


def test_every_field_of_the_schema_is_described() -> None:
    for name, field in SCHEMA["properties"].items():
        assert "description" in field or name.endswith("_checks"), name


def test_the_counts_are_those_of_the_rows() -> None:
    out = report(documents.rich_document())
    states = [row["status"] for row in out["checks"]]
    assert out["total_checks"] == len(states)
    assert out["failed_checks"] == states.count("failed") == 4
    assert out["passed_checks"] == states.count("passed")
    assert states.count("skipped") == out["total_checks"] - out["failed_checks"] - out["passed_checks"]


def test_a_note_fails_no_check() -> None:
    out = report(documents.noted())
    assert [i["severity"] for i in out["issues"]] == ["info"]
    assert out["failed_checks"] == 0
    assert {row["status"] for row in out["checks"]} == {"passed"}
    assert not out["has_errors"]


def test_passed_checks_sort_below_failed_ones() -> None:
    for row in report(documents.rich_document())["checks"]:
        assert (row["severity"] in {"critical", "warning"}) == (row["status"] == "failed")


def test_no_two_rows_are_alike_even_when_their_findings_are() -> None:
    twice = document(findings=(finding(), finding(id="0" * 16), finding(id="1" * 16)))
    rows = [(r["timestamp"], r["name"], r.get("location"), r["message"]) for r in report(twice)["checks"]]
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize(
    ("path", "places", "location"),
    [
        ("a.pkl", (Place(offset=28),), "a.pkl (pos 28)"),
        ("a.pkl", (Place(offset=0),), "a.pkl (pos 0)"),
        ("a.zip!b.pkl", (Place(offset=3),), "a.zip!b.pkl (pos 3)"),
        ("a.json", (Place(pointer="/x"),), "a.json"),
        ("a.pkl", (), "a.pkl"),
    ],
)
def test_the_location_is_a_path_with_its_position(path: str, places: tuple[Place, ...], location: str) -> None:
    issue = report(document(findings=(finding(artifact=path, places=places),)))["issues"][0]
    assert issue["location"] == location
    offset = places[0].offset if places else None
    assert issue.get("offset") == offset
    assert ("offset" in issue) == (offset is not None)


def test_what_does_not_count_is_kept_with_its_reason() -> None:
    out = report(documents.rich_document())
    assert [f["suppression"]["owner"] for f in out["suppressed"]] == ["ml-platform@acme.example"]
    assert not [f for f in out["issues"] if "suppression" in f]
    skipped = [row for row in out["checks"] if "SEC-4411" in row["message"]]
    assert [row["status"] for row in skipped] == ["skipped"]


def test_debug_findings_need_verbose() -> None:
    assert not [i for i in report(documents.rich_document())["issues"] if i["severity"] == "debug"]
    assert [i for i in report(documents.rich_document(), verbose=True)["issues"] if i["severity"] == "debug"]


def test_files_are_counted_and_not_their_members() -> None:
    out = report(documents.rich_document())
    assert [a["path"] for a in out["assets"]] == list(out["file_metadata"])
    assert not [a for a in out["assets"] if "!" in a["path"]]
    assert len(out["scannedFilesList"]) == len(out["assets"]) < len(out["artifacts"])


def test_a_file_that_was_not_read_is_an_asset_and_not_among_the_scanned() -> None:
    left_out = artifact("huge.pkl", coverage="none", reasons=("larger than the limit",), sha256=None)
    out = report(document(artifacts=(artifact("a.pkl"), left_out)))
    assert [a["path"] for a in out["assets"]] == ["a.pkl", "huge.pkl"]
    assert [path.rpartition("/")[2] for path in out["scannedFilesList"]] == ["a.pkl"]


def test_every_location_begins_with_a_file_of_the_list() -> None:
    out = report(documents.rich_document())
    for issue in out["issues"]:
        assert [path for path in out["scannedFilesList"] if issue["location"].startswith(path)], issue["location"]
    assert out["scannedFilesList"] == [a["path"] for a in out["assets"] if a["path"] in set(out["scannedFilesList"])]


INCOMPLETE = Decision(2, "incomplete", ("Not everything could be scanned.",), ())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"findings": (finding(),), "decision": Decision(1, "fail", ("x",), ("MA1001",))}, False),
        ({"decision": INCOMPLETE}, True),
        ({"errors": (ScanError("missing-path", "file not found: x"),)}, True),
        ({"inconclusive": (Inconclusive("MA1001", "a.pkl", "cut", "critical"),)}, True),
        ({"inconclusive": (Inconclusive("MA6001", "a.pkl", "cut", "info"),)}, False),
    ],
)
def test_errors_are_what_could_not_be_scanned_and_never_findings(changes: dict, expected: bool) -> None:
    out = report(document(**changes))
    assert out["has_errors"] is expected
    assert out["success"] is not expected


def test_the_text_is_ascii_and_says_the_same_when_read_back() -> None:
    strange = document(findings=(finding(artifact="mödel\u202e.pkl", message="says \x1b[2J ünd \u202e"),))
    text = render(strange, "json", View())
    assert text.isascii()
    issue = json.loads(text)["issues"][0]
    assert issue["message"] == "says \\x1b[2J ünd \\u202e"
    assert issue["artifact"] == "mödel\u202e.pkl"


def test_a_name_that_is_no_unicode_still_gives_json_that_every_reader_takes() -> None:
    name = "bad\udcff.pkl"
    text = render(document(artifacts=(artifact(name),), findings=(finding(artifact=name),)), "json", View())
    assert json.loads(text)["issues"][0]["artifact"] == "bad\\udcff.pkl"


def test_a_finding_has_all_of_its_fields_in_the_report() -> None:
    issue = report(document(findings=(finding(cves=("CVE-2025-1",)),)))["issues"][0]
    renamed = {"rule": "rule_code", "kind": "type", "n": "count"}
    for field in Finding.FIELDS:  # type: ignore[attr-defined]  # every record has them
        if field not in {"suppression"}:
            assert renamed.get(field, field) in issue, field
