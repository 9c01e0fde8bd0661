"""Tensors of programs and of files of weights: element types by their numbers in `scalar_type.fbs`, and shapes."""

from __future__ import annotations

from modelaudit.engine.facts import Place, Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.notes import Notes

DIMENSIONS = 16  # that the runtime takes
LARGEST = 2**48  # bytes
TYPES = {
    0: ("uint8", 1),
    1: ("int8", 1),
    2: ("int16", 2),
    3: ("int32", 4),
    4: ("int64", 8),
    5: ("float16", 2),
    6: ("float32", 4),
    7: ("float64", 8),
    8: ("complex32", 4),
    9: ("complex64", 8),
    10: ("complex128", 16),
    11: ("bool", 1),
    12: ("qint8", 1),
    13: ("quint8", 1),
    14: ("qint32", 4),
    15: ("bfloat16", 2),
    16: ("quint4x2", 1),
    17: ("quint2x4", 1),
    18: ("bits1x8", 1),
    19: ("bits2x4", 1),
    20: ("bits4x2", 1),
    21: ("bits8", 1),
    22: ("bits16", 2),
    23: ("float8_e5m2", 1),
    24: ("float8_e4m3fn", 1),
    25: ("float8_e5m2fnuz", 1),
    26: ("float8_e4m3fnuz", 1),
    27: ("uint16", 2),
    28: ("uint32", 4),
    29: ("uint64", 8),
}


def tensor(notes: Notes, name: str, number: int, shape: list[int], at: int) -> Tensor:
    """The fact of a tensor; what its type or shape cannot be is noted."""
    dtype, width = TYPES.get(number, (str(number), 0))
    if number not in TYPES:
        notes.defect("unknown-dtype", f"{name or 'a tensor'}: {number}", at)
    nbytes = max(width, 1)
    for size in shape:
        nbytes *= max(size, 0)
    if len(shape) > DIMENSIONS or min(shape, default=0) < 0 or nbytes > LARGEST:
        notes.defect("bad-shape", f"{name or 'a tensor'}: {shape[:8]}", at)
        nbytes = 0
    return Tensor(
        notes.path,
        name=name,
        dtype=dtype,
        shape=tuple(shape[:DIMENSIONS]),
        rows=shape[0] if shape else None,
        nbytes=nbytes if width else 0,
        places=(Place(offset=at),),
    )
