"""Values of ONNX tensors in typed fields: packed floats, half precision and whole numbers as varints."""

from __future__ import annotations

import numpy as np
import pytest

from fixtures import executables, onnxes
from fixtures.checkpoints import normal, with_low_bytes
from fixtures.protobufs import field, message, varint
from modelaudit.engine.facts import Tensor
from modelaudit.parsers.base import Context, Input, Values
from modelaudit.parsers.onnx import parse
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline.facts import facts

FLOAT, INT32, INT64, DOUBLE, UINT64 = 4, 5, 7, 10, 11  # fields
TYPES = {
    "float32": (1, FLOAT),
    "float64": (11, DOUBLE),
    "float16": (10, INT32),
    "uint8": (2, INT32),
    "int8": (3, INT32),
    "int16": (5, INT32),
    "int32": (6, INT32),
    "int64": (7, INT64),
    "uint64": (13, UINT64),
}


def packed(values, number: int) -> bytes:
    if number in (FLOAT, DOUBLE):
        return values.tobytes()
    values = values.view("u2") if values.dtype.kind == "f" else values
    return b"".join(varint(int(value) & (1 << 64) - 1) for value in values.ravel())


def tensor(shape, dtype: int, *fields: tuple[int, bytes]) -> bytes:
    head = message(*((1, size) for size in shape), (2, dtype), (8, "w"))
    return head + b"".join(field(number, data) for number, data in fields)


def model(made: bytes) -> bytes:
    return onnxes.model(onnxes.graph(onnxes.node("Relu"), tensors=(made,)))


def values(data: bytes) -> list[bytes]:
    given = Input("m.onnx", BytesReader(data), "onnx", formats=frozenset({"onnx"}))
    items = [item for item in parse(given, Context()) if isinstance(item, Values)]
    return [item.reader.read_at(0, item.reader.size) for item in items]


@pytest.mark.parametrize("kind", TYPES)
def test_typed_fields(kind: str) -> None:
    whole = (np.random.default_rng(2).standard_normal((7, 5)) * 90).astype(kind)
    dtype, number = TYPES[kind]
    assert values(model(tensor(whole.shape, dtype, (number, packed(whole, number))))) == [whole.tobytes()]


def test_brain_floats() -> None:
    upper = (normal(4, 8).view("u4") >> 16).astype("<u2")
    assert values(model(tensor(upper.shape, 16, (INT32, packed(upper, INT32))))) == [upper.tobytes()]


def test_fields_that_do_not_fit_give_nothing() -> None:
    four = np.arange(4, dtype="i4")
    assert values(model(tensor((5,), 6, (INT32, packed(four, INT32))))) == [b""]
    assert values(model(tensor((4,), 6, (INT32, packed(four, INT32)[:-1] + b"\xff")))) == [b""]
    assert values(model(tensor((1,), 6, (INT32, b"\xff" * 12 + b"\1")))) == [b""]
    assert values(model(tensor((4,), 6, (INT32, packed(four, INT32)), (FLOAT, bytes(16))))) == []
    assert values(model(tensor((2,), 1, (FLOAT, bytes(12))))) == []


def test_a_program_in_the_low_bytes_of_typed_values(tmp_path) -> None:
    hidden = with_low_bytes(normal(), executables.elf() + bytes(99))
    (tmp_path / "m.onnx").write_bytes(model(tensor(hidden.shape, 1, (FLOAT, hidden.tobytes()))))
    (tree,) = facts([str(tmp_path / "m.onnx")], errors=[])
    assert [(blob.kind, blob.method) for blob in tree.facts["blob"]] == [("elf", "lsb-8")]
    (found,) = [fact for fact in tree.facts["tensor"] if isinstance(fact, Tensor)]
    assert found.stats.mean == pytest.approx(float(hidden.astype("f8").mean()))
