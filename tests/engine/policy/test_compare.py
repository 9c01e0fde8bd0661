"""Two policies over the same facts, and each finding through the order of decision."""

from __future__ import annotations

import pytest

from fixtures.rulesets import compiled, rule
from modelaudit.engine.finding import Suppression
from modelaudit.engine.packs.examples import Examples
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.policy.compare import compare
from modelaudit.engine.policy.trace import trace
from modelaudit.engine.yaml_tree import parse
from modelaudit.pipeline.scan import Options, scan

RULES = rule("T-1", severity="critical", when="'import.qualname == \"os.system\"'") + rule(
    "T-2", when="'import.module == \"acme\"'"
)
MODELS = {
    "a.pkl": "{artifact: {path: a.pkl}, imports: [{qualname: os.system}]}",
    "b.pkl": "{artifact: {path: b.pkl}, imports: [{qualname: acme.Model}]}",
    "c.pkl": "{artifact: {path: c.pkl}, imports: []}",
}


def trees():
    return [Examples().build(parse(text, "facts")[0][0]) for text in MODELS.values()]


def ruleset(folder, policy: str = ""):
    made, diagnostics = compiled(folder, RULES, policy)
    assert made is not None, diagnostics
    return made


def test_a_decision_that_changes_is_shown_with_what_became_of_its_findings(tmp_path):
    old, new = ruleset(tmp_path), ruleset(tmp_path, "ignore: [T-2]\n")
    found = list(compare(old, new, trees()))
    assert [(one.path, one.before.outcome, one.after.outcome) for one in found] == [
        ("a.pkl", "fail", "fail"),
        ("b.pkl", "fail", "pass"),
        ("c.pkl", "pass", "pass"),
    ]
    [change] = found[1].changes
    assert (change.rule, change.before, change.after) == ("T-2", "warning", "ignore")
    assert [one.decides_differently for one in found] == [False, True, False]
    assert found[0].changes == ()


def test_a_finding_that_only_one_of_them_makes_is_a_change(tmp_path):
    old, new = ruleset(tmp_path, "select: [T-1]\n"), ruleset(tmp_path, "severity: {T-1: warning}\n")
    a, b, _ = compare(old, new, trees())
    assert [(c.rule, c.before, c.after) for c in (*a.changes, *b.changes)] == [
        ("T-1", "critical", "warning"),
        ("T-2", "", "warning"),
    ]


def test_both_are_judged_on_the_same_day(tmp_path):
    waiver = "waivers: [{id: W, rules: [T-2], match: {path: '**'}, expires: 2027-01-01}]\n"
    old, new = ruleset(tmp_path), ruleset(tmp_path, waiver)
    live = [one.after.outcome for one in compare(old, new, trees(), today="2026-12-01")]
    ended = [one.after.outcome for one in compare(old, new, trees(), today="2027-02-01")]
    assert (live, ended) == (["fail", "pass", "pass"], ["fail", "fail", "pass"])


def test_a_waiver_for_another_model_does_not_fail_this_one(tmp_path):
    waiver = "waivers: [{id: W, rules: [T-2], match: {path: '**/b.pkl'}}]\nwaiver_rules: {on_unused: fail}\n"
    found = compare(ruleset(tmp_path), ruleset(tmp_path, waiver), trees())
    assert [one.after.outcome for one in found] == ["fail", "pass", "pass"]


def test_it_agrees_with_two_whole_scans(tmp_path):
    model = tmp_path / "m.pkl"
    model.write_bytes(b"cacme\nModel\n.")
    from modelaudit.pipeline.facts import facts

    old, new = load_ruleset("default"), load_ruleset("permissive")
    [one] = compare(old, new, facts([str(model)]))
    assert [one.before.outcome, one.after.outcome] == [scan([str(model)], side).decision.outcome for side in (old, new)]


# Each finding through the order

COMMAND = b"cposix\nsystem\n(S'echo'\ntR."


def traced(folder, policy: str, content: bytes = COMMAND, today: str = "2026-12-01"):
    path = folder / "policy.yaml"
    path.write_text(f"schema: modelaudit/policy@1\npolicy: acme/p\nversion: 1\n{policy}")
    (folder / "a.pkl").write_bytes(content)
    rules = load_ruleset(str(path), cache=False)
    document = scan([str(folder / "a.pkl")], rules, Options(today=today))
    return {one.finding.rule: one for one in trace(rules, document)}


UNKNOWN = b"cacme\nModel\n."
WAIVER = (
    "waivers: [{id: W, rules: [MA1021], match: {path: a.pkl}, reason: why, owner: o, approved_by: p, "
    "expires: 2027-01-01}]"
)
STEPS = [
    ("ignore: [MA1021]", COMMAND, "MA1021", "select/ignore", "acme/p ignores `MA1021`"),
    ("maturity: [test]", UNKNOWN, "MA1090", "maturity", "rules of status stable report"),
    (
        "allow: [{rules: [MA1090], for: import, when: 'import.module == \"acme\"', reason: ours}]",
        UNKNOWN,
        "MA1090",
        "unless/allow",
        "ours, said by acme/p allow[0]",
    ),
    ("", COMMAND, "MA1001", "absorb", "MA1021 says it of the same subject"),
    (
        WAIVER,
        COMMAND,
        "MA1021",
        "waivers",
        "why, said by acme/p waiver W, owner o, approved by p, until 2027-01-01",
    ),
    ("", COMMAND, "MA1021", "gate", "fails the scan: critical, proved reaches fail_on warning"),
    ("severity: {MA1090: info}", UNKNOWN, "MA1090", "gate", "does not count: info, likely is below fail_on warning"),
]


@pytest.mark.parametrize(("policy", "content", "rule", "step", "words"), STEPS)
def test_the_step_that_decided_is_the_last_one_and_says_why(tmp_path, policy, content, rule, step, words):
    found = traced(tmp_path, policy, content)[rule]
    assert found.decided == step
    assert words in found.steps[-1].words


def test_what_a_baseline_knows_is_decided_there(tmp_path):
    from modelaudit.engine.policy import baseline

    path = tmp_path / "a.pkl"
    path.write_bytes(COMMAND)
    document = scan([str(path)], load_ruleset())
    known = tmp_path / "known.json"
    known.write_text(baseline.render(document.findings, document.artifacts, str(known)))
    assert traced(tmp_path, "gate: {baseline: known.json, new_only: true}")["MA1021"].decided == "baseline"


def test_the_steps_before_say_what_they_did(tmp_path):
    policy = "severity: {MA1090: critical}\nlists: {callables_allow_numpy: {append: [acme.other]}}"
    said = {step.step: step.words for step in traced(tmp_path, policy, UNKNOWN)["MA1090"].steps}
    assert said["lists"] == "the policy changes callables_allow_numpy append"
    assert said["select/ignore"] == "selected by `*`"
    assert said["severity"] == "the policy makes it critical, the rule says warning"
    assert list(said) == ["lists", "select/ignore", "maturity", "judge", "severity", "gate"]


def test_every_step_that_can_take_a_finding_out_has_its_place_in_the_order():
    from modelaudit.engine.policy.explain import STEPS as ORDER
    from modelaudit.engine.policy.trace import _STEP_OF

    assert set(_STEP_OF.values()) <= {name for name, _, _ in ORDER}
    assert set(_STEP_OF) == {"ignore", "maturity", "allow", "absorb", "baseline", "waiver"}
    assert Suppression("waiver", "r").step in _STEP_OF
