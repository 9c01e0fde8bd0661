"""A FRAME that begins within a portion of numbers: the others are passed, and nothing else is."""

import pickle
import random

import pytest

from fixtures import pickles as p
from fixtures.reading import Read
from modelaudit.parsers.pickle.machine import Machine

CALL = p.glob("os", "system") + p.args("echo hi") + p.REDUCE
FULL = (b"(" + b"K\x01G" + bytes(8) + b"J\1\2\3\4" * 998 + b"e") * 3  # more than a list remembers


def framed(first: bytes, second: bytes, end: bytes = b".") -> bytes:
    """A list in two frames; the second begins in the middle of a portion."""
    return b"\x80\x04" + p.frame(b"]" + FULL + b"(" + first) + p.frame(second + end)


def read(data: bytes) -> Read:
    return Read(data, wants=lambda _: False)


@pytest.fixture
def passed(monkeypatch):
    """How many bytes were passed behind each FRAME."""
    found: list[int] = []
    resume = Machine._resume

    def noted(self, pos):
        after = resume(self, pos)
        found.append(after - pos)
        return after

    monkeypatch.setattr(Machine, "_resume", noted)
    return found


def test_numbers_behind_a_frame_are_passed(passed):
    assert not read(framed(b"K\x01" * 10, b"K\x02J\1\2\3\4" * 50 + b"e")).all("defect")
    assert passed == [350]


def test_a_call_in_either_frame_is_found():
    for first, second in ((CALL, b"K\x01" * 20), (b"K\x01", b"K\x02" * 20 + CALL), (b"K\x01", CALL + b"K\x02")):
        data = framed(first, second + b"e")
        assert [call.target for call in read(data).all("call")] == ["os.system"]


def test_numbers_that_go_elsewhere_are_not_passed(passed):
    data = framed(b"", b"K\x05K\x06t0cm\nf\n(K\x07K\x08tR0")
    assert [[arg.value for arg in call.args] for call in read(data).all("call")] == [["7", "8"]]
    assert passed == [0]


def test_the_appended_items_of_the_first_frame_are_kept():
    data = framed(p.glob("os", "system") + b"K\x01", b"K\x02" * 30 + b"e")
    uses = {fact.qualname: fact.uses for fact in read(data).all("import")}
    assert uses == {"os.system": frozenset(["stored"])}


def test_a_kind_of_number_that_the_stream_has_not_had_is_read(passed):
    data = framed(b"K\x01", b"M\1\2" * 20 + b"e")
    assert {"BININT2"} <= read(data).all("stream")[0].opcodes
    assert passed == [0]


def test_what_pickle_writes_is_read_alike_with_and_without_frames():
    random.seed(7)
    numbers = [random.choice([random.random(), random.randrange(1 << 20)]) for _ in range(60_000)]
    with_frames, without = (pickle.dumps([numbers, print], protocol) for protocol in (4, 2))
    left, right = read(with_frames), read(without)
    assert not left.all("defect")
    assert [fact.qualname for fact in left.all("import")] == [fact.qualname for fact in right.all("import")]


def test_the_end_of_a_frame_around_another_cuts_a_name():
    begun = p.frame(b"N0") + b"cacme."  # the reader of files loses what stands before the end of the frame
    data = b"\x80\x04" + p.frame(begun) + b"os\nsystem\n" + p.args("echo hi") + p.REDUCE + b"."
    assert {fact.qualname for fact in read(data).all("import")} == {"acme.os.system", "os.system"}


@pytest.mark.parametrize(
    ("cut", "behind"),
    [(b"\x96\x86\x95", 8), (b"B\xff\xff", 4), (b"T\xff\xff\xff", 4), (b"\x8b\xff", 4), (b"\x95\xff", 8)],
    ids=["BYTEARRAY8", "BINBYTES", "BINSTRING", "LONG4", "FRAME"],
)
def test_a_size_that_a_frame_cuts_hides_nothing_behind_it(cut, behind):
    popped = b"" if cut[0] == 0x95 else b"0"
    data = b"\x80\x05\x8c\x02os\x8c\x06system" + p.frame(cut) + bytes(behind) + popped + b"\x93."
    assert [imported.qualname for imported in read(data).all("import")] == ["os.system"]
