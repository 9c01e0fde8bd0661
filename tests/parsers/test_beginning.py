"""Formats are looked up by the first byte, which must rule out none that the whole of their magics allows."""

from hypothesis import given
from hypothesis import strategies as st

from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.candidates import Candidates
from modelaudit.parsers.magic import Place
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry

REGISTRY = Registry.load()
STARTS = [b"", *(bytes([n]) for n in range(256)), b"PK\x03\x04", b"\x80\x04", b"RIFF1234WEBP", b"BM", b"\x1f\x8b\x08"]


@given(st.sampled_from(STARTS), st.binary(max_size=200))
def test_the_first_byte_rules_out_nothing_that_the_magics_allow(start, rest):
    head = start + rest
    if head:
        place = Place(head, BytesReader(head))
        asked, spent = REGISTRY._beginning(head[0]).plausible(place)
        assert spent is None
        assert [f.id for f in asked] == [f.id for f in REGISTRY._asked if fits(f, place)]


def fits(format, place):
    return format.magics is None or any(place.fits(magic.tests) for magic in format.magics)


@given(st.sampled_from([b"PK\x05\x06", b"\x89HDF\r\n\x1a\n", b"\x08\x01", b""]), st.integers(0, 3))
def test_a_budget_that_ends_one_question_leaves_the_others(wanted, reads):
    class Spent(BytesReader):
        left = reads

        def read_at(self, offset, length):
            self.left -= 1
            if self.left < 0:
                raise BudgetSpent("bytes")
            return super().read_at(offset, length)

    data = wanted + bytes(8192)
    asked, spent = REGISTRY._beginning(data[0]).plausible(Place(data[:4096], Spent(data)))
    at_once = REGISTRY._beginning(data[0]).plausible(Place(data[:4096], BytesReader(data)))[0]
    assert set(asked) <= set(at_once)
    assert spent is not None or asked == at_once


def test_a_first_byte_leaves_few_formats_to_ask():
    anywhere = [f for f in REGISTRY._asked if f.magics is None]
    assert len(REGISTRY._beginning(ord("{")).formats) < len(REGISTRY._asked)
    assert set(anywhere) <= set(REGISTRY._beginning(ord("{")).formats)


def test_bytes_that_share_their_candidates_have_those_that_each_would_have_alone() -> None:
    shared = 0
    for first in range(256):
        found, alone = REGISTRY._beginning(first), Candidates(REGISTRY._asked, first)
        assert found.formats == alone.formats
        assert (found._certain, found._questions, found._at, found._within) == (
            *(alone._certain, alone._questions, alone._at, alone._within),
        )
        assert (found._longer, found._byte) == (alone._longer, alone._byte)
        shared += any(REGISTRY._beginning(other) is found for other in range(first))
    assert shared > 100
