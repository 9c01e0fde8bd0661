"""Programs anywhere in a file: the search that shares the windows with the digest, and the facts of what it finds.

A file on disk is searched while its bytes pass by; a member that is expanded is searched by itself (`streamed.py`), as
far as a budget goes. What was told already, by a parser or of a member, is not told again.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from hashlib import sha256

from modelaudit.engine.facts import Blob, Limit, Place, Tensor, Text
from modelaudit.parsers.base import BudgetSpent, Context, Nested, Searched
from modelaudit.parsers.executables import efforts
from modelaudit.parsers.executables.search import HITS, Search, has_words
from modelaudit.parsers.reader import BytesReader, SliceReader
from modelaudit.pipeline.streamed import Allowance, Looked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from modelaudit.engine.facts import Fact, Metadata
    from modelaudit.parsers.executables import Effort, Structure
    from modelaudit.parsers.pickle.encoded import Payload
    from modelaudit.parsers.reader import Reader

    Facts = Mapping[str, Sequence[Fact]]

TINY = 64 * 1024  # bytes that are asked for a word before they are searched
HELD = 8 * 1024 * 1024  # bytes of a file that is in memory as a whole
HASHED = 16 * 1024 * 1024  # bytes of a program whose digest is taken
MARK = 256  # bytes of a script in a text by which it is known again
DECODED = 64 * 1024 * 1024  # bytes that the texts of one file on disk may hold encoded
TOLD = 100  # programs of one artifact that are told
SHORTEST = 10  # characters of a text in which something may be encoded
PROSE = frozenset(
    {"doc", "vocabulary", "literal"}
)  # roles of texts that are not looked at; a parser looks at constants
PYTHON, WORDS = "python", "text"
CODE = frozenset({"marshal"})  # kinds that parsers of formats with code judge
NEAR = 64  # bytes between a fact's place and the bytes that it is about: the head of a constant


class Embedded:
    """The search in one file on disk and in what is nested in it."""

    __slots__ = ("_allowance_left", "_decoded", "_efforts_left", "_limits", "_passing", "_prose", "_told")

    def __init__(self, limits: dict[str, int] | None = None) -> None:
        self._limits = Context.BUDGETS if limits is None else limits
        self._allowance_left: Allowance | None = None  # once something is searched by itself
        self._passing: Search | None = None
        self._told: set[tuple[str, int, str]] = set()  # kind, size and digest
        self._efforts_left: tuple[Effort, Effort] | None = None  # once there is a candidate
        self._decoded = 0  # bytes that texts held encoded
        self._prose: set[tuple[str, bytes]] = set()  # scripts in texts: kind and first lines

    @property
    def _allowance(self) -> Allowance:
        if self._allowance_left is None:
            self._allowance_left = Allowance(self._limits)
        return self._allowance_left

    @property
    def _efforts(self) -> tuple[Effort, Effort]:
        if self._efforts_left is None:
            self._efforts_left = efforts()
        return self._efforts_left

    def attach(self, reader: Reader) -> None:
        """Have the bytes of a large file searched on their way past, unless some have passed already."""
        if reader.size <= HELD:
            return
        attach = getattr(reader, "attach", None)
        if attach is None:
            return
        search = Search(reader.size)
        try:
            attach(search)
        except ValueError:
            return
        self._passing = search

    def may_hold(self, reader: Reader) -> bool:
        """Whether a file on disk may hold a program: most small ones have none of the first bytes."""
        return self._passing is not None or reader.size > TINY or has_words(reader.read_at(0, TINY))

    def found(self, path: str, reader: Reader, around: Around) -> Iterator[Fact]:
        """The programs of the file on disk once its bytes have passed."""
        search = self._passing
        if search is None or search.at < reader.size:
            search = Search(reader.size).whole(reader)
        yield from self._searched(path, reader, search, around, "file")

    def encoded(self, fact: Text | Metadata) -> Iterator[Fact | Nested | Searched]:
        """The files that stand encoded in a text, and those among them that can be read; one text is looked at once.

        Short texts that may be commands or addresses are given to the patterns.
        """
        role = fact.role if isinstance(fact, Text) else "metadata"
        if role in PROSE:
            return
        if self._decoded > DECODED:
            return
        if role == "metadata":
            yield from self._scripts(fact)
        try:
            yield from self._encoded(fact, role)
        except BudgetSpent as spent:
            yield Limit(fact.artifact, what="encoded", at=spent.at, budget=spent.budget, by="file", affects=_BLOB)

    def _count(self, number: int) -> None:
        """Count decoded bytes: a line of text can be that of many megabytes."""
        self._decoded += number
        if self._decoded > DECODED:
            raise BudgetSpent("encoded", at=self._decoded, budget=DECODED, by="file")

    def _scripts(self, fact: Text | Metadata) -> Iterator[Fact]:
        """The scripts of an entry, which the file may hold with escaped letters."""
        value = fact.value.encode("utf-8", "replace")
        if not has_words(value):
            return
        from modelaudit.parsers.encodings import scripts_in

        reader = BytesReader(value)
        for found in scripts_in(value):
            blob = _blob(fact.artifact, reader, found, "metadata", fact.places[:1])
            key = found.kind, found.size, blob.sha256 or ""
            if key not in self._told:
                self._told.add(key)
                yield blob

    def _encoded(self, fact: Text | Metadata, role: str) -> Iterator[Fact | Nested | Searched]:
        for at, found in _encoded_files()(fact.value, self._count):
            kind = found.found[0]
            digest = sha256(found.data).hexdigest()
            key = kind, len(found.data), f"{fact.artifact} {digest}"
            if kind in CODE or key in self._told:
                continue
            self._told.add(key)
            if kind == WORDS:
                value, owner = found.data.decode("utf-8", "replace"), "+".join(found.methods)
                yield Searched(Text(fact.artifact, value=value, role="decoded", owner=owner, places=fact.places[:1]))
                continue
            yield Blob(
                fact.artifact,
                kind=kind,
                region="metadata" if role == "metadata" else "content",
                method="+".join(found.methods),
                size=len(found.data),
                validated=True,
                sha256=digest,
                places=fact.places[:1],
            )
            if found.found[2]:
                name = f"encoded@{at}{'.py' if kind == PYTHON else ''}"
                yield Nested(name, BytesReader(found.data), role="member", view="hidden")

    def masked(self, path: str, reader: Reader) -> Iterator[Fact | Nested]:
        """The program or pickle that bytes of no known format are once each is masked with the same one."""
        from modelaudit.parsers.encodings import MASKED_MAX, may_be_masked
        from modelaudit.parsers.encodings import masked as unmasked

        found = unmasked(reader.read_at(0, MASKED_MAX)) if may_be_masked(reader.read_at(0, 4)) else None
        if found is None:
            return
        kind, _, plain = found
        yield Blob(
            path,
            kind=kind,
            region="content",
            method="xor",
            size=len(plain),
            validated=True,
            sha256=sha256(plain).hexdigest(),
            places=(Place(offset=0),),
        )
        if kind in ("pickle", PYTHON):
            name = "unmasked.py" if kind == PYTHON else "unmasked"
            yield Nested(name, BytesReader(plain), role="member", view="hidden")

    def inside(
        self, path: str, base: Reader, compressed: int | None, around: Around, check: Callable[[], None]
    ) -> Iterator[Fact]:
        """The programs of a member. One that is stored as it is passes by with its container.

        What is expanded for this alone has a measure of its own: nothing that a parser may spend is taken from it.
        """
        if base.size > HELD:
            if not isinstance(base, SliceReader):
                yield from self._streamed(path, base, compressed, around, check)
            return
        try:
            self._allowance.spend(base.size)
        except BudgetSpent as spent:
            yield from _ended(path, spent, around.facts())
            return
        held = base if isinstance(base, BytesReader) else BytesReader(base.read_at(0, base.size))
        yield from self._searched(path, held, Search(held.size).whole(held, check), around, "member")

    def _streamed(
        self, path: str, base: Reader, compressed: int | None, around: Around, check: Callable[[], None]
    ) -> Iterator[Fact]:
        from modelaudit.pipeline.streamed import Streamed

        search = Streamed(base, compressed, self._allowance, check, self._efforts).whole()
        if search.found:
            yield from self._facts(path, base, search.found, around, "member")
        if search.cut or (search.wordy and not around.text):
            yield _flood(path)
        if search.spent is not None:
            yield from _ended(path, search.spent, around.facts())

    def _searched(self, path: str, reader: Reader, search: Search, around: Around, beginning: str) -> Iterator[Fact]:
        if search.hits:
            yield from self._facts(path, reader, _structures(reader, search, self._efforts), around, beginning)
        if search.cut or (search.wordy and not around.text):
            yield _flood(path)

    def _facts(
        self, path: str, reader: Reader, structures: Iterable[Structure], around: Around, beginning: str
    ) -> Iterator[Fact]:
        told = 0
        end = 0
        ranges = _Ranges(around.facts(), beginning)
        for found in structures:
            region = ranges.region(found)
            if found.start < end or ranges.covered(found) or self._is_prose(reader, found, around):
                continue
            if found.whole:
                end = found.start + found.size
            elif region == "tensor":
                continue
            blob = _blob(path, reader, found, region)
            key = found.kind, found.size, blob.sha256 or ""
            if key in self._told:
                continue
            self._told.add(key)
            told += 1
            if told > TOLD:
                yield Limit(path, what="programs", at=told, budget=TOLD, by="file", affects=_BLOB)
                break
            yield blob

    def _is_prose(self, reader: Reader, found: Structure, around: Around) -> bool:
        """Whether a script only stands in a text about it, or in the bytes of an archive that holds such a text."""
        if found.word is None or (around.text and not found.start):
            return False
        lines = reader.read_at(found.word, MARK).split(b"\n")[: 3 if found.kind == "script" else 1]
        mark = found.kind, b"\n".join(lines)
        if around.text:
            self._prose.add(mark)
            return True
        return around.container and mark in self._prose


@cache
def _encoded_files() -> Callable[[str, Callable[[int], None]], Iterator[tuple[int, Payload]]]:
    from modelaudit.parsers.encodings import encoded_files

    return encoded_files


class Around:
    """What is known of the artifact that is searched: its facts, whether it is text, whether it holds others."""

    __slots__ = ("container", "facts", "text")

    def __init__(self, facts: Callable[[], Facts], *, text: bool = False, container: bool = False) -> None:
        self.facts = facts
        self.text = text
        self.container = container


def _flood(path: str) -> Limit:
    return Limit(path, what="candidates", at=HITS, budget=HITS, by="file", affects=_BLOB)


def _ended(path: str, spent: BudgetSpent, facts: Facts) -> Iterator[Limit]:
    """That a budget ended the search, unless the same one has ended the parser."""
    said = {fact.what for fact in facts.get("limit", ()) if isinstance(fact, Limit) and "blob" in fact.affects}
    if spent.what not in said:
        yield Limit(path, what=spent.what, at=spent.at, budget=spent.budget, by=spent.by, affects=_BLOB)


_BLOB = frozenset({"blob"})


def _structures(reader: Reader, search: Search, whole: tuple[Effort, Effort]) -> list[Structure]:
    """The programs among the hits, by where they begin; the search is cut when they take too much."""
    looked = Looked(reader.size, whole)
    for at, signature in sorted(search.hits, key=lambda hit: hit[0]):
        looked.at(reader, at, signature)
    search.cut, search.wordy = search.cut or looked.cut, search.wordy or looked.wordy
    return sorted(looked.found, key=lambda one: (one.start, -one.size))


def _blob(path: str, reader: Reader, found: Structure, region: str, places: tuple[Place, ...] | None = None) -> Blob:
    short = found.size <= HASHED
    digest = sha256(reader.read_at(found.start, found.size)).hexdigest() if short else None
    return Blob(
        path,
        kind=found.kind,
        region=region,
        method="raw",
        size=found.size,
        validated=found.whole,
        sha256=digest,
        places=(Place(offset=found.start),) if places is None else places,
        unknown=frozenset() if digest else frozenset({"sha256"}),
    )


class _Ranges:
    """What stands where in an artifact: tensors, and files that are told already."""

    __slots__ = ("_beginning", "_known", "_tensors")

    def __init__(self, facts: Facts, beginning: str) -> None:
        known: dict[tuple[str, bool], list[tuple[int, int]]] = {}
        for fact in facts.get("blob", ()):
            if isinstance(fact, Blob) and fact.method == "raw":
                places = [place.offset for place in fact.places if place.offset is not None]
                extents = [(at, at + fact.size + NEAR + 1) for at in places]
                for whole in (False, True) if fact.validated else (False,):
                    known.setdefault((fact.kind, whole), []).extend(extents)
        self._beginning = beginning  # the region of what begins where the artifact does
        self._known = {key: _Extents(extents) for key, extents in known.items()}
        self._tensors = _Extents(_extents(facts.get("tensor", ())))

    def covered(self, found: Structure) -> bool:
        """Whether a file of the same kind is told for this place; a header alone tells nothing of a whole program."""
        known = self._known.get((found.kind, found.whole))
        return known is not None and known.has(found.start)

    def region(self, found: Structure) -> str:
        """Where the bytes stand."""
        if not found.start:
            return self._beginning
        if not self._tensors.begins:
            return "content"
        if self._tensors.has(found.start):
            return "tensor"
        if found.start < self._tensors.begins[0]:
            return "metadata"
        return "tail" if found.start >= self._tensors.ends[-1] else "gap"


class _Extents:
    """Ranges by where they begin; `ends` has the furthest end of each and those before it."""

    __slots__ = ("begins", "ends")

    def __init__(self, extents: Iterable[tuple[int, int]]) -> None:
        self.begins: list[int] = []
        self.ends: list[int] = []
        for begin, end in sorted(extents):
            self.begins.append(begin)
            self.ends.append(max(end, self.ends[-1]) if self.ends else end)

    def has(self, at: int) -> bool:
        """Whether a place stands in one of the ranges."""
        number = bisect_right(self.begins, at)
        return number > 0 and at < self.ends[number - 1]


def _extents(tensors: Sequence[Fact]) -> Iterator[tuple[int, int]]:
    for fact in tensors:
        if isinstance(fact, Tensor) and fact.places and fact.places[0].offset is not None:
            size = fact.nbytes if fact.storage_size is None else fact.storage_size
            if size:
                yield fact.places[0].offset, fact.places[0].offset + size
