"""Programs in the middle of other bytes: candidates by first bytes, then the whole structure, since chance has both.

A magic of four bytes stands in every few gigabytes of weights. What is told here as a program has passed every check of
its layout: its tables, sections and ranges stand within the bytes. `signatures.json` has the magics.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.parsers.reader import Reader

    Check = Callable[[Reader, int], "Structure | None"]


class Structure:
    """A program that was checked: what it is, where it begins, and how many bytes belong to it.

    `whole` is false for a header alone, of which the size is that of all that follows. `word` is where the word of a
    script stands by which it was found, None for what is no text.
    """

    __slots__ = ("kind", "size", "start", "whole", "word")

    def __init__(self, kind: str, start: int, size: int, *, whole: bool = True, word: int | None = None) -> None:
        self.kind = kind
        self.start = start
        self.size = size
        self.whole = whole
        self.word = word


def structure(check: str, reader: Reader, at: int) -> Structure | None:
    """The program whose magic stands at `at`, None when the bytes are none. `check` is named by the signature."""
    from modelaudit.parsers.executables import ape, bytecode, elf, languages, macho, pe, scripts

    checks: dict[str, Check] = {
        "pe": pe.pe,
        "elf": elf.elf,
        "macho": macho.macho,
        "fat": macho.fat,
        "java": bytecode.java,
        "fat-or-java": lambda reader, at: macho.fat(reader, at) or bytecode.java(reader, at),
        "dex": bytecode.dex,
        "wasm": bytecode.wasm,
        "pyc": bytecode.pyc,
        "lua": bytecode.lua,
        "bitcode": bytecode.bitcode,
        "fatbin": bytecode.fatbin,
        "script": scripts.script,
        "ape": ape.ape,
        **languages.LANGUAGES,
    }
    return checks[check](reader, at)


def header(check: str, reader: Reader, at: int) -> Structure | None:
    """The header alone of a native program, None when the bytes are none; asked where `structure` found no program."""
    from modelaudit.parsers.executables import headers

    return headers.header(check, reader, at)
