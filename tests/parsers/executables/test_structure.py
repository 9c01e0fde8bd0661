"""What counts as a program: the whole layout, not the first bytes."""

import random

import pytest

from fixtures import executables
from modelaudit.parsers.executables import structure
from modelaudit.parsers.executables.search import Search, signatures
from modelaudit.parsers.reader import BytesReader

BEFORE, BEHIND = 1001, 77


def found(data: bytes) -> list[tuple[str, int]]:
    reader = BytesReader(data)
    search = Search(len(data)).whole(reader)
    programs = [structure(signature.check, reader, at) for at, signature in search.hits]
    return sorted(((one.kind, one.start) for one in programs if one is not None), key=lambda one: one[1])


def among(data: bytes, seed: int = 5) -> bytes:
    choose = random.Random(seed)
    return choose.randbytes(BEFORE - 1) + b"\0" + data + choose.randbytes(BEHIND)


@pytest.mark.parametrize("kind", executables.PROGRAMS)
def test_a_program_is_found_where_it_begins(kind: str) -> None:
    assert found(among(executables.PROGRAMS[kind]())) in ([(kind, BEFORE)], [(kind, BEFORE), ("macho", BEFORE + 64)])


@pytest.mark.parametrize("kind", [kind for kind in executables.PROGRAMS if kind not in ("script", "lua")])
def test_a_program_that_is_cut_is_none(kind: str) -> None:
    data = executables.PROGRAMS[kind]()
    assert found(b"\0" * 8 + data[: len(data) // 3]) == []


@pytest.mark.parametrize(
    ("kind", "place", "written"),
    [
        ("pe", 60, b"\x80\0"),  # where the header is
        ("pe", 68, b"\0\0"),  # machine
        ("pe", 70, b"\xff\0"),  # sections
        ("pe", 84, b"\x10\0"),  # size of the optional header
        ("pe", 88, b"\x0b\x01"),  # a magic of the other width
        ("pe", 88 + 16, b"\0\0\0\x70"),  # entry point
        ("pe", 88 + 36, b"\x03\0\0\0"),  # alignment
        ("pe", 88 + 240, b"\x01"),  # name of the section
        ("pe", 88 + 240 + 20, b"\0\0\0\x7f"),  # place of the section
        ("elf", 4, b"\x03"),
        ("elf", 6, b"\x02"),
        ("elf", 7, b"\x40\x01"[:0] + b"\x30"),  # operating system
        ("elf", 16, b"\x09\0"),  # type
        ("elf", 18, b"\x99\x88"),  # machine
        ("elf", 52, b"\x10\0"),  # size of the header
        ("elf", 54, b"\x10\0"),  # size of a segment's row
        ("elf", 64, b"\x02"),  # no segment is loaded
        ("elf", 64 + 32, b"\xff\xff"),  # more in the file than in memory
        ("elf", 40, b"\xff\xff\xff"),  # table of sections
        ("macho", 4, b"\x63"),  # machine
        ("macho", 12, b"\x20"),  # kind
        ("macho", 16, b"\0\0"),  # number of commands
        ("macho", 20, b"\x50"),  # their size
        ("macho", 36, b"\x47"),  # size of the first
        ("macho", 32 + 48, b"\xff\xff\xff"),  # end of the segment
        ("macho-fat", 7, b"\x22"),
        ("macho-fat", 18, b"\xff"),
        ("java", 7, b"\x20"),
        ("java", 10, b"\x02"),
        ("java", 9, b"\x03"),
        ("dex", 52, b"\0"),  # place of the list of parts
        ("dex", 112, b"\x01"),  # their number
        ("dex", 116, b"\x01"),  # the first is the header
        ("dex", 136, b"\0"),  # where the list says that it stands
        ("dex", 40, b"\0"),
        ("wasm", 8, b"\x70"),
        ("wasm", 9, b"\x7f"),
        ("pyc", 1, b"\x01"),
        ("pyc", 16, b"\x28"),
        ("pyc", 18, b"\x07\x07\x07\x07"),
        ("lua", 5, b"\x01"),
        ("lua", 6, b"\x18"),
        ("bitcode", 4, b"\x00"),
        ("bitcode", 8, b"\xff\xff\xff"),
        ("fatbin", 4, b"\x05"),
        ("fatbin", 8, b"\xff\xff\xff"),
        ("script", 7, b"zz"),
        ("script", 10, b"\0\0"),
    ],
)
def test_each_check_counts(kind: str, place: int, written: bytes) -> None:
    data = bytearray(executables.PROGRAMS[kind]())
    data[place : place + len(written)] = written
    assert (kind, 1) not in found(b"\0" + bytes(data))


def test_a_script_in_the_middle_of_text_is_text() -> None:
    assert found(b"run this: " + executables.script()) == []
    assert found(executables.script()) == [("script", 0)]
    assert found(b"#! /bin/sh\necho one\necho two\n") == [("script", 0)]
    assert found(b"#!/usr/bin/env python3\nimport os\nprint(os)\n") == [("script", 0)]


def test_first_bytes_alone_are_nothing() -> None:
    choose = random.Random(9)
    data = b"".join(signature.magic + choose.randbytes(300) for signature in signatures() for _ in range(40))
    assert found(data) == []
    assert found(b"MZ" * 4000 + b"\xcf\xfa\xed\xfe" * 100 + b"\x7fELF" * 100 + b"PE\0\0" * 100) == []


def test_mutants_raise_nothing() -> None:
    choose = random.Random(1)
    for kind, make in executables.PROGRAMS.items():
        for _ in range(60):
            data = bytearray(b"\0" + make())
            for _ in range(choose.randrange(1, 6)):
                data[choose.randrange(len(data))] = choose.choice((0, 1, 127, 128, 255))
            assert isinstance(found(bytes(data[: choose.randrange(len(data))])), list), kind


@pytest.mark.parametrize("step", [1, 3, 7, 64, 5000])
def test_windows_of_any_size_give_the_same_hits(step: int) -> None:
    data = among(b"".join(make() for make in executables.PROGRAMS.values()))
    whole = Search(len(data))
    whole.update(data)
    parts = Search(len(data))
    for at in range(0, len(data), step):
        parts.update(memoryview(data)[at : at + step])
    assert sorted((at, one.check, one.magic) for at, one in parts.hits) == sorted(
        (at, one.check, one.magic) for at, one in whole.hits
    )
    assert len(whole.hits) >= len(executables.PROGRAMS)


def test_the_library_finds_what_the_search_word_by_word_finds() -> None:
    data = among(b"".join(make() for make in executables.PROGRAMS.values()))
    small = Search(len(data))
    large = Search(1 << 30)
    small.update(data)
    large.update(data)
    key = sorted((at, one.check, one.magic) for at, one in small.hits)
    assert key == sorted((at, one.check, one.magic) for at, one in large.hits)


def test_a_flood_of_first_bytes_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    from modelaudit.parsers.executables import search

    monkeypatch.setattr(search, "HITS", 10)
    flood = Search(100)
    flood.update(b"\x7fELF" * 50)
    assert flood.cut
    assert len(flood.hits) <= 11
