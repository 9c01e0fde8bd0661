"""What parsers of protocol buffers share: defects that are counted, fields that no table has, bytes and texts."""

from __future__ import annotations

from modelaudit.engine.facts import TEXT_MAX, Limit
from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.notes import PAYLOAD_MIN, Notes
from modelaudit.parsers.protobuf.wire import PLAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested
    from modelaudit.parsers.protobuf.fields import AnyField, AnyMessage
    from modelaudit.parsers.protobuf.wire import Field
    from modelaudit.parsers.reader import Reader

    T = TypeVar("T")
    Outside = Callable[[str, int, int], Reader | None]

TEXT_MIN = 12  # characters of an attribute that is a text of its own
ALL = frozenset({"op", "tensor", "reference", "text", "metadata", "blob"})


class Document(Notes):
    """One file of protocol buffers while it is read."""

    def __init__(self, artifact: Input, context: Context, outside: Outside | None = None) -> None:
        super().__init__(artifact, context, ALL)
        self.outside = outside  # gives bytes of other files that the caller has: name, offset, length

    def report(self, code: str, detail: str, offset: int) -> None:
        """Note a malformed message: what stands behind the place in it was not seen."""
        self.defect(code, detail, offset, ALL)

    def unknown(self, field: Field) -> None:
        """Note a field that the public definition does not have, and look at what it holds."""
        detail = f"{field.message.type} has a field {field.number} of {field.size} bytes"
        self.defect("unknown-field", detail, field.start)
        if field.wire == 2:
            self.payload(field, f"field-{field.number}@0x{field.start:x}", "gap")

    def bounded(self, items: Iterator[T]) -> Iterator[T | Fact | Nested]:
        """The items, and a limit in place of the rest when there are more fields than are read."""
        try:
            yield from items
        except BudgetSpent as spent:
            if spent.what != "fields":
                raise
            yield from self.flush()
            yield Limit(self.path, what=spent.what, at=spent.at, budget=spent.budget, by=spent.by, affects=ALL)

    def text(self, field: AnyField, role: str, owner: str) -> None:
        """Note a text that is worth judging."""
        if self.texts and field.size:
            value, lossy, cut = field.text(4 * TEXT_MAX)
            self.words(value, role, owner, field.start, lossy=lossy, cut=cut)

    def payload(self, field: AnyField, name: str, region: str) -> bool:
        """Whether bytes are a file in themselves; it is then noted, and read as an artifact of its own."""
        return field.size >= PAYLOAD_MIN and self.file_in(field.reader(), field.start, name, region) != ""

    def survey(self, message: AnyMessage) -> None:
        """Go through a message that says nothing to rules, so that what it should not have is seen."""
        for field in message.fields():
            if field.wire == 2 and field.kind not in PLAIN:
                self.survey(field.sub())
