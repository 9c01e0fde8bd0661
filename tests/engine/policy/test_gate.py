"""The gate: which scan ends with which exit code, and what it says."""

from __future__ import annotations

import pytest

from fixtures.rulesets import ruleset
from modelaudit.engine.document import ArtifactSummary, ScanError
from modelaudit.engine.errors import UsageError
from modelaudit.engine.finding import Finding, Inconclusive, Judgement, Suppression
from modelaudit.engine.policy.gate import decide
from modelaudit.engine.record import replace


def finding(severity: str = "warning", confidence: str = "likely", rule: str = "T1", step: str = "") -> Finding:
    return Finding(
        id="0" * 16,
        rule=rule,
        name="n",
        rule_version=1,
        pack="core",
        pack_version="1",
        title="t",
        severity=severity,
        confidence=confidence,
        message="m",
        why="",
        fix="",
        references=(),
        cwes=(),
        cves=(),
        tags=(),
        kind="import",
        subject="os.system",
        artifact="a.pkl",
        format="pickle",
        places=(),
        n=1,
        suppression=Suppression(step, "r") if step else None,
    )


def judged(*findings: Finding, inconclusive: tuple = ()) -> list[Judgement]:
    return [Judgement(findings, inconclusive)]


def artifact(path: str = "a.pkl", format: str = "pickle", coverage: str = "full", **fields) -> ArtifactSummary:
    return ArtifactSummary(path, format, "model", 1, 0, coverage, **fields)


UNSURE = Inconclusive("T1", "a.pkl", "import facts may be missing", "warning")
MISSING = ScanError("missing-path", "nowhere.pkl does not exist", "nowhere.pkl")
CLEAN = [artifact()]


def test_nothing_found_and_everything_read_passes():
    decision = decide(ruleset(), judged(), artifacts=CLEAN)
    assert (decision.exit_code, decision.outcome, decision.by) == (0, "pass", ())
    assert decision.reasons == ("No finding stands at or above warning.",)


@pytest.mark.parametrize("severity", ["warning", "critical"])
def test_a_warning_or_a_critical_fails(severity):
    decision = decide(ruleset(), judged(finding(severity)), artifacts=CLEAN)
    assert (decision.exit_code, decision.outcome, decision.by) == (1, "fail", ("T1",))
    assert decision.reasons == (f"1 {severity} finding stands at or above warning.",)


@pytest.mark.parametrize("severity", ["info", "debug"])
def test_info_and_debug_never_fail(severity):
    assert decide(ruleset(), judged(finding(severity)), artifacts=CLEAN).exit_code == 0


@pytest.mark.parametrize("step", ["ignore", "maturity", "allow", "baseline", "waiver"])
def test_a_suppressed_finding_does_not_count(step):
    assert decide(ruleset(), judged(finding("critical", step=step)), artifacts=CLEAN).exit_code == 0


def test_a_finding_decides_even_when_something_else_failed_and_the_failure_is_told():
    decision = decide(ruleset(), judged(finding()), artifacts=CLEAN, errors=[MISSING])
    assert decision.exit_code == 1
    assert decision.reasons == ("1 warning finding stands at or above warning.", "nowhere.pkl does not exist.")


def test_reasons_count_by_severity_and_name_each_rule_once():
    found = [finding("critical", rule="T2"), finding("warning"), finding("warning"), finding("info", rule="T3")]
    decision = decide(ruleset(), judged(*found), artifacts=CLEAN)
    assert decision.reasons == ("1 critical and 2 warning findings stand at or above warning.",)
    assert decision.by == ("T1", "T2")


ERRORS = ["missing-path", "unreadable", "timeout", "size-limit", "crash", "nothing-scanned", "unknown-format"]


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize(
    ("word", "exit_code", "outcome"), [("error", 2, "incomplete"), ("fail", 1, "fail"), ("report", 0, "pass")]
)
def test_an_error_makes_the_scan_incomplete_and_the_policy_says_what_that_means(code, word, exit_code, outcome):
    rules = ruleset(on_incomplete=word)
    decision = decide(rules, judged(), artifacts=CLEAN, errors=[ScanError(code, "what went wrong")])
    assert (decision.exit_code, decision.outcome) == (exit_code, outcome)
    assert "what went wrong." in decision.reasons


