"""What a message and a field offer, in whichever form they are written."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from modelaudit.parsers.reader import Reader

    class AnyMessage(Protocol):
        """A message of a type, read as `fields` is iterated."""

        @property
        def type(self) -> str:
            """Name of the type."""

        @property
        def start(self) -> int:
            """Where it stands in the file."""

        def fields(self) -> Iterator[AnyField]:
            """The fields that the type has, in order."""

    class AnyField(Protocol):
        """A field of a message; the binary form documents each member."""

        name: str
        kind: str
        wire: int

        @property
        def start(self) -> int:
            """Where the value stands in the file."""

        @property
        def size(self) -> int:
            """Bytes of the value."""

        def integer(self) -> int:
            """A whole number."""

        def raw(self, most: int) -> bytes:
            """At most so many bytes of the value."""

        def text(self, most: int) -> tuple[str, bool, bool]:
            """Text, whether it is lossy, whether it is cut."""

        def word(self, most: int = 1024) -> str:
            """The text alone."""

        def numbers(self, most: int) -> list[int | float]:
            """The numbers of a repeated field, as they are written here."""

        def sub(self) -> AnyMessage:
            """The value as a message."""

        def reader(self) -> Reader:
            """The bytes of the value."""
