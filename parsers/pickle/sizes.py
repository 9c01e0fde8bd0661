"""How large a result is that a call makes out of little: a number that is made a text, an iterator without an end.

Nothing is made here. What a call would make is told when it is huge, since a file of some bytes can thus take all
memory or never be done.
"""

from __future__ import annotations

from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.evaluation import MADE, Site, thawed
from modelaudit.parsers.pickle.pure import ERRORS

HUGE = 1 << 28  # bytes or items of a result that is told
ENDLESS = 1 << 64
DEPTH_MAX = 8  # iterators over iterators
CONSUMING = ("list", "tuple", "set", "sorted", "bytes", "consume")
OVER = {"map": 1, "filter": 1, "starmap": 1, "accumulate": 0, "iter": 0, "reversed": 0, "chain": 0, "zip": 0}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Value = object


def told(site: Site, op: str, cls: v.Import, args: Sequence[Value]) -> bool:
    """Tell of a call whose result is huge; returns whether it is."""
    if site.kind.startswith("newobj") and op not in MADE:
        return False  # `__new__` alone makes it empty
    try:
        size = _result(site, op, args)
    except ERRORS:
        return False
    if size < HUGE:
        return False
    much = "without an end" if size >= ENDLESS else f"of {size:,} bytes or items"
    site.m.defect("huge-result", f"{cls.qualname} makes something {much}", site.offset)
    return True


def _result(site: Site, op: str, args: Sequence[Value]) -> int:
    """Size of a result; 0 when it is not known."""
    if op in CONSUMING and args:
        number = _number(args[0])
        return number if op == "bytes" and number else _items(args[0])
    if op in CONSUMING or len(args) < 2:
        return 0
    first, second = _number(args[0]), _number(args[1])
    if op == "pad":
        return second
    if op in ("pow", "lshift"):
        power = (first.bit_length() - 1) * second if op == "pow" else second * bool(first)
        return power // 8 if len(args) == 2 else 0
    count, many = (first, args[1]) if first else (second, args[0])
    if count < HUGE // 4096 or _number(many):
        return 0
    return count * len(thawed(site, many))


def _number(value: Value) -> int:
    """A whole number that is known, 0 for anything else."""
    found = value.value if isinstance(value, v.Folded) else value
    return found if isinstance(found, int) and found > 0 else 0


def _items(value: Value, depth: int = 0) -> int:
    """Number of items that an iterator gives; 0 when it is not known."""
    if not isinstance(value, v.Prepared) or depth > DEPTH_MAX:
        return 0
    if value.op == "range":
        numbers = [arg.value if isinstance(arg, v.Folded) else arg for arg in value.args]
        known = all(isinstance(number, int) for number in numbers)
        return _length(numbers) if known else 0  # type: ignore[arg-type]
    if value.op == "endless":
        return ENDLESS if len(value.args) == 1 or not value.qualname.endswith("repeat") else _number(value.args[1])
    at = OVER.get(value.op, len(value.args))
    return _items(value.args[at], depth + 1) if at < len(value.args) else 0


def _length(numbers: Sequence[int]) -> int:
    first, last, step = (0, *numbers, 1) if len(numbers) == 1 else (*numbers, 1)[:3]
    return max(0, -((first - last) // step)) if step else 0


def _kept(site: Site, cls: v.Import, args: Sequence[Value], flows: frozenset[str]) -> Value:
    """An iterator or range as what it was made with."""
    return site.m.prepare(v.Prepared(cls, flows, cls.fold or "", tuple(args)))


KEPT = {"range": _kept, "endless": _kept}
SIZES = dict.fromkeys((*CONSUMING, "mul", "pow", "lshift", "pad"), told)
