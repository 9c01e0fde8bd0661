"""One budget for everything that is nested in a file: time, depth, members, expanded bytes."""

from __future__ import annotations

from _thread import get_ident
from time import monotonic

from modelaudit.parsers.base import BudgetSpent, Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.parsers.base import Nested
    from modelaudit.parsers.reader import Reader

MAX_DEPTH = 8  # archives in archives
RATIO_FREE = 16 * 1024 * 1024  # bytes that a member may expand to at any ratio
FREE = 256 * 1024 * 1024  # bytes that come out of a whole file at any ratio
WINDOW = 1024 * 1024
PULSE = 0.1  # seconds between two signs of life
RESERVE = WINDOW  # with less than this left, nested artifacts are not read any more


class Budget:
    """What may still be spent on one file on disk and all that is nested in it.

    `deadline` is a moment of `time.monotonic`, the same for the whole scan; None for no limit. `timeout` is what
    the user allowed, in seconds. `pulse` is called some times a second while the budget is asked.
    """

    __slots__ = (
        *("_next", "_thread", "deadline", "depth_by", "expanded", "limits", "max_depth", "members", "pulse"),
        *("timed_out", "timeout"),
    )

    def __init__(
        self,
        deadline: float | None = None,
        timeout: float | None = None,
        max_depth: int | None = None,
    ) -> None:
        self.deadline = deadline
        self.timeout = timeout
        self.max_depth = MAX_DEPTH if max_depth is None else max_depth
        self.depth_by = "file" if self.max_depth >= MAX_DEPTH else "user"
        self.limits = dict(Context.BUDGETS)
        self.expanded = 0  # bytes
        self.members = 0
        self.timed_out = False
        self.pulse: Callable[[], None] | None = None
        self._next = monotonic() + PULSE
        self._thread = get_ident()

    def allow(self, size: int) -> None:
        """Take the size of the file on disk in.

        What is only stored in it may be read, that is no expansion; the ratio that holds for one member holds for the
        whole file too, since archives in archives multiply.
        """
        by_ratio = max(FREE, self.limits["ratio"] * size)
        self.limits["expanded"] = max(min(self.limits["expanded"], by_ratio), 2 * size)

    def check(self) -> None:
        """Raise `BudgetSpent` once the deadline has passed; give a sign of life, if this is the thread that reads."""
        now = monotonic()
        if self.pulse is not None and now >= self._next and get_ident() == self._thread:
            self._next = now + PULSE
            self.pulse()
        if self.deadline is not None and now >= self.deadline:
            self.timed_out = True
            allowed = None if self.timeout is None else int(self.timeout)
            raise BudgetSpent("time", at=allowed, budget=allowed, by="user")

    def enter(self) -> None:
        """Count a nested artifact; raises `BudgetSpent` when there are too many, or nothing is left to read them."""
        if self.limits["expanded"] - self.expanded < RESERVE:
            raise self._bytes(self.expanded)
        self.members += 1
        if self.members > self.limits["members"]:
            raise BudgetSpent("members", at=self.members, budget=self.limits["members"], by="file")

    def expand(self, number: int) -> None:
        """Count bytes about to come out of a nested artifact; raises `BudgetSpent` when so many are not left."""
        total = self.expanded + number
        if total > self.limits["expanded"]:
            raise self._bytes(total)
        self.expanded = total

    def _bytes(self, total: int) -> BudgetSpent:
        return BudgetSpent("bytes", at=total, budget=self.limits["expanded"], by="file")


class Metered:
    """The reader of a nested artifact, counted against the budget.

    What is compressed is counted by how far it was read, before it is read, since a reader expands everything up
    to there; what is stored is counted by the bytes that were read.
    """

    __slots__ = ("_base", "_budget", "_reach", "compressed", "size")

    def __init__(self, nested: Nested, budget: Budget) -> None:
        self._base: Reader = nested.reader
        self._budget = budget
        self.size = nested.reader.size
        compressed = nested.compressed_size
        self.compressed = compressed if compressed is not None and compressed != self.size else None
        self._reach = 0

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        self._charge(offset, length)
        return self._base.read_at(offset, length)

    def window(self, offset: int, length: int = WINDOW) -> bytes:
        """The same, for a sequential parser."""
        self._charge(offset, length)
        return self._base.window(offset, length)

    def _charge(self, offset: int, length: int) -> None:
        self._budget.check()
        end = min(offset + length, self.size)
        if self.compressed is None:
            self._budget.expand(max(0, end - max(0, offset)))
        elif end > self._reach:
            allowed = self._budget.limits["ratio"]
            if end > RATIO_FREE and end > allowed * self.compressed:
                ratio = end // max(1, self.compressed)
                raise BudgetSpent("ratio", at=ratio, budget=allowed, by="file")
            self._budget.expand(end - self._reach)
            self._reach = end
