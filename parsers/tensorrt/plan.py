"""The facts of a plan: one pass over all bytes, in which words and programs are looked for that tell what it is.

The bytes that stand in the words are looked for together, by one automaton: each alone would take as long as hashing.
"""

from __future__ import annotations

import json
import os
import re

from modelaudit.engine.facts import Blob, Op, Place, Reference, decode, path_class
from modelaudit.parsers.notes import Notes
from modelaudit.parsers.reader import WINDOW
from modelaudit.parsers.tensorrt import plan_start
from modelaudit.parsers.tensorrt.programs import elf, pe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property

OVERLAP = 1024  # bytes that two windows share: more than the longest word on each side
REACH = 512  # bytes around a find in which its word stands
FINDS = 2000  # different ones of one row
CONTENT = frozenset({"op", "text", "reference", "blob"})
DESCRIBED = 4 * 64 * 1024  # bytes of the JSON text before a plan
ELF, PE = b"\x7fELF", b"PE\0\0"
PROGRAM = "program"
TURNS = 1024  # finds between two looks at the clock


def parse_plan(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Everything that was found, in the order of the file."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(_Plan(notes).items())


class _Row:
    """One thing that is looked for."""

    __slots__ = ("behind", "finds", "kind", "mark", "pattern")

    def __init__(self, kind: str, mark: bytes, word: str = "") -> None:
        self.kind = kind
        self.mark = mark
        self.pattern = re.compile(rb"(?<![\w/])" + word.encode() + rb"(?![\w])")
        self.finds = 0
        self.behind = 0  # where its last word ends, from the beginning of the file


class _Plan:
    """One plan while it is read."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.reader = notes.reader
        with open(os.path.join(os.path.dirname(__file__), "words.json"), "rb") as file:
            rows = json.loads(file.read())["words"]
        found = [_Row(row["kind"], row["bytes"].encode(), row["word"]) for row in rows]
        self.rows = {row.mark: row for row in (*found, _Row(PROGRAM, ELF), _Row(PROGRAM, PE))}
        self.marks = _any_of(self.rows)
        self.turns = 0
        self.told: set[tuple[str, str]] = set()

    def items(self) -> Iterator[Fact | Nested | Property]:
        """What describes the plan, then finds window by window."""
        self.described()
        at = 0
        while at < self.reader.size:
            self.notes.context.check()
            data = self.reader.window(at, WINDOW)
            fresh = 0 if at == 0 else OVERLAP // 2  # what ends before was seen in the window before
            last = len(data) if at + len(data) >= self.reader.size else len(data) - OVERLAP // 2
            self.search(data, at, fresh, last)
            yield from self.notes.flush()
            if len(data) <= OVERLAP or at + len(data) >= self.reader.size:
                break
            at += len(data) - OVERLAP

    def described(self) -> None:
        """The JSON text that stands before some plans."""
        start = plan_start(self.reader.read_at(0, 8), self.reader)
        if start:
            text, lossy = decode(self.reader.read_at(4, min(start - 4, DESCRIBED)))
            self.notes.words(text, "metadata", "description", 4, lossy=lossy, cut=start - 4 > DESCRIBED)

    def search(self, data: bytes, at: int, fresh: int, last: int) -> None:
        """Finds whose mark begins in the part of the window that is not another's."""
        match = self.marks.search(data, fresh) if self.rows else None
        while match is not None and match.start() < last:
            row = self.rows[match.group()]
            found: int = match.start()
            self.turns += 1
            if self.turns % TURNS == 0:
                self.notes.context.check()
            if row.kind == PROGRAM:
                self.program(row, at + found)
            elif at + found >= row.behind:
                self.words(row, data, at, found)
            if row.finds > FINDS:
                self.notes.limit("finds", row.finds, FINDS)
                del self.rows[row.mark]
                self.marks = _any_of(self.rows)
            match = self.marks.search(data, found + 1) if self.rows else None

    def words(self, row: _Row, data: bytes, at: int, found: int) -> None:
        """The words in which a mark stands."""
        begin = max(0, found - REACH)
        for match in row.pattern.finditer(data[begin : found + REACH]):
            if begin + match.start() <= found < begin + match.end():
                row.behind = at + begin + match.end()
                self.tell(row, match.group().decode("latin-1"), at + begin + match.start())

    def tell(self, row: _Row, word: str, at: int) -> None:
        """The fact of a word, once for each."""
        kind = row.kind
        if (kind, word) in self.told:
            return
        self.told.add((kind, word))
        row.finds += 1
        place = (Place(offset=at),)
        if kind == "plugin":
            self.notes.noted.append(Op(self.notes.path, domain="plugin", type=word, places=place))
            return
        self.notes.words(word, "literal", kind, at)
        self.notes.noted.append(
            Reference(
                self.notes.path,
                target=word,
                kind=f"engine-{kind}",
                owner="engine",
                key=kind,
                path_class=path_class(word),
                places=place,
            )
        )

    def program(self, row: _Row, at: int) -> None:
        """The fact of a program for the host or a GPU whose mark stands at `at`."""
        kind, start = (elf(self.reader, at), at) if row.mark == ELF else ("pe", pe(self.reader, at))
        if not kind or start is None or (kind == "cubin" and ("cubin", "") in self.told):
            return
        row.finds += 1
        self.told.add((kind, ""))
        self.notes.noted.append(
            Blob(
                self.notes.path,
                kind=kind,
                region="member",
                method="raw",
                size=self.reader.size - start,
                validated=True,
                places=(Place(offset=start),),
            )
        )


def _any_of(marks: Iterable[bytes]) -> Any:  # noqa: ANN401 - a regular expression of RE2
    """What finds the next of some marks."""
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.never_capture = True
    return re2.compile(b"|".join(b"".join(b"\\x%02x" % byte for byte in mark) for mark in marks), options)
