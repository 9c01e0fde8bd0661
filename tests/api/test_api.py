"""The Python API takes the way of the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import modelaudit
from fixtures import small
from modelaudit.api import Report
from modelaudit.engine.facts import Call, Import
from modelaudit.pipeline.events import FileDone

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "python-api.md"


@pytest.fixture(scope="module")
def evil(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("api") / "evil.pkl"
    path.write_bytes(small.EVIL_PICKLE)
    return path


@pytest.fixture(autouse=True)
def _own_cache(cache_folder, monkeypatch):
    monkeypatch.setenv("MODELAUDIT_CACHE_DIR", str(cache_folder))


@pytest.fixture(scope="module")
def report(evil, cache_folder) -> Report:
    return modelaudit.scan(evil)


def test_a_report_says_what_was_found_and_decided(report, evil) -> None:
    assert (report.outcome, report.exit_code, report.passed) == ("fail", 1, False)
    assert report
    assert len(report) == len(report.findings) == len(list(report))
    assert {finding.severity for finding in report} == {"critical"}
    assert [artifact.path for artifact in report.artifacts] == [str(evil)]
    assert report.errors == ()


def test_facts_of_a_report_are_those_that_the_command_prints(report, evil, modelaudit) -> None:
    facts = list(report.facts())
    printed = [json.loads(line)["fact"] for line in modelaudit("facts", evil).stdout.splitlines()]
    assert [fact.KIND for fact in facts] == printed
    assert {type(fact) for fact in facts} >= {Call, Import}


def test_the_report_is_that_of_the_command_line(report, evil, modelaudit) -> None:
    theirs = json.loads(modelaudit("scan", evil, "--format", "json").stdout)
    ours = report.to_dict()
    moments = {"start_time", "duration", "timestamp"}

    def timeless(value):
        if isinstance(value, dict):
            return {key: timeless(item) for key, item in value.items() if key not in moments}
        return [timeless(item) for item in value] if isinstance(value, list) else value

    assert timeless(ours) == timeless(theirs)


def test_a_policy_and_changes_to_it_decide(evil) -> None:
    report = modelaudit.scan([evil], policy="strict", ignore=["MA1021"], severity={"MA1001": "info"})
    assert report.document.policy.chain[1].startswith("builtin:strict")
    assert {finding.suppression.step for finding in report.suppressed} == {"ignore"}
    assert {finding.severity for finding in report} == {"info"}
    assert report.passed


def test_what_makes_no_sense_is_refused_before_a_model_is_read(evil) -> None:
    with pytest.raises(modelaudit.UsageError, match="unknown policy"):
        modelaudit.scan(evil, policy="nobody")
    with pytest.raises(modelaudit.UsageError, match="no paths"):
        modelaudit.scan([])
    with pytest.raises(modelaudit.UsageError, match="unknown scanner 'pickel', did you mean 'pickle'"):
        modelaudit.scan(evil, scanners=["pickel"])
    with pytest.raises(modelaudit.UsageError, match="no parser plug-in 'nobody'"):
        modelaudit.scan(evil, plugins=["nobody"])


def test_a_broken_rule_is_refused_with_its_place(evil, tmp_path) -> None:
    broken = tmp_path / "rules.yaml"
    broken.write_text("schema: modelaudit/rules@1\nrules: [{id: 1}]\n", encoding="utf-8")
    with pytest.raises(modelaudit.DiagnosticsError) as caught:
        modelaudit.scan(evil, rules=broken)
    assert caught.value.diagnostics[0].span.line == 2


def test_a_missing_path_is_in_the_report_and_ends_facts(tmp_path) -> None:
    report = modelaudit.scan(tmp_path / "nowhere.pkl")
    assert report.outcome == "incomplete"
    assert report.errors[0].code == "missing-path"
    with pytest.raises(modelaudit.IncompleteError, match=r"nowhere\.pkl"):
        list(modelaudit.facts(tmp_path / "nowhere.pkl"))


def test_a_report_is_written_in_the_form_that_its_name_says(report, tmp_path) -> None:
    for name, begin in (("r.json", "{"), ("r.xml", "<?xml"), ("r.md", "#"), ("r.dat", "modelaudit")):
        report.write(tmp_path / name)
        assert (tmp_path / name).read_text(encoding="utf-8").lstrip().startswith(begin), name
    report.write(tmp_path / "other", "sarif")
    assert json.loads((tmp_path / "other").read_text(encoding="utf-8"))["version"] == "2.1.0"
    with pytest.raises(modelaudit.UsageError, match="unknown report format 'pdf'"):
        report.render("pdf")


def test_a_bill_of_materials_needs_a_scan_that_gathers_it(report, evil) -> None:
    with pytest.raises(modelaudit.UsageError, match="sbom=True"):
        report.render("cyclonedx")
    bill = json.loads(modelaudit.scan(evil, sbom=True).render("cyclonedx"))
    assert bill["specVersion"] == "1.6"


def test_an_observer_is_told_what_happens(evil) -> None:
    events = []
    modelaudit.scan(evil, observer=events.append)
    assert [event.path for event in events if isinstance(event, FileDone)] == [str(evil)]


def test_importing_the_package_imports_nothing_else() -> None:
    script = "import sys, modelaudit; print(*[m for m in sys.modules if m.startswith('modelaudit')])"
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["modelaudit"]
    assert set(modelaudit.__all__) <= set(dir(modelaudit))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        modelaudit.nothing  # noqa: B018


def test_everything_public_stands_in_the_reference() -> None:
    page = PAGE.read_text(encoding="utf-8")
    names = [*modelaudit.__all__, *(name for name in vars(Report) if not name.startswith("_"))]
    assert [name for name in names if f"`{name}" not in page and f".{name}" not in page] == []
    parameters = [name for name in modelaudit.scan.__kwdefaults__ if f"`{name}`" not in page]
    assert parameters == []
