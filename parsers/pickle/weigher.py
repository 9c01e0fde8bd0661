"""The weight of a large stack: what is long on it is forgotten when it comes to too much.

Picklers put a thousand values on the stack and take them off again; only tuples, sets and hostile streams have many
more. Short values are bounded by their number, and stay: every name that an opcode may still resolve is among them.
"""

from __future__ import annotations

from sys import getsizeof

from modelaudit.parsers.pickle import values as v

STEP = 16_384  # values between two looks
TOP = 256  # values on the top that stay: they belong to what is being put together
SHORT = 96  # bytes that a short value takes at most, its object among them
BYTES = 32 * 1024 * 1024  # of all long values
LONG = frozenset([str, bytes, int, v.Literal])

TYPE_CHECKING = False
if TYPE_CHECKING:
    Value = object


class Weigher:
    """How far a stack is weighed, and what its long values take up to there."""

    __slots__ = ("forgotten", "upto", "weight")

    def __init__(self) -> None:
        self.upto = self.weight = 0
        self.forgotten = v.Unknown("stack")

    def weigh(self, stack: list[Value]) -> None:
        """Weigh what was put on the stack since the last time, and forget what is long in it when that is too much."""
        end = len(stack) - TOP
        if end < self.upto:
            self.upto = self.weight = 0
        if end - self.upto < STEP:
            return
        long = [(at, size) for at in range(self.upto, end) if (size := _size(stack[at])) > SHORT]
        self.upto = end
        for at, size in long:
            if self.weight + size > BYTES:
                stack[at] = self.forgotten
            else:
                self.weight += size


def _size(value: Value) -> int:
    """Bytes of a value that may be long; 0 for any other."""
    kind = value.__class__
    if kind not in LONG:
        return 0
    return getsizeof(value) + (getsizeof(value.head) if kind is v.Literal else 0)  # type: ignore[attr-defined]
