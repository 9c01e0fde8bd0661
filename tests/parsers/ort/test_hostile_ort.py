"""Models of ONNX Runtime whose places lead to the same text over and over."""

import struct
import tracemalloc

import pytest

from modelaudit.engine.facts import Limit, Text
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.flatbuffers import table
from modelaudit.parsers.ort import parse
from modelaudit.parsers.reader import BytesReader


class Writer:
    """A flat buffer of tables whose fields are all places of something else."""

    def __init__(self) -> None:
        self.out = bytearray(b"\0\0\0\0ORTM")

    def table(self, slot: int) -> tuple[int, int]:
        """A table with one field, and where the field stands."""
        begin = len(self.out)
        self.out += struct.pack(f"<HH{slot + 1}H", 6 + 2 * slot, 8, *[0] * slot, 4)
        self.out += bytes(-len(self.out) % 4)
        at = len(self.out)
        self.out += struct.pack("<iI", at - begin, 0)
        return at, at + 4

    def vector(self, count: int, content: bytes = b"") -> int:
        """A vector of places or of bytes."""
        self.out += struct.pack("<I", count) + (content or bytes(4 * count))
        return len(self.out) - 4 - len(content or bytes(4 * count))

    def link(self, place: int, to: int) -> None:
        """Have a place lead to something behind it."""
        struct.pack_into("<I", self.out, place, to - place)


def model(attributes: int) -> bytes:
    """A node with many attributes, all of which are the one with a long text."""
    flat = Writer()
    place = 0
    for slot in (1, 7, 2):  # session, model, graph
        at, field = flat.table(slot)
        flat.link(place, at)
        place = field
    flat.link(place, flat.vector(1))
    place = len(flat.out) - 4
    node, field = flat.table(10)
    flat.link(place, node)
    vector = flat.vector(attributes)
    flat.link(field, vector)
    one, field = flat.table(5)
    for n in range(attributes):
        flat.link(vector + 4 + 4 * n, one)
    flat.link(field, flat.vector(28_000, b"a text " * 4000))
    return bytes(flat.out)


def test_a_text_of_many_attributes_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "BYTES", 100_000)
    data = model(3000)
    texts = limits = 0
    tracemalloc.start()
    try:
        for item in parse(Input("m.ort", BytesReader(data), "ort"), Context()):
            texts += isinstance(item, Text)
            limits += isinstance(item, Limit)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert limits == 1
    assert 0 < texts < 100
    assert peak < 3_000_000
