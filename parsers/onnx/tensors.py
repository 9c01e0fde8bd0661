"""Tensors of an ONNX model: what they say of themselves, whether their bytes fit, and where else their bytes stand."""

from __future__ import annotations

import json
import os

from modelaudit.engine.facts import Place, Reference, Tensor, clean, path_class
from modelaudit.parsers.base import Values
from modelaudit.parsers.onnx.numbers import HELD, Numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Nested
    from modelaudit.parsers.protobuf.document import Document
    from modelaudit.parsers.protobuf.wire import Field, Message
    from modelaudit.parsers.reader import Reader

DIMENSIONS = 64  # more than any framework has
LARGEST = 2**63 - 1
STRINGS = 256 * 1024  # characters of a tensor of texts that are looked at
PREPACKED = "prepacked_"  # keys of the weights that a runtime arranged for itself
DTYPES = {"float_data": "FLOAT", "double_data": "DOUBLE"}  # types whose values stand packed as they are
VARINTS = frozenset({"int32_data", "int64_data", "uint64_data"})
DATA = {"float_data": 4, "double_data": 8}  # bytes of one element as it is packed


class Elements:
    """The element types of the format: names by number, bits by name, and the keys of external data."""

    def __init__(self) -> None:
        folder = os.path.dirname(__file__)
        with open(os.path.join(folder, "elements.json"), "rb") as file:
            table = json.loads(file.read())
        with open(os.path.join(folder, "messages.json"), "rb") as file:
            enums = json.loads(file.read())["enums"]
        self.bits: dict[str, int] = table["bits"]
        self.external: frozenset[str] = frozenset(table["external"])
        self.names: dict[int, str] = {int(n): name for n, name in enums["TensorProto.DataType"].items()}


_elements: list[Elements] = []


def elements() -> Elements:
    """The element types, read on first use."""
    if not _elements:
        _elements.append(Elements())
    return _elements[0]


class Stored:
    """What the fields of one tensor say."""

    __slots__ = ("data", "dims", "dtype", "external", "name", "numbers", "raw", "typed", "where")

    def __init__(self) -> None:
        self.name = ""
        self.dims: list[int] = []
        self.dtype = 0
        self.raw: Field | None = None
        self.numbers: list[Field] = []  # the first fields that hold numbers
        self.typed = -1  # bytes that the numbers take, when that can be told
        self.data = False  # whether any numbers or texts are there
        self.where = 0  # 1: in another file
        self.external: list[tuple[str, str, int]] = []  # key, value, offset


