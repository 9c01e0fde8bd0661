"""The facts of a safetensors file. No tensor's bytes are read."""

from __future__ import annotations

from modelaudit.engine.facts import TEXT_MAX, Defect, Limit, Metadata, Place, Tensor, Text, clean, decode
from modelaudit.parsers.base import Nested
from modelaudit.parsers.reader import SliceReader
from modelaudit.parsers.safetensors.header import HeaderError, Members, entries
from modelaudit.parsers.safetensors.tensors import Entry, gaps, load_dtypes, read_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.safetensors.header import Json

PREFIX = 8  # bytes of the header's length
LENGTH_MAX = 100_000_000  # bytes of a header that loaders accept
READ_MAX = 32 * 1024 * 1024  # bytes of a header that is read here: about 200,000 tensors
BRACKETS_MAX = 1_000_000  # objects and lists in a header
DEFECTS_MAX = 20  # of one code
TENSORS_MAX = 100_000
HIDDEN_MAX = 64  # regions without a tensor that are looked into
METADATA = "__metadata__"
CONTENT = frozenset({"tensor", "metadata", "text"})
TENSOR = frozenset({"tensor"})
AFFECTS = {"unknown-dtype": TENSOR, "bad-shape": TENSOR, "bad-offsets": TENSOR, "bad-entry": TENSOR}


def parse_file(artifact: Input, context: Context) -> Iterator[Fact | Nested]:
    """Defects, metadata and tensors of the file; what stands in holes and after the tensors as hidden artifacts."""
    return _File(artifact, context).facts()


