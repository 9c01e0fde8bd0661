"""Tests inside policy files: what they see, and what they say when they fail."""

from __future__ import annotations

import pytest

from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.policy.testing import run_tests
from modelaudit.pipeline.fixtures import scan_fixture

HEAD = "schema: modelaudit/policy@1\npolicy: acme/p\nversion: 1\nextends: ['builtin:default']\n"
SYSTEM = "{artifact: {format: pickle}, imports: [{qualname: os.system, uses: [called]}]}"
COMMAND = b"cposix\nsystem\n(S'echo'\ntR."


def run(folder, tests: str, more: str = "", scan=scan_fixture, **options):
    path = folder / "policy.yaml"
    path.write_text(f"{HEAD}{more}tests:\n{tests}", encoding="utf-8")
    return run_tests(str(path), scan=scan, **options)


def problems(*args, **options) -> list[str]:
    return [problem for result in run(*args, **options).results for problem in result.problems]


def test_facts_are_judged_and_decided_on(tmp_path):
    tests = f"  - {{name: a, facts: {SYSTEM}, expect: {{decision: fail, by: [MA1001]}}}}\n"
    assert problems(tmp_path, tests) == []


def test_a_decision_that_is_another_one_is_told_with_its_reason(tmp_path):
    tests = f"  - {{name: a, facts: {SYSTEM}, expect: {{decision: pass}}}}\n"
    [problem] = problems(tmp_path, tests)
    assert problem.startswith("expected pass, got fail: 1 critical finding stands")


def test_a_rule_that_did_not_decide_is_told(tmp_path):
    tests = f"  - {{name: a, facts: {SYSTEM}, expect: {{by: [MA1090]}}}}\n"
    assert problems(tmp_path, tests) == ["expected MA1090 to fail it, got MA1001"]


WAIVER = (
    "waivers: [{id: W, rules: [MA1001, MA1021], match: {path: 'vendor/**'}, reason: r, "
    "created: 2026-10-01, expires: 2027-01-01}]\n"
)
VENDOR = "{artifact: {path: vendor/a.pkl, format: pickle}, imports: [{qualname: os.system, uses: [called]}]}"


@pytest.mark.parametrize(
    ("now", "expect"),
    [
        ("2026-12-01", "{decision: pass, waived: [MA1001]}"),
        ("2027-01-02", "{decision: fail, by: [MA1001]}"),
        ("2026-09-01", "{decision: fail, by: [MA1001]}"),
    ],
)
def test_a_test_takes_place_on_its_day_and_paths_start_at_the_policy(tmp_path, monkeypatch, now, expect):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    tests = f"  - {{name: a, now: {now}, facts: {VENDOR}, expect: {expect}}}\n"
    assert problems(tmp_path, tests, WAIVER) == []


@pytest.mark.parametrize(
    ("now", "expect"),
    [("2026-12-01", "{decision: pass, waived: [MA1021]}"), ("2027-01-02", "{decision: fail, by: [MA1021]}")],
)
def test_a_fixture_is_scanned_beside_the_policy_on_the_day_of_the_test(tmp_path, now, expect):
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "a.pkl").write_bytes(COMMAND)
    tests = f"  - {{name: a, now: {now}, fixture: vendor/a.pkl, expect: {expect}}}\n"
    assert problems(tmp_path, tests, WAIVER) == []


def test_waivers_that_a_test_is_not_about_do_not_fail_it(tmp_path):
    tests = "  - {name: a, facts: {artifact: {format: safetensors}}, expect: {decision: pass}}\n"
    assert problems(tmp_path, tests, WAIVER + "waiver_rules: {on_unused: fail}\n") == []


def test_a_digest_in_facts_is_what_a_waiver_looks_at(tmp_path):
    waiver = f"waivers: [{{id: W, rules: [MA1001], match: {{sha256: {'ab' * 32}}}}}]\n"
    facts = SYSTEM.replace("format: pickle", f"format: pickle, sha256: {'ab' * 32}")
    tests = f"  - {{name: a, facts: {facts}, expect: {{waived: [MA1001]}}}}\n"
    assert problems(tmp_path, tests, waiver) == []


def test_ignored_and_allowed_rules_are_told_apart(tmp_path):
    more = (
        "ignore: [MA1001]\nallow: [{rules: [MA1090], for: import, when: 'import.module == \"acme\"', reason: ours}]\n"
    )
    facts = "{artifact: {format: pickle}, imports: [{qualname: os.system}, {qualname: acme.Model}]}"
    expect = "{decision: pass, ignored: [MA1001], allowed: [MA1090]}"
    assert problems(tmp_path, f"  - {{name: a, facts: {facts}, expect: {expect}}}\n", more) == []
    wrong = "{allowed: [MA1001], ignored: [MA1090], waived: [MA1002]}"
    assert problems(tmp_path, f"  - {{name: a, facts: {facts}, expect: {wrong}}}\n", more) == [
        "expected MA1002 to be waived, it is not found",
        "expected MA1090 to be ignored, the step that took it out is allow",
        "expected MA1001 to be allowed, the step that took it out is ignore",
    ]


def test_a_rule_that_counts_was_not_waived(tmp_path):
    tests = f"  - {{name: a, facts: {SYSTEM}, expect: {{waived: [MA1001]}}}}\n"
    assert problems(tmp_path, tests) == ["expected MA1001 to be waived, it counts"]


def test_a_fixture_that_is_not_there_fails_the_test(tmp_path):
    tests = "  - {name: a, fixture: gone.pkl, expect: {decision: fail}}\n"
    assert problems(tmp_path, tests) == ["there is no fixture gone.pkl beside the policy"]


def test_without_a_scanner_fixtures_are_skipped_and_not_passed(tmp_path):
    (tmp_path / "a.pkl").write_bytes(COMMAND)
    done = run(tmp_path, "  - {name: a, fixture: a.pkl, expect: {decision: pass}}\n", scan=None)
    assert len(done.skipped) == 1


@pytest.mark.parametrize("both", ["", f"facts: {SYSTEM}, fixture: a.pkl, "])
def test_a_test_needs_either_facts_or_a_fixture(tmp_path, both):
    with pytest.raises(DiagnosticsError, match=r"E336.*needs either"):
        run(tmp_path, f"  - {{name: a, {both}expect: {{decision: fail}}}}\n")


def test_a_mistake_in_facts_is_told_at_its_place(tmp_path):
    with pytest.raises(DiagnosticsError, match=r"E131.*unknown field `modul`"):
        run(tmp_path, "  - {name: a, facts: {imports: [{modul: os}]}, expect: {decision: fail}}\n")


def test_only_the_policys_own_tests_run_unless_asked(tmp_path):
    tests = f"  - {{name: a, facts: {SYSTEM}, expect: {{decision: fail}}}}\n"
    assert [result.policy for result in run(tmp_path, tests).results] == ["acme/p"]
    all_of_them = run(tmp_path, tests, inherited=True)
    assert all_of_them.results[0].policy == "builtin:default"
    assert not all_of_them.failed
