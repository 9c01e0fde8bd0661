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


EFFORT = 500_000  # steps, about as many microseconds, that candidates may take in any bytes
PER_STEP = 4  # bytes for each further one
EFFORT_MAX = 20_000_000
EACH = 1024  # bytes of a look that count as one step


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


class Effort:
    """What the checks of all candidates in some bytes may take: bytes can be all magics, each before half a program.

    `whole` is what is left for the file on disk with all that is nested in it.
    """

    __slots__ = ("_whole", "left")

    def __init__(self, size: int, whole: Effort | None = None) -> None:
        self.left = min(EFFORT + size // PER_STEP, EFFORT_MAX)
        self._whole = whole

    def spend(self, steps: int) -> None:
        """Count steps; raises `Tired` when there were too many."""
        self.left -= steps
        if self.left < 0:
            raise Tired
        if self._whole is not None:
            self._whole.spend(steps)


def efforts() -> tuple[Effort, Effort]:
    """What candidates in a file on disk and in all that is nested in it may take: programs, and words of scripts."""
    most = PER_STEP * EFFORT_MAX
    return Effort(most), Effort(most)


class Tired(Exception):  # noqa: N818 - not an error: the rest is not looked at
    """The candidates take more than is given to them."""


class Metered:
    """A reader for the checks of many candidates: every look is counted, and too many raise `Tired`."""

    __slots__ = ("_effort", "_reader", "size")

    def __init__(self, reader: Reader, effort: Effort) -> None:
        self._reader = reader
        self._effort = effort
        self.size = reader.size

    def spend(self, steps: int) -> None:
        """Count further steps."""
        self._effort.spend(steps)

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        data = self._reader.read_at(offset, length)
        self._effort.spend(1 + len(data) // EACH)
        return data

    def window(self, offset: int, length: int = 1024 * 1024) -> bytes:
        """The same, for a sequential parser."""
        return self.read_at(offset, length)


def spend(reader: Reader, steps: int) -> None:
    """Count steps of a check that are no looks at bytes, where they are counted."""
    if isinstance(reader, Metered):
        reader.spend(steps)


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
