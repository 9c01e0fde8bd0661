"""Mistakes of policy authors: the exact code, place and help of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs.load import gather
from modelaudit.engine.policy.load import MAX_DEPTH, load_chain
from modelaudit.engine.policy.merge import resolve

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "schema: modelaudit/policy@1\npolicy: acme/test\nversion: 1\n"


def diagnose(folder: Path, text: str) -> list:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    chain = load_chain(str(path))
    return [*chain.diagnostics, *(resolve(chain).diagnostics if chain.files else ())]


# What stands from line 4 on, the code, line and column, words of the message, words of label or help.
MISTAKES = [
    ("selct: ['core/*']", "E110", 4, 1, "unknown key `selct`", "did you mean `select`?"),
    ("gate: {fail_one: critical}", "E110", 4, 8, "unknown key `fail_one`", "did you mean `fail_on`?"),
    ("gate: {fail_on: info}", "E113", 4, 17, "expected one of warning, critical, found `info`", ""),
    ("gate: {on_incomplete: eror}", "E113", 4, 23, "expected one of error, fail, report", "did you mean `error`?"),
    ("maturity: [stable, beta]", "E113", 4, 20, "found `beta`", ""),
    ("severity: {MA1: fatal}", "E113", 4, 17, "expected one of critical, warning, info, debug", ""),
    ("limits: {max_file_size: 20 gigs}", "E113", 4, 25, "`20 gigs` does not have the form", "20GiB"),
    ("limits: {timeout: soon}", "E112", 4, 19, "expected a number, found `soon`", ""),
    ("select: core/*", "E112", 4, 9, "expected a list", ""),
    ("lists: {names: [a, b]}", "E112", 4, 16, "expected a mapping, found a list", "put in place of all"),
    ("lists: {names: {add: [a]}}", "E110", 4, 17, "unknown key `add`", ""),
    ("lists: {names: {}}", "E306", 4, 9, "says nothing", "append, remove or replace"),
    ("lists: {names: {replace: [a], append: [b]}}", "E306", 4, 9, "replaced and changed at once", "into `replace`"),
    ("allow: [{rules: [MA1], when: 'true', reason: r}]", "E111", 4, 9, "`for` is missing", ""),
    ("allow: [{rules: [MA1], for: import, when: 'true'}]", "E111", 4, 9, "`reason` is missing", ""),
    ("allow: [{rules: [MA1], for: imports, when: 'true', reason: r}]", "E113", 4, 29, "found `imports`", "`import`?"),
    ("deny: [{id: D1, title: t, for: artifact, severity: warning}]", "E111", 4, 8, "`when` is missing", ""),
    ("deny: [{id: D1, title: t, for: artifact, when: 'true'}]", "E111", 4, 8, "`severity` is missing", ""),
    ("final: [gate.on_incomplet]", "E311", 4, 9, "cannot be final", "did you mean `gate.on_incomplete`?"),
    ("extends: ['builtin:strickt']", "E301", 4, 12, "no built-in policy `strickt`", "did you mean `strict`?"),
    ("extends: [strict]", "E301", 4, 11, "no policy file `strict`", "for a built-in policy write `builtin:strict`"),
    ("extends: [./gone.yaml]", "E301", 4, 11, "no policy file `./gone.yaml`", "relative to the policy file"),
    (
        "extends: ['https://x.example/p.yaml']",
        "E304",
        4,
        12,
        "is not pinned",
        "write `https://x.example/p.yaml#sha256=…`",
    ),
    ("extends: ['http://x.example/p.yaml#sha256=00']", "E304", 4, 12, "from https addresses alone", ""),
    ("extends: ['https://x.example/p.yaml#sha256=00']", "E304", 4, 12, "`00` is no SHA-256", "64 digits"),
    (f"extends: ['https://x.example/p.yaml#sha256={'0' * 64}']", "E313", 4, 12, "not been fetched", "policy fetch"),
    (f"extends: ['./gone.yaml#sha256={'0' * 64}']", "E301", 4, 12, "there is no policy file `./gone.yaml`", "relative"),
    ("extends: [policy.yaml]", "E302", 4, 11, "extend one another in a circle", ""),
    ("ignore: [A1]\nignore: [A2]", "E102", 5, 1, "key `ignore` is given twice", "first in line 4"),
    ("ignore: &x [A1]", "E103", 4, 9, "anchors", ""),
    ("ignore: [A1", "E101", 4, 12, "this is not YAML", ""),
    ("---\nschema: modelaudit/policy@1", "E316", 5, 1, "this is a second one", ""),
    # Packs and whom to trust
    ("trust: {unsigned: report}", "E113", 4, 19, "found `report`", ""),
    ("trust: {signers: keys/x.pub}", "E112", 4, 18, "expected a list", ""),
    ("packs: [core]", "E112", 4, 8, "expected a mapping", ""),
    # Waivers, sources and baselines
    ("waivers: [{id: W1, rules: [], match: {path: a}}]", "E113", 4, 27, "needs at least 1 item", ""),
    ("waivers: [{id: W1, match: {path: a}}]", "E111", 4, 11, "`rules` is missing", ""),
    ("waivers: [{id: W1, rules: [MA1], match: {sha256: 5f2b}}]", "E113", 4, 50, "does not have the form", ""),
    ("waivers: [{id: W1, rules: [MA1], match: {file: a}}]", "E110", 4, 42, "unknown key `file`", ""),
    ("waivers: [{id: W1, rules: [MA1], match: {path: a}, expires: soon}]", "E113", 4, 61, "`soon`", "YYYY-MM-DD"),
    (
        "waivers: [{id: W, rules: [A], match: {id: 1}}, {id: W, rules: [A], match: {id: 1}}]".replace(
            "id: 1", "path: a"
        ),
        "E309",
        4,
        55,
        "`W` stands in `waivers` twice",
        "first at",
    ),
    ("waiver_rules: {on_expired: ignore}", "E113", 4, 28, "expected one of fail, report", ""),
    ("sources: {allow: 'file://**'}", "E112", 4, 19, "list", ""),
    ("gate: {max_findings: few}", "E112", 4, 22, "expected a whole number", ""),
    ("waivers: [{id: W1, rules: [MA1]}]", "E111", 4, 11, "`match` is missing", ""),
    ("waivers: [{id: W1, rules: [MA1], match: {}}]", "E113", 4, 41, "must not be empty", ""),
    ("waiver_rules: {max_days: many}", "E112", 4, 26, "expected a whole number", ""),
    ("tests: [{name: n, expect: {decision: maybe}}]", "E113", 4, 38, "found `maybe`", ""),
]


@pytest.mark.parametrize(("body", "code", "line", "column", "message", "hint"), MISTAKES)
def test_a_mistake_has_its_code_and_place(tmp_path, monkeypatch, body, code, line, column, message, hint):
    monkeypatch.chdir(tmp_path)
    [found] = diagnose(tmp_path, f"{HEAD}{body}\n")
    assert (found.code, found.span.line, found.span.column) == (code, line, column)
    assert message in found.message
    assert hint in f"{found.label} {found.help}"
    assert found.span.file == "policy.yaml"


def test_another_kind_of_file_is_refused_with_one_diagnostic(tmp_path):
    [found] = diagnose(tmp_path, "schema: modelaudit/rules@1\nrules: []\n")
    assert (found.code, found.span.line, found.span.column) == ("E113", 1, 9)
    assert "expected `modelaudit/policy@1`" in found.message


def test_an_empty_file_is_refused(tmp_path):
    [found] = diagnose(tmp_path, "")
    assert found.code == "E111"


def test_a_policy_without_a_version_is_refused(tmp_path):
    [found] = diagnose(tmp_path, "schema: modelaudit/policy@1\npolicy: a\n")
    assert (found.code, found.message) == ("E111", "`version` is missing")


def test_all_mistakes_of_all_files_come_at_once(tmp_path):
    (tmp_path / "parent.yaml").write_text(HEAD + "gate: {fail_on: never}\n", encoding="utf-8")
    found = diagnose(tmp_path, HEAD + "extends: [parent.yaml, gone.yaml]\nfinal: [nothing]\n")
    assert sorted(d.code for d in found) == ["E113", "E301", "E311"]


def test_policies_that_extend_one_another_too_deep_are_refused(tmp_path):
    for number in range(MAX_DEPTH + 2):
        (tmp_path / f"p{number}.yaml").write_text(HEAD + f"extends: [p{number + 1}.yaml]\n", encoding="utf-8")
    (tmp_path / f"p{MAX_DEPTH + 2}.yaml").write_text(HEAD, encoding="utf-8")
    [found] = load_chain(str(tmp_path / "p0.yaml")).diagnostics
    assert (found.code, found.span.line, found.span.column) == ("E303", 4, 11)


def test_a_circle_over_two_files_names_both(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.yaml").write_text(HEAD + "extends: [policy.yaml]\n", encoding="utf-8")
    [found] = diagnose(tmp_path, HEAD + "extends: [other.yaml]\n")
    assert found.message.endswith("policy.yaml → other.yaml → policy.yaml")


def test_the_examples_of_every_key_pass_the_schema(tmp_path):
    text = HEAD + (
        "owner: me\ndescription: d\nextends: ['builtin:default']\nselect: ['*']\nignore: []\n"
        "maturity: [stable]\nlists: {a: {append: [b]}}\nseverity: {MA1: info}\n"
        "deny: [{id: ACME-D1, title: t, for: artifact, severity: critical, overridable: true, when: ['true']}]\n"
        "allow: [{rules: [MA1], for: import, when: 'true', reason: r}]\n"
        "limits: {max_file_size: 20GiB, max_total_size: 500GiB, max_depth: 8, timeout: 300}\n"
        "gate: {fail_on: warning, min_confidence: possible, on_incomplete: error, on_unknown_format: report}\n"
        "final: [trust, deny, waiver_rules, gate.on_incomplete]\n"
        "tests: [{name: n, facts: {artifact: {format: pickle}}, expect: {decision: fail, by: [ACME-D1]}}]\n"
        "x-note: free\n"
    )
    assert diagnose(tmp_path, text) == []


def test_rules_and_policies_that_are_mixed_up_are_told_where_they_belong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [found] = diagnose(tmp_path, "schema: modelaudit/rules@1\nrules: []\n")
    assert found.help == "rules are for `--rules`, and for `packs` of a policy"
    diagnose(tmp_path, HEAD)
    [found] = gather(["policy.yaml"], builtin=False).diagnostics
    assert (found.code, found.help) == ("E106", "a policy is for `--policy` and `modelaudit policy`")


def test_a_file_without_a_dot_in_its_name_is_not_taken_for_a_built_in_policy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme").write_text(HEAD, encoding="utf-8")
    with pytest.raises(UsageError, match=r"unknown policy `acme`; for the file of that name write `\./acme`"):
        load_chain("acme")