class _File:
    """One file while its header is read."""

    def __init__(self, artifact: Input, context: Context) -> None:
        self.path = artifact.path
        self.reader = artifact.reader
        self.formats = artifact.formats
        self.context = context
        self.defects: list[Defect] = []  # not yet yielded
        self.counts: dict[str, int] = {}
        self.data = PREFIX  # offset of the first byte after the header

    def report(self, code: str, detail: str, *, offset: int = PREFIX) -> None:
        """Note a defect; beyond some number of one code they are only counted."""
        n = self.counts[code] = self.counts.get(code, 0) + 1
        if n > DEFECTS_MAX:
            return
        if n == DEFECTS_MAX:
            detail = "further ones are not listed"
        text, lossy = _valid(detail)
        affects = AFFECTS.get(code, frozenset())
        place = Place(offset=offset)
        self.defects.append(Defect(self.path, code=code, detail=text, affects=affects, places=(place,), lossy=lossy))

    def fail(self, code: str, detail: str) -> Defect:
        """A defect that keeps the rest of the header from being read."""
        text, lossy = _valid(detail)
        return Defect(self.path, code=code, detail=text, affects=CONTENT, places=(Place(offset=0),), lossy=lossy)

    def flush(self) -> Iterator[Defect]:
        """The defects that were noted since the last time."""
        noted, self.defects = self.defects, []
        yield from noted

    def facts(self) -> Iterator[Fact | Nested]:
        """Everything, in the order of the file."""
        length = int.from_bytes(self.reader.read_at(0, PREFIX), "little")
        if self.reader.size < PREFIX:
            yield self.fail("truncated", f"{self.reader.size} bytes are no header length")
            return
        if length > LENGTH_MAX:
            yield self.fail("header-too-large", f"{length} bytes, loaders accept {LENGTH_MAX}")
            return
        budget = min(self.context.budget("header"), READ_MAX)
        if length > budget:
            yield self.limit("header", length, budget)
            return
        yield from self.header(length)

    def limit(self, what: str, at: int, budget: int) -> Limit:
        """The file asks for more than is read."""
        return Limit(self.path, what=what, at=at, budget=budget, by="file", affects=CONTENT)

    def header(self, length: int) -> Iterator[Fact | Nested]:
        """The header's own facts, then those about the whole."""
        raw = self.reader.read_at(PREFIX, length)
        self.data = PREFIX + length
        if len(raw) < length:
            yield self.fail("truncated", f"the header has {len(raw)} of {length} bytes")
        brackets = raw.count(b"[") + raw.count(b"{")
        if brackets > BRACKETS_MAX:
            yield self.limit("header", brackets, BRACKETS_MAX)
            return
        if raw[:1] != b"{":
            self.report("header-start", "the header does not begin with a brace")
        found: list[Entry] = []
        whole = False
        try:
            whole = yield from self.entries(self.text(raw), found)
        except HeaderError as error:
            yield from self.flush()
            yield self.fail("header-not-json", str(error))
        if whole and len(raw) == length:
            yield from self.regions(found)

    def text(self, raw: bytes) -> str:
        """The header as text."""
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            self.report("header-not-utf8", f"byte {error.start} of the header", offset=PREFIX + error.start)
            return raw.decode("utf-8", "surrogateescape")

    def entries(self, text: str, found: list[Entry]) -> Generator[Fact, None, bool]:
        """Facts of each entry; the tensors also go to `found`. Returns whether all were read."""
        dtypes = load_dtypes()
        names: set[str] = set()
        for name, value in entries(text):
            if len(names) % 1024 == 0:
                self.context.check()
            if name in names:
                self.report("duplicate-keys", name)
            names.add(name)
            if name == METADATA:
                yield from self.metadata(value)
            elif len(found) >= TENSORS_MAX:
                yield self.limit("tensors", len(found) + 1, TENSORS_MAX)
                return False
            elif (entry := read_entry(name, value, dtypes, self.report)) is not None:
                found.append(entry)
                yield self.tensor(entry)
            if self.defects:
                yield from self.flush()
        yield from self.flush()
        return True

    def tensor(self, entry: Entry) -> Tensor:
        """The fact of one tensor."""
        name, lossy = self.words(entry.name)
        dtype, lossy_too = self.words(entry.dtype)
        return Tensor(
            self.path,
            name=name,
            dtype=dtype,
            shape=entry.shape,
            rows=entry.shape[0] if entry.shape else None,
            nbytes=min(entry.nbytes or 0, 2**63 - 1),
            storage_size=entry.end - entry.begin if entry.offsets else None,
            data_offset=self.data + entry.begin if entry.offsets else None,
            places=(Place(offset=self.data + entry.begin),),
            lossy=lossy or lossy_too,
        )

    def words(self, text: str) -> tuple[str, bool]:
        """Text for a fact; one that is no Unicode is a defect, since loaders refuse it."""
        if text.isascii():
            return text[:TEXT_MAX], False
        text, lossy = _valid(text[:TEXT_MAX])
        if lossy:
            self.report("bad-unicode", text[:200])
        return text, lossy

    def metadata(self, value: Json) -> Iterator[Fact]:
        """The facts of the file's own metadata."""
        if not isinstance(value, Members):
            self.report("bad-metadata", "no object")
            return
        for key in value.repeated():
            self.report("duplicate-keys", f"{METADATA}.{key}")
        wanted = self.context.wants("text")
        for key, item in value.pairs:
            if not isinstance(item, str):
                self.report("bad-metadata", f"{key[:200]} is no text")
            yield from self.pair(key, item, wanted)

    def pair(self, key: str, item: Json, wanted: bool) -> Iterator[Fact]:
        """One key and value."""
        shown = item if isinstance(item, str) else _written(item)
        key, lossy_key = self.words(key)
        value, lossy = self.words(shown)
        cut = frozenset({"value"}) if len(shown) > TEXT_MAX else frozenset[str]()
        place = (Place(offset=PREFIX, pointer=f"/{METADATA}/{key.replace('~', '~0').replace('/', '~1')}"),)
        kind = _type(item)
        lossy = lossy or lossy_key
        yield Metadata(self.path, key=key, value=value, type=kind, places=place, cut=cut, lossy=lossy)
        if wanted:
            yield Text(self.path, value=value, role="metadata", owner=key, places=place, cut=cut, lossy=lossy)
        if self.context.wants("code") and not cut and ("{%" in value or "{{" in value):
            from modelaudit.parsers.repository.template import marked_facts

            yield from marked_facts(self.path, value, place[0])

    def regions(self, found: list[Entry]) -> Iterator[Fact | Nested]:
        """What the tensors leave uncovered."""
        size = self.reader.size - self.data

        def report(code: str, detail: str, at: int) -> None:
            self.report(code, detail, offset=self.data + at)

        regions = gaps(found, size, report)
        yield from self.flush()
        for begin, end in regions[:HIDDEN_MAX]:
            tail = end == size
            if tail and len(self.formats) > 1:
                continue  # the other format's parser reads it
            name = "trailing-data" if tail else f"hole-{self.data + begin}"
            yield Nested(name, SliceReader(self.reader, self.data + begin, end - begin), role="other", view="hidden")


def _valid(text: str) -> tuple[str, bool]:
    """Valid Unicode of a text whose bytes may have been escaped as surrogates, and whether it had to change."""
    try:
        return decode(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return clean(text)


def _type(item: Json) -> str:
    if item is None:
        return "null"
    if isinstance(item, Members):
        return "object"
    return {bool: "bool", int: "int", float: "float", str: "str", list: "list"}[type(item)]


def _written(item: Json) -> str:
    """A value that should have been text."""
    if isinstance(item, (list, Members)):
        return ""
    return "null" if item is None else str(item).lower() if isinstance(item, bool) else str(item)
