"""Text and bytes constants: what is inside them."""

import zlib

import pytest

from fixtures import pickles
from fixtures.reading import Read

CALL = pickles.reduce_call("os", "system", "echo hi", protocol=2)


def blobs(data: bytes) -> list[tuple[str, bool]]:
    return [(blob.kind, blob.validated) for blob in Read(data).all("blob")]


@pytest.mark.parametrize("inner", [CALL, pickles.reduce_call("os", "system", "echo hi", protocol=0)])
def test_a_pickle_in_a_bytes_constant_is_nested(inner):
    read = Read(pickles.nested_literal(inner))
    assert [(blob.kind, blob.region, blob.size) for blob in read.all("blob")] == [("pickle", "literal", len(inner))]
    (nested,) = read.nested
    assert nested.name == "literal@0x2"
    assert nested.reader.read_at(0, 1000) == inner


def test_a_pickle_in_text_is_nested_as_the_bytes_it_stands_for():
    inner = b"\x80\x02\x8a\x01\xff0" + CALL[2:]
    read = Read(pickles.stream(pickles.text(inner.decode("latin-1"))))
    assert read.nested[0].reader.read_at(0, 1000) == inner


def test_a_large_nested_pickle_is_read_from_where_it_stands():
    inner = b"\x80\x02B" + (300_000).to_bytes(4, "little") + bytes(300_000) + b"0" + CALL[2:]
    (nested,) = Read(pickles.nested_literal(inner)).nested
    assert nested.reader.size == len(inner)
    assert nested.reader.read_at(len(inner) - 3, 3) == CALL[-3:]


def test_nesting_ends_at_its_budget():
    assert not Read(pickles.nested_literal(CALL), budgets={"literal_depth": 0}).nested


@pytest.mark.parametrize(
    ("inner", "kind"),
    [
        (b"PK\x03\x04\x14\0\0\0\0\0" + bytes(30), "zip"),
        (zlib.compress(b"some text to compress"), "zlib"),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "elf"),
        (b"MZ" + bytes(58) + (64).to_bytes(4, "little") + b"PE\0\0" + bytes(20), "pe"),
        (b"\xcf\xfa\xed\xfe\x07\0\0\x01\x03\0\0\0\x02\0\0\0" + bytes(20), "macho"),
        (b"\x1f\x8b\x08\0" + bytes(20), "gzip"),
        (b"#!/bin/sh\necho\n", "script"),
        (b"\xe3" + bytes(40), "marshal"),
        (b"\xa7\r\r\n" + bytes(12) + b"\xe3" + bytes(20), "pyc"),
    ],
)
def test_files_in_constants_are_named(inner, kind):
    assert [found for found, _ in blobs(pickles.nested_literal(inner))] == [kind]


@pytest.mark.parametrize(
    "inner",
    [b"MZ is two letters", b"x\x9c is not zlib", bytes(100), b"hello world", b"\x80\x02\xff\xff\xff\xff\xff\xff"],
)
def test_a_magic_alone_is_no_file_where_more_can_be_checked(inner):
    assert not blobs(pickles.nested_literal(inner))


def test_text_facts_come_only_when_a_rule_reads_them():
    data = pickles.stream(pickles.text("a longer text"), b"0", pickles.text("short"))
    assert [fact.value for fact in Read(data).all("text")] == ["a longer text"]
    assert not Read(data, wants=lambda name: not name.startswith("text")).all("text")


def test_long_text_is_cut_and_says_so():
    (fact,) = Read(pickles.stream(pickles.text("x" * 100_000))).all("text")
    assert (len(fact.value), fact.cut) == (65536, {"value"})


def test_escapes_of_old_strings_are_resolved():
    (fact,) = Read(b"S'line\\n\\x41\\101 \\q text'\n.").all("text")
    assert fact.value == "line\nAA \\q text"
