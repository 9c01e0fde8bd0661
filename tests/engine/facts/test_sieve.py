"""The sieve finds the words that a plain search finds, in the order in which they were given."""

from hypothesis import given
from hypothesis import strategies as st

from modelaudit.engine.derived.keywords import Keywords
from modelaudit.engine.facts.sieve import Sieve

WORDS = st.lists(st.text("ab-_/\xe9", max_size=4), max_size=40, unique=True)
TEXTS = st.text("abc-_/\xe9 ", max_size=60)


@given(WORDS, TEXTS)
def test_it_finds_what_a_plain_search_finds(words, text):
    assert Sieve(words).occurring(text) == [word for word in words if word in text]


@given(st.lists(st.text("ab-_/", max_size=4), max_size=40, unique=True), TEXTS, st.integers(0, 20))
def test_keywords_begin_where_the_first_one_stands(words, text, start):
    data = text.upper().encode()
    places = [at for word in words if (at := data.lower().find(word.lower().encode(), start)) >= 0]
    found = Keywords(words).find(data, start) if start <= len(data) else -1
    assert found == (min(places) if places and start <= len(data) else -1)