class TensorReader:
    """Makes facts of the tensors of one model."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.elements = elements()

    def read(self, message: Message, owner: str = "") -> Iterator[Fact | Nested | Values]:
        """The tensor's fact, and the references to files that hold its bytes. `owner` names one without a name."""
        stored = self._fields(message, owner)
        document = self.document
        name, lossy = clean((stored.name or owner)[:1024])
        dtype = self.elements.names.get(stored.dtype, str(stored.dtype))
        if stored.dtype not in self.elements.names:
            document.defect("unknown-dtype", f"{name}: {stored.dtype}", message.start)
        nbytes = self._nbytes(stored, name, dtype, message.start)
        external = bool(stored.external) or stored.where == 1
        stored_size = None if external else self._stored(stored, name, dtype, nbytes, message.start)
        fact = Tensor(
            document.path,
            name=name,
            dtype=dtype,
            shape=tuple(stored.dims),
            rows=stored.dims[0] if stored.dims else None,
            nbytes=nbytes or 0,
            storage_size=stored_size,
            data_offset=None if external or stored.raw is None else stored.raw.start,
            places=(Place(offset=stored.raw.start if stored.raw is not None else message.start),),
            lossy=lossy,
        )
        values = None if external or stored.raw is not None else self._typed(stored, dtype, nbytes)
        if external and document.outside is not None:
            values = self._outside(stored, nbytes)
        yield fact if values is None else Values(fact, values)
        if external:
            yield from self._external(stored, name, message.start)
        yield from document.flush()

    def _fields(self, message: Message, owner: str) -> Stored:
        """Read the fields of a tensor; its numbers are passed over."""
        stored = Stored()
        texts: list[str] = []
        room = STRINGS
        for field in message.fields():
            name = field.name
            if name == "dims":
                stored.dims += [int(n) for n in field.numbers(DIMENSIONS + 1 - len(stored.dims))]
            elif name == "data_type":
                stored.dtype = field.integer()
            elif name == "name":
                stored.name = field.word()
            elif name == "raw_data":
                stored.raw = field
            elif name == "external_data":
                stored.external.append(self._entry(field))
            elif name == "data_location":
                stored.where = field.integer()
            elif name == "string_data":
                stored.data = True
                if room > 0 and self.document.texts and not self.document.payload(field, _at(field), "tensor"):
                    texts.append(field.word(min(room, 4096)))
                    room -= len(texts[-1]) + 1
            else:
                self._other(field, stored, owner)
        self.document.words("\n".join(texts), "vocabulary", stored.name or owner, message.start, cut=room <= 0)
        return stored

    def _other(self, field: Field, stored: Stored, owner: str) -> None:
        """A field that holds numbers, or says something about the tensor."""
        if field.name.endswith("_data"):
            stored.data = True
            if len(stored.numbers) < 2:
                stored.numbers.append(field)
            if field.name in DATA:
                stored.typed = max(stored.typed, 0) + field.size
        elif field.name == "doc_string":
            self.document.text(field, "doc", stored.name or owner)
        elif field.name == "metadata_props":
            key, value, _ = self._entry(field)
            self.document.words(value, "metadata", key, field.start)
        elif field.kind == "TensorProto.Segment":
            self.document.survey(field.sub())

    def _typed(self, stored: Stored, dtype: str, nbytes: int | None) -> Reader | None:
        """The values that stand in one packed field of numbers, None when they stand otherwise."""
        if len(stored.numbers) != 1 or stored.numbers[0].wire != 2 or not nbytes or nbytes > HELD:
            return None
        field = stored.numbers[0]
        if DTYPES.get(field.name) == dtype:
            return field.reader() if field.size == nbytes else None
        each = self.elements.bits.get(dtype, 0) // 8
        if field.name not in VARINTS or not each or field.size > HELD:
            return None
        return Numbers(field.reader(), nbytes // each, each)

    def _entry(self, field: Field) -> tuple[str, str, int]:
        """Key and value of an entry, and its place."""
        found = {inner.name: inner.word(64 * 1024) for inner in field.sub().fields()}
        return found.get("key", ""), found.get("value", ""), field.start

    def _nbytes(self, stored: Stored, name: str, dtype: str, offset: int) -> int | None:
        """Bytes that dtype and shape ask for, None when they do not tell."""
        document = self.document
        if len(stored.dims) > DIMENSIONS or any(size < 0 for size in stored.dims):
            document.defect("bad-shape", f"{name}: {stored.dims[:8]}", offset)
            del stored.dims[DIMENSIONS:]
            return None
        elements = 1
        for size in stored.dims:
            elements *= size
            if elements > LARGEST:
                document.defect("bad-shape", f"{name}: the number of elements overflows", offset)
                return None
        bits = self.elements.bits.get(dtype)
        return None if bits is None else (elements * bits + 7) // 8

    def _stored(self, stored: Stored, name: str, dtype: str, nbytes: int | None, offset: int) -> int | None:
        """Bytes that are stored in the file; a difference is a defect."""
        raw = stored.raw
        if raw is None:
            bits = self.elements.bits.get(dtype)
            if nbytes and not stored.data:
                self.document.defect("tensor-size", f"{name}: {nbytes} bytes are needed, none are there", offset)
            elif stored.typed >= 0 and nbytes is not None and bits and dtype in {"FLOAT", "DOUBLE"}:
                return self._agree(name, nbytes, stored.typed, offset)
            return None
        if stored.data and raw.size:
            self.document.defect("tensor-twice", f"{name}: as raw bytes and as numbers", offset)
        if dtype in {"UINT8", "INT8"}:
            self.document.payload(raw, _at(raw), "tensor")
        return raw.size if nbytes is None else self._agree(name, nbytes, raw.size, offset)

    def _agree(self, name: str, needed: int, there: int, offset: int) -> int:
        if needed != there:
            detail = f"{name}: dtype and shape need {needed} bytes, {there} are there"
            self.document.defect("tensor-size", detail, offset)
        return there

    def _outside(self, stored: Stored, nbytes: int | None) -> Reader | None:
        """The values that stand in another file, when the caller has it."""
        keys = {key: value for key, value, _ in stored.external}
        offset, length = (keys.get(key, "0") for key in ("offset", "length"))
        sound = all(one.isascii() and one.isdigit() and len(one) < 20 for one in (offset, length))
        if self.document.outside is None or not sound or not nbytes or int(length) not in (0, nbytes):
            return None
        return self.document.outside(keys.get("location", ""), int(offset), nbytes)

    def _external(self, stored: Stored, name: str, offset: int) -> Iterator[Fact]:
        """The references of a tensor whose bytes stand in another file."""
        numbers = {"offset": 0, "length": 0}
        for key, value, place in stored.external:
            if key in numbers:
                if not (value.isascii() and value.isdigit() and len(value) < 20):
                    self.document.defect("bad-external-data", f"{name}: {key} is {value[:80]!r}", place)
                else:
                    numbers[key] = int(value)
            elif key not in self.elements.external and not key.startswith(PREPACKED):
                self.document.defect("bad-external-data", f"{name}: the key {key[:80]!r} is not known", place)
        locations = [(value, place) for key, value, place in stored.external if key == "location"]
        if not locations:
            self.document.defect("bad-external-data", f"{name}: no location", offset)
        if stored.raw is not None and stored.raw.size:
            self.document.defect("tensor-twice", f"{name}: in the model and in another file", offset)
        for location, place in locations:
            yield self._reference(location, name, place, min(numbers["offset"] + numbers["length"], LARGEST))

    def _reference(self, location: str, owner: str, offset: int, end: int) -> Reference:
        target, lossy = clean(location)
        return Reference(
            self.document.path,
            target=target,
            kind="external-data",
            owner=owner,
            key="location",
            path_class=path_class(location),
            end=end or None,
            places=(Place(offset=offset),),
            lossy=lossy,
        )


def _at(field: Field) -> str:
    return f"tensor@0x{field.start:x}"
