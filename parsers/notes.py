"""What parsers note by the way while they read one file: counted defects, texts, metadata, files in bytes."""

from __future__ import annotations

from modelaudit.engine.facts import TEXT_MAX, Blob, Defect, Limit, Metadata, Place, Text, clean
from modelaudit.parsers.base import BudgetSpent, Nested
from modelaudit.parsers.reader import SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Property
    from modelaudit.parsers.reader import Reader

DEFECTS_MAX = 20  # of one code
PAYLOAD_MIN = 8  # bytes that may be a file
SNIFFED = 4096  # bytes by which a file is told
HIDDEN_MAX = 64  # regions without an owner that are looked into


class Notes:
    """One file while it is read. Facts that come by the way wait in `noted`; `content` are the kinds it may have."""

    def __init__(self, artifact: Input, context: Context, content: frozenset[str]) -> None:
        self.path = artifact.path
        self.reader = artifact.reader
        self.formats = artifact.formats
        self.context = context
        self.content = content
        self.texts = context.wants("text")
        self.noted: list[Fact | Nested] = []
        self.counts: dict[str, int] = {}
        self.hidden = 0

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

    def fail(self, code: str, detail: str, offset: int) -> None:
        """Note a defect behind which nothing more was read."""
        self.defect(code, detail, offset, self.content)

    def limit(self, what: str, at: int, budget: int) -> None:
        """Note that the file asks for more than is read."""
        self.noted.append(Limit(self.path, what=what, at=at, budget=budget, by="file", affects=self.content))

    def flush(self) -> Iterator[Fact | Nested]:
        """What was noted since the last time."""
        noted, self.noted = self.noted, []
        yield from noted

    def words(self, value: str, role: str, owner: str, offset: int, *, lossy: bool = False, cut: bool = False) -> None:
        """Note a text that is worth judging."""
        if not self.texts or not value:
            return
        owner, lossy_owner = clean(owner[:256])
        self.noted.append(
            Text(
                self.path,
                value=value[:TEXT_MAX],
                role=role,
                owner=owner,
                places=(Place(offset=offset),),
                cut=frozenset({"value"} if cut or len(value) > TEXT_MAX else ()),
                lossy=lossy or lossy_owner,
            )
        )

    def metadata(
        self, key: str, value: str, type: str, offset: int, *, number: float | None = None, lossy: bool = False
    ) -> None:
        """Note a key and its value."""
        cut = frozenset({"value"} if len(value) > TEXT_MAX else ())
        self.noted.append(
            Metadata(
                self.path,
                key=key,
                value=value[:TEXT_MAX],
                number=number,
                type=type,
                places=(Place(offset=offset),),
                cut=cut,
                lossy=lossy,
            )
        )

    def file_at(self, offset: int, size: int, name: str, region: str) -> str:
        """What kind of file bytes of the file are, empty for none; it is noted, and read as an artifact of its own."""
        return self.file_in(SliceReader(self.reader, offset, size), offset, name, region)

    def file_in(self, whole: Reader, offset: int, name: str, region: str) -> str:
        """The same for bytes that a reader gives; `offset` is where they are told to stand."""
        if whole.size < PAYLOAD_MIN:
            return ""
        from modelaudit.parsers.pickle.literals import sniff

        head = whole.read_at(0, SNIFFED)
        found = sniff(head, whole) if head else None
        if found is None:
            return ""
        kind, validated, nested = found
        self.noted.append(
            Blob(
                self.path,
                kind=kind,
                region=region,
                method="raw",
                size=whole.size,
                validated=validated,
                places=(Place(offset=offset),),
            )
        )
        if nested:
            self.noted.append(Nested(clean(name)[0], whole, role="member"))
        return kind

    def region(self, begin: int, end: int, name: str) -> None:
        """Have bytes that nothing owns read as an artifact of their own."""
        if begin < end and self.hidden < HIDDEN_MAX:
            self.hidden += 1
            self.noted.append(Nested(name, SliceReader(self.reader, begin, end - begin), role="other", view="hidden"))

    def bounded(self, items: Iterator[Fact | Nested | Property]) -> Iterator[Fact | Nested | Property]:
        """The items, then what was noted; budgets of the file end them with a limit."""
        try:
            yield from items
        except FileBudget as spent:
            self.limit(spent.what, spent.at or 0, spent.budget or 0)
        yield from self.flush()


class FileBudget(BudgetSpent):
    """The file asks for more than is read of it: a `limit` of the file, not of the scan."""

    def __init__(self, what: str, at: int, budget: int) -> None:
        super().__init__(what, at=at, budget=budget, by="file")
