"""Subgraphs of a TensorFlow Lite model: operators with their names, tensors with their buffers, calls between them."""

from __future__ import annotations

from itertools import pairwise

from modelaudit.engine.facts import Op, Place, Tensor, clean, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Nested
    from modelaudit.parsers.flatbuffers.table import Flat, Table
    from modelaudit.parsers.notes import Notes

DIMENSIONS = 64
LARGEST = 2**63 - 1
INPUTS = 256  # of an operator
KEPT = 64 * 1024  # bytes of a constant of texts
CUSTOM = 32  # number of the operators that have a name of their own
FLEX = "Flex"  # before the name of an operator of TensorFlow itself
OTHER = "custom"  # domain of operators that are neither built in nor of TensorFlow
CALL = "STABLEHLO_CUSTOM_CALL"
STRING = "STRING"
UNSIZED = frozenset({"STRING", "RESOURCE", "VARIANT"})


class Schema:
    """Names and sizes by the numbers of the format."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.operators: dict[int, str] = {int(n): name for n, name in table["operators"].items()}
        self.types: dict[int, tuple[str, int]] = {int(n): (row[0], row[1]) for n, row in table["types"].items()}
        self.calls: dict[int, list[int]] = {int(n): slots for n, slots in table["calls"].items()}
        self.calls2: dict[int, list[int]] = {int(n): slots for n, slots in table["calls2"].items()}


class Buffer:
    """Where the bytes of a buffer stand, none when `size` is 0."""

    __slots__ = ("begin", "size")

    def __init__(self, begin: int, size: int) -> None:
        self.begin = begin
        self.size = size


class Held:
    """A tensor that operators may take."""

    __slots__ = ("buffer", "dtype")

    def __init__(self, dtype: str, buffer: Buffer | None) -> None:
        self.dtype = dtype
        self.buffer = buffer


class GraphReader:
    """Reads the subgraphs of one model."""

    def __init__(self, notes: Notes, flat: Flat, schema: Schema, buffers: Sequence[Buffer]) -> None:
        self.notes = notes
        self.flat = flat
        self.schema = schema
        self.buffers = buffers
        self.codes: list[tuple[str, str]] = []  # domain and type of each operator
        self.count = 0
        self.calls: dict[int, set[int]] = {}  # subgraphs by the subgraph that calls them

    def code(self, table: Table) -> tuple[str, str]:
        """Domain and type of an operator that subgraphs use by its number."""
        number = max(table.number(0, "b"), table.number(3, "i"))
        name, _ = decode(table.text(1, 1024))
        if number != CUSTOM:
            return "", self.schema.operators.get(number, str(number))
        if name.startswith(FLEX):
            return "flex", name.removeprefix(FLEX)
        return OTHER, name

    def subgraphs(self, root: Table, slot: int) -> Iterator[Fact | Nested]:
        """The facts of every subgraph."""
        tables = list(root.tables(slot))
        self.count = len(tables)
        for number, table in enumerate(tables):
            name = clean(decode(table.text(4, 1024))[0])[0] or f"subgraph-{number}"
            held: list[Held] = []
            for tensor in table.tables(0):
                yield self.tensor(tensor, held)
                yield from self.notes.flush()
            for inner in (1, 2):
                self.inside(table.numbers(inner, "i", INPUTS), len(held), f"{name}: an input or output", table.at)
            for operator in table.tables(3):
                yield self.operator(operator, number, name, held)
                yield from self.notes.flush()
        self.cycles()
        yield from self.notes.flush()

    def tensor(self, table: Table, held: list[Held]) -> Tensor:
        """One tensor, which operators may then take."""
        shape = table.numbers(0, "i", DIMENSIONS + 1)
        name, lossy = decode(table.text(3, 1024))
        type, number = table.number(1, "b"), table.number(2, "I")
        dtype, bits = self.schema.types.get(type, (str(type), 0))
        if type not in self.schema.types:
            self.notes.defect("unknown-dtype", f"{name}: {type}", table.at)
        self.quantized(table)
        buffer = self.buffers[number] if number < len(self.buffers) else None
        if buffer is None:
            self.notes.defect("bad-index", f"{name}: buffer {number} of {len(self.buffers)}", table.at)
        nbytes = self.nbytes(shape, bits, name, table.at)
        stored = buffer.size if buffer is not None and buffer.size else None
        sized = nbytes is not None and dtype not in UNSIZED and bits and table.place(6) is None
        if sized and stored is not None and stored < (nbytes or 0):
            self.notes.defect("tensor-size", f"{name}: {nbytes} bytes are needed, {stored} are there", table.at)
        if buffer is not None and stored:
            self.constant(name, dtype, buffer)
        held.append(Held(dtype, buffer))
        return Tensor(
            self.notes.path,
            name=name,
            dtype=dtype,
            shape=tuple(shape),
            rows=shape[0] if shape else None,
            nbytes=nbytes or 0,
            storage_size=stored,
            places=(Place(offset=buffer.begin if buffer is not None and stored else table.at),),
            lossy=lossy,
        )

    def quantized(self, table: Table) -> None:
        """Go past the numbers by which a tensor is quantised."""
        inner = table.table(4)
        if inner is not None:
            for slot, each in ((0, 4), (1, 4), (2, 4), (3, 8)):
                inner.vector(slot, each)

    def nbytes(self, shape: list[int], bits: int, name: str, at: int) -> int | None:
        """Bytes that type and shape ask for, None when they do not tell."""
        elements = 1
        for size in shape:
            elements *= max(size, 0)
            if size < -1 or len(shape) > DIMENSIONS or elements * max(bits, 8) > LARGEST:
                self.notes.defect("bad-shape", f"{name}: {shape[:8]}", at)
                del shape[DIMENSIONS:]
                return None
        return (elements * bits + 7) // 8

    def constant(self, name: str, dtype: str, buffer: Buffer) -> None:
        """Look at a constant that may hold more than numbers."""
        if dtype == STRING:
            raw = self.notes.reader.read_at(buffer.begin, min(buffer.size, KEPT))
            text, lossy = decode(b"\n".join(strings(raw)))
            self.notes.words(text, "vocabulary", name, buffer.begin, lossy=lossy, cut=buffer.size > KEPT)
        elif dtype in ("UINT8", "INT8"):
            self.notes.file_at(buffer.begin, buffer.size, f"tensor/{name[:200]}", "tensor")

    def operator(self, table: Table, number: int, graph: str, held: list[Held]) -> Op:
        """One operator."""
        index = table.number(0, "I")
        domain, type = self.codes[index] if index < len(self.codes) else ("", "")
        if index >= len(self.codes):
            self.notes.defect("bad-index", f"{graph}: operator {index} of {len(self.codes)}", table.at)
        inputs = table.numbers(1, "i", INPUTS)
        self.inside(inputs, len(held), f"{graph}/{type}: an input", table.at)
        self.inside(table.numbers(2, "i", INPUTS), len(held), f"{graph}/{type}: an output", table.at)
        attributes = self.options(table, number, type)
        begin, size = table.vector(5, 1)
        if size:
            self.notes.file_at(begin, size, f"options@0x{begin:x}", "metadata")
        named = () if not domain else tuple(self.written(held, one) for one in inputs[:8])
        return Op(
            self.notes.path,
            domain=domain,
            type=clean(type)[0],
            graph_path=graph,
            attributes=attributes,
            const_inputs=named,
            places=(Place(offset=table.at, node=graph),),
        )

    def options(self, table: Table, number: int, type: str) -> dict[str, str]:
        """What the options say that matters: subgraphs that are called, and the target of a custom call."""
        for slot, calls in ((3, self.schema.calls), (11, self.schema.calls2)):
            kind = table.number(slot, "B")
            inner = table.table(slot + 1) if kind in calls or (slot == 11 and type == CALL) else None
            if inner is None:
                continue
            if type == CALL:
                return {"call_target_name": decode(inner.text(0, 1024))[0]}
            for one in calls[kind]:
                self.called(number, inner.number(one, "i"), inner.at)
        return {}

    def called(self, caller: int, called: int, at: int) -> None:
        """Note that a subgraph calls another one."""
        if 0 <= called < self.count:
            self.calls.setdefault(caller, set()).add(called)
        elif called != -1:
            self.notes.defect("bad-index", f"subgraph {called} of {self.count} is called", at)

    def inside(self, numbers: Sequence[int], count: int, what: str, at: int) -> None:
        """Note numbers of tensors that are none; -1 stands for no tensor."""
        for number in numbers:
            if not -1 <= number < count:
                self.notes.defect("bad-index", f"{what} is tensor {number} of {count}", at)

    def written(self, held: list[Held], number: int) -> str:
        """The text that a constant input is, `?` when it is none."""
        if not 0 <= number < len(held):
            return "?"
        one = held[number]
        if one.dtype != STRING or one.buffer is None or not one.buffer.size:
            return "?"
        found = strings(self.notes.reader.read_at(one.buffer.begin, min(one.buffer.size, KEPT)))
        return decode(found[0])[0][:1024] if found else "?"

    def cycles(self) -> None:
        """Note subgraphs that call themselves, over others or not."""
        done: set[int] = set()
        for start in self.calls:
            if start not in done and self.returns(start, done):
                self.notes.defect("subgraph-cycle", f"subgraph {start} calls itself", 0)
                return

    def returns(self, start: int, done: set[int]) -> bool:
        """Whether a walk along the calls comes back to a subgraph that it is in."""
        path: list[tuple[int, Iterator[int]]] = [(start, iter(self.calls.get(start, ())))]
        inside = {start}
        while path:
            node, rest = path[-1]
            following = next(rest, None)
            if following is None:
                path.pop()
                inside.discard(node)
                done.add(node)
            elif following in inside:
                return True
            elif following not in done:
                inside.add(following)
                path.append((following, iter(self.calls.get(following, ()))))
        return False


def strings(raw: bytes) -> list[bytes]:
    """The texts of a constant: their number, where each begins and the last ends, then the texts."""
    count = int.from_bytes(raw[:4], "little")
    if not 0 < count <= len(raw) // 4:
        return []
    places = [int.from_bytes(raw[4 * n : 4 * n + 4], "little") for n in range(1, count + 2)]
    return [raw[begin:end] for begin, end in pairwise(places) if begin <= end]
