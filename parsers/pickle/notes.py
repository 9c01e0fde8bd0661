"""What a machine has to say: facts, defects and limits, until the driver takes them."""

from __future__ import annotations

from modelaudit.engine.facts import Defect, Limit, Place
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.tape import Break

KINDS = frozenset(["import", "call", "setattr", "text", "blob"])  # what a stream's reading can yield
HARMLESS = frozenset(
    ["late-proto", "bad-frame", "tensor-bounds", "sparse-bounds", "huge-result"]
)  # defects that need not stop a reader
DEFECTS_MAX = 100  # defects of one code in one stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Nested, Searched


class Notes:
    """What is said of one stream. With `strict` the first defect ends it."""

    def __init__(self, path: str, context: Context, start: int, *, strict: bool) -> None:
        self.path = path
        self.context = context
        self.start = self.offset = start
        self.strict = strict
        self.out: list[Fact | Nested | Searched] = []
        self.secret_keys: set[str] = set()  # texts that may be the key of a secret
        self.stopped = False
        self.error: str | None = None
        self.ended = False
        self._defects: dict[str, int] = {}
        self._limits: set[str] = set()

    def defect(self, code: str, detail: str, offset: int, affects: frozenset[str] = v.NONE) -> None:
        """Report something wrong at an offset; in a strict machine this ends the stream."""
        if self.strict and code in HARMLESS:
            return
        if self.strict:
            raise Break(code, detail)
        seen = self._defects[code] = self._defects.get(code, 0) + 1
        if seen <= DEFECTS_MAX:
            self.out.append(
                Defect(self.path, code=code, detail=detail, affects=affects, places=(Place(offset=offset),))
            )

    def _is_refused(self) -> bool:
        """Whether no reader gets to the end."""
        return not self.stopped or not HARMLESS.issuperset(self._defects)

    def reported(self, code: str) -> bool:
        """Whether this was reported."""
        return code in self._defects

    def limit(self, what: str, at: int, budget: int, *, affects: frozenset[str] = KINDS) -> None:
        """Report a budget that the file overran, once."""
        if what not in self._limits:
            self._limits.add(what)
            self.out.append(Limit(self.path, what=what, at=at, budget=budget, by="file", affects=affects))

    def end(self, code: str | None) -> None:
        """The stream is over: nothing more is read from it."""
        self.ended = True
        self.error = code

    def drained(self) -> list[Fact | Nested | Searched]:
        """The facts since the last time."""
        out, self.out = self.out, []
        return out
