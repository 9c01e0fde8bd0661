"""What parsers of protocol buffers share: defects that are counted, fields that no table has, bytes and texts."""

from __future__ import annotations

from modelaudit.engine.facts import TEXT_MAX, Blob, Defect, Limit, Metadata, Place, Text, clean
from modelaudit.parsers.base import BudgetSpent, Nested
from modelaudit.parsers.protobuf.wire import PLAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Property
    from modelaudit.parsers.protobuf.fields import AnyField, AnyMessage
    from modelaudit.parsers.protobuf.wire import Field

DEFECTS_MAX = 20  # of one code
TEXT_MIN = 12  # characters of an attribute that is a text of its own
PAYLOAD_MIN = 8  # bytes that may be a file
SNIFFED = 4096  # bytes by which a file is told
ALL = frozenset({"op", "tensor", "reference", "text", "metadata", "blob"})


class Document:
    """One file of protocol buffers while it is read. Facts that come by the way wait in `noted`."""

    def __init__(self, artifact: Input, context: Context) -> None:
        self.path = artifact.path
        self.reader = artifact.reader
        self.context = context
        self.texts = context.wants("text")
        self.noted: list[Fact | Nested] = []
        self.counts: dict[str, int] = {}

    def report(self, code: str, detail: str, offset: int) -> None:
        """Note a malformed message: what stands behind the place in it was not seen."""
        self.defect(code, detail, offset, ALL)

    def defect(self, code: str, detail: str, offset: int, affects: frozenset[str] = frozenset()) -> None:
        """Note a defect; beyond some number of one code they are only counted."""
        n = self.counts[code] = self.counts.get(code, 0) + 1
        if n > DEFECTS_MAX:
            return
        if n == DEFECTS_MAX:
            detail = "further ones are not listed"
        text, lossy = clean(detail)
        place = Place(offset=offset)
        self.noted.append(Defect(self.path, code=code, detail=text, affects=affects, places=(place,), lossy=lossy))

    def unknown(self, field: Field) -> None:
        """Note a field that the public definition does not have, and look at what it holds."""
        detail = f"{field.message.type} has a field {field.number} of {field.size} bytes"
        self.defect("unknown-field", detail, field.start)
        if field.wire == 2:
            self.payload(field, f"field-{field.number}@0x{field.start:x}", "gap")

    def flush(self) -> Iterator[Fact | Nested]:
        """What was noted since the last time."""
        noted, self.noted = self.noted, []
        yield from noted

    def bounded(self, items: Iterator[Fact | Nested | Property]) -> Iterator[Fact | Nested | Property]:
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

    def words(self, value: str, role: str, owner: str, offset: int, *, lossy: bool = False, cut: bool = False) -> None:
        """Note a text that is already one."""
        if not self.texts or not value:
            return
        name, lossy_name = clean(owner[:256])
        self.noted.append(
            Text(
                self.path,
                value=value[:TEXT_MAX],
                role=role,
                owner=name,
                places=(Place(offset=offset),),
                cut=frozenset({"value"} if cut or len(value) > TEXT_MAX else ()),
                lossy=lossy or lossy_name,
            )
        )

    def metadata(self, key: str, value: str, type: str, offset: int, *, lossy: bool = False) -> None:
        """Note a key and its value."""
        cut = frozenset({"value"} if len(value) > TEXT_MAX else ())
        place = Place(offset=offset)
        self.noted.append(
            Metadata(self.path, key=key, value=value[:TEXT_MAX], type=type, places=(place,), cut=cut, lossy=lossy)
        )

    def payload(self, field: AnyField, name: str, region: str) -> bool:
        """Whether bytes are a file in themselves; it is then noted, and read as an artifact of its own."""
        if field.size < PAYLOAD_MIN:
            return False
        from modelaudit.parsers.pickle.literals import sniff

        whole = field.reader()
        found = sniff(field.raw(SNIFFED), whole)
        if found is None:
            return False
        kind, validated, nested = found
        place = Place(offset=field.start)
        self.noted.append(
            Blob(
                self.path,
                kind=kind,
                region=region,
                method="raw",
                size=field.size,
                validated=validated,
                places=(place,),
            )
        )
        if nested:
            self.noted.append(Nested(name, whole, role="member"))
        return True

    def survey(self, message: AnyMessage) -> None:
        """Go through a message that says nothing to rules, so that what it should not have is seen."""
        for field in message.fields():
            if field.wire == 2 and field.kind not in PLAIN:
                self.survey(field.sub())
