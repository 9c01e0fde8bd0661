"""Formats are looked up by the first byte, which must rule out none that the whole of their magics allows."""

from hypothesis import given
from hypothesis import strategies as st

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
        asked = REGISTRY._beginning(head[0])
        assert [f.id for f in asked if f.plausible(place)] == [f.id for f in REGISTRY._asked if f.plausible(place)]


def test_a_first_byte_leaves_few_formats_to_ask():
    anywhere = [f for f in REGISTRY._asked if f.magics is None]
    assert len(REGISTRY._beginning(ord("{"))) < len(REGISTRY._asked)
    assert set(anywhere) <= set(REGISTRY._beginning(ord("{")))
