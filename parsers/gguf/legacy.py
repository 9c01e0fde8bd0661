"""Files of GGML before GGUF: hyperparameters, a vocabulary and tensors in a row, in layouts that nothing names.

Which program a file is for shows only in that its vocabulary ends where a tensor begins; `legacy.json` has the layouts
of llama.cpp (before August 2023), whisper.cpp and the examples of https://github.com/ggml-org/ggml. LoRA adapters
(GGLA) and saved sessions (GGSN, GGSQ) are those of llama.cpp.
"""

from __future__ import annotations

import json
import os

from modelaudit.engine.facts import decode
from modelaudit.parsers.base import Property
from modelaudit.parsers.cursor import Break, Cursor
from modelaudit.parsers.gguf import LEGACY
from modelaudit.parsers.gguf.tensors import Info, Types, fact, measure
from modelaudit.parsers.notes import FileBudget, Notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested

CONTENT = frozenset({"metadata", "text", "tensor"})
VOCABULARY = 2_000_000  # tokens
TOKEN = 1024  # bytes
FILTERS = 10_000_000  # numbers
NAME = 512  # bytes
TENSORS = 100_000
DIMENSIONS = 4
KEPT = 256 * 1024  # bytes of the vocabulary
ALIGNED = ("ggjt", "ggla")
VERSIONED = ("ggmf", "ggjt", "ggla", "ggsn", "ggsq", "ggsa")
SESSIONS = ("ggsn", "ggsq")
HALVES = 3  # version of GGJT from which blocks have scales of 16 bits


