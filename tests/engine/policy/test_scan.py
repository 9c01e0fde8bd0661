"""Policies end to end: a small pickle scanned under files on disk."""

from __future__ import annotations

import pytest

from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import Options, scan

HEAD = "schema: modelaudit/policy@1\npolicy: acme/p\nversion: 1\nextends: ['builtin:default']\n"
UNKNOWN_CLASS = b"cacme.models\nThing\n)R."  # imports and calls a class that no list knows; never loaded


@pytest.fixture
def scanned(tmp_path):
    """Scan the pickle under a policy with these keys."""

    def run(policy: str = "", **options):
        model = tmp_path / "model.pkl"
        model.write_bytes(UNKNOWN_CLASS)
        path = tmp_path / "policy.yaml"
        path.write_text(HEAD + policy, encoding="utf-8")
        return scan([str(model)], load_ruleset(str(path), cache=False), Options(**options))

    return run


def test_the_default_policy_warns_of_an_unknown_callable(scanned):
    assert scanned().decision.exit_code == 1


def test_a_class_of_the_organisation_is_allowed_and_stays_in_the_report(scanned):
    document = scanned(
        "allow:\n"
        "  - {rules: ['tag:unknown-callable'], for: import, when: 'import.qualname glob \"acme.**\"', reason: ours}\n"
        "  - {rules: ['tag:unknown-callable'], for: call, when: 'call.target glob \"acme.**\"', reason: ours}\n"
    )
    assert document.decision.exit_code == 0
    assert {f.suppression.reason for f in document.findings if f.suppression} == {"ours"}


def test_a_deny_turns_a_format_away(scanned):
    document = scanned(
        "deny: [{id: ACME-D1, title: No pickles, for: artifact, severity: critical,\n"
        "        when: ['artifact.depth == 0', '\"pickle-family\" in artifact.families']}]\n"
    )
    assert "ACME-D1" in document.decision.by


def test_a_limit_of_the_policy_makes_the_scan_incomplete_and_is_no_finding(scanned):
    document = scanned("limits: {max_file_size: 4B}\n")
    assert (document.decision.exit_code, document.findings) == (2, ())


def test_a_final_threshold_refuses_the_command_line_before_anything_is_read(scanned, monkeypatch):
    monkeypatch.setattr("modelaudit.pipeline.reach.discover", lambda *_: pytest.fail("a file was read"))
    with pytest.raises(UsageError, match=r"gate\.fail_on final at warning"):
        scanned("gate: {fail_on: warning}\nfinal: [gate.fail_on]\n", fail_on="critical")
