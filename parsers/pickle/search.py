"""The search for streams in bytes that are none, and for names in bytes that are not read as opcodes."""

from __future__ import annotations

import re

from modelaudit.engine.facts import Import, Place
from modelaudit.parsers.base import Context
from modelaudit.parsers.pickle.machine import Machine
from modelaudit.parsers.pickle.names import Spelling
from modelaudit.parsers.pickle.tape import Tape
from modelaudit.parsers.reader import WINDOW

OVERLAP = 1024  # bytes that two windows of the search share
TEXT_GAP = WINDOW  # bytes behind a break that are searched for streams without a protocol header
PROBES = 64 * 1024 * 1024  # bytes of opcodes that a search may try in vain
FAR = 4 * 1024 * 1024  # bytes of constants alone at which opcodes are a stream, whatever comes behind them
BEHIND_MAX = 1000  # names reported from bytes that a budget kept from being read

_HEADER = rb"\x80[\x02-\x05](?:\x95.{5}\x00{3}|[(\]})NILFSVXUTKMJGBCPQc\x85\x88-\x8f])"
_LINES = rb"[ci][A-Za-z_][\w.]{0,254}\n[A-Za-z_][\w.]{0,254}\n"
_WRITTEN = (
    rb"[ci]([A-Za-z_][\w.]{0,254})\n([A-Za-z_][\w.]{0,254})\n|"
    rb"\x8c.([A-Za-z_][\w.]{0,254})\x94?\x8c.([A-Za-z_][\w.]{0,254})\x94?\x93"
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.reader import Reader


class Search:
    """The search for the next stream in bytes that are none."""

    __slots__ = ("context", "reader", "spent", "start", "tried")

    def __init__(self, reader: Reader, context: Context, start: int) -> None:
        self.reader = reader
        self.context = context
        self.start = start
        self.tried = 0
        self.spent = False

    def run(self) -> int | None:
        """The offset of the first plausible stream, or None."""
        for candidate in self._candidates():
            machine = probe(self.reader, candidate)
            if _leads(machine):
                return candidate
            self.tried += machine.offset - candidate
            if self.tried > PROBES:
                self.spent = True
                return None
        return None

    def _candidates(self) -> Iterator[int]:
        """Offsets at which a header or, soon after the break, a name in text form stands."""
        for offset, data, stop in _windows(self.reader, self.start, self.context):
            pattern = _HEADER + b"|" + _LINES if offset < self.start + TEXT_GAP else _HEADER
            for match in re.finditer(pattern, data, re.DOTALL):
                if match.start() < stop:
                    yield offset + match.start()


def _windows(reader: Reader, start: int, context: Context) -> Iterator[tuple[int, bytes, int]]:
    """Offsets, bytes, and the position from which on a match belongs to the next window."""
    offset = start
    while offset < reader.size:
        context.check()
        data = reader.read_at(offset, WINDOW)
        last = offset + len(data) >= reader.size or len(data) <= OVERLAP
        stop = len(data) if last else len(data) - OVERLAP
        yield offset, data, stop
        if last:
            return
        offset += stop


def names_behind(path: str, reader: Reader, start: int, context: Context) -> Iterator[Import]:
    """Imports written in bytes that a budget kept from being read; what becomes of them is not known."""
    found: set[tuple[str, str]] = set()
    for offset, data, stop in _windows(reader, start, context):
        for match in re.finditer(_WRITTEN, data, re.DOTALL):
            module, name = (part.decode() for part in match.groups() if part is not None)
            if match.start() >= stop or (module, name) in found or len(found) >= BEHIND_MAX:
                continue
            found.add((module, name))
            spelling = Spelling(module, name, 0)
            yield Import(
                path,
                module=module,
                name=name,
                qualname=spelling.qualname,
                names=spelling.names,
                segments=spelling.segments,
                opcode="GLOBAL" if match.group(1) else "STACK_GLOBAL",
                uses=frozenset(["ref"]),
                unknown=frozenset(["uses"]),
                places=(Place(offset=offset + match.start()),),
            )


def probe(reader: Reader, offset: int) -> Machine:
    """A machine that has read some thousand opcodes at an offset, or fewer when one of them was wrong."""
    machine = Machine("", Tape(reader, probe=True), Context(wants=lambda _: False), offset, strict=True)
    machine.run()
    return machine


def _leads(machine: Machine) -> bool:
    """Whether a probe came to an end, or to something that matters, or far."""
    return machine.stopped or machine.calls > machine.persistent or not machine.ended or _names(machine)


def follows(reader: Reader, offset: int) -> bool:
    """Whether a stream starts at the offset, right behind the end of another one."""
    return _leads(probe(reader, offset))


def _names(machine: Machine) -> bool:
    """Whether the stream resolves something that looks like a name of Python."""
    return any(
        all(part.isidentifier() for part in f"{record.module}.{record.name}".split("."))
        for record in machine.imports.values()
    )


def is_stream(reader: Reader, offset: int = 0, depth: int = 3) -> bool:
    """Whether a stream starts at the offset: it ends properly, calls something, or goes on for long.

    Valid opcodes at the start of a text prove nothing, so that text must lead to more than a few constants.
    """
    machine = probe(reader, offset)
    while not (machine.ended or machine.memo or machine.imports or machine.calls > machine.persistent):
        if machine.offset - offset >= FAR:
            return True
        machine.run()
    called = machine.calls > machine.persistent and any(not _is_number(key) for key in machine.imports)
    if called or not machine.ended or (machine.memo and machine.offset - offset >= 64):
        return bool(called or machine.memo or machine.imports or machine.highest)
    if not machine.stopped:
        return machine.highest > 0 and machine.offset > offset + 2
    if _names(machine) or machine.highest:
        return True
    rest = reader.read_at(machine.offset, 4096)
    return not machine.persistent and (not rest.strip() or (depth > 0 and is_stream(reader, machine.offset, depth - 1)))


def reaches(reader: Reader) -> bool:
    """Whether a stream comes to its end, to a name before it breaks, or far: a few opcodes stand by chance."""
    machine = probe(reader, 0)
    called = machine.calls > machine.persistent and not any(_is_number(key) for key in machine.imports)
    return machine.stopped or not machine.ended or called or _names(machine)


def _is_number(key: tuple[object, ...]) -> bool:
    """Whether an import is EXT, three bytes of 256; as a line that begins with P (PERSID) it proves nothing."""
    return str(key[0]).startswith("EXT")
