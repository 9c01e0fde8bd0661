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
PIECES = st.one_of(
    st.sampled_from([b"token", b"AKIA", b"tok", b"X", b"to"]), st.integers(1, 9000).map(lambda n: b"\0" * n)
)


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12), cuts=st.lists(st.integers(0, 60_000), max_size=12))
def test_a_text_has_a_word_when_it_has_one(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces) + b"."
    words = Keywords(WORDS)
    machine = Machine("", Tape(BytesReader(data)), Context(), 0)
    machine.sought = words
    machine.tape.seek(0)
    at = 0
    for cut in sorted({min(cut, len(data)) for cut in cuts}):
        begin, at = at, cut
        if begin < at:
            naive = words.find(data[: at + words.longest], begin)
            assert (machine.keyword(begin, at) < at) == (0 <= naive < at)
