"""A stream says which of CPython's readers stop before its end: never one that goes on to it."""

import pickle

import pytest

from fixtures import containment, programs
from fixtures import pickles as p
from fixtures.reading import Read
from fixtures.vectors import CALL, DISAGREEMENTS

SEEDS = 1000
STREAMS = [pickle.dumps([1, "x", {"a": (2.5, None)}, b"y" * 40], protocol) for protocol in range(6)]
READERS = {"c": False, "python": True}


def refused(data: bytes) -> frozenset[str]:
    return Read(data, wants=lambda _: False).streams[0].refused_by


def test_no_reader_that_ends_is_said_to_stop():
    wrong = []
    for seed in range(SEEDS):
        data = containment.stream(seed, STREAMS)
        said = [name for name in refused(data) if programs.Recorder(data, pure=READERS[name]).error is None]
        wrong += [(seed, said)] if said else []
    assert wrong == []


ONE = {
    "octal INT": {"python"},
    "underscore in a FLOAT": {"c"},
    "PUT with a huge key": {"c"},
    "FRAME longer than the file": {"c"},
    "FRAME within a FRAME": {"python"},
    "REDUCE with a list": {"c"},
}


@pytest.mark.parametrize("name", ONE)
def test_the_reader_that_stops_is_named(name):
    assert refused(DISAGREEMENTS[name]) == ONE[name]
    stops = {reader for reader, pure in READERS.items() if programs.Recorder(DISAGREEMENTS[name], pure=pure).error}
    assert stops == ONE[name]


BOTH = [
    "no STOP",
    "unknown opcode behind the call",
    "POP on an empty stack behind the call",
    "protocol that no reader has",
]


@pytest.mark.parametrize("name", BOTH)
def test_a_stream_that_breaks_is_refused_by_both(name):
    assert refused(DISAGREEMENTS[name]) == {"c", "python"}


@pytest.mark.parametrize("name", sorted(DISAGREEMENTS.keys() - ONE.keys() - {*BOTH}))
def test_what_both_readers_do_is_said_as_it_is(name):
    data = DISAGREEMENTS[name]
    for reader, pure in READERS.items():
        assert reader not in refused(data) or programs.Recorder(data, pure=pure).error is not None


@pytest.mark.parametrize("protocol", range(6))
def test_an_ordinary_stream_is_refused_by_none(protocol):
    assert refused(STREAMS[protocol]) == frozenset()
    assert refused(p.stream(CALL, protocol=2)) == frozenset()


@pytest.mark.parametrize("opcodes", [b"K\x00K\x01s", b"(K\x00K\x01u", b"K\x01a", b"(K\x01e"])
def test_a_bytearray_takes_items(opcodes):
    data = b"\x80\x05\x96" + (2).to_bytes(8, "little") + b"ab" + opcodes + b"."
    assert Read(data).defects == []
    assert [programs.Recorder(data, pure=pure).error for pure in (False, True)] == [None, None]
