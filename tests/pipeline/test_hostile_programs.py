"""Bytes full of first bytes of programs: the work is bounded, and what is not looked at is said."""

import base64
import bz2
import io
import struct
import zipfile

import pytest

from fixtures import executables
from modelaudit.engine.facts import Blob, Limit, Metadata
from modelaudit.parsers import executables as checks
from modelaudit.parsers.executables import search
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline import embedded
from modelaudit.pipeline.embedded import Around, Embedded, _Extents
from modelaudit.pipeline.facts import facts

SECTIONS = b"\x00\x08\0asm\1\0\0\0"  # of WebAssembly, each with the beginning of a module in it
CONSTANTS = b"\x01\x00\x0a" + b"\xca\xfe\xba\xbe\0\0\0\x37\xff\xff"  # of Java, each with the beginning of a class
COMMANDS = struct.pack("<IIIIIII", 0xFEEDFACF, 0x0100000C, 0, 2, 4096, 32768, 0) + struct.pack("<I", 8)
IEX = b"pwsh -enc x"
DOS = struct.pack("<4sHHIIIHH", b"PE\0\0", 0x8664, 1, 0, 0, 0, 240, 0x22) + b"MZ" * 20


class Counting(BytesReader):
    """Bytes whose looks are counted, a thousand bytes as one more."""

    __slots__ = ("looks",)

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.looks = 0

    def read_at(self, offset: int, length: int) -> bytes:
        data = super().read_at(offset, length)
        self.looks += 1 + len(data) // 1024
        return data


def found(reader: BytesReader) -> tuple[list[str], list[str]]:
    """Kinds of programs, and what was cut short."""
    said = list(Embedded().found("m", reader, Around(dict)))
    return [one.kind for one in said if not isinstance(one, Limit)], [
        one.what for one in said if isinstance(one, Limit)
    ]


@pytest.mark.parametrize("piece", [SECTIONS, CONSTANTS, COMMANDS, DOS, IEX], ids=["wasm", "java", "macho", "pe", "iex"])
def test_beginnings_in_beginnings_take_what_is_given_to_them(monkeypatch: pytest.MonkeyPatch, piece: bytes) -> None:
    monkeypatch.setattr(checks, "EFFORT", 3000)
    reader = Counting(b"\1" * 64 + piece * 900 + bytes(70_000))
    kinds, limits = found(reader)
    assert set(kinds) <= {"macho"}  # headers alone are told
    assert limits == ["candidates"]
    assert reader.looks < 100 + 2 * (3000 + reader.size // 4)


@pytest.mark.parametrize("first", ["elf", "wasm", "java"])
def test_a_program_before_the_flood_is_told(monkeypatch: pytest.MonkeyPatch, first: str) -> None:
    monkeypatch.setattr(checks, "EFFORT", 3000)
    kinds, limits = found(BytesReader(b"\1" * 64 + executables.PROGRAMS[first]() + CONSTANTS * 2000 + bytes(70_000)))
    assert (kinds, limits) == ([first], ["candidates"])


def test_a_flood_of_some_magics_does_not_hide_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "HITS", 50)
    flood = b"\x7fELF" * 50 + b"PE\0\0" * 50 + b"\xfe\xed\xfa\xce" * 50
    assert found(BytesReader(b"\1" * 64 + flood + b"\0" + executables.script())) == (["script"], [])


def test_a_flood_of_the_same_magic_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "HITS", 50)
    assert found(BytesReader(b"\1" * 64 + b"\x7fELF" * 51 + executables.elf())) == ([], ["candidates"])


def test_more_programs_than_are_told_are_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "TOLD", 3)
    scripts = [b"#!/bin/sh\necho %d\necho two\n\0" % n for n in range(4)]
    assert found(BytesReader(b"\1\0" + b"".join(scripts))) == (["script"] * 3, ["programs"])
    assert found(BytesReader(b"\1\0" + b"".join(scripts[:3]))) == (["script"] * 3, [])


def test_a_flood_in_a_member_that_is_expanded_is_told(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "EFFORT", 3000)
    monkeypatch.setattr(embedded, "HELD", 1000)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weights.bin", b"\1" * 64 + CONSTANTS * 2000 + bytes(100))
    (tmp_path / "m.zip").write_bytes(whole.getvalue())
    nodes = [node for tree in facts([str(tmp_path / "m.zip")], errors=[]) for node in tree.walk()]
    assert "candidates" in [limit.what for node in nodes for limit in node.facts.get("limit", ())]


def test_places_are_looked_up_in_ranges_that_overlap() -> None:
    ranges = [(10, 20), (0, 5), (12, 40), (13, 14)]
    extents = _Extents(ranges)
    for at in range(45):
        assert extents.has(at) == any(begin <= at < end for begin, end in ranges)


def test_a_class_with_a_large_pool_is_one() -> None:
    names = [b"\x01" + struct.pack(">H", 9000) + b"a" * 9000 for _ in range(60)]
    pool = b"".join(names) + b"\x07\0\x01" + b"\x07\0\x02"
    data = (
        b"\xca\xfe\xba\xbe\0\0\0\x37" + struct.pack(">H", 63) + pool + struct.pack(">HHHH", 0x21, 61, 62, 0) + bytes(6)
    )
    assert found(BytesReader(b"\1" + data)) == (["java"], [])


def test_a_module_of_sections_alone_is_one_program() -> None:
    assert found(BytesReader(b"\1" * 64 + SECTIONS * 2500)) == (["wasm"], [])  # the same bytes are told once


def test_texts_that_hold_much_encoded_have_a_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "DECODED", 3_000_000)
    held = [b"PK\x03\x04" + bytes(1_000_000) + bytes([n]) for n in range(8)]
    texts = [Metadata("m", key="a", value=base64.b64encode(bz2.compress(one)).decode(), type="str") for one in held]
    searched = Embedded()
    found = [fact for text in texts for fact in searched.encoded(text)]
    assert [fact.what for fact in found if isinstance(fact, Limit)] == ["encoded"]
    assert 1 <= sum(isinstance(fact, Blob) for fact in found) <= 3


def test_a_file_behind_many_encoded_runs_is_found() -> None:
    runs = [base64.b64encode(b"PK\x05\x06" + bytes([n % 256]) * 40).decode() for n in range(200)]
    evil = base64.b64encode(executables.elf()).decode()
    found = list(Embedded().encoded(Metadata("m", key="a", value=" ".join([*runs, evil]), type="str")))
    assert "elf" in [fact.kind for fact in found if isinstance(fact, Blob)]


def test_all_that_is_nested_in_a_file_shares_what_is_given(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "EFFORT", 0)
    monkeypatch.setattr(checks, "EFFORT_MAX", 30_000)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(8):
            archive.writestr(f"{n}.bin", bytes([n + 1]) * 64 + CONSTANTS * 400 + bytes(60_000))
        archive.writestr("x.bin", b"\1" * 64 + executables.elf())
    (tmp_path / "m.zip").write_bytes(whole.getvalue())
    nodes = [node for tree in facts([str(tmp_path / "m.zip")], errors=[]) for node in tree.walk()]
    limits = [limit.what for node in nodes for limit in node.facts.get("limit", ())]
    assert limits.count("candidates") == 9  # the last one for the program, which is not looked at any more
