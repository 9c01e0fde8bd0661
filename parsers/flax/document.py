"""The facts of a MessagePack document, in the order of its values; the path of keys names each."""

from __future__ import annotations

from modelaudit.engine.facts import TEXT_MAX, clean, decode
from modelaudit.parsers.cursor import Break, Cursor
from modelaudit.parsers.flax.arrays import Array, load_dtypes, packed, tensor
from modelaudit.parsers.flax.walk import Value, read
from modelaudit.parsers.notes import FileBudget, Notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property

VALUES = 5_000_000
DEPTH = 512  # as the loaders have it
KEYS = 100_000  # of one map that are held against each other
KEY_MAX = 4096
PATH_MAX = 1024
SCALARS = 1000  # numbers and constants that are facts of their own
CONTENT = frozenset({"tensor", "text", "metadata", "blob"})
NDARRAY, COMPLEX, SCALAR, TIMESTAMP = 1, 2, 3, -1
FIELDS = ("nd", "kind", "type", "shape", "data")  # of the maps that msgpack-numpy writes


def parse_document(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Everything that the document says; arrays are passed over."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(_Document(notes).items())


class _Level:
    """A map or array that is being read. `fields` are those of an array that is written as a map."""

    __slots__ = ("fields", "key", "keys", "left", "mapping", "number", "path")

    def __init__(self, value: Value, path: str) -> None:
        self.mapping = value.kind == "map"
        self.left = value.size * (2 if self.mapping else 1)
        self.path = path
        self.key: str | None = None  # waits for its value
        self.keys: set[str] = set()
        self.number = 0
        self.fields: dict[str, Value] = {}


class _Document:
    """One document while it is read."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.cursor = Cursor(notes.reader, notes.context, order=">")
        self.levels: list[_Level] = []
        self.dtypes = load_dtypes()
        self.values = 0
        self.scalars = 0

    def items(self) -> Iterator[Fact | Nested]:
        """Values to the end of the first document, then what stands behind it."""
        try:
            yield from self.value(read(self.cursor), "")
            while self.levels:
                level = self.levels[-1]
                if level.left == 0:
                    yield from self.closed(self.levels.pop())
                    continue
                level.left -= 1
                yield from self.next(level)
                yield from self.notes.flush()
            self.behind()
        except Break as broken:
            self.notes.defect(broken.code, broken.detail, broken.offset, CONTENT)
        yield from self.notes.flush()

    def behind(self) -> None:
        """Note bytes after the document."""
        at, end = self.cursor.at, self.cursor.size
        if at < end:
            self.notes.defect("trailing-data", f"{end - at} bytes after the document", at)
            if len(self.notes.formats) <= 1:
                self.notes.region(at, end, "trailing-data")

    def next(self, level: _Level) -> Iterator[Fact]:
        """The next key or value of a level."""
        self.values += 1
        if self.values > VALUES:
            raise FileBudget("values", self.values, VALUES)
        value = read(self.cursor)
        if level.mapping and level.key is None:
            level.key = self.key(level, value)
            return
        name = level.key if level.key is not None else str(level.number)
        level.number += 1
        level.key = None
        if level.mapping and name in FIELDS:
            level.fields[name] = value
        yield from self.value(value, f"{level.path}/{name}"[:PATH_MAX].removeprefix("/"))

    def key(self, level: _Level, value: Value) -> str:
        """A key as text."""
        if value.kind in ("str", "bin"):
            kept = self.cursor.take(min(value.size, KEY_MAX))
            self.cursor.skip(value.size - len(kept))
            key, _ = decode(kept)
        elif value.kind in ("number", "constant"):
            key = str(value.constant)
        else:
            raise Break("bad-key", f"a key is a {value.kind}", value.start)
        if key in level.keys:
            self.notes.defect("duplicate-keys", f"{level.path}/{key}"[:PATH_MAX], value.start)
        if len(level.keys) < KEYS:
            level.keys.add(key)
        if key.startswith("__") and key.endswith("__"):
            self.notes.metadata(key[:PATH_MAX], level.path or "/", "key", value.start)
        return key

    def value(self, value: Value, path: str) -> Iterator[Fact]:
        """One value; maps and arrays are opened."""
        if value.kind in ("map", "array"):
            if len(self.levels) >= DEPTH:
                raise FileBudget("depth", len(self.levels) + 1, DEPTH)
            self.levels.append(_Level(value, path))
        elif value.kind == "ext":
            yield from self.extension(value, path)
        elif value.kind in ("str", "bin"):
            self.content(value, path)
        elif self.scalars < SCALARS:
            self.scalars += 1
            number = float(value.constant) if value.kind == "number" and value.constant is not None else None
            self.notes.metadata(path, str(value.constant), value.kind, value.start, number=_finite(number))

    def content(self, value: Value, path: str) -> None:
        """A text or bytes."""
        if value.kind == "str":
            raw = self.cursor.take(min(value.size, 4 * TEXT_MAX))
            text, lossy = decode(raw)
            self.notes.words(text, "metadata", path, value.start, lossy=lossy, cut=len(raw) < value.size)
            self.cursor.at = value.start
        self.notes.file_at(value.start, value.size, f"literal/{path[:200]}", "literal")
        self.cursor.skip(value.size)

    def extension(self, value: Value, path: str) -> Iterator[Fact]:
        """An array, a complex number, or an extension that the loaders do not know."""
        end = value.start + value.size
        if value.code in (NDARRAY, SCALAR):
            try:
                array = packed(self.cursor, end)
            except Break:
                self.pickled(value, path)
                raise
            yield tensor(array, clean(path)[0], self.notes, self.dtypes)
        elif value.code not in (COMPLEX, TIMESTAMP):
            self.unknown(value, path)
        self.cursor.at = value.start
        self.cursor.skip(value.size)

    def unknown(self, value: Value, path: str) -> None:
        """Note an extension that the loaders do not know."""
        if not self.pickled(value, path):
            self.notes.defect("unknown-extension", f"{path}: type {value.code} of {value.size} bytes", value.start)

    def pickled(self, value: Value, path: str) -> bool:
        """Whether an extension is a pickle, which is noted then; another file in it is noted as well."""
        found = self.notes.file_at(value.start, value.size, f"extension/{path[:200]}", "gap")
        if found == "pickle":
            detail = f"{path}: type {value.code} of {value.size} bytes"
            self.notes.defect("extension-pickle", detail, value.start)
        return found == "pickle"

    def closed(self, level: _Level) -> Iterator[Fact]:
        """A map or array has ended; one that says it is an array makes a fact."""
        fields = level.fields
        flag, data = fields.get("nd"), fields.get("data")
        if flag is None or flag.constant is not True or data is None or data.kind not in ("bin", "str"):
            return
        array = Array()
        array.start, array.size = data.start, data.size
        kind, dtype = self.word(fields.get("kind")), self.word(fields.get("type"))
        if kind == "O" or dtype in ("O", "|O"):
            array.dtype = "object"
            yield tensor(array, level.path, self.notes, self.dtypes)

    def word(self, value: Value | None) -> str:
        """A short text that was read before."""
        if value is None or value.kind not in ("str", "bin") or value.size > 64:
            return ""
        return self.notes.reader.read_at(value.start, value.size).decode("utf-8", "replace")


def _finite(number: float | None) -> float | None:
    return number if number is not None and abs(number) < float("inf") else None
