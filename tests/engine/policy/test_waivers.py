"""Waivers: which day they hold on, what they cover, and what a scan makes of those that cover nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.findings import SHA, artifact, finding, judged
from fixtures.rulesets import compiled, mistakes, rule
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.policy import waivers
from modelaudit.engine.policy.acceptance import Acceptance, notices
from modelaudit.engine.policy.gate import decide

if TYPE_CHECKING:
    from pathlib import Path

DAYS = "created: 2026-10-01, expires: 2027-01-01"
PEOPLE = "reason: Reviewed, owner: team@acme.example, approved_by: boss@acme.example"


def waiver(match: str = "path: 'models/**'", id: str = "W-1", rules: str = "T-1", days: str = DAYS) -> str:
    return f"  - {{id: {id}, rules: [{rules}], match: {{{match}}}, {PEOPLE}{', ' if days else ''}{days}}}\n"


def ruleset(folder: Path, *given: str, more: str = ""):
    rules, diagnostics = compiled(folder, rule("T-1") + rule("T-2"), f"waivers:\n{''.join(given)}{more}")
    assert rules is not None, diagnostics
    return rules


def applied(rules, *findings, today: str = "2026-12-01", base: Path | None = None, artifacts=None):
    accepted = Acceptance(rules, today, base=str(base) if base else None)
    judgements, uses = accepted.apply(judged(*findings), artifacts or [artifact()])
    return judgements[0].findings, uses


# The one function that decides


@pytest.mark.parametrize(
    ("today", "state"),
    [
        ("2026-09-30", "pending"),
        ("2026-10-01", "live"),
        ("2026-12-31", "live"),
        ("2027-01-01", "expired"),
        ("2028-01-01", "expired"),
    ],
)
def test_a_waiver_holds_from_its_first_day_to_the_day_before_it_ends(today, state):
    assert waivers.state_on({"created": "2026-10-01", "expires": "2027-01-01"}, today) == state


def test_a_waiver_without_days_always_holds():
    assert waivers.state_on({}, "2026-12-01") == "live"


def test_the_day_of_a_moment_is_that_of_utc():
    assert waivers.day(0.0) == "1970-01-01"
    assert waivers.day(86_399.9) == "1970-01-01"


def test_the_day_is_that_of_the_clock_when_nobody_says_one(tmp_path, monkeypatch):
    monkeypatch.setattr(waivers, "day", lambda: "2026-12-24")
    assert Acceptance(ruleset(tmp_path, waiver())).today == "2026-12-24"


# What it covers


def test_a_waived_finding_does_not_count_and_says_who_why_and_until_when(tmp_path):
    [found], [use] = applied(ruleset(tmp_path, waiver()), finding(rule="T-1"), base=tmp_path)
    taken = found.suppression
    assert (taken.step, taken.reason, taken.source) == ("waiver", "Reviewed", "acme/p waiver W-1")
    assert (taken.owner, taken.approved_by, taken.until) == ("team@acme.example", "boss@acme.example", "2027-01-01")
    assert (use.state, use.findings, use.rules) == ("used", 1, ("T-1",))


MATCHES = [
    ("path: 'models/**'", {}, True),
    ("path: models/a.pkl", {}, True),
    ("path: ./models/a.pkl", {}, True),
    ("path: 'models/*.bin'", {}, False),
    ("path: 'other/**'", {}, False),
    ("path: '**/a.pkl'", {}, True),
    ("path: 'a.pkl'", {}, False),
    (f"sha256: {SHA}", {}, True),
    (f"sha256: {'cd' * 32}", {}, False),
    (f"sha256: {SHA}, path: 'other/**'", {}, False),
    ("path: 'models/**'", {"artifact": "models/a.pkl!data.pkl"}, True),
    ("path: 'models/**', member: data.pkl", {"artifact": "models/a.pkl!data.pkl"}, True),
    ("path: 'models/**', member: '**/data.pkl'", {"artifact": "models/a.pkl!x/y/data.pkl"}, True),
    ("path: 'models/**', member: data.pkl", {"artifact": "models/a.pkl!evil.pkl"}, False),
    ("path: 'models/**', member: '**'", {"artifact": "models/a.pkl"}, False),
    ("id: 0123456789abcdef", {}, True),
    ("id: 0123456789abcdee", {}, False),
    ("subject: os.system", {}, True),
    ("subject: 'os.*'", {}, True),
    ("subject: os", {}, False),
    ("format: pickle", {}, True),
    ("format: numpy", {}, False),
    ("path: 'models/a!b.pkl'", {"artifact": "models/a%21b.pkl"}, True),
]


@pytest.mark.parametrize(("match", "changes", "covered"), MATCHES)
def test_everything_that_match_says_has_to_hold(tmp_path, match, changes, covered):
    [found], _ = applied(ruleset(tmp_path, waiver(match)), finding(**{"rule": "T-1", **changes}), base=tmp_path)
    assert (not found.active) is covered


def test_a_waiver_is_about_its_rules_alone(tmp_path):
    found, _ = applied(ruleset(tmp_path, waiver()), finding(rule="T-1"), finding(rule="T-2"), base=tmp_path)
    assert [f.active for f in found] == [False, True]


def test_a_digest_that_is_not_known_covers_nothing(tmp_path):
    rules = ruleset(tmp_path, waiver(f"sha256: {SHA}"))
    [found], _ = applied(rules, finding(rule="T-1"), artifacts=[artifact(sha256=None)])
    assert found.active


def test_a_link_does_not_carry_a_waiver_elsewhere(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "elsewhere.pkl").write_bytes(b"")
    (tmp_path / "models" / "a.pkl").symlink_to(tmp_path / "elsewhere.pkl")
    [found], _ = applied(ruleset(tmp_path, waiver()), finding(rule="T-1"), base=tmp_path)
    assert found.active


def test_a_path_may_climb_out_of_the_policys_folder(tmp_path):
    (tmp_path / "policies").mkdir()
    rules = ruleset(tmp_path / "policies", waiver("path: '../models/**'"))
    [found], _ = applied(rules, finding(rule="T-1"), base=tmp_path)
    assert not found.active


def test_a_waiver_names_rules_by_tag_and_glob_too(tmp_path):
    [found], _ = applied(ruleset(tmp_path, waiver(rules="'T-*'")), finding(rule="T-2"), base=tmp_path)
    assert not found.active


DENY = "deny: [{id: D-1, title: No, for: artifact, severity: critical, when: 'true'}]\n"


def test_only_its_id_waives_a_deny(tmp_path):
    by_id = ruleset(tmp_path, waiver(rules="D-1"), more=DENY)
    by_glob = ruleset(tmp_path, waiver(rules="'*'"), more=DENY)
    denied = finding(rule="D-1", source="deny")
    assert not applied(by_id, denied, base=tmp_path)[0][0].active
    assert applied(by_glob, denied, base=tmp_path)[0][0].active


# Waivers that do nothing


def test_an_expired_waiver_covers_nothing_and_is_told(tmp_path):
    [found], uses = applied(ruleset(tmp_path, waiver()), finding(rule="T-1"), base=tmp_path, today="2027-01-02")
    assert found.active
    assert (uses[0].state, uses[0].findings) == ("expired", 1)
    assert list(notices(uses)) == ["waiver W-1 expired on 2027-01-01: 1 finding needs it (acme/p waiver W-1)"]


def test_a_waiver_whose_first_day_is_to_come_covers_nothing(tmp_path):
    [found], uses = applied(ruleset(tmp_path, waiver()), finding(rule="T-1"), base=tmp_path, today="2026-09-01")
    assert found.active
    assert uses[0].state == "pending"
    assert "begins on 2026-10-01" in next(notices(uses))


def test_a_live_waiver_stands_in_for_an_expired_one(tmp_path):
    rules = ruleset(tmp_path, waiver(id="W-0", days="expires: 2026-11-01"), waiver())
    [found], [old, new] = applied(rules, finding(rule="T-1"), base=tmp_path)
    assert found.suppression.source == "acme/p waiver W-1"
    assert (old.state, old.findings, new.state) == ("expired", 0, "used")


def test_unused_waivers_are_told_in_one_sentence(tmp_path):
    _, uses = applied(ruleset(tmp_path, waiver("path: x"), waiver("path: y", id="W-2")), finding(rule="T-1"))
    assert list(notices(uses)) == ["waivers W-1, W-2 were not used: no finding fits"]


def test_of_many_unused_waivers_the_first_are_named(tmp_path):
    many = [waiver("path: x", id=f"W-{number}") for number in range(12)]
    [said] = notices(applied(ruleset(tmp_path, *many), finding(rule="T-1"))[1])
    assert said.endswith("W-9 and 2 more were not used: no finding fits")


def decided(folder: Path, waiver_rules: str, today: str, severity: str = "info", match: str = "path: 'models/**'"):
    rules = ruleset(folder, waiver(match), more=f"waiver_rules: {{{waiver_rules}}}\n")
    accepted = Acceptance(rules, today, base=str(folder))
    judgements, uses = accepted.apply(judged(finding(rule="T-1", severity=severity)), [artifact()])
    return decide(rules, judgements, artifacts=[artifact()], waivers=uses)


def test_an_expired_waiver_that_a_finding_needs_fails_the_scan_whatever_the_severity(tmp_path):
    decision = decided(tmp_path, "on_expired: fail", "2027-02-01")
    assert (decision.exit_code, decision.by) == (1, ("T-1",))
    assert decision.reasons == ("Waiver W-1 expired on 2027-01-01, and a finding still needs it.",)


def test_failing_is_what_an_expired_waiver_does_when_nobody_says(tmp_path):
    assert decided(tmp_path, "max_days: 120", "2027-02-01").exit_code == 1


def test_an_expired_waiver_may_only_be_reported_and_the_finding_is_judged_as_any_other(tmp_path):
    assert decided(tmp_path, "on_expired: report", "2027-02-01").exit_code == 0
    assert decided(tmp_path, "on_expired: report", "2027-02-01", severity="warning").exit_code == 1


def test_an_expired_waiver_that_nothing_needs_does_not_fail(tmp_path):
    assert decided(tmp_path, "on_expired: fail", "2027-02-01", match="path: elsewhere").exit_code == 0


def test_an_unused_waiver_fails_where_the_policy_says_so(tmp_path):
    assert decided(tmp_path, "on_unused: fail", "2026-12-01", match="path: elsewhere").exit_code == 1
    assert decided(tmp_path, "on_unused: report", "2026-12-01", match="path: elsewhere").exit_code == 0


# Mistakes


MISTAKES = [
    ("", "expires: 2026-02-30", "E332", "the calendar has no day `2026-02-30`"),
    ("", "created: 2026-10-01, expires: 2026-10-01", "E332", "ends on 2026-10-01"),
    ("max_days: 90", DAYS, "E331", "holds for 92 days, `max_days` is 90"),
    ("max_days: 90", "expires: 2026-11-01", "E330", "does not say `created`"),
    ("max_days: 90", "", "E330", "does not say `created`, `expires`"),
    ("require: [expires]", "created: 2026-10-01", "E330", "does not say `expires`"),
]


@pytest.mark.parametrize(("rules", "days", "code", "message"), MISTAKES)
def test_what_a_waiver_lacks_is_told_before_any_scan(tmp_path, rules, days, code, message):
    policy = f"waivers:\n{waiver(days=days)}" + (f"waiver_rules: {{{rules}}}\n" if rules else "")
    [found] = mistakes(tmp_path, policy)
    assert found.level == "error"
    assert (found.code, found.span.line) == (code, 5)
    assert message in found.message


def test_a_rule_that_nobody_has_and_a_wild_pattern_are_mistakes(tmp_path):
    policy = f"waivers:\n{waiver(rules='T-9')}{waiver('path: a**', id='W-2')}"
    assert sorted(d.code for d in mistakes(tmp_path, policy)) == ["E308", "E333"]


def test_the_compiled_rule_set_does_not_depend_on_the_day(tmp_path, monkeypatch):
    before = ruleset(tmp_path, waiver()).doc
    monkeypatch.setattr(waivers, "day", lambda: "2099-01-01")
    assert ruleset(tmp_path, waiver()).doc == before


def test_a_rule_set_from_the_cache_is_judged_on_the_day_of_the_scan(tmp_path, monkeypatch):
    monkeypatch.setenv("MODELAUDIT_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "policy.yaml"
    path.write_text(
        f"schema: modelaudit/policy@1\npolicy: acme/p\nversion: 1\nwaivers:\n{waiver(rules='MA1090')}", encoding="utf-8"
    )
    load_ruleset(str(path))
    monkeypatch.setattr("modelaudit.engine.packs.load.build", lambda *_: pytest.fail("compiled again"))
    cached = load_ruleset(str(path))
    states = []
    for today in ("2026-09-30", "2026-12-01", "2027-01-01"):
        [found], _ = applied(cached, finding(rule="MA1090"), today=today, base=tmp_path)
        states.append(found.active)
    assert states == [True, False, True]
