"""How much a call would make or go through, where the file says it: items, characters or bytes; of a number its bits.

Nothing is made here. What a call would make is told when it is huge, since a file of some bytes can thus take all
memory or never be done. Only a lower bound that is known is told. What the file itself holds is not counted.
"""

from __future__ import annotations

import re
from math import lgamma, log, log2

from modelaudit.parsers.pickle import values as v

ENDLESS = (1 << 63) - 1  # without an end, or more than any machine has
HUGE = 1 << 28  # items, characters, bytes or bits that are told
POOL_MAX = 1 << 20  # items of which arrangements are counted exactly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Value = object
    Args = Sequence[Value]


def of(op: str, args: Args, kwargs: Value = None) -> tuple[int, str | None]:
    """The length of what a call makes, 0 when it is not known, and how much that is when it is made now and is huge."""
    if kwargs.__class__ is v.DictValue:
        args = [*args, *kwargs[1::2]]
    try:
        length, eager = _lengths(op, args)
    except (ValueError, OverflowError, IndexError):
        return 0, None
    length = min(max(length, 0), ENDLESS)
    if not eager or length < HUGE:
        return length, None
    unit = "bits" if op in BITS else "bytes or items"
    return length, "without an end" if length == ENDLESS else f"of {length:,} {unit}"


def _lengths(op: str, args: Args) -> tuple[int, bool]:
    if op in LAZY:
        return LAZY[op](args), False
    return EAGER[op](args), True


def _plain(value: Value) -> Value:
    return value.value if value.__class__ is v.Folded else value


def _number(value: Value) -> int:
    """A whole number, 0 for anything else."""
    raw = _plain(value)
    return raw if isinstance(raw, int) else 0


def _made(value: Value) -> int:
    """The length of what a call of the stream has made."""
    return value.size if isinstance(value, v.Made) else 0


def _length(value: Value) -> int:
    """The length of any value."""
    raw = _plain(value)
    if isinstance(raw, v.DictValue):
        return len(raw) // 2
    if isinstance(raw, (str, bytes, tuple, list, dict)):
        return len(raw)
    if isinstance(raw, v.Literal):
        return raw.size if raw.type != "int" else 0
    return _made(raw)


def _bits(value: Value) -> int:
    """The bits of a number, also of one that a call of the stream would make."""
    raw = _plain(value)
    return raw.bit_length() if isinstance(raw, int) else _made(value)


# iterators