def test_the_deciding_reason_comes_first():
    decision = decide(ruleset(), judged(), artifacts=CLEAN, errors=[MISSING])
    assert decision.reasons[0] == "nowhere.pkl does not exist."


def test_many_errors_of_one_code_are_drawn_together():
    errors = [ScanError("unreadable", f"{n}.pkl cannot be read") for n in range(10)]
    assert decide(ruleset(), judged(), artifacts=CLEAN, errors=errors).reasons[-1] == "7 more of unreadable."


def test_nothing_scanned_is_incomplete():
    decision = decide(ruleset(), [], artifacts=[])
    assert (decision.exit_code, decision.reasons) == (2, ("Nothing was scanned.",))


def test_a_rule_or_pack_that_is_too_new_is_incomplete():
    decision = decide(ruleset(incomplete=True), judged(), artifacts=CLEAN)
    assert decision.exit_code == 2
    assert "newer engine" in decision.reasons[0]


def test_an_inconclusive_rule_that_would_have_failed_makes_it_incomplete():
    decision = decide(ruleset(), judged(inconclusive=(UNSURE,)), artifacts=CLEAN)
    assert decision.exit_code == 2
    assert decision.reasons == (
        "1 rule that would fail the scan could not be decided (T1): import facts may be missing.",
    )


def test_an_inconclusive_rule_below_the_threshold_changes_nothing():
    decision = decide(ruleset(fail_on="critical"), judged(inconclusive=(UNSURE,)), artifacts=CLEAN)
    assert decision.exit_code == 0


def test_an_inconclusive_rule_counts_by_what_it_could_be_raised_to():
    rule = {"raise": [{"when": [], "severity": "critical"}]}
    decision = decide(ruleset(rule, fail_on="critical"), judged(inconclusive=(UNSURE,)), artifacts=CLEAN)
    assert decision.exit_code == 2


def test_an_inconclusive_rule_counts_by_the_severity_that_the_policy_gives_it():
    rule = {"standing": {"severity": "info"}}
    assert decide(ruleset(rule), judged(inconclusive=(UNSURE,)), artifacts=CLEAN).exit_code == 0


def test_an_inconclusive_rule_below_the_confidence_changes_nothing():
    decision = decide(ruleset(min_confidence="proved"), judged(inconclusive=(UNSURE,)), artifacts=CLEAN)
    assert decision.exit_code == 0


def test_a_failing_incompleteness_names_the_undecided_rules():
    decision = decide(ruleset(on_incomplete="fail"), judged(inconclusive=(UNSURE,)), artifacts=CLEAN)
    assert (decision.exit_code, decision.by) == (1, ("T1",))


def test_an_artifact_that_was_not_understood_and_has_no_finding_is_incomplete():
    artifacts = [artifact(coverage="partial", reasons=("the worker crashed",))]
    decision = decide(ruleset(), judged(), artifacts=artifacts)
    assert decision.exit_code == 2
    assert decision.reasons == ("1 file was not read to the end: a.pkl (the worker crashed).",)


def test_a_damaged_file_is_a_finding_and_no_error():
    artifacts = [artifact(coverage="partial", reasons=("truncated",))]
    assert decide(ruleset(), judged(finding("info")), artifacts=artifacts).exit_code == 0
    assert decide(ruleset(), judged(finding("warning")), artifacts=artifacts).exit_code == 1


UNKNOWN = artifact("b.xyz", "unknown", "none")


@pytest.mark.parametrize(("word", "exit_code"), [("report", 0), ("error", 2), ("fail", 1)])
def test_an_unknown_format_in_a_folder_is_as_the_policy_says(word, exit_code):
    decision = decide(ruleset(on_unknown_format=word), judged(), artifacts=[*CLEAN, UNKNOWN])
    assert decision.exit_code == exit_code
    assert "1 file of unknown format was not read." in decision.reasons


def test_an_unknown_format_that_was_all_there_was_is_incomplete():
    error = ScanError("unknown-format", "b.xyz has a format that is not known", "b.xyz")
    decision = decide(ruleset(), judged(), artifacts=[UNKNOWN], errors=[error])
    assert (decision.exit_code, decision.reasons) == (2, ("b.xyz has a format that is not known.",))


