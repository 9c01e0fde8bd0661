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
    """A program that was checked: what it is, where it begins, and how many bytes belong to it."""

    __slots__ = ("kind", "size", "start")

    def __init__(self, kind: str, start: int, size: int) -> None:
        self.kind = kind
        self.start = start
        self.size = size


def structure(check: str, reader: Reader, at: int) -> Structure | None:
    """The program whose magic stands at `at`, None when the bytes are none. `check` is named by the signature."""
    from modelaudit.parsers.executables import bytecode, elf, macho, pe, scripts

    checks: dict[str, Check] = {
        "pe": pe.pe,
        "elf": elf.elf,
        "macho": macho.macho,
        "fat": macho.fat,
        "java": bytecode.java,
        "dex": bytecode.dex,
        "wasm": bytecode.wasm,
        "pyc": bytecode.pyc,
        "lua": bytecode.lua,
        "bitcode": bytecode.bitcode,
        "fatbin": bytecode.fatbin,
        "script": scripts.script,
    }
    return checks[check](reader, at)
