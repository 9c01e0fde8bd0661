"""The search for programs in a member that is expanded as it is read: front to back once, whatever its size.

Going back would mean to expand it again. Nearly every candidate is none by what stands around it, and that is at hand
while the bytes come; only the few whose tables stand farther away are looked at afterwards, and pay for the way.
"""

from __future__ import annotations

from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.executables import Effort, Metered, Tired, efforts
from modelaudit.parsers.executables.search import WINDOW, Search
from modelaudit.pipeline.budget import RATIO_FREE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.parsers.executables import Structure
    from modelaudit.parsers.executables.search import Signature
    from modelaudit.parsers.reader import Reader

    Hit = tuple[int, Signature]

BEFORE = frozenset({"pe"})  # checks of what may begin before its magic
FAR = 1000  # candidates of a member whose tables stand far away that are looked at


class _Far(Exception):  # noqa: N818 - not an error: the answer has to wait
    """Bytes are asked for that are not at hand."""


class Allowance:
    """What may be expanded for the search alone in one file on disk and all that is nested in it.

    The limits are those of the parsers, whose own account is not touched.
    """

    __slots__ = ("_limits", "spent")

    def __init__(self, limits: dict[str, int]) -> None:
        self._limits = limits
        self.spent = 0

    def spend(self, number: int) -> None:
        """Count bytes; raises `BudgetSpent` when so many are not left."""
        if self.spent + number > self._limits["expanded"]:
            raise BudgetSpent("bytes", at=self.spent + number, budget=self._limits["expanded"], by="file")
        self.spent += number

    def swells(self, size: int, compressed: int | None) -> None:
        """Raise `BudgetSpent` when so many bytes are more than a member of that compressed size may give."""
        allowed = self._limits["ratio"]
        if compressed is not None and size > RATIO_FREE and size > allowed * compressed:
            raise BudgetSpent("ratio", at=size // max(1, compressed), budget=allowed, by="file")


class _Near:
    """The last windows of a stream, as a reader of all of it: what stands elsewhere is `_Far`."""

    __slots__ = ("_parts", "_start", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self._start = 0
        self._parts: list[bytes] = []

    @property
    def end(self) -> int:
        """Where the bytes at hand end."""
        return self._start + sum(map(len, self._parts))

    def add(self, window: bytes) -> None:
        """Take the next window; three are held."""
        self._parts.append(window)
        if len(self._parts) > 3:
            self._start += len(self._parts.pop(0))

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        stop = min(offset + length, self.size)
        if offset < 0 or offset >= stop:
            return b""
        if offset < self._start or stop > self.end:
            raise _Far
        found: list[bytes] = []
        begin = self._start
        for part in self._parts:
            if begin < stop and offset < begin + len(part):
                found.append(part[max(0, offset - begin) : stop - begin])
            begin += len(part)
        return found[0] if len(found) == 1 else b"".join(found)

    def window(self, offset: int, length: int = WINDOW) -> bytes:
        """The same, for a sequential parser."""
        return self.read_at(offset, length)


class Looked:
    """The programs that candidates turn out to be, looked at in the order in which they stand.

    `cut` and `wordy` say that they took too much, so that some were not looked at: programs, or words of scripts.
    """

    __slots__ = ("_effort", "_of_words", "cut", "end", "found", "wordy")

    def __init__(self, size: int, whole: tuple[Effort, Effort]) -> None:
        self._effort, self._of_words = (Effort(size, one) for one in whole)
        self.end = 0
        self.cut = self.wordy = False
        self.found: list[Structure] = []

    def at(self, reader: Reader, at: int, signature: Signature) -> None:
        """Look at one. What stands in a program belongs to it."""
        if (at < self.end and signature.check not in BEFORE) or (self.wordy if signature.word else self.cut):
            return
        try:
            self._look(Metered(reader, self._of_words if signature.word else self._effort), at, signature.check)
        except Tired:
            self.cut, self.wordy = self.cut or not signature.word, self.wordy or signature.word

    def _look(self, reader: Reader, at: int, check: str) -> None:
        from modelaudit.parsers.executables import header, structure

        found = structure(check, reader, at) or header(check, reader, at)
        if found is not None:
            self.found.append(found)
            if found.whole and found.word is None:
                self.end = max(self.end, found.start + found.size)


class Streamed:
    """The programs of a member after one pass over it; `spent` says which budget ended it early, if one did."""

    __slots__ = ("_allowance", "_base", "_check", "_compressed", "_far", "_looked", "cut", "found", "spent", "wordy")

    def __init__(
        self,
        base: Reader,
        compressed: int | None,
        allowance: Allowance,
        check: Callable[[], None],
        whole: tuple[Effort, Effort] | None = None,
    ) -> None:
        self._base = base
        self._compressed = compressed
        self._allowance = allowance
        self._check = check
        self._far: list[Hit] = []
        self._looked = Looked(base.size, whole or efforts())
        self.found: list[Structure] = []
        self.cut = self.wordy = False
        self.spent: BudgetSpent | None = None

    def whole(self) -> Streamed:
        """This search after everything that the budgets allow."""
        search = Search(self._base.size)
        try:
            self._pass(search)
            self._afterwards()
        except BudgetSpent as spent:
            if spent.what == "time":
                raise
            self.spent = spent.with_traceback(None)  # which holds the member
        self.cut = search.cut or self._looked.cut or len(self._far) > FAR
        self.wordy = search.wordy or self._looked.wordy
        self.found = sorted(self._looked.found, key=lambda one: (one.start, -one.size))
        return self

    def _pass(self, search: Search) -> None:
        """Go through the bytes; a window's candidates are looked at once the next one is at hand."""
        near = _Near(self._base.size)
        waiting = 0
        while search.at < self._base.size:
            self._check()
            wanted = min(WINDOW, self._base.size - search.at)
            self._allowance.swells(search.at + wanted, self._compressed)
            self._allowance.spend(wanted)
            window = self._base.window(search.at, wanted)
            if not window:
                break
            before = len(search.hits)
            near.add(window)
            search.update(window)
            self._look(near, search.hits[waiting:before])
            waiting = before
        near.size = search.at  # the member may end before it says
        self._look(near, search.hits[waiting:])

    def _look(self, near: _Near, hits: list[Hit]) -> None:
        for at, signature in sorted(hits, key=lambda hit: hit[0]):
            try:
                self._looked.at(near, at, signature)
            except _Far:
                if len(self._far) <= FAR:
                    self._far.append((at, signature))

    def _afterwards(self) -> None:
        """Look at those whose tables stand far away."""
        self._looked.end = 0  # some stand before what was looked at
        counted = _Counted(self._base, self._allowance)
        for at, signature in self._far[:FAR]:
            self._check()
            self._looked.at(counted, at, signature)


class _Counted:
    """A member that is read out of order: what is expanded on the way is counted."""

    __slots__ = ("_allowance", "_base", "size")

    def __init__(self, base: Reader, allowance: Allowance) -> None:
        self._base = base
        self._allowance = allowance
        self.size = base.size

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`."""
        before = expanded(self._base)
        data = self._base.read_at(offset, length)
        self._allowance.spend(expanded(self._base) - before)
        return data

    def window(self, offset: int, length: int = WINDOW) -> bytes:
        """The same, for a sequential parser."""
        return self.read_at(offset, length)


def expanded(reader: Reader) -> int:
    """How many bytes a reader has expanded so far, each as often as it was; 0 for one that expands nothing."""
    number: int = getattr(reader, "expanded", 0)
    return number
