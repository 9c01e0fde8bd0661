"""The laws of folding: nothing is lost, order of first sight stays, folding twice changes nothing."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from modelaudit.engine.facts import Import, Limit, Op, Place, Text
from modelaudit.pipeline import fold as module
from modelaudit.pipeline.fold import Fold, Unfolded, fold

PLACES = st.lists(st.integers(0, 20).map(lambda o: Place(offset=o)), max_size=3, unique=True).map(tuple)
IMPORTS = st.builds(
    Import, module=st.sampled_from("ab"), name=st.sampled_from("xy"), places=PLACES, n=st.integers(1, 4)
)
TEXTS = st.builds(Text, value=st.sampled_from(["one", "two"]), role=st.just("doc"), places=PLACES)
FACTS = st.lists(IMPORTS | TEXTS, max_size=30)


def counts(folded):
    return {fact.fold_key(): fact.n for facts in folded.values() for fact in facts}


@given(FACTS)
def test_no_count_is_lost_and_keys_are_distinct(facts):
    folded = fold(facts)
    expected = Counter()
    for fact in facts:
        expected[fact.fold_key()] += fact.n
    assert counts(folded) == dict(expected)


@given(FACTS)
def test_folding_what_is_folded_changes_nothing(facts):
    once = fold(facts)
    assert fold(fact for facts in once.values() for fact in facts) == once


@given(FACTS, FACTS)
def test_folding_in_two_steps_is_folding_at_once(first, second):
    parts = [fact for part in (first, second) for facts in fold(part).values() for fact in facts]
    assert fold(parts) == fold([*first, *second])


@given(FACTS)
def test_records_stand_in_the_order_of_first_sight(facts):
    for kind, records in fold(facts).items():
        seen = list(dict.fromkeys(fact.fold_key() for fact in facts if kind == fact.KIND))
        assert [record.fold_key() for record in records] == seen


@given(FACTS)
def test_a_record_keeps_the_first_five_places(facts):
    for records in fold(facts).values():
        for record in records:
            places = [p for fact in facts if fact.fold_key() == record.fold_key() for p in fact.places]
            assert record.places == tuple(dict.fromkeys(places))[:5]


def test_what_the_schema_names_unfolded_is_no_difference():
    (op,) = fold([Op(type="MatMul", name="a"), Op(type="MatMul", name="b")])["op"]
    assert (op.name, op.n) == ("a", 2)


def test_beyond_the_budget_one_limit_names_the_kinds(monkeypatch):
    monkeypatch.setattr(module, "RECORDS", 3)
    facts = [Import(name=str(i)) for i in range(10)] + [Text(value=str(i), role="doc") for i in range(10)]
    folded = fold([*facts, Import(name="0")], "m.pkl")
    assert [fact.name for fact in folded["import"]] == ["0", "1", "2"]
    assert folded["import"][0].n == 2
    (limit,) = folded["limit"]
    assert limit == Limit("m.pkl", what="facts", at=3, budget=3, by="file", affects=frozenset({"import", "text"}))


def test_text_has_a_budget_of_characters(monkeypatch):
    monkeypatch.setattr(module, "CHARACTERS", 10)
    folded = fold([Text(value="abcdef", role="doc"), Text(value="ghijkl", role="doc")])
    assert [fact.value for fact in folded["text"]] == ["abcdef"]
    assert folded["limit"][0].affects == {"text"}


def test_unfolded_facts_stay_as_they_came():
    facts = [Import(name="a"), Import(name="a"), Import(name="b")]
    sink = Unfolded("m.pkl")
    for fact in facts:
        sink.add(fact)
    assert sink.facts() == {"import": facts}


def test_a_fact_that_came_once_is_not_copied():
    fact = Import(name="a", places=(Place(offset=1),))
    sink = Fold("m.pkl")
    sink.add(fact)
    assert sink.facts()["import"][0] is fact
