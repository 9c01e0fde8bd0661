"""The values of tensors: what their elements are, which tensors matter most, statistics, files in their low bits."""

from __future__ import annotations

import json
import os
from fnmatch import fnmatchcase
from functools import cache
from math import prod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from modelaudit.engine.facts import Tensor

BFLOAT16 = "bf16"
ORDERS = frozenset("<>|=")  # of bytes, as numpy writes them


class Element:
    """How one value is stored: as numpy spells it, or `bf16`."""

    __slots__ = ("big", "floating", "size", "spelling")

    def __init__(self, spelling: str, size: int, *, big: bool) -> None:
        self.spelling = spelling
        self.size = size
        self.big = big
        self.floating = spelling == BFLOAT16 or spelling.startswith("f")


@cache
def _tables() -> Mapping[str, Any]:
    with open(os.path.join(os.path.dirname(__file__), "tables.json"), "rb") as file:
        tables: Mapping[str, Any] = json.loads(file.read())
    return tables


@cache
def element_of(dtype: str) -> Element | None:
    """The element that a format's word for it means; None for quantised blocks and whatever is no plain number."""
    word = dtype.lower()
    if word[:1] in ORDERS:
        return _numpy(word)
    spelling = _tables()["elements"].get(word)
    if spelling is None:
        return None
    return Element(spelling, 2 if spelling == BFLOAT16 else int(spelling[1:]), big=False)


def _numpy(word: str) -> Element | None:
    """The element of numpy's own word, which begins with the order of bytes."""
    spelling = word[1:]
    if spelling not in _tables()["elements"].values():
        return None
    return Element(spelling, int(spelling[1:]), big=word[0] == ">")


def is_measurable(tensor: Tensor) -> Element | None:
    """The element of a tensor whose values stand in the artifact as they are, else None."""
    element = element_of(tensor.dtype)
    if element is None or tensor.data_offset is None or not tensor.nbytes or tensor.filters:
        return None
    count = 1
    for size in tensor.shape:
        count *= size
    return element if count * element.size == tensor.nbytes == tensor.storage_size else None


def is_value(tensor: Tensor, size: int) -> Element | None:
    """The element of a tensor whose values alone are so many bytes, else None."""
    element = element_of(tensor.dtype)
    return element if element is not None and size and prod(tensor.shape) * element.size == size else None


def role_of(name: str) -> str | None:
    """What a tensor is in the model by its name: `classifier` or `embedding`, None for all others."""
    lowered = name.lower().replace("/", ".")
    for role, part, pattern in _roles():
        if part in lowered and fnmatchcase(lowered, pattern):
            return role
    return None


def adapter_of(name: str) -> tuple[str, bool] | None:
    """The name that both matrices of an adapter's pair share, and whether it is the second; None for other tensors."""
    lowered = name.lower()
    for first, second in _tables()["adapters"]:
        for part in (first, second):
            if part in lowered:
                return lowered.replace(part, first), part == second
    return None


@cache
def _roles() -> list[tuple[str, str, str]]:
    """The patterns of all roles, each with its longest part without a wildcard: most names lack all of these."""
    roles = _tables()["roles"].items()
    return [(role, max(pattern.split("*"), key=len), pattern) for role, patterns in roles for pattern in patterns]
