"""Code objects as `marshal` writes them, read without making any: names and constants of every Python that Keras had.

Layout: `Python/marshal.c` and `Objects/codeobject.c` of CPython 2.7 to 3.14. The reader of the standard library makes
real code objects and is not made for hostile bytes, so that it is not used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Layout: TypeAlias = tuple[int, tuple[str, ...], tuple[str, ...]]

REFERENCE = 0x80  # flag: later objects may refer to this one
OBJECTS_MAX = 200_000
DEPTH_MAX = 60
LENGTH_MAX = 64 * 1024 * 1024
NULL = object()
OLD = ("code", "consts", "names", "varnames", "freevars", "cellvars", "filename", "name")
# How many numbers come first, which objects, and which follow the line number.
LAYOUTS: dict[str, Layout] = {
    "3.11": (
        5,
        ("code", "consts", "names", "locals", "kinds", "filename", "name", "qualname"),
        ("lines", "exceptions"),
    ),
    "3.8": (6, OLD, ("lines",)),
    "3.0": (5, OLD, ("lines",)),
    "2": (4, OLD, ("lines",)),
}


class MarshalError(ValueError):
    """The bytes are no marshalled code object of this layout."""


class CodeObject:
    """A code object: its layout, bytecode, names and constants; `inner` are the code objects among the constants."""

    __slots__ = ("code", "consts", "layout", "name", "names")

    def __init__(self, layout: str, fields: dict[str, Any]) -> None:
        self.layout = layout
        self.code: bytes = fields["code"]
        self.consts: tuple[Any, ...] = fields["consts"]
        self.names: tuple[str, ...] = fields["names"]
        self.name: str = fields["name"]

    def walk(self) -> list[CodeObject]:
        """This code object and those within it."""
        found: list[CodeObject] = []
        seen, open_codes = {id(self)}, [self]
        while open_codes:
            code = open_codes.pop()
            found.append(code)
            for value in reversed(code.consts):
                if isinstance(value, CodeObject) and id(value) not in seen:
                    seen.add(id(value))
                    open_codes.append(value)
        return found


def read_code(data: bytes) -> CodeObject:
    """The code object that is marshalled in `data`; `MarshalError` when no layout fits."""
    if data[:1] not in (b"c", b"\xe3"):
        raise MarshalError("no code object")
    error: MarshalError | None = None
    for layout in LAYOUTS:
        try:
            value = _Unmarshal(data, layout).value(0)
        except MarshalError as problem:
            error = error or problem
            continue
        if isinstance(value, CodeObject):
            return value
    raise error or MarshalError("no code object")


class _Unmarshal:
    """Reads one value; every object counts against a budget."""

    def __init__(self, data: bytes, layout: str) -> None:
        self.data = data
        self.at = 0
        self.layout = layout
        self.refs: list[Any] = []
        self.interned: list[str] = []
        self.objects = 0

    def take(self, length: int) -> bytes:
        """The next bytes."""
        part = self.data[self.at : self.at + length]
        if length < 0 or len(part) < length:
            raise MarshalError("cut short")
        self.at += length
        return part

    def number(self, length: int = 4) -> int:
        """The next signed number."""
        return int.from_bytes(self.take(length), "little", signed=True)

    def length(self) -> int:
        """The next length, which cannot be more than what is left."""
        length = self.number()
        if not 0 <= length <= min(LENGTH_MAX, len(self.data) - self.at):
            raise MarshalError("a length beyond the end")
        return length

    def value(self, depth: int) -> Any:  # noqa: ANN401 - any constant
        """The next object."""
        self.objects += 1
        if self.objects > OBJECTS_MAX or depth > DEPTH_MAX:
            raise MarshalError("too many objects")
        first = self.take(1)[0]
        kind = chr(first & ~REFERENCE)
        slot = -1
        if first & REFERENCE and kind not in "NFTS.0":
            slot = len(self.refs)
            self.refs.append(None)
        value = self.made(kind, depth)
        if slot >= 0:
            self.refs[slot] = value
        return value

    def made(self, kind: str, depth: int) -> Any:  # noqa: ANN401 - any constant
        """An object of a kind."""
        if kind in SINGLES:
            return SINGLES[kind]
        if kind in "iIfgxylR?r":
            return self.scalar(kind)
        if kind in "stuaAzZ":
            return self.string(kind)
        if kind in "()[<>{:":
            return self.collection(kind, depth)
        if kind == "c":
            return self.code(depth)
        raise MarshalError(f"type {kind!r} is not known")

    def scalar(self, kind: str) -> Any:  # noqa: ANN401 - any constant
        """Numbers, and references to earlier objects."""
        if kind in "iI":
            return self.number(4 if kind == "i" else 8)
        if kind == "l":
            digits = abs(self.number())
            self.take(2 * min(digits, LENGTH_MAX))
            return 0
        if kind in "gy":
            self.take(8 if kind == "g" else 16)
            return 0.0
        if kind in "fx":
            for _ in range(1 if kind == "f" else 2):
                self.take(self.take(1)[0])
            return 0.0
        table = self.interned if kind == "R" else self.refs
        index = self.number()
        if kind == "?" or not 0 <= index < len(table):
            raise MarshalError("a reference that leads nowhere")
        return table[index]

    def string(self, kind: str) -> Any:  # noqa: ANN401 - bytes or text
        """Texts and bytes."""
        raw = self.take(self.take(1)[0] if kind in "zZ" else self.length())
        if kind == "s" and self.layout != "2":
            return raw
        text = raw.decode("utf-8", "surrogateescape") if kind in "tu" else raw.decode("latin-1")
        if kind == "t":
            self.interned.append(text)
        return text

    def collection(self, kind: str, depth: int) -> Any:  # noqa: ANN401 - any constant
        """Tuples, lists, sets, dictionaries and slices, all as tuples."""
        if kind == "{":
            return self.pairs(depth)
        count = self.take(1)[0] if kind == ")" else 3 if kind == ":" else self.length()
        return tuple(self.value(depth + 1) for _ in range(count))

    def pairs(self, depth: int) -> tuple[Any, ...]:
        """Keys and values up to the mark."""
        items = []
        while (key := self.value(depth + 1)) is not NULL:
            items += [key, self.value(depth + 1)]
        return tuple(items)

    def code(self, depth: int) -> CodeObject:
        """A code object in the layout that is tried."""
        numbers, first, rest = LAYOUTS[self.layout]
        for _ in range(numbers):
            self.number()
        fields: dict[str, Any] = {name: self.value(depth + 1) for name in first}
        self.number()
        fields |= {name: self.value(depth + 1) for name in rest}
        code, consts, names, name = fields["code"], fields["consts"], fields["names"], fields["name"]
        if self.layout == "2" and isinstance(code, str):
            fields["code"] = code = code.encode("latin-1", "replace")
        sound = isinstance(code, bytes) and isinstance(consts, tuple) and isinstance(name, str)
        if not (sound and isinstance(names, tuple) and all(isinstance(one, str) for one in names)):
            raise MarshalError("no code object")
        return CodeObject(self.layout, fields)


SINGLES: dict[str, Any] = {"N": None, "F": False, "T": True, "S": None, ".": ..., "0": NULL}
