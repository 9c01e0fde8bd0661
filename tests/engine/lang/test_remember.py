"""Costly leaves are evaluated once for a fact, whichever rules ask."""

import pytest

from fixtures.expressions import compiler, span
from modelaudit.engine.facts import Artifact, Import
from modelaudit.engine.factset import FactSet
from modelaudit.engine.lang import functions
from modelaudit.engine.lang.evaluate import Env, link

FACTS = [Import("m", qualname="os.system"), Import("m", qualname="os.path")]
NODE = FactSet(Artifact(path="m"), {"import": FACTS})


LISTS = {}


def linked(text: str, lists=LISTS):
    program = compiler().expression([(text, span(text))], "import")
    assert program is not None
    return link(program, lists)


@pytest.fixture
def calls(monkeypatch):
    """How often `lower` was called."""
    seen = []
    monkeypatch.setattr(functions.FUNCTIONS["lower"], "call", lambda text: seen.append(text) or text.lower())
    return seen


def test_two_rules_with_one_leaf_evaluate_it_once_for_each_fact(calls):
    first, second = linked('lower(import.qualname) == "os.path"'), linked('lower(import.qualname) == "os.path"')
    env = Env(NODE, FACTS[0])
    for fact in FACTS:
        inner = env.at(fact)
        assert first(inner) is second(inner) is (fact.qualname == "os.path")
    assert calls == ["os.system", "os.path"]


def test_a_leaf_about_a_variable_is_evaluated_for_each_of_its_values(calls):
    test = linked('any n in imports: (lower(n.qualname) == "os.path")')
    assert test(Env(NODE, FACTS[0])) is True
    assert calls == ["os.system", "os.path"]


def test_two_policies_with_other_lists_do_not_share_an_answer(calls):
    first, second = linked('lower(import.qualname) == "os.path"'), linked('lower(import.qualname) == "os.path"', {})
    env = Env(NODE, FACTS[0])
    assert first(env) is second(env) is False
    assert calls == ["os.system", "os.system"]
