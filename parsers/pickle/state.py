"""A stream's machine between opcodes, without any of them: what it has beside stack, memo, imports and calls."""

from __future__ import annotations

from functools import lru_cache

from modelaudit.engine.facts import Place, Stream
from modelaudit.parsers.pickle import emit
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.calling import Calling
from modelaudit.parsers.pickle.opcodes import NAMES

C_READER, PYTHON_READER = "c", "python"
BOTH = frozenset([C_READER, PYTHON_READER])
DECODED_MAX = 100_000  # results of calls that are looked at once
REACH = 2 * 1024
FAR = 1 << 62  # a position that is never reached

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Sought
    from modelaudit.parsers.pickle.tape import Tape

    Value = object


class State(Calling):
    """One stream's machine between opcodes.

    `out` gathers facts and nested artifacts until the driver takes them. With `strict` the first defect ends
    the stream: that is how a stream is told from noise.
    """

    seeks_tensors = False  # whether tensors are taken out of what wraps them

    def __init__(
        self, path: str, tape: Tape, context: Context, start: int, *, index: int = 0, strict: bool = False
    ) -> None:
        super().__init__(path, tape, context, start, strict=strict)
        self.index = index
        self.role = "main"
        self.texts = False  # whether every text is told
        self.sought: Sought | None = None  # what the texts have in them that are told all the same
        self.hit = -1  # position of the first of these words in `window`, the buffer that was searched
        self.found = False  # whether it is such a word, and not only how far was searched
        self.reach = REACH  # bytes behind a text that are searched next
        self.window: bytes | None = None
        self.seen = bytearray(256)
        self.frame_end = 0
        self.behind = 0  # bytes behind the frame that its opcodes have taken from the file
        self.inner: int | None = None  # offset of a stream within this one, once it is reached
        self.split: int | None = None  # offset at which a plain unpickler reads opcodes and the extension does not
        self.cut = False  # a frame's end cuts an opcode: one kind of reader sees other bytes
        self.persistent = 0
        self.decoded: set[int] = set()  # hashes of bytes that were looked at when a call had made them
        self.listed = 0  # lists of numbers that were looked at
        self.inside = 0  # files in constants that are read as artifacts of their own
        self.recoded = 0  # bytes of files that constants hold encoded
        self.refused: set[str] = set()  # readers that have stopped before
        self.result: Value = None

    def keyword(self, pos: int, end: int) -> int:
        """A position before which no word begins, at or behind `pos`, that a text worth telling has.

        When it lies before `end`, a word does begin there. The buffer, which is mostly numbers, is searched a little
        further each time, so that few texts in it cost little.
        """
        sought, buf = self.sought, self.tape.buf
        if sought is None:
            return self.hit
        if self.window is not buf:
            self.window, self.hit, self.found, self.reach = buf, -1, False, REACH
        if self.hit >= end or (self.found and self.hit >= pos):
            return self.hit
        start = pos if self.found else max(pos, self.hit)
        stop = end + self.reach
        self.reach *= 2
        part = buf[start : stop + sought.longest] if stop + sought.longest < len(buf) else None
        at = sought.find(buf, start) if part is None else start + sought.find(part)
        self.found = at >= start
        self.hit = at if self.found else FAR if part is None else stop
        return self.hit

    def closing(self) -> list[Fact]:
        """The facts that are known once nothing more is read: the imports with all their uses, and the stream."""
        found: list[Fact] = [*self.repeats.rest()]
        found += [emit.import_(self.path, record) for record in self.imports.values()]
        names = _names_of(bytes(self.seen))
        found.append(
            Stream(
                self.path,
                index=self.index,
                role=self.role,
                protocol=self.highest,
                opcodes=names,
                start=self.start,
                end=self.offset,
                stopped=self.stopped,
                error=self.error,
                refused_by=BOTH if self._is_refused() else frozenset(self.refused),
                places=(Place(offset=self.start),),
            )
        )
        return found

    # data between the opcodes

    def standing(self, after: int) -> int:
        """Offset at which the file is read when the opcodes go on at the position: behind the frame, if any."""
        offset = self.tape.base + after
        return self.frame_end + self.behind if self.frame_end > offset else offset

    def passed(self, offset: int, until: int) -> int:
        """Pass the file's bytes up to an offset, when the opcodes go on at `offset`; returns where they do then."""
        if self.frame_end > offset:
            self.behind = until - self.frame_end
            return offset
        self.frame_end = 0
        return until

    # what calls have made

    def unpacked(self, data: bytes, how: str, offset: int) -> None:
        """Look at bytes that a call has made of others."""
        if data not in self.files and hash(data) not in self.decoded and len(self.decoded) < DECODED_MAX:
            self.decoded.add(hash(data))
            self.looked(data, how, offset)

    def looked(self, data: bytes, how: str, offset: int) -> None:
        """What a machine that looks at constants does with them."""

    def loaded(self, args: Sequence[Value], flows: frozenset[str]) -> Value:
        """What the loader's `persistent_load` gives for an id, taken apart when it is a tuple."""
        made = v.Persistent("persistent_load", flows)
        if len(args) >= 5 and args[0] == "storage" and type(args[4]) is int:
            if _is_untyped(args[1]):
                made.nbytes = args[4]
            else:
                made.count = args[4]
        return made

    def tensor(self, cls: v.Import, args: Sequence[Value], flows: frozenset[str], offset: int) -> Value | None:
        """The value of a rebuilt tensor, of a machine that looks for tensors; None is any result of a call."""
        return None

    def indexed(self, indices: Value, limits: Sequence[int], offset: int) -> None:
        """Note the indices of a sparse tensor, each row of which has to stay below its limit."""


def _is_untyped(kind: Value) -> bool:
    """Whether the storage counts bytes, whatever its tensors hold."""
    return not isinstance(kind, v.Import) or kind.name.rpartition(".")[2] == "UntypedStorage"


@lru_cache(maxsize=1024)
def _names_of(seen: bytes) -> frozenset[str]:
    """The names of the opcodes whose bytes are marked; streams that one program wrote share them."""
    return frozenset([name for byte, name in NAMES.items() if seen[byte]])
