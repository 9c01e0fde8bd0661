"""A trace says why a comparison with NaN is false."""

import pytest

from fixtures.expressions import compiled, matchers, tree
from modelaudit.engine.authoring.trace import NOT_A_NUMBER, Tracer, described
from modelaudit.engine.facts import Member
from modelaudit.engine.lang.evaluate import Env

NAN = float("nan")


def step(condition, ratio):
    fact = Member("m", name="a", ratio=ratio)
    return Tracer(matchers()).step(compiled(condition, kind="member"), Env(tree(fact), fact))


@pytest.mark.parametrize("condition", ["member.ratio > 1.0", "member.ratio <= 1.0", "member.ratio == 1.0"])
def test_a_comparison_with_nan_shows_it_and_says_why(condition):
    seen = step(condition, NAN)
    assert (seen.value, seen.saw) == (False, f"NaN; {NOT_A_NUMBER}")
    assert NOT_A_NUMBER not in step(condition, 2.0).saw


def test_nan_is_written_as_the_language_calls_it():
    assert described(NAN) == "NaN"
    assert described(frozenset({NAN})) == "{NaN}"
