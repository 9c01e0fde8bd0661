"""Tensors that ask for more than their storage has, and sparse ones whose parts do not fit together: no program
writes such a checkpoint.

Layout: `torch/_utils.py`: `_rebuild_tensor_v2(storage, offset, size, stride, …)`, all in elements of the storage, and
`_rebuild_sparse_tensor(layout, (indices, values, size, …))`, or with two tensors of indices for compressed layouts.
"""

from __future__ import annotations

from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.evaluation import ALWAYS, STRUCTURE, Site

DIMENSIONS = 64  # that PyTorch allows
BYTES = {  # bytes of an element, by the name of the type
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "complex64": 8, "complex128": 16, "int64": 8, "int32": 4,
    "int16": 2, "int8": 1, "uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8, "bool": 1, "float8_e4m3fn": 1,
    "float8_e5m2": 1, "float8_e4m3fnuz": 1, "float8_e5m2fnuz": 1,
}  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Value = object


def _rebuild(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    """Compare a tensor's place, sizes and strides with its storage, where all of them are known."""
    storage, offset, size, stride = args[:4]
    if not isinstance(storage, v.Persistent):
        return None
    count = _count(storage, args)
    if count is not None and type(offset) is int and _numbers(size) and _numbers(stride):
        wrong = _wrong(count, offset, size, stride)  # type: ignore[arg-type]
        if wrong:
            site.m.defect("tensor-bounds", wrong, site.offset)
    made = site.m.tensor(cls, args, flows, site.offset) if storage.count is not None else None
    return v.Tensor(cls, flows, _sizes(size) or ()) if made is None and _sizes(size) else made


def _count(storage: v.Persistent, args: Sequence[Value]) -> int | None:
    """The elements of a storage; of one that counts bytes those of the type that `_rebuild_tensor_v3` names."""
    if storage.count is not None or storage.nbytes is None or len(args) < 7:
        return storage.count
    size = BYTES.get(args[6].name) if isinstance(args[6], v.Import) else None
    return storage.nbytes // size if size is not None else None


def _sparse(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    """Compare the parts of a sparse tensor, and note its indices."""
    parts = args[1]
    if not isinstance(parts, tuple) or not 3 <= len(parts) <= 4:
        return None
    compressed = len(parts) == 4 and _sizes(parts[2]) is None
    size = _sizes(parts[3 if compressed else 2])
    if size is None:
        return None
    wrong = f"a negative number in sizes {_told(size)}" if min(size, default=0) < 0 else ""
    if compressed:
        wrong = wrong or _compressed_wrong(parts, size)
        site.m.indexed(parts[1], (max(size, default=0),), site.offset)
    else:
        wrong = wrong or _coordinates_wrong(parts, size)
        shape = _shape(parts[0])
        if shape is not None and len(shape) == 2:
            site.m.indexed(parts[0], size[: shape[0]], site.offset)
    if wrong:
        site.m.defect("sparse-bounds", wrong, site.offset)
    return None


def _coordinates_wrong(parts: Sequence[Value], size: tuple[int, ...]) -> str:
    """What does not fit: a row of indices for each sparse dimension, a column for each value."""
    indices, values = _shape(parts[0]), _shape(parts[1])
    if indices is None or values is None:
        return ""
    if len(indices) != 2:
        return f"indices of {len(indices)} dimensions"
    if indices[0] > len(size):
        return f"{indices[0]} rows of indices for {len(size)} dimensions"
    if values[:1] != indices[1:]:
        return f"{indices[1]} columns of indices for values of sizes {_told(values)}"
    if values[1:] != size[indices[0] :]:
        return f"values of sizes {_told(values)} for sizes {_told(size)}"
    return ""


def _compressed_wrong(parts: Sequence[Value], size: tuple[int, ...]) -> str:
    """What does not fit: an index for each value, which the numbers of a row count."""
    plain, values = _shape(parts[1]), _shape(parts[2])
    if len(size) < 2:
        return f"a compressed layout of {len(size)} dimensions"
    if plain is not None and values is not None and values[: len(plain)] != plain:
        return f"indices of sizes {_told(plain)} for values of sizes {_told(values)}"
    return ""


def _shape(value: Value) -> tuple[int, ...] | None:
    return value.shape if isinstance(value, v.Tensor) else None


def _sizes(value: Value) -> tuple[int, ...] | None:
    """Sizes as numbers, `torch.Size` or a tuple; None when they are not known."""
    if isinstance(value, v.Folded):
        value = value.value
    return value if _numbers(value) else None  # type: ignore[return-value]


def _parameter(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    """A parameter is its tensor, where tensors are looked for."""
    return args[0] if site.m.seeks_tensors else None


def _numbers(value: Value) -> bool:
    return isinstance(value, tuple) and all(type(item) is int for item in value)


def _wrong(count: int, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> str:
    """What is wrong with a tensor in a storage of so many elements; empty when nothing is."""
    if len(size) != len(stride) or len(size) > DIMENSIONS:
        return f"{len(size)} sizes and {len(stride)} strides"
    if min(offset, *size, *stride, 0) < 0:
        return f"a negative number in offset {offset}, sizes {_told(size)}, strides {_told(stride)}"
    last = offset + sum([(n - 1) * step for n, step in zip(size, stride, strict=True)]) + 1
    if 0 in size or last <= count:
        return ""
    return f"sizes {_told(size)} with strides {_told(stride)} at {offset} need {last} elements of {count}"


def _told(numbers: tuple[int, ...]) -> str:
    return f"({', '.join([str(number)[:20] for number in numbers[:8]])}{', …' if len(numbers) > 8 else ''})"


STRUCTURE["rebuild_tensor"] = _rebuild
STRUCTURE["rebuild_parameter"] = _parameter
STRUCTURE["rebuild_sparse"] = _sparse
ALWAYS.update(("rebuild_tensor", "rebuild_parameter", "rebuild_sparse"))
