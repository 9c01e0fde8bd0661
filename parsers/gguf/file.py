"""The facts of a GGUF file: its metadata, then its tensor infos, then whether the data are as these say."""

from __future__ import annotations

from modelaudit.parsers.base import Property
from modelaudit.parsers.cursor import Break, Cursor
from modelaudit.parsers.gguf.tensors import Info, Types, fact, layout, read_info
from modelaudit.parsers.gguf.values import Array, Values
from modelaudit.parsers.notes import FileBudget, Notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested

VERSIONS = range(1, 4)
PAIRS = 100_000
TENSORS = 100_000
ALIGNMENT = 32  # when the file says nothing
NOTHING = 2**32 - 1  # an id that stands for no token
CONTENT = frozenset({"metadata", "text", "tensor", "blob", "license"})
PER_TOKEN = ("tokenizer.ggml.scores", "tokenizer.ggml.token_type")
TOKENS = "tokenizer.ggml.tokens"
EMBEDDING = "token_embd.weight"
PRODUCERS = ("general.quantized_by", "general.converter")


def parse_file(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Everything that the file says; weights are passed over."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(_File(notes).items())


class _File:
    """One file while it is read."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.cursor = Cursor(notes.reader, notes.context, 4)
        self.types = Types()
        self.values: dict[str, int | float | bytes | Array] = {}
        self.vocabulary: dict[str, Array] = {}

    def items(self) -> Iterator[Fact | Nested | Property]:
        """Properties, metadata, tensors, defects."""
        try:
            version = self.version()
            yield Property("version", str(version))
            reading = Values(self.cursor, self.notes, version)
            tensors, pairs = self.counts(reading)
            try:
                yield from self.pairs(reading, pairs)
            finally:
                reading.licence()
            yield from self.tensors(reading, tensors)
        except Break as broken:
            self.notes.defect(broken.code, broken.detail, broken.offset, CONTENT)
        yield from self.notes.flush()

    def version(self) -> int:
        """The version, by which the byte order is told."""
        raw = self.cursor.take(4)
        little, big = int.from_bytes(raw, "little"), int.from_bytes(raw, "big")
        if little % 65536 == 0 and big:
            self.cursor.order = ">"
            little = big
        if little not in VERSIONS:
            self.notes.defect("unknown-version", f"version {little}", 4)
        return little

    def counts(self, reading: Values) -> tuple[int, int]:
        """How many tensors and pairs there are; more than fit into the file are a defect."""
        at = self.cursor.at
        tensors, pairs = reading.size(), reading.size()
        least = pairs * (reading.width + 5) + tensors * (reading.width + 16)
        if least > self.cursor.left:
            words = f"{pairs} pairs and {tensors} tensors need {least} bytes, {self.cursor.left} are left"
            self.notes.defect("overflow" if least >= 2**63 else "bad-count", words, at)
        return tensors, pairs

    def pairs(self, reading: Values, count: int) -> Iterator[Fact | Nested | Property]:
        """The metadata."""
        if count > PAIRS:
            raise FileBudget("pairs", count, PAIRS)
        for _ in range(count):
            at = self.cursor.at
            key, value = reading.pair()
            if key in self.values:
                self.notes.defect("duplicate-keys", key[:200], at)
            self.values[key] = value if not isinstance(value, bytes) else value[:256]
            if isinstance(value, Array):
                value.texts = []
                self.vocabulary[key] = value
            yield from self.notes.flush()
        for key in PRODUCERS:
            value = self.values.get(key, b"")
            if isinstance(value, bytes) and value:
                yield Property("producer", value.decode("utf-8", "replace"))
                break

    def alignment(self) -> int:
        """How data are aligned."""
        value = self.values.get("general.alignment", ALIGNMENT)
        if isinstance(value, int) and value > 0 and value & (value - 1) == 0 and value < 2**31:
            return value
        self.notes.defect("bad-alignment", f"general.alignment is {value!r:.60}", 0)
        return ALIGNMENT

    def tensors(self, reading: Values, count: int) -> Iterator[Fact | Nested | Property]:
        """The tensor infos, and what they say of the data."""
        alignment = self.alignment()
        if count > TENSORS:
            raise FileBudget("tensors", count, TENSORS)
        infos: list[Info] = []
        broken = self.gather(reading, count, infos)
        data = -(-self.cursor.at // alignment) * alignment
        for info in infos:
            yield fact(info, self.notes, self.types, data)
        if broken is not None:
            raise broken
        self.agree(infos)
        layout(infos, self.notes, data, alignment)

    def gather(self, reading: Values, count: int, infos: list[Info]) -> Break | None:
        """Read the tensor infos; returns why not all of them could be read."""
        names: set[str] = set()
        try:
            for _ in range(count):
                info = read_info(reading, self.notes, self.types)
                if info.name in names:
                    self.notes.defect("duplicate-tensor", info.name, info.at)
                names.add(info.name)
                infos.append(info)
        except Break as broken:
            return broken
        return None

    def agree(self, infos: list[Info]) -> None:
        """Note what does not fit the vocabulary."""
        tokens = self.vocabulary.get(TOKENS)
        if tokens is None:
            return
        for key in PER_TOKEN:
            other = self.vocabulary.get(key)
            if other is not None and other.count != tokens.count:
                detail = f"{key} has {other.count} elements, there are {tokens.count} tokens"
                self.notes.defect("vocabulary-mismatch", detail, other.begin)
        for info in infos:
            if info.name == EMBEDDING and len(info.dims) == 2 and info.dims[1] < tokens.count:
                detail = f"{EMBEDDING} has {info.dims[1]} rows, there are {tokens.count} tokens"
                self.notes.defect("vocabulary-mismatch", detail, info.at)
        for key, value in self.values.items():
            if isinstance(value, int) and _is_id(key) and not -1 <= value < tokens.count and value != NOTHING:
                self.notes.defect("vocabulary-mismatch", f"{key} is {value} of {tokens.count} tokens", tokens.begin)


def _is_id(key: str) -> bool:
    return key.startswith("tokenizer.ggml.") and key.endswith("_token_id")
