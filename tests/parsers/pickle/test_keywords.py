"""Which texts patterns look at: the search that goes a little further each time finds what a naive one does."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.engine.derived.keywords import Keywords
from modelaudit.parsers.base import Context
from modelaudit.parsers.pickle.machine import Machine
from modelaudit.parsers.pickle.tape import Tape
from modelaudit.parsers.reader import BytesReader

WORDS = ("token", "akia", "x")
SAID = st.sampled_from([b"token", b"AKIA", b"tok", b"X", b"to"])
ZEROS = st.integers(1, 2500)


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(SAID | ZEROS, max_size=12), cuts=st.lists(st.integers(0, 30_100), max_size=12))
def test_a_text_has_a_word_when_it_has_one(pieces: list[bytes | int], cuts: list[int]) -> None:
    data = b"".join(bytes(piece) if isinstance(piece, int) else piece for piece in pieces) + b"."
    words = Keywords(WORDS)
    machine = Machine("", Tape(BytesReader(data)), Context(), 0)
    machine.sought = words
    machine.tape.seek(0)
    assert machine.tape.buf[: len(data)] == data  # one window
    at = 0
    for cut in sorted({min(cut, len(data)) for cut in cuts}):
        begin, at = at, cut
        if begin < at:
            naive = words.find(data[: at + words.longest], begin)
            assert (machine.keyword(begin, at) < at) == (0 <= naive < at)
