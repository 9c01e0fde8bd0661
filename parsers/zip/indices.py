"""Indices of sparse tensors against the sizes of the tensors: PyTorch does not check them when it loads a file.

Layout: `torch/_utils.py` (`_rebuild_sparse_tensor`): a row of indices for each sparse dimension, one behind the other.
"""

from __future__ import annotations

import sys
from array import array

CODES = {"LongStorage": "q", "IntStorage": "i"}
WINDOW = 1024 * 1024

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.parsers.reader import Reader


def outside(values: Reader, kind: str, limits: Sequence[int]) -> str | None:
    """The first index that is negative or not below the limit of its row; None when all are within."""
    code = CODES.get(kind)
    if code is None or not limits:
        return None
    row = values.size // len(limits)
    for number, limit in enumerate(limits):
        for begin in range(number * row, (number + 1) * row, WINDOW):
            items = array(code, values.read_at(begin, min(WINDOW, (number + 1) * row - begin)))
            if sys.byteorder == "big":
                items.byteswap()
            low, high = min(items, default=0), max(items, default=0)
            if low < 0 or high >= limit:
                return f"row {number} has the index {low if low < 0 else high} of {limit}"
    return None
