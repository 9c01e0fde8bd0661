"""What a hostile stream makes the machine keep is bounded, and says of itself where it is not known any more."""

from sys import getsizeof

import pytest

from fixtures import pickles as p
from fixtures.reading import Read
from modelaudit.parsers.base import Context
from modelaudit.parsers.pickle import flows, weigher
from modelaudit.parsers.pickle.machine import Machine
from modelaudit.parsers.pickle.tape import Tape
from modelaudit.parsers.pickle.values import NONE
from modelaudit.parsers.reader import BytesReader

MANY = 30_000
LONG = 255


def filler(count: int, length: int = LONG) -> bytes:
    """Different texts that stay on the stack."""
    return b"".join(b"\x8c" + bytes([length]) + b"%07d" % n + b"q" * (length - 7) for n in range(count))


def machine(data: bytes) -> Machine:
    """A machine that is at the end of some opcodes without STOP."""
    found = Machine("m.pkl", Tape(BytesReader(data)), Context(), 0)
    while found.run():
        found.drained()
    return found


@pytest.fixture
def little(monkeypatch):
    monkeypatch.setattr(weigher, "BYTES", 1 << 20)


@pytest.mark.parametrize("kind", ["text", "bytes", "number", "literal"])
def test_long_values_on_the_stack_are_forgotten(little, kind):
    one = {
        "text": filler(1),
        "bytes": b"C\xff" + b"q" * 255,
        "number": b"\x8a\xff" + b"q" * 255,
        "literal": b"B\x01\x04\x00\x00" + b"q" * 1025,
    }[kind]
    found = machine(p.proto(4) + one * MANY)
    held = sum(getsizeof(value) for value in found.stack if getsizeof(value) > weigher.SHORT)
    heads = sum(len(value.head) for value in found.stack if hasattr(value, "head"))
    assert len(found.stack) == MANY
    assert held + heads < weigher.BYTES + 2 * weigher.STEP * (LONG + weigher.SHORT)


def test_short_names_under_long_values_are_still_resolved(little):
    data = p.stream(p.text("os"), p.text("system"), filler(MANY), b"0" * MANY, p.STACK_GLOBAL, p.args("hi") + b"R")
    found = Read(data)
    assert [(fact.qualname, fact.computed) for fact in found.imports] == [("os.system", False)]
    assert [call.args[0].value for call in found.calls] == ["hi"]


def test_a_name_that_was_forgotten_is_computed(little):
    before, name = filler(MANY), b"\x8c\xc8" + b"m" * 200
    data = p.stream(before, name, p.text("f"), filler(MANY), b"0" * MANY, p.STACK_GLOBAL)
    (found,) = Read(data).imports
    assert (found.computed, found.name) == (True, "f")


def test_equal_sets_of_callables_are_one_object(monkeypatch):
    monkeypatch.setattr(flows, "PAIRS", 0)
    known = flows.Flows()
    assert known.with_name("a", NONE) is known.with_name("a", NONE)
    assert known.among(frozenset("ab")) is known.with_name("a", frozenset("b"))


def test_results_of_very_many_callables_share_their_sets(monkeypatch):
    """What a result is made of stays the same object behind the number of sets that are found at once."""
    monkeypatch.setattr(flows, "PAIRS", 50)
    makes = b"".join(b"(im%d\nf\n" % n for n in range(100))
    found = machine(makes + b"(iacme\nf\n" * 1000)
    assert len(found.stack) == 1100
    assert len({id(value.flows) for value in found.stack}) == 101


def test_beyond_the_budget_a_result_still_has_its_own_callable(monkeypatch):
    monkeypatch.setattr(flows, "BYTES", 2000)
    made = [p.imported("acme", f"f{n}") + b")R" for n in range(40)]
    shell = p.imported("os", "system") + p.args("hi") + b"R"
    called = shell + b")R"
    found = Read(p.stream(b"(", *made, *[b"(" + p.imported("acme", "g") + part + b"o" for part in made], called, b"l"))
    last = found.calls[-1]
    assert "os.system" in last.flows_from
    assert last.cut == {"flows_from"}
    (limit,) = found.all("limit")
    assert (limit.what, limit.affects) == ("flows", {"call"})


def test_within_the_budget_nothing_is_cut():
    found = Read(p.stream(p.imported("os", "system") + p.args("hi") + b"R" + b")R"))
    assert (found.calls[-1].flows_from, found.calls[-1].cut) == ({"os.system"}, NONE)
    assert found.limits == []


@pytest.mark.parametrize(
    ("data", "missing"),
    [(p.harmless()[:-1], {"stream"}), (p.proto(4) + b"\xff.", None), (p.harmless(), set())],
    ids=["cut off", "no opcode", "whole"],
)
def test_what_follows_a_break_is_not_known(data, missing):
    affected = {kind for fact in Read(data).all("defect") for kind in fact.affects}
    assert affected == (missing if missing is not None else {"import", "call", "setattr", "text", "blob"})
