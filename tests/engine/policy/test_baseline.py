"""Baselines: what is written, what is known again, and what is refused."""

from __future__ import annotations

import json

import pytest

from fixtures.findings import SHA, artifact, finding, judged
from fixtures.rulesets import compiled, mistakes, rule
from modelaudit.engine.errors import UsageError
from modelaudit.engine.finding import Suppression
from modelaudit.engine.policy import baseline
from modelaudit.engine.policy.acceptance import Acceptance

GATE = "gate: {baseline: known.json, new_only: true}\n"


def written(folder, *findings, **changes):
    path = folder / "known.json"
    path.write_text(baseline.render(findings, [artifact(str(folder / "a.pkl"), **changes)], str(path)))
    return path


def at(folder, name="a.pkl", **changes):
    return finding(artifact=str(folder / name), **changes)


def test_a_baseline_holds_what_counts_and_paths_relative_to_itself(tmp_path):
    accepted = at(tmp_path, id="b" * 16, suppression=Suppression("waiver", "r"))
    path = written(tmp_path, at(tmp_path), accepted, at(tmp_path, id="c" * 16, source="deny"))
    assert json.loads(path.read_text()) == {
        "schema": "modelaudit/baseline@1",
        "findings": [{"id": "0123456789abcdef", "rule": "T1", "path": "a.pkl", "sha256": SHA}],
    }


def test_an_empty_baseline_is_one_too(tmp_path):
    assert baseline.read(str(written(tmp_path))).knows(finding(), "x", None) is False


def settled(folder, *findings, sha256=SHA):
    rules, diagnostics = compiled(folder, rule("T-1"), GATE)
    assert rules is not None, diagnostics
    names = {f.artifact.partition("!")[0] for f in findings}
    judgements, _ = Acceptance(rules).apply(judged(*findings), [artifact(name, sha256=sha256) for name in names])
    return judgements[0].findings


def test_a_known_finding_does_not_count_and_names_the_baseline(tmp_path):
    path = written(tmp_path, at(tmp_path))
    [found] = settled(tmp_path, at(tmp_path))
    assert (found.suppression.step, found.suppression.source) == ("baseline", str(path))


def test_the_path_is_enough_when_the_file_has_changed(tmp_path):
    written(tmp_path, at(tmp_path))
    assert not settled(tmp_path, at(tmp_path), sha256="cd" * 32)[0].active


def test_the_digest_is_enough_when_the_file_has_moved(tmp_path):
    written(tmp_path, at(tmp_path))
    assert not settled(tmp_path, at(tmp_path, "moved.pkl"))[0].active


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "f" * 16},
        {"source": "deny"},
    ],
)
def test_another_finding_and_a_deny_are_new(tmp_path, changes):
    written(tmp_path, at(tmp_path))
    assert settled(tmp_path, at(tmp_path, **changes))[0].active


def test_the_same_finding_in_another_file_is_new(tmp_path):
    written(tmp_path, at(tmp_path))
    assert settled(tmp_path, at(tmp_path, "other.pkl"), sha256="cd" * 32)[0].active


def test_a_baseline_without_new_only_changes_nothing_and_is_noted(tmp_path):
    written(tmp_path, at(tmp_path))
    rules, _ = compiled(tmp_path, rule("T-1"), "gate: {baseline: known.json}\n")
    assert [d.code for d in mistakes(tmp_path, "gate: {baseline: known.json}\n")] == ["W354"]
    judgements, _ = Acceptance(rules).apply(judged(at(tmp_path)), [artifact(str(tmp_path / "a.pkl"))])
    assert judgements[0].findings[0].active


def test_new_only_needs_a_baseline(tmp_path):
    [found] = mistakes(tmp_path, "gate: {new_only: true}\n")
    assert (found.code, found.span.line, found.span.column) == ("E335", 4, 8)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "policy baseline"),
        ("not json", "is not a baseline"),
        ("[]", "is not a baseline"),
        ('{"schema": "other"}', "expected schema"),
        ('{"schema": "modelaudit/baseline@1"}', "findings"),
        ('{"schema": "modelaudit/baseline@1", "findings": [{"id": 1}]}', "strings"),
        ('{"schema": "modelaudit/baseline@1", "findings": [7]}', "is not a baseline"),
        ("[" * 100_000, "is not a baseline"),
    ],
)
def test_what_is_no_baseline_is_refused_before_the_scan(tmp_path, content, words):
    rules, _ = compiled(tmp_path, rule("T-1"), GATE)
    if content is not None:
        (tmp_path / "known.json").write_text(content)
    with pytest.raises(UsageError, match=words):
        Acceptance(rules)


def test_a_waiver_of_a_known_finding_counts_as_used(tmp_path):
    written(tmp_path, at(tmp_path, rule="T-1"))
    waiver = "waivers: [{id: W, rules: [T-1], match: {path: '**'}}]\n"
    rules, _ = compiled(tmp_path, rule("T-1"), GATE + waiver)
    known = at(tmp_path, rule="T-1")
    judgements, [use] = Acceptance(rules, "2026-12-01").apply(judged(known), [artifact(known.artifact)])
    assert judgements[0].findings[0].suppression.step == "baseline"
    assert use.state == "used"