def parse_legacy(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Everything that the file says; weights are passed over."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(_Legacy(notes).items())


class _Legacy:
    """One file while it is read."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        magic = notes.reader.read_at(0, 4)
        little = magic in LEGACY
        self.container = (magic[::-1] if little else magic).decode("latin-1")
        self.cursor = Cursor(notes.reader, notes.context, 4, "<" if little else ">")
        self.version = 0
        self.tokens: list[bytes] = []
        self.cut = False

    def items(self) -> Iterator[Fact | Nested | Property]:
        """Properties, metadata, tensors, defects."""
        try:
            if self.container in VERSIONED:
                self.version = self.cursor.u32()
            yield Property("version", f"{self.container} {self.version}".removesuffix(" 0"))
            if self.container in SESSIONS:
                self.session()
            elif self.container == "ggla":
                self.fields(("r", "alpha"))
                yield from self.tensors()
            else:
                yield from self.model()
        except Break as broken:
            self.notes.defect(broken.code, broken.detail, broken.offset, CONTENT)
        yield from self.notes.flush()

    def fields(self, names: tuple[str, ...]) -> None:
        """Note numbers as metadata."""
        for name in names:
            at = self.cursor.at
            value = self.cursor.u32()
            self.notes.metadata(name, str(value), "uint32", at, number=float(value))

    def session(self) -> None:
        """The tokens of a session; its state is nothing but numbers."""
        at = self.cursor.at
        count = self.cursor.u32()
        if count * 4 > self.cursor.left:
            self.notes.fail("bad-count", f"{count} tokens, {self.cursor.left} bytes are left", at)
        self.notes.metadata("n_token_count", str(count), "uint32", at, number=float(count))

    def model(self) -> Iterator[Fact | Nested | Property]:
        """A model in whichever layout fits."""
        begin = self.cursor.at
        for layout in _layouts():
            self.cursor.at = begin
            if self.container in layout["magics"] and self.fits(layout):
                yield Property("producer", layout["program"])
                behind, self.cursor.at = self.cursor.at, begin
                self.fields(tuple(layout["fields"]))
                self.cursor.at = behind
                text, lossy = decode(b"\n".join(self.tokens))
                self.notes.words(text, "vocabulary", "vocabulary", begin, lossy=lossy, cut=self.cut)
                self.tokens = []
                yield from self.tensors()
                return
        self.notes.fail("unknown-layout", f"{self.container} in the layout of no program that is known", begin)

    def fits(self, layout: dict[str, Any]) -> bool:
        """Whether a tensor begins where the vocabulary ends, or the file ends there."""
        try:
            values = {name: self.cursor.u32() for name in layout["fields"]}
            if layout["filters"] and not self.filters():
                return False
            count = values["n_vocab"]
            if layout["counted"] and self.cursor.u32() != count and not layout["filters"]:
                return False
            if layout["filters"]:  # it may have fewer tokens than the model has room for
                self.cursor.at -= 4
                count = self.cursor.u32()
            scored = self.container != "ggml" if layout["scores"] == "container" else layout["scores"]
            return self.walk(count, 4 if scored else 0) and self.begins()
        except Break:
            return False

    def filters(self) -> bool:
        """Go past filters of sound; whether they have a sound size."""
        rows, columns = self.cursor.u32(), self.cursor.u32()
        if rows * columns > FILTERS:
            return False
        self.cursor.skip(4 * rows * columns)
        return True

    def walk(self, count: int, score: int) -> bool:
        """Go through the vocabulary; whether it is one."""
        self.tokens = []
        room = KEPT
        if count > VOCABULARY:
            return False
        for _ in range(count):
            length = self.cursor.u32()
            if length > TOKEN:
                return False
            token = self.cursor.take(length)
            self.cursor.skip(score)
            if room > 0:
                self.tokens.append(token)
                room -= length + 1
        self.cut = room <= 0
        return True

    def begins(self) -> bool:
        """Whether a tensor begins here; the place stays."""
        at = self.cursor.at
        if self.cursor.left == 0:
            return True
        count, length, type = self.cursor.u32(), self.cursor.u32(), self.cursor.u32()
        self.cursor.skip(4 * min(count, DIMENSIONS))
        sound = 1 <= count <= DIMENSIONS and 1 <= length <= NAME and type in Types().rows
        name = self.cursor.take(min(length, NAME))
        self.cursor.at = at
        return sound and name.isascii() and name.decode("latin-1").isprintable()

    def tensors(self) -> Iterator[Fact | Nested | Property]:
        """Tensors to the end of the file, each with its bytes behind it."""
        types = Types(old=self.container == "ggjt" and self.version < HALVES)
        names: set[str] = set()
        while self.cursor.left > 0:
            if len(names) >= TENSORS:
                raise FileBudget("tensors", len(names) + 1, TENSORS)
            info = self.info(types)
            if info.name in names:
                self.notes.defect("duplicate-tensor", info.name, info.at)
            names.add(info.name)
            if self.container in ALIGNED:
                self.cursor.skip(-self.cursor.at % 32)
            info.begin = self.cursor.at
            yield fact(info, self.notes, types, 0)
            yield from self.notes.flush()
            if info.nbytes is None:
                raise Break("bad-shape", f"{info.name}: its size cannot be told", info.at)
            if info.nbytes > self.cursor.left:
                raise Break("out-of-range", f"{info.name}: {info.nbytes} bytes of {self.cursor.left}", info.at)
            self.cursor.skip(info.nbytes)

    def info(self, types: Types) -> Info:
        """The next tensor without its bytes."""
        at = self.cursor.at
        count, length, type = self.cursor.u32(), self.cursor.u32(), self.cursor.u32()
        if not count <= DIMENSIONS or length > NAME:
            raise Break("bad-shape", f"a tensor of {count} dimensions with a name of {length} bytes", at)
        dims = [self.cursor.u32() for _ in range(count)]
        name, lossy = decode(self.cursor.take(length))
        if lossy or not name:
            self.notes.defect("bad-name", f"a tensor's name: {name[:100]}", at)
        info = Info(name, dims, type, 0, at)
        info.nbytes = measure(info, self.notes, types)
        return info


def _layouts() -> list[dict[str, Any]]:
    with open(os.path.join(os.path.dirname(__file__), "legacy.json"), "rb") as file:
        layouts: list[dict[str, Any]] = json.loads(file.read())["layouts"]
    return layouts
