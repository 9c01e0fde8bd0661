"""Files made to cost time or memory: each ends within its budget, and says so where it was not read whole."""

import pickle
import time
import tracemalloc

import pytest

from fixtures import pickles, shapes
from fixtures.reading import Read
from fixtures.vast import Vast
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.pickle import memory, parse, resolving, tape
from modelaudit.parsers.pickle.machine import Machine
from modelaudit.parsers.reader import BytesReader

CALL = pickles.reduce_call("os", "system", "echo", protocol=0)
SECONDS = 20  # of CPU, on a machine that is busy with other things


def read(reader, **budgets):
    """The facts, and CPU seconds."""
    start = time.process_time()
    found = list(parse(Input("m", reader, "pickle"), Context(wants=lambda _: False, budgets=budgets)))
    return [fact for fact in found if hasattr(fact, "KIND")], time.process_time() - start


def marks(facts):
    """What says that a stream was not read whole, or not as it should be."""
    return {fact.what for fact in facts if fact.KIND == "limit"} | {f.code for f in facts if f.KIND == "defect"}


VECTORS = {
    "ten million opcodes": (Vast(CALL[:-1] + b"0]", b"(" + (b"G" + bytes(8)) * 1000 + b"e", 10_000, b"."), {}, set()),
    "more opcodes than the budget": (
        Vast(CALL[:-1], b"K\x010" * 1000, 10_000, b"."),
        {"opcodes": 200_000},
        {"opcodes"},
    ),
    "memo index 2**32 - 1": (BytesReader(CALL[:-1] + b"r\xff\xff\xff\xff."), {}, {"memo"}),
    "memo index in text": (BytesReader(CALL[:-1] + b"p%d\n." % 2**64), {}, {"memo"}),
    "frame of 2**31 bytes": (
        BytesReader(b"\x80\x04\x95" + (2**31).to_bytes(8, "little") + CALL),
        {},
        {"bad-frame", "truncated"},
    ),
    "text of 2**63 bytes": (
        BytesReader(CALL[:-1] + b"\x8d" + (2**63).to_bytes(8, "little") + b"x"),
        {},
        {"truncated"},
    ),
    "doubling tuples": (BytesReader(CALL[:-1] + b"K\x01" + b"2\x86" * 100_000 + b"."), {}, set()),
    "doubling tuples as arguments": (
        BytesReader(b"cos\nsystem\n)" + b"2\x86" * 1000 + b"q\x00" + b"0h\x00R" * 100 + b"."),
        {},
        {"stack-underflow"},
    ),
    "marks on marks": (Vast(CALL[:-1], b"(", 1_200_000, b"."), {}, {"stack"}),
    "a stack that only grows": (Vast(CALL[:-1], b"K\x01", 1_200_000, b"."), {}, {"stack"}),
    "a memo that only grows": (Vast(CALL[:-1], b"K\x01\x940", 300_000, b"."), {"memo": 200_000}, {"memo"}),
    "a memo of different objects": (
        Vast(CALL[:-1] + b"cm\nf\nq\x00", b"h\x00)\x81\x940", 250_000, b"."),
        {"memo_bytes": 5_000_000},
        {"memo"},
    ),
    "imports of different names": (
        BytesReader(CALL[:-1] + b"".join(b"cm%d\nf\n0" % n for n in range(6_000)) + b"."),
        {},
        {"imports"},
    ),
}


@pytest.mark.parametrize("vector", VECTORS)
def test_it_ends_within_its_budget_and_what_came_before_is_known(vector, monkeypatch):
    monkeypatch.setattr(resolving, "IMPORTS_MAX", 5000)
    reader, budgets, expected = VECTORS[vector]
    facts, seconds = read(reader, **budgets)
    assert seconds < SECONDS
    assert "os.system" in [fact.target for fact in facts if fact.KIND == "call"]
    assert expected & marks(facts) if expected else not marks(facts)


def test_two_hundred_megabytes_of_records_are_below_the_budget_of_opcodes():
    """Real files are read whole: only time ends the reading of what a machine can read in minutes."""
    data = shapes.records(1000)
    facts, _ = read(BytesReader(data), opcodes=0)
    assert marks(facts) == {"opcodes"}
    facts, _ = read(BytesReader(data))
    assert Context.BUDGETS["opcodes"] > 200_000_000  # two bytes an opcode, with room
    assert not marks(facts)


def test_tuples_of_constants_are_forgotten_once_the_memo_is_heavy(monkeypatch):
    monkeypatch.setattr(memory, "ROOM", 1000)
    monkeypatch.setattr(memory, "WEIGHT", 100_000)
    pairs = b"".join(b"K\x01K\x02\x86p%d\n0" % key for key in range(60_000))
    early = Read(pairs + b"cm\nf\ng5\nR.")
    assert [arg.value for arg in early.calls[0].args] == ["1", "2"]
    late = Read(pairs + b"cm\nf\ng30000\nR.")
    assert late.targets == ["m.f"]
    assert late.calls[0].unknown == {"args"}
    assert not late.limits


def test_results_of_equal_origin_share_what_they_remember():
    tracemalloc.start()
    facts, _ = read(Vast(b"\x80\x04cm\nf\nq\x00](", b"h\x00)R", 30_000, b"e."))
    megabytes = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert not marks(facts)
    assert megabytes < 6


def test_a_state_with_objects_in_it_is_one_fact_for_many_objects():
    one = b"h\x00)\x81}\x8c\x01ah\x00)Rsb0"
    setattrs = Read(b"\x80\x04cm\nC\nq\x00" + one * 500 + b"N.").setattrs
    assert len(setattrs) < 20
    assert sum(fact.n for fact in setattrs) == 500
    assert {frozenset(fact.keys) for fact in setattrs} == {frozenset(["a"])}


@pytest.mark.parametrize("shape", ["floats", "ints"])
def test_runs_of_numbers_are_passed_faster_than_opcodes_are_read(shape):
    """Not a measurement (`make bench` is one): passing must be several times as fast as reading."""
    passed = max(shapes.rate(shape, 600_000) for _ in range(3))
    assert passed > 2 * max(shapes.rate("records", 5_000) for _ in range(3))


@pytest.mark.parametrize("numbers", [[0.5] * 40, [1] * 40, [300] * 40, [-5] * 40, [1, 300, 0.5, -5] * 10])
@pytest.mark.parametrize("chunk", [330, 4096])
def test_numbers_that_are_pushed_together_keep_their_values(numbers, chunk, monkeypatch):
    """A list of numbers may be what a call makes code of."""
    monkeypatch.setattr(tape, "MOST", chunk)
    data = pickle.dumps(numbers, 2)[2:-1]
    machine = Machine("m", tape.Tape(BytesReader(b"N0" * 100 + data * 3 + b".")), Context(), 0)
    while machine.run():
        pass
    assert machine.error is None
    assert machine.stack == [numbers, numbers]
    assert machine.result == numbers
