"""More ways in which files and texts stand in low bits: odd numbers of bits, strides of values, single higher bytes.

Only the beginning of a tensor is looked at, and only a file whose structure holds there or a text counts. A text is
told by its letters and blanks, of which chance has none in a row.
"""

from __future__ import annotations

import numpy as np

from modelaudit.parsers.weights.lowbits import Hidden, file_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.parsers.weights import Element

    Array = np.ndarray[Any, Any]

STRIDES = (1, 2, 3, 4)
TEXT = 256  # characters of a text
DISTINCT = 16  # of them
LETTERS = 0.6  # share of letters
BLANKS = 0.04, 0.4  # shares of blanks
PRINTABLE = frozenset(range(0x20, 0x7F)) | {9, 10, 13}


def strided(head: bytes, element: Element) -> Hidden | None:
    """The file or the text at the beginning of a tensor, None when there is none."""
    values = np.frombuffer(head, np.uint8).reshape(-1, element.size)
    if element.big:
        values = values[:, ::-1]
    for method, data in _ways(values):
        found = file_in(data)
        if found is not None:
            return Hidden(found[0], method, data[found[1] :])
        if is_text(data[:TEXT]):
            return Hidden("text", method, data)
    return None


def _ways(values: Array) -> Iterator[tuple[str, bytes]]:
    """Each way, and the bytes that come of it."""
    for stride in STRIDES:
        some = values[::stride]
        ending = f"-every-{stride}" if stride > 1 else ""
        for bits in range(1, 9):
            for order in ("first-high", "first-low") if bits < 8 else ("",):
                method = f"lsb-{bits}{'-' if order else ''}{order}{ending}"
                yield method, _packed(some[:, 0], bits, high=order == "first-high")
        for plane in range(1, values.shape[1] - 1):
            yield f"low-bytes-plane-{plane}{ending}", some[:, plane].tobytes()


def _packed(low: Array, bits: int, *, high: bool) -> bytes:
    """The low bits of bytes, put together to bytes; the first value fills the high bits or the low ones."""
    digits = np.unpackbits(low[:, None], axis=1, bitorder="big" if high else "little")
    kept = digits[:, 8 - bits :] if high else digits[:, :bits]
    flat = kept.ravel()
    return np.packbits(flat[: len(flat) // 8 * 8], bitorder="big" if high else "little").tobytes()


def is_text(data: bytes) -> bool:
    """Whether bytes are a text of words."""
    if len(data) < TEXT or not PRINTABLE.issuperset(data) or len(set(data)) < DISTINCT:
        return False
    letters = sum(map(data.count, b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    blanks = data.count(b" ") + data.count(b"\n")
    return letters >= LETTERS * TEXT and BLANKS[0] * TEXT <= blanks <= BLANKS[1] * TEXT
