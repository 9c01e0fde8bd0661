"""Checking and explaining policies, and what the built-in ones say."""

from __future__ import annotations

import json

import pytest

from fixtures.rulesets import ruleset
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.policy import explain
from modelaudit.engine.policy.check import check
from modelaudit.engine.policy.load import builtin_names, load_chain
from modelaudit.engine.policy.merge import resolve
from modelaudit.engine.resources import data_path

HEAD = "schema: modelaudit/policy@1\npolicy: acme/p\nversion: 3\n"


@pytest.mark.parametrize("name", builtin_names())
def test_a_built_in_policy_has_no_mistakes_and_says_what_it_is_for(name):
    [checked] = check([name])
    assert checked.ok, checked.render()
    data = load_chain(name).policy.data
    assert data["policy"] == name
    assert data["description"]


def test_default_fails_on_warnings_and_errs_on_incomplete_scans():
    policy = resolve(load_chain("default"))
    assert policy.gate == {
        "fail_on": "warning",
        "min_confidence": "possible",
        "on_incomplete": "error",
        "on_unknown_format": "report",
    }


def test_strict_makes_unknown_callables_critical_and_incomplete_scans_fail():
    rules = load_ruleset("strict", cache=False)
    assert rules.policy.gate["on_incomplete"] == "fail"
    unknown = [rule for rule in rules.rules if "unknown-callable" in rule.tags]
    assert unknown
    assert {rule.doc["standing"].get("severity") for rule in unknown} == {"critical"}
    lowered = [rule for rule in rules.rules if rule.doc["standing"].get("severity") in ("info", "debug")]
    assert not lowered


def test_check_prints_what_a_good_policy_comes_to(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(HEAD + "ignore: ['core/ZZ*']\ngate: {fail_on: critical}\nowner: me\n", encoding="utf-8")
    [checked] = check([str(path)])
    assert checked.ok
    text = checked.render()
    assert text.startswith("acme/p, version 3: ")
    assert "  gate: fail_on critical, min_confidence possible" in text
    assert "  note: " in text  # the pattern names no rule today


def test_check_reports_the_mistakes_of_all_files_at_once(tmp_path):
    policy = tmp_path / "p.yaml"
    policy.write_text(HEAD + "ignore: [NOPE-1]\nfinal: [nothing]\n", encoding="utf-8")
    rules = tmp_path / "r.yaml"
    rules.write_text("schema: modelaudit/rules@1\nrules:\n  - {id: X-1}\n", encoding="utf-8")
    [checked] = check([str(policy)], [str(rules)])
    assert not checked.ok
    assert {"E311", "E308", "E111"} <= {d.code for d in checked.diagnostics}
    assert "--> " in checked.render()


def test_check_gives_one_result_per_policy(tmp_path):
    good = tmp_path / "good.yaml"
    good.write_text(HEAD, encoding="utf-8")
    results = check([str(good), "nonsense", str(tmp_path / "gone.yaml")])
    assert [r.ok for r in results] == [True, False, False]
    assert "unknown policy `nonsense`" in results[1].render()
    assert "does not exist" in results[2].render()


def test_the_order_of_decision_is_printed_step_by_step():
    text = explain.policy_text(ruleset({}))
    steps = ["lists", "select/ignore", "maturity", "judge", "severity", "unless/allow", "absorb", "baseline", "waivers"]
    assert [line.split(": ")[0].strip() for line in text.splitlines() if line[:2].strip().isdigit()] == [
        f"{number}. {step}" for number, step in enumerate([*steps, "gate"], 1)
    ]


def test_a_policy_is_explained_with_what_it_says_at_each_step():
    rules = ruleset({"id": "D-1", "source": "deny", "title": "No pickles", "severity": "critical"})
    rules.policy.doc["ignore"].append("tag:x")
    text = explain.policy_text(rules)
    assert "Policy t, version 1" in text
    assert "      ignore: tag:x" in text
    assert "      deny D-1: No pickles (critical)" in text


def test_the_schema_is_a_schema_and_documents_every_key():
    from jsonschema import Draft202012Validator

    with open(data_path("schemas", "policy.schema.json"), encoding="utf-8") as stream:
        schema = json.load(stream)
    Draft202012Validator.check_schema(schema)
    assert all("description" in key for key in schema["properties"].values())
    reference = data_path("..", "..", "docs", "reference", "policies.md")
    with open(reference, encoding="utf-8") as stream:
        text = stream.read()
    assert [key for key in schema["properties"] if f"`{key}`" not in text] == []