def _span(args: Args) -> int:
    numbers = [_number(arg) for arg in args[:3]]
    if not numbers:
        return 0
    start, stop = (0, numbers[0]) if len(numbers) == 1 else numbers[:2]
    step = numbers[2] if len(numbers) > 2 else 1
    return len(range(max(-ENDLESS // 2, start), min(stop, ENDLESS // 2), step)) if step else 0


def _repeat(args: Args) -> int:
    return _number(args[1]) if len(args) > 1 else ENDLESS


def _cycle(args: Args) -> int:
    return ENDLESS if _length(args[0]) else 0


def _islice(args: Args) -> int:
    stop = _plain(args[1] if len(args) < 3 else args[2])
    return _length(args[0]) if stop is None else min(_length(args[0]), _number(stop))


def _least(args: Args) -> int:
    return min([_length(arg) for arg in args], default=0)


def _product(args: Args) -> int:
    most = 1
    for arg in args:
        most = min(most * _length(arg), ENDLESS)
    return most


def _arranged(args: Args, *, ordered: bool) -> int:
    pool = _length(args[0])
    chosen = _number(args[1]) if len(args) > 1 and _plain(args[1]) is not None else pool
    if pool > POOL_MAX or not 0 <= chosen <= pool:
        return pool if chosen else 0
    count = lgamma(pool + 1) - lgamma(pool - chosen + 1) - (0.0 if ordered else lgamma(chosen + 1))
    return ENDLESS if count > log(ENDLESS) - 1 else int(2.718281828459045**count)


# text, bytes and numbers


def _counted(args: Args) -> int:
    return _number(args[0]) if args and _number(args[0]) else max([_made(arg) for arg in args], default=0)


def _every(args: Args) -> int:
    return max([_made(arg) for arg in args], default=0)


def _times(args: Args) -> int:
    left, right = args[:2]
    if _is_number(left) and _is_number(right):
        return _bits(left) + _bits(right)
    return _length(left) * _number(right) if _is_number(right) else _length(right) * _number(left)


def _is_number(value: Value) -> bool:
    return isinstance(_plain(value), int)


def _added(args: Args) -> int:
    return sum([_length(arg) for arg in args[:2]])


def _joined(args: Args) -> int:
    items = args[1]
    glue = _length(args[0])
    if isinstance(items, (tuple, list)):
        return sum([_length(item) + glue for item in items])
    return _made(items) * (glue + 1)


def _power(args: Args) -> int:
    base, exponent = _bits(args[0]), _number(args[1])
    return 0 if len(args) > 2 or base < 2 else (base - 1) * exponent


def _shifted(args: Args) -> int:
    return _bits(args[0]) + _number(args[1]) if _bits(args[0]) else 0


def _factorial(args: Args) -> int:
    number = min(_number(args[0]), ENDLESS)
    return int(lgamma(number + 1.0) / log(2)) if number > 0 else 0


def _chosen(args: Args) -> int:
    number = _number(args[0])
    chosen = _number(args[1]) if len(args) > 1 else number
    return int(chosen * log2(number / chosen)) if 0 < chosen < number <= ENDLESS else 0


_PERCENT = re.compile(r"%[#0\- +]*(\d*)(?:\.(\d+))?")
_BRACES = re.compile(r"\{[^{}:]{0,99}:[^{}]{0,99}?(\d{8,})")
_SPECIFIED = re.compile(r"(\d{8,})")


def _formatted(pattern: re.Pattern[str], text: Value) -> int:
    raw = _plain(text)
    if isinstance(raw, bytes):
        raw = raw[:4096].decode("latin-1")
    found = pattern.findall(raw[:4096]) if isinstance(raw, str) else []
    groups = [group for match in found for group in (match if isinstance(match, tuple) else (match,))]
    return max([int(group[:20]) for group in groups if group], default=0)


def _extent(value: Value) -> int:
    """The elements of an array of a shape."""
    raw = _plain(value)
    most = 1
    for number in raw if isinstance(raw, (tuple, list)) else (raw,):
        most = min(most * max(_number(number), 0), ENDLESS)
    return most


BITS = frozenset(["power", "shift", "factorial", "chosen"])
LAZY: dict[str, Callable[[Args], int]] = {
    "span": _span,
    "endless": lambda args: ENDLESS,
    "repeat": _repeat,
    "cycle": _cycle,
    "islice": _islice,
    "through": lambda args: max([_made(arg) for arg in args], default=0),
    "least": _least,
    "least_1": lambda args: _least(args[1:]),
    "chain": lambda args: sum([_length(arg) for arg in args]),
    "product": _product,
    "permutations": lambda args: _arranged(args, ordered=True),
    "combinations": lambda args: _arranged(args, ordered=False),
}
EAGER: dict[str, Callable[[Args], int]] = {
    "count": _counted,
    "every": _every,
    "times": _times,
    "added": _added,
    "joined": _joined,
    "power": _power,
    "shift": _shifted,
    "factorial": _factorial,
    "chosen": _chosen,
    "width": lambda args: _number(args[1]),
    "percent": lambda args: _formatted(_PERCENT, args[0]),
    "braces": lambda args: _formatted(_BRACES, args[0]),
    "format": lambda args: _formatted(_SPECIFIED, args[1]),
    "shape": lambda args: _extent(args[0] if len(args) < 2 or not _is_number(args[1]) else tuple(args)),
    "spread": _span,
}
