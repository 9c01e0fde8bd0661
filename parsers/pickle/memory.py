"""What a machine keeps: stack, marks, memo and containers, and how little of them once there is much."""

from __future__ import annotations

from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.notes import Notes

SPARSE = 1 << 24  # memo keys above it make the C reader allocate gigabytes
CENSUS = 500_000  # opcodes between two looks at the tuples of the stack
NODES_MAX = 10_000  # values of a tuple, those of the tuples in it too, that is kept behind such a look
TUPLES_MAX = 200_000  # values of all tuples of the stack that are
GAPS_MAX = 1_000_000  # memo entries behind gaps, which no program writes
ROOM = 100_000  # memo entries that are kept as they are
WEIGHT = 64 * 1024 * 1024  # bytes of values in the memo before tuples of constants are forgotten
VALUE = 64  # bytes that a value of the machine takes at least
STACKED = 16_384  # values of a stack that is not weighed
CONTAINERS = (v.ListValue, v.DictValue, v.SetValue, v.FrozenValue, v.TupleValue)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.parsers.base import Context
    from modelaudit.parsers.pickle.weigher import Weigher

    Value = object


class FullMemo:
    """A memo whose budget is spent: it goes on counting, and forgets."""

    __slots__ = ("entries", "written")

    def __init__(self, entries: list[Value]) -> None:
        self.entries = entries
        self.written = len(entries)

    def append(self, _: Value) -> None:
        """Count an entry."""
        self.written += 1

    def __getitem__(self, key: int) -> Value:
        return self.entries[key] if key < len(self.entries) else v.Unknown("memo")

    def __setitem__(self, key: int, value: Value) -> None:
        if key < len(self.entries):
            self.entries[key] = value

    def __len__(self) -> int:
        return self.written


