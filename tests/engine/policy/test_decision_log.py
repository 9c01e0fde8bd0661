"""The decision log: what a line says, and that scans at the same time do not mix."""

from __future__ import annotations

import json
import os
import stat

import pytest

from fixtures.documents import document
from fixtures.findings import artifact, finding
from modelaudit.engine.errors import UsageError
from modelaudit.engine.finding import Inconclusive, Suppression
from modelaudit.engine.policy import decision_log


def scan(**changes):
    found = (
        finding(rule="T1"),
        finding(rule="T1", id="1" * 16),
        finding(rule="T2", suppression=Suppression("waiver", "r")),
        finding(rule="T3", related=(finding(rule="T4", suppression=Suppression("absorb", "r")),)),
    )
    fields = {
        "findings": found,
        "inconclusive": (Inconclusive("T5", "a", "c", "warning"),),
        "artifacts": (artifact(), artifact("models/a.pkl!x")),
        "started": 0.0,
    }
    return document(**{**fields, **changes})


def test_a_line_says_who_decided_what_about_which_bytes():
    line = decision_log.entry(scan())
    assert line["schema"] == "modelaudit/decision@1"
    assert line["time"] == "1970-01-01T00:00:00Z"
    assert line["policy"]["digest"] == scan().policy.digest
    assert [pack["digest"] for pack in line["packs"]] == [pack.digest for pack in scan().packs]
    assert line["inputs"] == [{"path": "models/a.pkl", "sha256": "ab" * 32, "size": 1, "coverage": "full"}]
    assert line["decision"]["outcome"] == scan().decision.outcome
    assert line["decision"]["exit_code"] == scan().decision.exit_code


def test_rules_stand_under_what_became_of_them():
    rules = decision_log.entry(scan())["rules"]
    assert rules["match"] == {"T1": 2, "T3": 1}
    assert rules["suppressed"] == {"absorb": {"T4": 1}, "waiver": {"T2": 1}}
    assert rules["inconclusive"] == {"T5": 1}


def test_the_rules_that_said_nothing_are_only_counted():
    quiet = scan(findings=(), inconclusive=())
    assert decision_log.entry(quiet)["rules"]["no_match"] == len(quiet.rules)


def test_each_scan_appends_one_line_that_only_its_owner_reads(tmp_path):
    path = tmp_path / "log.jsonl"
    decision_log.check(str(path))
    decision_log.append(str(path), scan())
    decision_log.append(str(path), scan(artifacts=(artifact("models/\udcff.pkl"),)))
    lines = path.read_text(encoding="ascii").splitlines()
    assert [json.loads(line)["schema"] for line in lines] == ["modelaudit/decision@1"] * 2
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_log_that_cannot_be_written_is_refused_before_the_scan(tmp_path):
    with pytest.raises(UsageError, match="cannot write decision log"):
        decision_log.check(str(tmp_path / "no" / "log.jsonl"))
    with pytest.raises(UsageError, match="cannot write decision log"):
        decision_log.check(str(tmp_path))
