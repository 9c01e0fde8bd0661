"""`modelaudit policy` and what a scan does with a policy: exit codes and what is said."""

from __future__ import annotations

import json

import pytest

from modelaudit.cli.run import run

HEAD = "schema: modelaudit/policy@1\npolicy: acme/p\nversion: 1\n"
COMMAND = b"cposix\nsystem\n(S'echo'\ntR."
WAIVER = "waivers: [{id: W, rules: [MA1021], match: {path: bad.pkl}, reason: why, owner: o, expires: 2999-01-01}]\n"


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "bad.pkl").write_bytes(COMMAND)
    (tmp_path / "models" / "good.pkl").write_bytes(b"\x80\x04}.")
    return tmp_path / "models"


def policy(folder, body: str, name: str = "policy.yaml") -> str:
    path = folder / name
    path.write_text(HEAD + body, encoding="utf-8")
    return str(path)


def test_a_waived_finding_is_shown_and_the_scan_passes(models, capsys):
    assert run(["scan", str(models), "--policy", policy(models, WAIVER)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "MA1021 waived by acme/p waiver W, owner o, until 2999-01-01: why" in said
    assert "PASS" in said


def test_an_expired_waiver_fails_and_is_told_on_stderr_and_in_the_report(models, capsys):
    path = policy(models, WAIVER.replace("2999", "2020"))
    assert run(["scan", str(models), "--policy", path, "-f", "json"]) == 1
    shown = capsys.readouterr()
    report = json.loads(shown.out)
    assert report["waivers"][0]["state"] == "expired"
    assert report["decision"]["by"] == ["MA1021"]
    assert "waiver W expired on 2020-01-01" in shown.err


def test_a_refused_source_ends_with_2_and_says_so(models, capsys):
    path = policy(models, "sources: {allow: ['file://elsewhere/**']}\n")
    assert run(["scan", str(models / "bad.pkl"), "--policy", path]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "error: policy acme/p does not admit this source:" in shown.err


def test_a_decision_log_gets_a_line_for_each_scan(models, tmp_path):
    log = tmp_path / "decisions.jsonl"
    assert run(["scan", str(models), "-q", "--decision-log", str(log)]) == 1
    assert run(["scan", str(models / "good.pkl"), "-q", "--decision-log", str(log)]) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["decision"]["exit_code"] for line in lines] == [1, 0]
    assert lines[0]["rules"]["match"] == {"MA1021": 1}


def test_a_decision_log_that_cannot_be_written_is_refused_before_the_scan(models, capsys):
    assert run(["scan", str(models), "--decision-log", "no/such/log"]) == 2
    assert "cannot write decision log" in capsys.readouterr().err


def test_a_baseline_lets_known_findings_pass_and_fails_on_new_ones(models, capsys):
    known = str(models.parent / "known.json")
    assert run(["policy", "baseline", str(models), "-o", known]) == 0
    assert "1 finding in 2 files" in capsys.readouterr().out
    path = policy(models.parent, "gate: {baseline: known.json, new_only: true}\n")
    assert run(["scan", str(models), "--policy", path]) == 0
    assert "in the baseline" in capsys.readouterr().out
    (models / "new.pkl").write_bytes(b"cposix\nsystem\n(S'echo new'\ntR.")
    assert run(["scan", str(models), "--policy", path, "-q"]) == 1
    assert "bad.pkl" not in capsys.readouterr().out


def test_a_new_baseline_does_not_leave_out_what_the_old_one_knows(models):
    known = models.parent / "known.json"
    path = policy(models.parent, "gate: {baseline: known.json, new_only: true}\n")
    assert run(["policy", "baseline", str(models), "-o", str(known), "--policy", path]) == 0
    first = known.read_text()
    assert run(["policy", "baseline", str(models), "-o", str(known), "--policy", path]) == 0
    assert known.read_text() == first
    assert "MA1021" in first


def test_a_baseline_of_what_cannot_be_read_ends_with_2(models, capsys):
    assert run(["policy", "baseline", str(models), "gone", "-o", "known.json"]) == 2
    assert "gone" in capsys.readouterr().err


def test_a_missing_baseline_ends_the_scan_with_2(models, capsys):
    path = policy(models.parent, "gate: {baseline: gone.json, new_only: true}\n")
    assert run(["scan", str(models), "--policy", path]) == 2
    assert "cannot read baseline" in capsys.readouterr().err


def test_tests_of_a_policy_pass_or_fail(models, capsys):
    tests = "tests:\n  - {name: bad, fixture: bad.pkl, expect: {decision: %s}}\n"
    assert run(["policy", "test", policy(models, tests % "fail"), "-v"]) == 0
    assert capsys.readouterr().out == "ok    acme/p bad\nacme/p: 1 test, 0 failed\n"
    assert run(["policy", "test", policy(models, tests % "pass")]) == 1
    assert "expected pass, got fail" in capsys.readouterr().out
    assert run(["policy", "test", policy(models, tests % "maybe")]) == 2


def test_quiet_tests_say_nothing_when_they_pass(models, capsys):
    assert run(["policy", "test", "default", "-q"]) == 0
    assert capsys.readouterr().out == ""


def test_diff_shows_which_decisions_change(models, capsys):
    assert run(["policy", "diff", "default", policy(models.parent, "ignore: [MA1021, MA1001]\n"), str(models)]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "bad.pkl: fail -> pass." in said
    assert "MA1021 posix.system: critical -> ignore" in said
    assert "1 of 2 models decided differently" in said
    assert run(["policy", "diff", "default", "default", str(models)]) == 0


def test_diff_over_stored_facts_says_the_same(models, capsys):
    path = policy(models.parent, "ignore: [MA1021, MA1001]\n")
    assert run(["facts", str(models), "-o", "facts.jsonl"]) == 0
    capsys.readouterr()
    answers = []
    for source in ([str(models)], ["--facts", "facts.jsonl"]):
        assert run(["policy", "diff", "default", path, *source, "-f", "json"]) == 1
        answers.append(json.loads(capsys.readouterr().out))
    assert answers[0] == answers[1]
    assert answers[0]["changed"] == 1


def test_diff_needs_something_to_judge(models, capsys):
    assert run(["policy", "diff", "default", "strict"]) == 2
    assert "--facts" in capsys.readouterr().err


def test_diff_of_what_cannot_be_read_ends_with_2(models):
    assert run(["policy", "diff", "default", "strict", "gone.pkl"]) == 2


def test_explain_tells_for_each_finding_what_decided(models, capsys):
    assert run(["policy", "explain", str(models / "bad.pkl"), "--policy", policy(models, WAIVER)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "waivers decided: taken out: why, said by acme/p waiver W, owner o, until 2999-01-01" in said
    assert "absorb decided: taken out: MA1021 says it of the same subject" in said
    assert "acme/p: pass." in said


@pytest.mark.parametrize("arguments", [["strict"], ["builtin:strict"], ["--policy", "strict"]])
def test_explain_without_a_model_prints_the_order(models, capsys, arguments):
    assert run(["policy", "explain", *arguments]) == 0
    said = capsys.readouterr().out
    assert "Policy builtin:strict" in said
    assert "10. gate" in said


def test_explain_takes_a_policy_file_in_place_of_a_model(models, capsys):
    assert run(["policy", "explain", policy(models, WAIVER)]) == 0
    assert "waiver W until 2999-01-01: MA1021 in path" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("child", "parent", "code", "words"),
    [
        ("strict", "default", 0, "proved: builtin:strict is at least as strict as builtin:default"),
        ("default", "strict", 1, "refuted: builtin:default is not as strict as builtin:strict: gate.on_incomplete"),
        ("default", "no-such", 2, ""),
        ("no-such", "default", 2, ""),
    ],
)
def test_check_proves_or_refutes_that_a_policy_is_stricter(models, capsys, child, parent, code, words):
    assert run(["policy", "check", child, "--stricter-than", parent]) == code
    assert words in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("names", "code", "words"),
    [
        (["default"], 0, "1 policy checked, none with mistakes"),
        (["default", "no-such"], 2, "2 policies checked, 1 with mistakes"),
    ],
)
def test_check_ends_with_a_count(models, capsys, names, code, words):
    assert run(["policy", "check", *names]) == code
    assert capsys.readouterr().out.splitlines()[-1] == words


def test_check_says_what_cannot_be_proved(models, capsys):
    body = "sources: {allow: ['file:///a/**']}\n"
    parent = policy(models, "sources: {allow: ['file:///a/b/**']}\n", "parent.yaml")
    assert run(["policy", "check", policy(models, body), "--stricter-than", parent]) == 1
    assert "cannot be proved: sources.allow admits file:///a/**" in capsys.readouterr().out
