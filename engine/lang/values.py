"""Values that are not plain: unknown ones, and ones of which only the beginning is known."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Unknown:
    """The value of what was not computed or was cut away; there is one, `UNKNOWN`. Absent values are None."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


class Cut:
    """A text, set or list of which only a part was kept."""

    __slots__ = ("kept",)

    def __init__(self, kept: Any) -> None:  # noqa: ANN401 - str, frozenset or tuple
        self.kept = kept

    def __repr__(self) -> str:
        return f"Cut({self.kept!r})"
