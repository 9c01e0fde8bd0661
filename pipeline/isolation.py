"""Parsers that may take their process down with them: where they run, and what is known of those that did.

A format whose parser hands hostile bytes to a native library says so in the catalogue (`"isolated": true`). In the
main process such a parser never runs: `NeedsIsolation` ends the reading of the whole file, and a worker reads it from
the beginning. A worker that is lost costs the artifact that it was parsing: the file is read again by a fresh one that
passes that artifact over, and everything else in the file is found all the same.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Target = tuple[str, str]  # path of an artifact, format of the parser


class NeedsIsolation(BaseException):
    """A parser that has to be isolated is about to run in the main process."""


class Loss:
    """Why a worker was lost: `what` as a `limit` says it, `words` for people."""

    __slots__ = ("what", "words")

    def __init__(self, what: str, words: str) -> None:
        self.what = what
        self.words = words

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Loss) and (self.what, self.words) == (other.what, other.words)

    def __hash__(self) -> int:
        return hash((self.what, self.words))


class Isolation:
    """What the reading of one file has to know. By default it is the main process, and nothing was lost."""

    __slots__ = ("careful", "inside", "lost", "note")

    def __init__(
        self,
        *,
        inside: bool = False,
        careful: bool = False,
        lost: Mapping[Target, Loss] | None = None,
        note: Callable[[Target], None] | None = None,
    ) -> None:
        self.inside = inside  # a process that may be lost
        self.careful = careful  # every parser is noted, not only the isolated ones
        self.lost: Mapping[Target, Loss] = lost or {}
        self.note = note

    def enter(self, target: Target, *, isolated: bool) -> Loss | None:
        """Called before a parser runs. Why it must not, since a worker was lost to it; None when it may run."""
        known = self.lost.get(target)
        if known is not None:
            return known
        if isolated and not self.inside:
            raise NeedsIsolation
        if self.note is not None and (isolated or self.careful):
            self.note(target)
        return None


MAIN = Isolation()
