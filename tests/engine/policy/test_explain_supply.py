"""A policy is explained with the packs that it is judged with, and with whose packs it takes."""

from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.policy import explain


def test_packs_and_trust_are_shown(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text("schema: modelaudit/policy@1\npolicy: acme/p\nversion: 1\ntrust: {unsigned: allow}\n")
    rules = load_ruleset(str(path), cache=False)
    core = next(pack for pack in rules.packs if pack.pack == "core")
    for text in (explain.policy_text(rules), explain.summary(rules)):
        assert f"  pack core {core.version}: {core.rules} rules, digest {core.digest[:12]}\n" in text
        assert "  trust.unsigned: allow\n" in text


def test_a_policy_that_says_nothing_of_trust_shows_none(tmp_path):
    assert "trust" not in explain.policy_text(load_ruleset())