class Memory(Notes):
    """The stack and the memo of one stream."""

    def __init__(self, path: str, context: Context, start: int, *, strict: bool) -> None:
        super().__init__(path, context, start, strict=strict)
        self.stack: list[Value] = []
        self.marks: list[int] = []
        self.memo: list[Value] | FullMemo = []
        self.sparse: dict[int, Value] = {}
        self.forgotten: dict[type[v.Container], v.Container] = {}
        self.packed = self.filled = 0  # memo entries whose texts have been packed, containers forgotten
        self.weight = 0  # bytes of the values among them that are held, estimated
        self.count = 0
        self.census = CENSUS  # number of opcodes at which the tuples of the stack are counted next
        self.weigher: Weigher | None = None  # of a large stack

    def mark(self, offset: int) -> int:
        """Take the topmost mark: the height of the stack below its items."""
        if self.marks:
            mark = self.marks.pop()
            if mark <= len(self.stack):
                return mark
        self.defect("no-mark", "an opcode takes the items above a mark, and there is no mark", offset)
        return len(self.stack)

    def take(self, offset: int) -> list[Value]:
        """Take the items above the topmost mark off the stack."""
        mark = self.mark(offset)
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def put(self, key: int, offset: int) -> None:
        """Write the top of the stack to the memo."""
        memo = self.memo
        value = self.stack[-1]
        if key < len(memo):
            memo[key] = value
            return
        if key > len(memo):
            self._put_far(key, value, offset)
            return
        memo.append(value)
        while self.sparse and len(memo) in self.sparse:
            memo.append(self.sparse.pop(len(memo)))

    def _put_far(self, key: int, value: Value, offset: int) -> None:
        if key >= SPARSE or key > 16 * (offset - self.start + 1):
            self.limit("memo", key, SPARSE, affects=v.NONE)
        if key in self.sparse or len(self.sparse) < GAPS_MAX:
            self.sparse[key] = value
        else:
            self.limit("memo", len(self.sparse) + 1, GAPS_MAX)

    def get(self, key: int, offset: int) -> Value:
        """Read the memo; a missing key is a defect and gives an unknown value."""
        if 0 <= key < len(self.memo):
            value = self.memo[key]
            return value[key] if value.__class__ is v.Pack else value
        if key in self.sparse:
            return self.sparse[key]
        self.defect("memo-missing", f"no memo entry {key}", offset)
        return v.Unknown("memo")

    def check_budgets(self) -> None:
        """Compare memo, stack and opcodes with their budgets; called every few thousand opcodes."""
        budget = self.context.budget
        entries = len(self.memo) + len(self.sparse)
        if isinstance(self.memo, list) and len(self.memo) > max(ROOM, self.packed):
            self._pack(self.memo)
        for spent, name in ((entries, "memo"), (self.weight, "memo_bytes")):
            if spent > budget(name) and isinstance(self.memo, list):
                self.limit("memo", spent, budget(name))
                self.memo = FullMemo(self.memo)
        if self.count > self.census:
            self.census = self.count + CENSUS
            self._forget_tuples()
        if len(self.stack) > STACKED:
            self._weigh()
        if len(self.stack) + len(self.marks) > budget("stack"):
            self.limit("stack", len(self.stack), budget("stack"))
            self.end("limit")
        if self.count > budget("opcodes"):
            self.limit("opcodes", self.count, budget("opcodes"))
            self.end("limit")

    def _weigh(self) -> None:
        """Forget what is long on a large stack, when it comes to too much."""
        if self.weigher is None:
            from modelaudit.parsers.pickle.weigher import Weigher

            self.weigher = Weigher()
        self.weigher.weigh(self.stack)

    def _forget_tuples(self) -> None:
        """Forget what the large tuples of the stack hold: one byte puts a tuple around another."""
        left = TUPLES_MAX
        for at in range(len(self.stack) - 1, -1, -1):
            value = self.stack[at]
            if value.__class__ is tuple:
                count = _nodes(value, NODES_MAX)
                left -= count
                if count > NODES_MAX or left < 0:
                    self.stack[at] = self._forgotten(v.TupleValue)

    def _pack(self, memo: list[Value]) -> None:
        """Make a large memo smaller; BINGET, whose keys are small, never meets what this leaves.

        Texts are put together. Containers of constants are forgotten a step later, when they are filled: reading
        one again gives a container of its kind with unknown items. So are tuples once the memo is heavy.
        """
        start, end = max(self.packed, ROOM), len(memo)
        texts = [value if value.__class__ is str else "" for value in memo[start:end]]
        pack = v.Pack(start, texts)
        memo[start:end] = [pack if text else memo[key] for key, text in enumerate(texts, start)]
        filled, blank = max(self.filled, ROOM), {kind: self._forgotten(kind) for kind in CONTAINERS}
        for key, value in enumerate(memo[filled:start], filled):
            kind = value.__class__
            memo[key] = blank[kind] if kind in blank and not value.live else self._kept(value)  # type: ignore
        self.filled, self.packed = start, end

    def _kept(self, value: Value) -> Value:
        """What stays of a value in a large memo."""
        kind = value.__class__
        if kind is v.Pack:
            return value
        if kind is tuple and self.weight > WEIGHT and not v.is_live(value):
            return self._forgotten(v.TupleValue)
        self.weight += VALUE
        if isinstance(value, (tuple, bytes)):
            self.weight += len(value) * (VALUE // 2 if kind is tuple else 1)
        return value

    def _forgotten(self, kind: type[Any]) -> v.Container:
        if kind not in self.forgotten:
            made = self.forgotten[kind] = kind()
            made.omit()
            made.enliven()
        return self.forgotten[kind]


def _nodes(value: tuple[Value, ...], most: int) -> int:
    """How many values a tuple has, those of the tuples in it too; counts no further than to one more than `most`."""
    waiting, count = [value], 0
    while waiting and count <= most:
        items = waiting.pop()
        count += len(items)
        waiting += [item for item in items if item.__class__ is tuple]
    return count
