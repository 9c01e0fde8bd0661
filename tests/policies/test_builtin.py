"""The built-in policies and the example: their own tests, and the order from loosest to strictest."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.policy.load import builtin_names, load_chain
from modelaudit.engine.policy.stricter import stricter
from modelaudit.engine.policy.testing import run_tests

NAMES = ["default", "permissive", "strict", "weights-only"]


def test_there_are_these_four():
    assert builtin_names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_test_in_the_file_passes(name):
    run = run_tests(name)
    assert [(result.name, result.problems) for result in run.failed] == []
    assert not run.skipped
    assert len(run.results) >= 4


@pytest.mark.parametrize("name", NAMES)
def test_the_tests_see_a_pass_and_a_fail(name):
    decisions = {test["expect"]["decision"] for test in load_chain(name).policy.data["tests"]}
    assert {"pass", "fail"} <= decisions


@pytest.mark.parametrize("name", NAMES)
def test_what_a_policy_is_for_is_said_and_nothing_is_noted(name):
    ruleset = load_ruleset(name, cache=False)
    assert load_chain(name).policy.data["description"].endswith(".")
    assert ruleset.notices == ()


ORDER = [("default", "permissive"), ("strict", "default"), ("weights-only", "strict"), ("weights-only", "permissive")]


@pytest.mark.parametrize(("stricter_one", "looser_one"), ORDER)
def test_one_is_proved_to_be_stricter_than_another_and_not_the_other_way_round(stricter_one, looser_one):
    strict, loose = load_ruleset(stricter_one), load_ruleset(looser_one)
    assert (
        stricter(strict, loose).render()
        == f"proved: builtin:{stricter_one} is at least as strict as builtin:{looser_one}"
    )
    assert stricter(loose, strict).refuted


EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def test_the_example_passes_its_tests_and_is_stricter_than_what_it_extends():
    policy, rules = str(EXAMPLES / "acme-policy.yaml"), [str(EXAMPLES / "acme-rules")]
    run = run_tests(policy, rules)
    assert len(run.results) == 3
    assert [(result.name, result.problems) for result in run.failed] == []
    assert stricter(load_ruleset(policy, rules), load_ruleset("default", rules)).proved
