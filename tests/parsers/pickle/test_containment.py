"""Whatever either of CPython's readers resolves, calls or sets, the facts contain; and nothing ever raises."""

import pickle
from collections import Counter, OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import programs
from fixtures.reading import Read, recognised

SEEDS = 1500
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


def missed(data: bytes, *, pure: bool) -> str | None:
    """What the reader did that the facts do not have."""
    read, recorder = Read(data, wants=lambda _: False), programs.Recorder(data, pure=pure)
    ours = Counter[tuple[str, str]]()
    for fact in read.imports:
        ours[fact.module, fact.name] += fact.n
    lost = Counter(recorder.imports) - ours
    if lost:
        return f"imports {lost}"
    facts = [fact for fact in read.facts if fact.KIND in ("call", "setattr")]
    at = 0
    for event in recorder.events:
        while at < len(facts) and not fits(facts[at], *event):
            at += 1
        if at == len(facts):
            return f"{event} of {recorder.events}"
        at += not repeats(facts[at])
    return None


def fits(fact, kind: str, name: str) -> bool:
    ours = "set" if fact.KIND == "setattr" else "persid" if fact.kind == "persid" else "call"
    return ours == kind and (not name or not fact.names or name in fact.names)


def repeats(fact) -> bool:
    """Whether one opcode may do this several times, once for each item."""
    return fact.KIND == "setattr" or fact.kind in ("append", "extend", "add")


@pytest.mark.parametrize("pure", [False, True], ids=["C reader", "Python reader"])
def test_random_programs_do_nothing_that_the_facts_do_not_contain(pure):
    for seed in range(SEEDS):
        data = programs.program(seed)
        assert missed(data, pure=pure) is None, f"seed {seed}: {data!r}"


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
