"""A policy whose parent or pack is broken: every other mistake is told too, and none that the gap alone makes."""

from __future__ import annotations

import pytest

from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.packs.load import load_ruleset

HEAD = "schema: modelaudit/policy@1\npolicy: acme\nversion: 1\n"
DENY = "deny: [{id: A-1, title: No, for: artifact, severity: critical, when: ['artifact.formt == \"zip\"']}]\n"
RULES = """\
schema: modelaudit/rules@1
rules:
  - {id: ACME-1, name: acme-one, version: 1, title: A, status: stable, severity: grave, confidence: proved,
     for: import, when: 'import.name == "a"', message: m,
     tests: [{name: hit, facts: {imports: [{name: a}]}, expect: match},
             {name: miss, facts: {imports: [{name: b}]}, expect: no-match}]}
"""


def mistakes(folder, rules=()):
    with pytest.raises(DiagnosticsError) as caught:
        load_ruleset(str(folder / "policy.yaml"), rules, cache=False)
    return [(found.code, found.span.line) for found in caught.value.diagnostics]


def write(folder, body, parent="gate: {fail_on: never}\n"):
    (folder / "parent.yaml").write_text(HEAD + parent, encoding="utf-8")
    (folder / "policy.yaml").write_text(HEAD + "extends: [./parent.yaml]\n" + body, encoding="utf-8")


def test_the_child_of_a_broken_parent_is_checked_too(tmp_path):
    write(tmp_path, f"final: [owner]\n{DENY}waivers: [{{id: W, rules: [MA1001], match: {{path: 'a**'}}}}]\n")
    assert sorted(mistakes(tmp_path)) == [("E113", 4), ("E203", 6), ("E311", 5), ("E333", 7)]


def test_rule_files_are_checked_beside_both(tmp_path):
    write(tmp_path, DENY)
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    assert sorted(mistakes(tmp_path, [str(tmp_path / "rules.yaml")])) == [("E113", 3), ("E113", 4), ("E203", 5)]


def test_what_the_missing_parent_may_bring_is_no_mistake(tmp_path):
    body = (
        "ignore: [ACME-D1]\nlists: {acme_names: {append: [a]}}\nseverity: {ACME-7: critical}\n"
        "gate: {new_only: true}\ntrust: {unsigned: refuse}\n"
        "allow: [{rules: [ACME-3], for: import, when: 'import.qualname in $acme_names', reason: r}]\n"
        "waivers: [{id: W, rules: [ACME-D1], match: {path: a}}]\n"
    )
    write(tmp_path, body)
    assert mistakes(tmp_path) == [("E113", 4)]


def test_an_address_that_is_not_there_does_not_hide_the_rest(tmp_path):
    (tmp_path / "policy.yaml").write_text(HEAD + "extends: [./gone.yaml]\n" + DENY, encoding="utf-8")
    assert mistakes(tmp_path) == [("E301", 4), ("E203", 5)]


def test_a_pack_that_is_not_there_hides_only_what_speaks_of_it(tmp_path):
    body = "packs: {acme: '>=1'}\nignore: [ACME-1]\n" + DENY
    (tmp_path / "policy.yaml").write_text(HEAD + body, encoding="utf-8")
    assert mistakes(tmp_path) == [("E321", 4), ("E203", 6)]


def test_a_rule_with_a_mistake_can_still_be_named(tmp_path):
    (tmp_path / "policy.yaml").write_text(HEAD + "ignore: [ACME-1]\n", encoding="utf-8")
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    assert mistakes(tmp_path, [str(tmp_path / "rules.yaml")]) == [("E113", 3)]
