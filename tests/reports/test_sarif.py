"""SARIF reports are valid by the schema of the standard, and say what the scan document says."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft4Validator, Draft7Validator

from fixtures import documents
from fixtures.documents import artifact, document, finding
from modelaudit.engine.document import ScanError
from modelaudit.engine.facts import Place
from modelaudit.reports import View, render
from modelaudit.reports.sarif.results import plain

NAME = Path("shared", "data", "sarif-schema-2.1.0.json")
PLACES = [folder / NAME for folder in Path(__file__).resolve().parents]
NESTED = "models/a!b.zip!x%21y/data.pkl".replace("a!b", "a%21b")


def hostile():
    """Names and words that mean something in URIs, messages or JSON."""
    names = ("bad\udcff.pkl", "100%25%21 # ?.pkl", "/abs/\u202e.pkl", "c:x.pkl", "\ud800.pkl")
    return document(
        artifacts=tuple(artifact(name) for name in names),
        findings=tuple(
            finding(id=f"{n:016}", artifact=name, message="[click](https://x.example) {0} \x1b[2J")
            for n, name in enumerate(names)
        ),
        errors=(ScanError("unreadable", "\udcfe", "\udcfe"),),
    )


def nested():
    return document(
        artifacts=(
            artifact("models/a%21b.zip", format="zip", role="container", size=4096),
            artifact(NESTED, role="member"),
            artifact("models", format="model-repository", role="bundle", sha256=None),
        ),
        findings=(finding(artifact=NESTED, places=(Place(offset=2), Place(pointer="/x"))),),
    )


SAMPLES = {
    "clean": documents.clean,
    "noted": documents.noted,
    "rich": documents.rich_document,
    "hostile": hostile,
    "nested": nested,
}


def run(made, **view) -> dict:
    (only,) = json.loads(render(made, "sarif", View(**view)))["runs"]
    return only


@pytest.fixture(scope="module")
def validator():
    found = next((place for place in PLACES if place.is_file()), None)
    if found is None:
        pytest.skip(f"no copy of the SARIF schema beside the repository ({NAME.as_posix()})")
    schema = json.loads(found.read_text(encoding="utf-8"))
    kind = Draft4Validator if "draft-04" in schema.get("$schema", "") else Draft7Validator
    return kind(schema)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("verbose", [False, True])
def test_every_report_is_valid(validator, name: str, verbose: bool) -> None:
    log = json.loads(render(SAMPLES[name](), "sarif", View(verbose=verbose)))
    assert [f"{list(e.absolute_path)} {e.message}" for e in validator.iter_errors(log)] == []


@pytest.mark.parametrize("name", ["clean", "rich"])
def test_the_report_is_the_golden_one(name: str, golden) -> None:
    golden(f"{name}.sarif", render(SAMPLES[name](), "sarif", View()))


def test_a_result_stands_at_its_byte_with_its_rule_and_a_stable_fingerprint() -> None:
    made = run(documents.rich_document())
    first = next(r for r in made["results"] if r["fingerprints"]["modelaudit/finding/v1"] == "00112233445566aa")
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "models/model.pkl"
    assert place["region"] == {"byteOffset": 28}
    assert made["artifacts"][place["artifactLocation"]["index"]]["hashes"] == {"sha-256": documents.SHA}
    rule = made["tool"]["driver"]["rules"][first["ruleIndex"]]
    assert (rule["id"], rule["defaultConfiguration"]["level"]) == (first["ruleId"], "error")
    assert "**Why** Because." in rule["help"]["markdown"]
    assert "external/cwe/cwe-502" in rule["properties"]["tags"]


def test_every_rule_of_a_result_is_described() -> None:
    made = run(documents.rich_document(), verbose=True)
    rules = [rule["id"] for rule in made["tool"]["driver"]["rules"]]
    assert all(rules[r["ruleIndex"]] == r["ruleId"] for r in made["results"])
    assert len(set(rules)) == len(rules)


def test_weaknesses_refer_to_the_taxonomy() -> None:
    made = run(documents.rich_document())
    (taxonomy,) = made["taxonomies"]
    assert [taxon["id"] for taxon in taxonomy["taxa"]] == ["502"]
    assert made["results"][0]["taxa"][0]["index"] == 0
    assert run(document())["tool"]["driver"].get("supportedTaxonomies") is None


def test_what_the_policy_took_out_is_suppressed_with_its_reason() -> None:
    made = run(documents.rich_document())
    (waived,) = [r for r in made["results"] if r["suppressions"]]
    (taken,) = waived["suppressions"]
    assert taken["kind"] == "external"
    assert "SEC-4411" in taken["justification"]
    assert "until 2027-01-01" in taken["justification"]


def test_a_member_shows_at_its_file_and_has_its_own_offset() -> None:
    made = run(nested())
    (result,) = made["results"]
    place = result["locations"][0]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "models/a%21b.zip", "index": 0}}
    assert place["logicalLocations"][0] == {"fullyQualifiedName": NESTED, "kind": "member"}
    inner = result["relatedLocations"][0]["physicalLocation"]
    assert inner == {"artifactLocation": {"uri": "/x%21y/data.pkl", "index": 1}, "region": {"byteOffset": 2}}
    assert made["artifacts"][1]["parentIndex"] == 0


def test_errors_and_what_was_not_understood_are_notifications() -> None:
    made = run(documents.rich_document())
    (invocation,) = made["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (1, True)
    told = {note["descriptor"]["id"] for note in invocation["toolExecutionNotifications"]}
    assert told == {"missing-path", "inconclusive", "coverage"}
    known = {each["id"] for each in made["tool"]["driver"]["notifications"]}
    assert told | {"notice"} == known


def test_levels_follow_severities() -> None:
    levels = {r["properties"]["severity"]: r["level"] for r in run(documents.rich_document(), verbose=True)["results"]}
    assert levels == {"critical": "error", "warning": "warning", "info": "note", "debug": "none"}


def test_names_are_whole_and_escaped_uris() -> None:
    uris = [entry["location"]["uri"] for entry in run(hostile())["artifacts"]]
    assert uris[:4] == ["bad%FF.pkl", "100%25%21%20%23%20%3F.pkl", "file:///abs/%E2%80%AE.pkl", "c%3Ax.pkl"]


def test_a_message_from_a_model_is_neither_a_link_nor_a_placeholder() -> None:
    assert plain("[a](https://x.example) {0}") == "\\[a\\](https://x.example) {{0}}"
    assert plain("posix.system [x] {y}") == "posix.system [x] {y}"


def test_the_same_finding_in_two_files_is_two_alerts() -> None:
    made = document(
        artifacts=(artifact("a.pkl"), artifact("b.pkl")),
        findings=(finding(artifact="a.pkl"), finding(artifact="b.pkl")),
    )
    first, second = run(made)["results"]
    assert first["fingerprints"] == second["fingerprints"]
    assert first["partialFingerprints"] != second["partialFingerprints"]
