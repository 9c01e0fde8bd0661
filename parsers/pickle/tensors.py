"""Tensors that ask for more than their storage has: a part of a checkpoint that no program writes.

Layout: `torch/_utils.py` (`_rebuild_tensor_v2(storage, offset, size, stride, …)`), all in elements of the storage.
"""

from __future__ import annotations

from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.evaluation import ALWAYS, STRUCTURE, Site

DIMENSIONS = 64  # that PyTorch allows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Value = object


def _rebuild(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value | None:
    """Compare a tensor's place, sizes and strides with its storage, where all of them are known."""
    storage, offset, size, stride = args[:4]
    if not isinstance(storage, v.Persistent) or storage.count is None:
        return None
    if type(offset) is int and _numbers(size) and _numbers(stride):
        wrong = _wrong(storage.count, offset, size, stride)  # type: ignore[arg-type]
        if wrong:
            site.m.defect("tensor-bounds", wrong, site.offset)
    return site.m.tensor(cls, args, flows, site.offset)


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
ALWAYS.update(("rebuild_tensor", "rebuild_parameter"))
