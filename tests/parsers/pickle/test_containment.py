"""Whatever either of CPython's readers resolves, calls or sets, the facts contain; and nothing ever raises."""

import pickle
from collections import Counter, OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import containment
from fixtures.reading import Read, recognised
from modelaudit.parsers.pickle.state import State

SEEDS = 3000
VALUES = [
    {"a": [1, 2.5, "x" * 300, b"y" * 50]},
    OrderedDict(a=1),
    Counter("aab"),
    {1, 2},
    (1, (2,)),
    slice(1, 2),
    1 << 90,
]
STREAMS = [pickle.dumps(value, protocol) for value in VALUES for protocol in range(6)]


@pytest.mark.parametrize("pure", [False, True], ids=["C reader", "Python reader"])
def test_random_programs_and_changed_streams_do_nothing_that_the_facts_do_not_contain(pure):
    for seed in range(SEEDS):
        data = containment.stream(seed, STREAMS)
        assert containment.missed(data, containment.facts(data), pure=pure) is None, f"seed {seed}: {data!r}"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_never_raise(data):
    recognised(data)
    Read(data)


@st.composite
def mutations(draw) -> bytes:
    data = bytearray(draw(st.sampled_from(STREAMS)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=6))
    return bytes(data)


@settings(max_examples=300, deadline=None)
@given(mutations())
def test_mutated_pickles_never_raise_and_end(data):
    recognised(data)
    read = Read(data)
    assert read.streams
    assert all(0 <= place.offset <= len(data) for fact in read.facts for place in fact.places)


@pytest.mark.parametrize("data", [b"ca\nb\nN}\x8c\x01kK\x01s\x86b.", b"ca\nc\n)R}\x8c\x01kK\x01sb.", b"ca\nb\n)R."])
@pytest.mark.parametrize("pure", [False, True], ids=["C reader", "Python reader"])
def test_a_machine_that_forgot_what_is_set_or_called_would_be_found(data, pure, monkeypatch):
    assert containment.missed(data, containment.facts(data), pure=pure) is None
    monkeypatch.setattr(State, "set", lambda *args, **keywords: None)
    monkeypatch.setattr(State, "set_plain", lambda *args, **keywords: None)
    monkeypatch.setattr(State, "call", lambda *args, **keywords: frozenset())
    assert containment.missed(data, containment.facts(data), pure=pure) is not None