def test_rules_that_are_inconclusive_on_an_unknown_format_say_nothing_more():
    unsure = Inconclusive("T1", "b.xyz", "import facts may be missing", "warning")
    decision = decide(ruleset(), judged(inconclusive=(unsure,)), artifacts=[*CLEAN, UNKNOWN])
    assert decision.exit_code == 0


def test_fail_on_critical_lets_warnings_pass():
    assert decide(ruleset(fail_on="critical"), judged(finding("warning")), artifacts=CLEAN).exit_code == 0
    assert decide(ruleset(fail_on="critical"), judged(finding("critical")), artifacts=CLEAN).exit_code == 1


def test_min_confidence_lets_less_sure_findings_pass():
    assert decide(ruleset(min_confidence="proved"), judged(finding("critical")), artifacts=CLEAN).exit_code == 0
    sure = finding("critical", "proved")
    assert decide(ruleset(min_confidence="proved"), judged(sure), artifacts=CLEAN).exit_code == 1


def test_the_command_line_can_change_the_threshold():
    assert decide(ruleset(), judged(finding()), artifacts=CLEAN, fail_on="critical").exit_code == 0


@pytest.mark.parametrize("final", ["gate", "gate.fail_on"])
def test_the_command_line_cannot_loosen_a_final_threshold(final):
    with pytest.raises(UsageError, match=r"policy t makes gate\.fail_on final at warning: critical would loosen it"):
        decide(ruleset(final=(final,)), judged(), artifacts=CLEAN, fail_on="critical")


def test_the_command_line_can_tighten_a_final_threshold():
    rules = ruleset(final=("gate.fail_on",), fail_on="critical")
    assert decide(rules, judged(finding()), artifacts=CLEAN, fail_on="warning").exit_code == 1


@pytest.mark.parametrize("word", ["bad", "info", "debug"])
def test_a_threshold_that_is_none_is_a_usage_error(word):
    with pytest.raises(UsageError, match=f"fail_on takes warning or critical, not '{word}'"):
        decide(ruleset(), judged(), artifacts=CLEAN, fail_on=word)


# How many findings may stand


@pytest.mark.parametrize(("many", "exit_code"), [(1, 0), (2, 0), (3, 1)])
def test_so_many_findings_may_stand(many, exit_code):
    found = [finding(rule=f"T{number}") for number in range(many)]
    decision = decide(ruleset(max_findings=2), judged(*found), artifacts=CLEAN)
    assert decision.exit_code == exit_code
    assert decision.reasons[0].startswith(f"{many} warning finding")


def test_what_is_tolerated_is_said():
    decision = decide(ruleset(max_findings=2), judged(finding()), artifacts=CLEAN)
    assert decision.reasons == ("1 warning finding stands at or above warning; the policy tolerates 2.",)
    assert decision.by == ()


def test_a_deny_is_never_tolerated():
    denied = replace(finding(), source="deny")
    assert decide(ruleset(max_findings=2), judged(denied), artifacts=CLEAN).exit_code == 1


def test_notes_do_not_use_up_what_is_tolerated():
    found = [finding("info", rule="T2"), finding()]
    assert decide(ruleset(max_findings=1), judged(*found), artifacts=CLEAN).exit_code == 0


def test_tolerated_findings_do_not_make_an_incomplete_scan_pass():
    decision = decide(ruleset(max_findings=1), judged(finding()), artifacts=CLEAN, errors=[MISSING])
    assert decision.exit_code == 2
    assert decision.reasons == (
        "1 warning finding stands at or above warning; the policy tolerates 1.",
        "nowhere.pkl does not exist.",
    )


def test_a_refused_source_is_never_a_pass():
    refused = [ScanError("source-refused", "not from there", "x.pkl")]
    assert decide(ruleset(on_incomplete="report"), judged(), artifacts=CLEAN, errors=refused).exit_code == 2
    assert decide(ruleset(on_incomplete="fail"), judged(), artifacts=CLEAN, errors=refused).exit_code == 1
