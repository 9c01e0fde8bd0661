"""Programs and exported functions that lead to the same bytes over and over, or ever deeper."""

import struct
import tracemalloc

import pytest

from fixtures.mlirs import number, numbers, section
from modelaudit.engine.facts import Limit, Op
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.flatbuffers import table
from modelaudit.parsers.flatbuffers.table import Flat, Table
from modelaudit.parsers.mlir import parse
from modelaudit.parsers.mlir.program import _Program
from modelaudit.parsers.notes import FileBudget
from modelaudit.parsers.reader import BytesReader


def program(code: bytes, names: tuple[bytes, ...], attributes: bytes = b"", offsets: bytes = b"\1\1") -> bytes:
    """A program whose names are the texts of the first dialect."""
    texts = (b"builtin", *names)
    strings = numbers(len(texts), *[len(text) + 1 for text in reversed(texts)]) + b"".join(t + b"\0" for t in texts)
    dialects = numbers(1, 0, 0, 0, len(names), *[(n + 1) << 1 for n in range(len(names))])
    parts = ((0, strings), (1, dialects), (2, attributes), (3, offsets), (4, code))
    return b"ML\xefR" + number(6) + b"x\0" + b"".join(section(kind, data) for kind, data in parts)


def read(data: bytes, format: str = "mlir-bytecode") -> list:
    return list(parse(Input("m", BytesReader(data), format), Context()))


def deep(depth: int) -> bytes:
    """Operators each in a region of the one before, with a section of its own."""
    body = number(0)
    for _ in range(depth):
        body = numbers(1, 0, 1 << 1, 0) + b"\x10" + numbers(0, 3) + b"\x04" + number(len(body)) + body
    return body[2:]


def test_regions_in_regions_share_their_bytes() -> None:
    data = program(deep(1500), (b"module",))
    tracemalloc.start()
    try:
        found = read(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(isinstance(item, Op) for item in found) == 1500
    assert peak < 6_000_000  # every region with all that is in it would take 10 MB


def test_a_dictionary_of_many_operators_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs, operators = 200, 50
    dictionary = number(1) + number(pairs) + numbers(1, 1) * pairs
    string = numbers(2, 1)
    offsets = numbers(2, 0, 0, 2, len(dictionary) << 1 | 1, len(string) << 1 | 1)
    code = number(operators << 1) + (number(0) + b"\1" + numbers(0, 0)) * operators
    data = program(code, (b"custom_call",), dictionary + string, offsets)
    looks = 0
    string_of = _Program.string

    def counted(self, number, tables):
        nonlocal looks
        looks += 1
        return string_of(self, number, tables)

    monkeypatch.setattr(_Program, "string", counted)
    assert sum(isinstance(item, Op) for item in read(data)) == operators
    assert looks == 2 * pairs


def tree(children: int) -> bytes:
    """An exported function with a tree of arguments whose children are one and have a table of many fields."""
    out = bytearray(8)

    def vtable(slots: list[int], width: int) -> int:
        at = len(out)
        out.extend(struct.pack(f"<HH{len(slots)}H", 4 + 2 * len(slots), width, *slots))
        out.extend(bytes(-len(out) % 4))
        return at

    def link(at: int, to: int) -> None:
        struct.pack_into("<I", out, at, to - at)

    def place(fields: int, slots: int) -> int:
        at = len(out)
        out.extend(struct.pack("<i", at - slots) + bytes(4 * fields))
        return at

    root = place(2, vtable([0, 0, 8, *[0] * 10, 4], 12))
    link(0, root)
    link(root + 4, len(out))
    out.extend(struct.pack("<I", 8) + b"ML\xefR\x0dx\0\0")
    outer = place(1, vtable([0, 4], 8))
    link(root + 8, outer)
    link(outer + 4, len(out))
    vector = len(out)
    out.extend(struct.pack("<I", children) + bytes(4 * children))
    child = place(0, vtable([0] * 8 + [60000] * 2000, 4))
    for n in range(children):
        link(vector + 4 + 4 * n, child)
    return bytes(out)


def test_tables_do_not_hold_their_fields() -> None:
    tracemalloc.start()
    try:
        found = read(tree(2000), "jax-export")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert not any(isinstance(item, Limit) for item in found)
    assert peak < 4_000_000  # two thousand fields of two thousand tables would take 32 MB


def test_texts_that_are_taken_again_and_again_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "BYTES", 1000)
    data = struct.pack("<IHHHHiI", 12, 6, 8, 4, 0, 8, 4) + struct.pack("<I", 100) + b"a" * 100
    flat = Flat(BytesReader(data), Context())
    found = Table(flat, 12)
    assert found.text(0) == b"a" * 100
    with pytest.raises(FileBudget):
        b"".join(found.text(0) for _ in range(100))
