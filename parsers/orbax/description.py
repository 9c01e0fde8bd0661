"""The facts of a description: JSON that is walked as a tree, whatever its version calls its parts."""

from __future__ import annotations

import json
import os

from modelaudit.engine.facts import TEXT_MAX, Place, Reference, Tensor, clean, decode, path_class
from modelaudit.parsers.keras.document import DocumentError, Object, TooLarge, read_json
from modelaudit.parsers.notes import FileBudget, Notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.keras.document import Tree

SIZE = 32 * 1024 * 1024
DEPTH = 200
DIMENSIONS = 64
LARGEST = 2**63 - 1
CONTENT = frozenset({"tensor", "text", "metadata", "reference"})
CODECS = ("compressor", "filters", "codecs")
ID = ("id", "name")  # keys of a codec's name in versions 2 and 3


def parse_description(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Everything that a description says."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(Description(notes).items())


class Description:
    """One description while it is read, or several that stand in one file."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        with open(os.path.join(os.path.dirname(__file__), "keys.json"), "rb") as file:
            keys = json.loads(file.read())
        self.names: frozenset[str] = frozenset(keys["names"])
        self.places: frozenset[str] = frozenset(keys["places"])

    def items(self) -> Iterator[Fact | Nested]:
        """The text, then what stands in it."""
        reader = self.notes.reader
        if reader.size > SIZE:
            raise FileBudget("size", reader.size, SIZE)
        raw = reader.read_at(0, reader.size)
        text, lossy = decode(raw[: 4 * TEXT_MAX])
        self.notes.words(text, "config", "checkpoint", 0, lossy=lossy, cut=len(raw) > 4 * TEXT_MAX)
        yield from self.document(raw, "")

    def document(self, raw: bytes, at: str) -> Iterator[Fact | Nested]:
        """What one JSON text says; `at` is the pointer that its own pointers begin with."""
        try:
            tree = read_json(raw)
        except DocumentError as bad:
            self.notes.fail("bad-json", f"{at}: {bad}" if at else str(bad), 0)
        except TooLarge as large:
            raise FileBudget(large.what, large.at or 0, large.budget or 0) from None
        else:
            yield from self.walk(tree, at)
        yield from self.notes.flush()

    def walk(self, tree: Tree, at: str) -> Iterator[Fact | Nested]:
        """Every object and text; `slot` is the key of names that a value stands below."""
        rest: list[tuple[str, str, str, Tree]] = [(at, "", "", tree)]
        steps = 0
        while rest:
            path, key, slot, value = rest.pop()
            steps += 1
            if steps % 4096 == 0:
                self.notes.context.check()
            if isinstance(value, Object):
                yield from self.object(path, value)
                rest += reversed([(f"{path}/{k}"[:1024], k, k if k in self.names else slot, v) for k, v in value.pairs])
            elif isinstance(value, list):
                rest += reversed([(path, key, slot, one) for one in value])
            elif isinstance(value, str):
                yield from self.text(path, key, slot, value)
            yield from self.notes.flush()

    def object(self, path: str, value: Object) -> Iterator[Fact]:
        """Repeated keys of an object, and the array that it describes."""
        for key in value.repeated():
            self.notes.defect("duplicate-keys", f"{path}/{key}"[:1024], 0)
        if value.get("zarr_format") in (2, 3) and isinstance(value.get("shape"), list):
            yield self.array(path, value)

    def array(self, path: str, value: Object) -> Tensor:
        """The array that an object describes."""
        shape = [size for size in value.get("shape")[:DIMENSIONS] if isinstance(size, int) and 0 <= size <= LARGEST]
        if len(shape) != len(value.get("shape")):
            self.notes.defect("bad-shape", f"{path or '/'}: {str(value.get('shape'))[:100]}", 0)
        dtype = value.get("dtype") if "dtype" in dict(value.pairs) else value.get("data_type")
        dtype = dtype if isinstance(dtype, str) else "structured"
        filters = frozenset(name for key in CODECS for name in codecs(value.get(key), 0))
        return Tensor(
            self.notes.path,
            name=clean(path.removeprefix("/"))[0],
            dtype=clean(dtype[:100])[0],
            shape=tuple(shape),
            rows=shape[0] if shape else None,
            filters=filters,
            places=(Place(pointer=clean(path)[0]),),
        )

    def text(self, path: str, key: str, slot: str, value: str) -> Iterator[Fact]:
        """A name of a class or function, or a place."""
        place = (Place(pointer=clean(path)[0]),)
        if slot:
            name, lossy = clean(value[:1024])
            self.notes.metadata(slot, name, "name", 0, lossy=lossy)
        if "://" in value[:32] or (key in self.places and path_class(value)):
            target, lossy = clean(value[:4096])
            yield Reference(
                self.notes.path,
                target=target,
                kind="store",
                owner=clean(path)[0],
                key=clean(key)[0],
                path_class=path_class(target),
                places=place,
                lossy=lossy,
            )


def codecs(value: Tree, depth: int) -> Iterator[str]:
    """The names of codecs, those inside others too."""
    if depth > DEPTH:
        return
    if isinstance(value, list):
        for one in value:
            yield from codecs(one, depth + 1)
    elif isinstance(value, Object):
        for key in ID:
            name = value.get(key)
            if isinstance(name, str):
                yield clean(name[:100])[0]
        for _, inner in value.pairs:
            if isinstance(inner, (list, Object)):
                yield from codecs(inner, depth + 1)
