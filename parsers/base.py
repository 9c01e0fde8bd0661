"""What a parser is: an artifact in, facts and nested artifacts out."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Protocol

    from modelaudit.engine.facts import Fact, Tensor, Text
    from modelaudit.engine.facts.likeness import Fingerprint
    from modelaudit.parsers.reader import Reader

    class Sought(Protocol):
        """Words of which one stands in every text that the patterns of packs are about."""

        longest: int  # bytes of the longest of them

        def find(self, data: bytes, start: int = 0) -> int:
            """Where the first of them begins at or behind an offset, whatever its case; -1 when there is none."""

    class Parse(Protocol):
        """A parser's entry: yields facts, nested artifacts and properties of the artifact itself."""

        def __call__(self, artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Searched | Values]:
            """Everything that was read, in order."""


class BudgetSpent(Exception):  # noqa: N818 - not an error: the scan's time or bytes are spent
    """A budget of the whole scan is spent. The pipeline raises it out of a reader or `Context.check`.

    A parser lets it pass; the pipeline keeps what was yielded before and notes a `limit` with these fields.
    """

    def __init__(
        self, what: str = "time", *, at: int | None = None, budget: int | None = None, by: str = "user"
    ) -> None:
        super().__init__(what, at, budget, by)
        self.what = what
        self.at = at
        self.budget = budget
        self.by = by


class Nested:
    """An artifact inside another one: the pipeline routes it and parses it under the same budget.

    `reader` gives the member's bytes (decompressed, decoded). `name` is one path segment group as the container
    writes it; the pipeline escapes `%` and `!` and joins it to the outer path. `told` are kinds of facts that the
    container's parser has given about the member, so that its own parser need not.
    """

    __slots__ = ("compressed_size", "name", "reader", "role", "told", "view")

    def __init__(
        self,
        name: str,
        reader: Reader,
        *,
        role: str | None = None,
        view: str = "visible",
        compressed_size: int | None = None,
        told: frozenset[str] = frozenset(),
    ) -> None:
        self.name = name
        self.reader = reader
        self.role = role
        self.told = told
        self.view = view
        self.compressed_size = compressed_size


class Property:
    """A field of the artifact's own record, learned while parsing: version, producer, role …"""

    __slots__ = ("name", "value")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value


class Searched:
    """A text that only the patterns of packs look into: what they find is kept, the text is not."""

    __slots__ = ("text",)

    def __init__(self, text: Text) -> None:
        self.text = text


class Values:
    """A tensor whose values do not stand in the artifact as they are: `reader` gives just them, in order."""

    __slots__ = ("reader", "tensor")

    def __init__(self, tensor: Tensor, reader: Reader) -> None:
        self.tensor = tensor
        self.reader = reader


class Input:
    """The artifact that a parser reads."""

    __slots__ = ("depth", "extension", "format", "formats", "path", "reader", "told")

    def __init__(
        self,
        path: str,
        reader: Reader,
        format: str,
        *,
        formats: frozenset[str] = frozenset(),
        extension: str = "",
        depth: int = 0,
        told: frozenset[str] = frozenset(),
    ) -> None:
        self.path = path
        self.reader = reader
        self.format = format
        self.told = told
        self.formats = formats
        self.extension = extension
        self.depth = depth


class Context:
    """What a parser may spend, and what is asked of it.

    `wants(name)` says whether a live rule reads a fact kind (`text`) or a computed field (`tensor.stats`).
    `check()` raises `BudgetSpent` once the scan's deadline has passed: call it at least every few thousand steps.
    `budget(name)` is the built-in limit of that name. `sought(role)` finds what patterns for texts of a role need.
    `licences` are the texts of licences that packs make known.
    Without `full` bytes that are only weights are not read: what can run or configure is, and all that describes it.
    """

    __slots__ = ("_check", "_sought", "_wants", "budgets", "expanded", "full", "licences")

    BUDGETS: dict[str, int] = {  # noqa: RUF012 - read only
        "opcodes": 500_000_000,
        "memo": 64_000_000,
        "memo_bytes": 256 * 1024 * 1024,
        "stack": 1_000_000,
        "container": 1_000_000,
        "literal": 64 * 1024,
        "literal_depth": 8,
        "searched": 64 * 1024 * 1024,
        "members": 65_535,
        "header": 100_000_000,
        "ratio": 200,
        "expanded": 8 * 1024**3,
    }

    def __init__(
        self,
        *,
        wants: Callable[[str], bool] | None = None,
        check: Callable[[], None] | None = None,
        sought: Callable[[str, Callable[[], Iterable[str]]], Sought | None] | None = None,
        budgets: dict[str, int] | None = None,
        full: bool = True,
    ) -> None:
        self.full = full
        self.licences: tuple[tuple[str, Fingerprint], ...] = ()
        self.expanded = 0  # bytes that archives have expanded, all that are nested in one file together
        self._wants = wants
        self._check = check
        self._sought = sought
        self.budgets = {**self.BUDGETS, **budgets} if budgets else self.BUDGETS

    def wants(self, name: str) -> bool:
        """Whether somebody reads this fact kind or computed field."""
        return self._wants is None or self._wants(name)

    def sought(self, role: str, others: Callable[[], Iterable[str]] = tuple) -> Sought | None:
        """The words of which one stands in whatever patterns find in texts of this role; None when none look there.

        `others` gives words that the parser looks for besides, the same at each call.
        """
        return None if self._sought is None else self._sought(role, others)

    def check(self) -> None:
        """Raise `BudgetSpent` when the scan's time is up."""
        if self._check is not None:
            self._check()

    def budget(self, name: str) -> int:
        """The limit of that name."""
        return self.budgets[name]
