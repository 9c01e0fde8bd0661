"""The facts of a store's file: its pieces in order, what they name, and the descriptions of arrays in them."""

from __future__ import annotations

import re

from modelaudit.engine.facts import TEXT_MAX, Place, Reference, clean, decode, path_class
from modelaudit.parsers.base import Property
from modelaudit.parsers.cursor import Break
from modelaudit.parsers.expansion import Ledger
from modelaudit.parsers.notes import FileBudget, Notes
from modelaudit.parsers.ocdbt import FOOTER, HEADER, MAGICS, MANIFEST, NODE, ZSTD, piece_size
from modelaudit.parsers.ocdbt.node import Body, Value, in_order, read_manifest, read_node, read_versions
from modelaudit.parsers.orbax.description import Description
from modelaudit.parsers.reader import WINDOW, BytesReader, SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested

CONTENT = frozenset({"tensor", "text", "metadata", "reference", "blob"})
BODY = 16 * 1024 * 1024  # bytes of a node that are read
CHUNK = re.compile(rb"(?:c\.)?\d++(?:\.\d++)*+")  # how the key of a part of an array ends, behind the last slash
DESCRIBED = (b".zarray", b"zarr.json")
MARK = b"\x0c\xdb"


def is_chunk(key: bytes) -> bool:
    """Whether a key is that of a part of an array."""
    return CHUNK.fullmatch(key.rpartition(b"/")[2]) is not None


def parse_store(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Everything that the pieces of a file say; values between them are passed over."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(_Store(notes).items())


class _Store:
    """One file while it is read."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.reader = notes.reader
        self.description = Description(notes)
        self.ledger = Ledger(self.reader.size, notes.context)

    def items(self) -> Iterator[Fact | Nested | Property]:
        """The facts of every piece."""
        for at, size in self.pieces():
            try:
                yield from self.piece(at, size)
            except Break as broken:
                self.notes.defect(broken.code, broken.detail, broken.offset, CONTENT)
            yield from self.notes.flush()

    def pieces(self) -> Iterator[tuple[int, int]]:
        """Where pieces stand and how long they are: each behind the other, or after values."""
        at = 0
        while at < self.reader.size:
            self.notes.context.check()
            window = self.reader.window(at, WINDOW)
            begin, following = 0, at + max(len(window) - HEADER, 1)  # a header may lie across two windows
            while (found := window.find(MARK, begin)) >= 0 and at + found < following:
                size = piece_size(self.header(window, at, found), self.reader.size - at - found)
                if size:
                    yield at + found, size
                elif at + found == 0 and window[:4] in MAGICS:
                    self.notes.fail("bad-node", "the first piece ends beyond the file", 0)
                begin = found + (size or len(MARK))
            at = max(following, at + begin)

    def header(self, window: bytes, at: int, found: int) -> bytes:
        """The header at a place of a window, as far as the file goes."""
        head = window[found : found + HEADER]
        return head if len(head) == HEADER else self.reader.read_at(at + found, HEADER)

    def piece(self, at: int, size: int) -> Iterator[Fact | Nested | Property]:
        """What one piece says."""
        head = self.reader.read_at(at, HEADER)
        body = Body(self.body(at, size, head[13]), at)
        if head[:4] == MANIFEST:
            settings, files = read_manifest(body)
            for key, number in settings.items():
                self.notes.metadata(key, str(number), "int", at)
            yield Property("version", str(head[12]))
        elif head[:4] == NODE:
            files, values = read_node(body)
            if not in_order([value.key for value in values]):
                self.notes.defect("bad-node", "the keys of a node are not in order", at)
            for value in values:
                yield from self.value(value, at)
        else:
            files = read_versions(body)
        for path in files:
            yield self.file(path, at)

    def body(self, at: int, size: int, compression: int) -> bytes:
        """The bytes of a piece between its header and its checksum."""
        inner = SliceReader(self.reader, at + HEADER, size - HEADER - FOOTER)
        if compression != ZSTD:
            if inner.size > BODY:
                raise FileBudget("size", inner.size, BODY)
            return inner.read_at(0, inner.size)
        from modelaudit.parsers.compressed.stream import Chain

        chain = Chain(inner, "zstd")
        parts: list[bytes] = []
        while part := chain.read(WINDOW):
            self.ledger.spend(len(part))
            spent = self.ledger.spent() or (("size", chain.produced, BODY) if chain.produced > BODY else None)
            if spent is not None:
                raise FileBudget(*spent)
            parts.append(part)
        if chain.error is not None or not parts:
            raise Break("bad-node", f"the body does not expand: {chain.error or 'it is empty'}", at)
        return b"".join(parts)

    def value(self, value: Value, at: int) -> Iterator[Fact | Nested]:
        """A value that stands in a node: the description of an array, part of one, or anything else."""
        key, lossy = decode(value.key[:4096])
        if value.data is None or is_chunk(value.key):
            return
        if value.key.endswith(DESCRIBED):
            text, wrong = decode(value.data[: 4 * TEXT_MAX])
            cut = len(value.data) > 4 * TEXT_MAX
            self.notes.words(text, "config", key, at, lossy=lossy or wrong, cut=cut)
            yield from self.description.document(value.data, "/" + key.rpartition("/")[0])
        elif not self.notes.file_in(BytesReader(value.data), at, f"value/{key[:200]}", "member"):
            text, wrong = decode(value.data[:TEXT_MAX])
            if not wrong:
                self.notes.words(text, "config", key, at, cut=len(value.data) > TEXT_MAX)

    def file(self, path: bytes, at: int) -> Reference:
        """A data file that a piece names."""
        target, lossy = decode(path[:4096])
        return Reference(
            self.notes.path,
            target=clean(target)[0],
            kind="store",
            owner="data file",
            key="path",
            path_class=path_class(target),
            places=(Place(offset=at),),
            lossy=lossy,
        )
