"""Facts of a SentencePiece model."""

from __future__ import annotations

import os
from functools import cache

from modelaudit.engine.facts import Defect, Limit, Metadata, Place, clean
from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.notes import FileBudget
from modelaudit.parsers.protobuf.schema import Schema
from modelaudit.parsers.protobuf.wire import Wire
from modelaudit.parsers.vocabulary.charsmap import MAP_MAX, Left, rewritten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.protobuf.wire import Field

FACTS = frozenset({"metadata"})
PIECES_MAX = 2_000_000
SAID_MAX = 20_000  # tokens that were added and replacements that are told
DETAILS_MAX = 5
SHOWN = 200
CONTROL, ADDED = 3, 4  # kinds of pieces that were not learned
KINDS = {CONTROL: "special", ADDED: "plain"}
TYPES = {1: "unigram", 2: "bpe", 3: "word", 4: "char"}


@cache
def schema() -> Schema:
    """The tables of the messages."""
    return Schema.load(os.path.join(os.path.dirname(__file__), "messages.json"))


def parse_pieces(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Metadata of the vocabulary and of what is rewritten, defects of pieces that stand twice."""
    model = Pieces(artifact.path, context)
    wire = Wire(artifact.reader, schema(), context, model.broken, None, PIECES_MAX * 4)
    try:
        for field in wire.root("ModelProto").fields():
            if field.name == "pieces":
                model.piece(field)
            elif field.kind != "bytes":
                model.described(field)
    except BudgetSpent as spent:
        if spent.by != "file" and spent.what != "fields":
            raise
        yield Limit(artifact.path, what=spent.what, at=spent.at, budget=spent.budget, by=spent.by, affects=FACTS)
    yield from model.facts()


class Pieces:
    """One model while it is read."""

    def __init__(self, path: str, context: Context) -> None:
        self.path = path
        self.context = context
        self.count = 0
        self.seen: set[bytes] = set()
        self.left = Left()
        self.told: dict[str, Field] = {}  # what is there once: the last one holds
        self.found: list[Fact] = []
        self.repeated = 0

    def broken(self, code: str, detail: str, offset: int) -> None:
        """A message that is none from some place on."""
        shown = clean(f"{code}: {detail}"[:SHOWN])[0]
        place = (Place(offset=offset),)
        self.found.append(Defect(self.path, code="vocabulary-malformed", detail=shown, affects=FACTS, places=place))

    def piece(self, field: Field) -> None:
        """One token."""
        text, kind = b"", 1
        for inner in field.sub().fields():
            if inner.name == "piece":
                text = inner.raw(4096)
            elif inner.name == "type":
                kind = inner.integer()
        shown = clean(text.decode("utf-8", "replace")[:SHOWN])[0]
        place = (Place(offset=field.start),)
        if kind in KINDS:
            self.tell(Metadata(self.path, key="added_token", value=shown, type=KINDS[kind], places=place))
        if text in self.seen and self.repeated < DETAILS_MAX:
            self.repeated += 1
            detail = f"{shown!r} is number {self.count}, and one before it"
            self.found.append(Defect(self.path, code="token-repeated", detail=detail, places=place))
        self.seen.add(text)
        self.count += 1
        if self.count > PIECES_MAX:
            raise FileBudget("pieces", self.count, PIECES_MAX)

    def tell(self, fact: Fact) -> None:
        """Note a fact of which there may be many."""
        if len(self.found) >= SAID_MAX:
            raise FileBudget("tokens", len(self.found) + 1, SAID_MAX)
        self.found.append(fact)

    def described(self, field: Field) -> None:
        """How the vocabulary was made, and what is rewritten before it is used."""
        for inner in field.sub().fields():
            if inner.name == "model_type":
                self.told["model_type"] = inner
            elif inner.name == "name":
                self.told[f"{field.name}.name"] = inner
            elif inner.name == "precompiled_charsmap" and inner.size <= MAP_MAX:
                for old, new in rewritten(inner.raw(MAP_MAX), self.context.check, self.left):
                    self.tell(self.metadata("normalizer.precompiled", f"{old} => {new}", inner))

    def metadata(self, key: str, value: str, field: Field) -> Metadata:
        """A key and its value."""
        place = (Place(offset=field.start),)
        return Metadata(self.path, key=key, value=clean(value[:SHOWN])[0], type="str", places=place)

    def facts(self) -> Iterator[Fact]:
        """What was found."""
        yield Metadata(self.path, key="vocabulary", value=str(self.count), number=float(self.count), type="int")
        yield from self.found
        for key, field in self.told.items():
            number = field.integer() if key == "model_type" else 0
            yield self.metadata(key, TYPES.get(number, str(number)) if number else field.word(SHOWN), field)
