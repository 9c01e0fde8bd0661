"""Hostile sizes: every budget ends the reading with a fact, and memory does not grow with the file."""

import pickle
import time
import tracemalloc

import pytest

from fixtures import pickles, shapes
from fixtures.reading import Read
from fixtures.vast import Vast
from modelaudit.parsers import pickle as parser
from modelaudit.parsers.base import BudgetSpent, Context, Input
from modelaudit.parsers.pickle import memory, tape
from modelaudit.parsers.reader import BytesReader

CALL = pickles.reduce_call("os", "system", "echo", protocol=0)


def peak(reader) -> tuple[list[str], float]:
    """Targets of the calls, and the megabytes that reading took at most."""
    tracemalloc.start()
    found = parser.parse(Input("m", reader, "pickle"), Context(wants=lambda _: False))
    targets = [fact.target for fact in found if getattr(fact, "KIND", "") == "call"]
    megabytes = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return targets, megabytes


def test_a_constant_of_gigabytes_is_passed_without_being_read():
    size = 3 << 30
    huge = Vast(b"\x80\x04\x8e" + size.to_bytes(8, "little"), bytes(1 << 20), 3 << 10, b"0" + CALL)
    targets, megabytes = peak(huge)
    assert targets == ["os.system"]
    assert megabytes < 8


def test_a_list_of_millions_of_numbers_is_passed_in_portions():
    portion = b"(" + b"G" + bytes(8) + b"J\1\2\3\4" * 999 + b"e"
    targets, megabytes = peak(Vast(b"\x80\x04]", portion, 20_000, b"0" + CALL))
    assert targets == ["os.system"]
    assert megabytes < 10


def test_long_texts_are_not_held():
    portion = b"X\x00\x40\x00\x00" + b"y" * 0x4000 + b"a"
    targets, megabytes = peak(Vast(b"\x80\x04]", portion, 20_000, b"0" + CALL))
    assert targets == ["os.system"]
    assert megabytes < 30


def test_a_large_memo_still_gives_back_its_texts(monkeypatch):
    monkeypatch.setattr(memory, "ROOM", 1000)
    texts = b"".join(b"V%d\np%d\n0" % (key, key) for key in range(20_000))
    read = Read(texts + b"Vos\np20000\n0" + b"g20000\ng10000\n\x93.", wants=lambda _: False)
    assert read.qualnames == ["os.10000"]


@pytest.mark.parametrize(
    ("budget", "data"),
    [
        ("opcodes", b"K\x010" * 30_000),
        ("memo", b"K\x01\x94" * 30_000),
        ("stack", b"K\x01" * 30_000),
        ("stack", b"(" * 30_000),
        ("container", b"](" + b"ca\nb\n" * 3000 + b"e"),
    ],
)
def test_a_budget_that_is_overrun_is_a_limit_and_nothing_before_it_is_lost(budget, data):
    read = Read(CALL[:-1] + data, budgets={budget: 1000})
    assert read.limits == [budget]
    assert read.targets[0] == "os.system"
    (limit,) = read.all("limit")
    assert limit.by == "file"
    assert "import" in limit.affects


def test_names_behind_a_spent_budget_are_still_reported():
    data = CALL[:-1] + b"K\x010" * 30_000 + pickles.glob("pty", "spawn") + pickles.stack_global("a.b", "c")
    read = Read(data, budgets={"opcodes": 1000})
    assert read.qualnames == ["os.system", "pty.spawn", "a.b.c"]
    assert read.imports[1].unknown == {"uses"}


def test_after_the_memo_budget_reading_goes_on():
    read = Read(b"K\x01\x940" * 30_000 + CALL, budgets={"memo": 1000})
    assert read.targets == ["os.system"]


def test_when_the_time_is_spent_what_is_known_comes_out_first():
    def check() -> None:
        raise BudgetSpent

    found = []
    data = CALL[:-1] + b"K\x010" * 10_000 + b"."
    with pytest.raises(BudgetSpent):
        found.extend(_gather(found, parser.parse(Input("m", BytesReader(data), "pickle"), Context(check=check))))
    assert {fact.KIND for fact in found} >= {"call", "import", "stream"}


def _gather(found, facts):
    for fact in facts:
        found.append(fact)
    return ()


def test_the_clock_is_looked_at_every_few_thousand_opcodes():
    looks = []
    Read(b"K\x010" * 50_000 + b"N.", check=lambda: looks.append(1))
    assert len(looks) >= 20


@pytest.mark.parametrize("chunk", [330, 400, 1000])
@pytest.mark.parametrize("shape", shapes.SHAPES)
def test_facts_do_not_depend_on_the_window(shape, chunk, monkeypatch):
    data = shapes.SHAPES[shape](300)
    whole = Read(data).facts
    monkeypatch.setattr(tape, "MOST", chunk)
    assert Read(data).facts == whole


def test_text_lines_may_span_windows(monkeypatch):
    monkeypatch.setattr(tape, "MOST", 400)
    data = b"S'" + b"x" * 5000 + b"'\n0V" + b"y" * 200_000 + b"\n0" + CALL
    assert Read(data).targets == ["os.system"]


@pytest.mark.parametrize("shape", shapes.SHAPES)
def test_the_cost_grows_in_a_straight_line(shape):
    small, large = shapes.SHAPES[shape](2_000), shapes.SHAPES[shape](8_000)
    for _ in range(5):
        first, second = (min(shapes.seconds(data) for _ in range(3)) for data in (small, large))
        if second <= 4 * 1.5 * first + 0.005:
            return
    pytest.fail(f"{first:.3f} s became {second:.3f} s for four times the opcodes")


def test_a_doubling_bomb_is_read_without_building_it():
    start = time.process_time()
    read = Read(b"\x80\x04]" + b"2\x86" * 100_000 + b"ca\nb\n20" + b"\x86.")
    assert read.streams[0].stopped
    assert time.process_time() - start < 5


def test_a_list_that_holds_itself_is_read():
    assert not Read(pickle.dumps(_cycle(), 4)).defects


def _cycle():
    made: list[object] = []
    made.append(made)
    return made
