"""Tensors of a model of ONNX Runtime: shape and type against the bytes, texts, bytes that are a file."""

from __future__ import annotations

from modelaudit.engine.facts import Place, Tensor, decode
from modelaudit.parsers.onnx.tensors import elements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelaudit.parsers.flatbuffers.table import Table
    from modelaudit.parsers.notes import Notes

DIMENSIONS = 64
LARGEST = 2**63 - 1
STRING = "STRING"
BYTES = ("UINT8", "INT8")
STRINGS = 256  # texts of a tensor that are looked at
KEPT = 64 * 1024


class TensorReader:
    """Makes facts of the tensors of one model."""

    def __init__(self, notes: Notes, types: Sequence[str], slots: Mapping[str, int]) -> None:
        self.notes = notes
        self.types = types
        self.slots = slots

    def read(self, table: Table, owner: str = "") -> Tensor:
        """One tensor; `owner` is the node that it is an attribute of."""
        slots = self.slots
        name, lossy = decode(table.text(slots["name"], 1024))
        self.notes.words(decode(table.text(slots["doc"]))[0], "doc", name or owner, table.at)
        shape = table.numbers(slots["dims"], "q", DIMENSIONS + 1)
        dtype = self.dtype(table.number(slots["type"], "i"), name or owner, table.at)
        begin, size = table.vector(slots["raw"], 1)
        outside = table.number(slots["offset"], "q", -1) >= 0
        nbytes = self.nbytes(shape, dtype, name or owner, table.at)
        if size and not outside and nbytes is not None and dtype != STRING and size != nbytes:
            detail = f"{name or owner}: dtype and shape need {nbytes} bytes, {size} are there"
            self.notes.defect("tensor-size", detail, table.at)
        if dtype in BYTES and size:
            self.notes.file_at(begin, size, f"tensor/{(name or owner)[:200]}", "tensor")
        if dtype == STRING:
            self.texts(table, name or owner)
        return Tensor(
            self.notes.path,
            name=name or owner,
            dtype=dtype,
            shape=tuple(shape),
            rows=shape[0] if shape else None,
            nbytes=nbytes or 0,
            storage_size=size or None,
            places=(Place(offset=begin if size else table.at),),
            lossy=lossy,
        )

    def dtype(self, number: int, name: str, at: int) -> str:
        """The name of an element type."""
        if 0 < number < len(self.types):
            return self.types[number]
        self.notes.defect("unknown-dtype", f"{name}: {number}", at)
        return str(number)

    def nbytes(self, shape: list[int], dtype: str, name: str, at: int) -> int | None:
        """Bytes that type and shape ask for, None when they do not tell."""
        bits = elements().bits.get(dtype, 0)
        total = 1
        for size in shape:
            total *= max(size, 0)
            if size < 0 or len(shape) > DIMENSIONS or total * max(bits, 8) > LARGEST:
                self.notes.defect("bad-shape", f"{name}: {shape[:8]}", at)
                del shape[DIMENSIONS:]
                return None
        return (total * bits + 7) // 8 if bits else None

    def texts(self, table: Table, name: str) -> None:
        """The texts of a tensor of texts."""
        begin, count = table.vector(self.slots["strings"], 4)
        flat = table.flat
        found: list[bytes] = []
        left = KEPT
        for n in range(min(count, STRINGS)):
            at = begin + 4 * n
            at += flat.number(at, "I")
            found.append(flat.take(at + 4, min(flat.number(at, "I"), left)))
            left -= len(found[-1])
        text, lossy = decode(b"\n".join(found))
        self.notes.words(text, "vocabulary", name, begin, lossy=lossy, cut=count > STRINGS or left <= 0)
