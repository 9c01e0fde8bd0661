"""JUnit XML: cases fail where the scan does, and the numbers add up."""

from xml.etree import ElementTree as ET

import pytest

from fixtures import documents
from fixtures.documents import artifact, document, finding
from modelaudit.engine.document import Decision, PolicyInfo
from modelaudit.reports import View, render

SAMPLES = {"clean": documents.clean, "noted": documents.noted, "rich": documents.rich_document}


def tree(made, **view) -> ET.Element:
    return ET.fromstring(render(made, "junit", View(**view)))


@pytest.mark.parametrize("name", ["clean", "rich"])
def test_the_report_is_the_golden_one(name: str, golden) -> None:
    golden(f"{name}.junit.xml", render(SAMPLES[name](), "junit", View()))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_numbers_are_those_of_the_cases(name: str) -> None:
    root = tree(SAMPLES[name](), verbose=True)
    for element in (root, *root.iter("testsuite")):
        assert int(element.get("tests", "")) == len(list(element.iter("testcase")))
        assert int(element.get("failures", "")) == len(list(element.iter("failure")))
        assert int(element.get("errors", "")) == len(list(element.iter("error")))
        assert int(element.get("skipped", "")) == len(list(element.iter("skipped")))


def test_the_threshold_of_the_policy_decides_what_fails() -> None:
    warned = (finding(severity="warning"),)
    lax = PolicyInfo("acme", "1", "cd" * 32, ("acme",), "critical")
    assert tree(document(findings=warned)).get("failures") == "1"
    root = tree(document(findings=warned, policy=lax))
    assert root.get("failures") == "0"
    assert "[WARNING]" in (root.findtext(".//system-out") or "")


def test_what_does_not_count_is_skipped_with_its_reason() -> None:
    messages = [each.get("message") for each in tree(documents.rich_document()).iter("skipped")]
    assert "waiver: Signed vendor runtime, reviewed in SEC-4411." in messages


def test_a_scan_that_is_not_complete_is_an_error() -> None:
    root = tree(document(decision=Decision(2, "incomplete", ("A rule could not be decided.",), ())))
    (error,) = root.iter("error")
    assert error.get("message") == "A rule could not be decided."
    assert tree(documents.clean()).get("errors") == "0"


def test_names_that_are_no_xml_still_give_xml() -> None:
    name = "\x00\udcff<&\ufffe\x1b.pkl"
    root = tree(document(artifacts=(artifact(name),), findings=(finding(artifact=name, message=name, why=name),)))
    assert root.findall("testsuite")[1].get("name") == "\\x00\\udcff<&\\ufffe\\x1b.pkl"
