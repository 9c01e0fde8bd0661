"""What stands in attributes and small data sets: configurations of Keras, texts, and whole files."""

from __future__ import annotations

from modelaudit.engine.facts import TEXT_MAX, Metadata, Text, decode
from modelaudit.parsers.base import Nested, Property
from modelaudit.parsers.hdf5.datasets import COMPACT, CONTIGUOUS
from modelaudit.parsers.hdf5.datatypes import FIXED, OPAQUE
from modelaudit.parsers.keras import is_config_text
from modelaudit.parsers.keras.config import Config
from modelaudit.parsers.keras.consistency import compare_names
from modelaudit.parsers.reader import BytesReader, SliceReader
from modelaudit.parsers.zip.torch import is_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.hdf5.attributes import Attribute
    from modelaudit.parsers.hdf5.datasets import Dataset
    from modelaudit.parsers.hdf5.source import Source
    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.registry import Registry

CONFIGS = frozenset({"model_config", "training_config"})  # attributes of the root that hold configurations
MODEL = "model_config"
VERSION, LAYER_NAMES, WEIGHTS = "keras_version", "layer_names", "model_weights"
LAYERS, VARIABLES = "layers", "vars"  # groups of Keras 3
SIGNS = b"(c]}\x80"  # a text that begins so may be a pickle
LEAST = 16  # bytes of a file
SHOWN = 100  # values of an attribute that are shown
CHARACTERS = 16 * 1024 * 1024  # of all shown values
SMALL = (FIXED, OPAQUE)


class Contents:
    """The values of a file as they come in."""

    def __init__(self, path: str, reader: Reader, context: Context) -> None:
        self.path = path
        self.reader = reader
        self.context = context
        self.config: Config | None = None  # of the model
        self.version: str | None = None
        self.stored: set[str] = set()  # layers that have weights
        self.groups: set[str] = set()  # at the top
        self.characters = 0
        self._registry: Registry | None = None

    def group(self, outer: str, inner: str) -> None:
        """Note a member of a group."""
        if not outer:
            self.groups.add(inner)

    def attribute(self, name: str, attribute: Attribute) -> Iterator[Fact | Nested]:
        """The facts of an attribute of the object `name`."""
        key = decode(attribute.name)[0][:TEXT_MAX]
        text = attribute.type.text
        if text and attribute.values:
            self.learn(name, key, attribute.values)
            if len(attribute.values) == 1 and self.is_config(name, key, attribute.values[0]):
                yield from self.configuration(key, attribute.values[0], name)
                return
        yield self.metadata(f"{name}@{key}" if name else key, attribute)
        yield from self.texts(f"{name}@{key}" if name else key, attribute)
        yield from self.files(f"{name}@{key}", attribute)

    def learn(self, name: str, key: str, values: list[bytes]) -> None:
        """Note what says who wrote the file, and which layers have weights."""
        if key == VERSION and self.version is None:
            self.version = decode(values[0])[0][:SHOWN]
        if name in ("", WEIGHTS) and key.rstrip("0123456789") == LAYER_NAMES:  # a long list is several attributes
            self.stored.update(decode(value)[0] for value in values)

    def is_config(self, name: str, key: str, value: bytes) -> bool:
        """Whether a text is a configuration."""
        return (not name and key in CONFIGS) or is_config_text(value)

    def configuration(self, key: str, value: bytes, name: str) -> Iterator[Fact | Nested]:
        """The facts of a configuration."""
        config = Config(self.path, self.context)
        if key == MODEL and not name:
            self.config = config
        yield from config.text(value)
        yield from config.document(value, pointer=f"{name}@{key}" if name else key, whole=True)

    def metadata(self, key: str, attribute: Attribute) -> Metadata:
        """The fact of an attribute."""
        shown, lossy = self.shown(attribute)
        cut = frozenset({"value"}) if len(shown) > TEXT_MAX else frozenset[str]()
        type = attribute.type.name
        return Metadata(self.path, key=key, value=shown[:TEXT_MAX], type=type, lossy=lossy, cut=cut)

    def shown(self, attribute: Attribute) -> tuple[str, bool]:
        """The value of an attribute as text: texts as they are, whole numbers when there is one."""
        if attribute.type.text:
            parts = [decode(value) for value in attribute.values[:SHOWN]]
            return ", ".join(text for text, _ in parts), any(lossy for _, lossy in parts)
        if attribute.type.kind == FIXED and len(attribute.values) == 1:
            name = attribute.type.name
            lowest_first = attribute.values[0][::-1] if name.startswith(">") else attribute.values[0]
            return str(int.from_bytes(lowest_first, "little", signed="u" not in name)), False
        return "", False

    def texts(self, key: str, attribute: Attribute) -> Iterator[Text]:
        """The texts of an attribute, when somebody reads them."""
        if not attribute.type.text or not self.context.wants("text"):
            return
        for value in attribute.values[:SHOWN]:
            text, lossy = decode(value)
            self.characters += len(text)
            if text and self.characters <= CHARACTERS:
                cut = frozenset({"value"}) if len(text) > TEXT_MAX else frozenset[str]()
                yield Text(self.path, value=text[:TEXT_MAX], role="metadata", owner=key, lossy=lossy, cut=cut)

    # Files in values

    def files(self, key: str, attribute: Attribute) -> Iterator[Nested]:
        """Attributes that are files in themselves, as pickles of tables are."""
        values = attribute.values[:SHOWN]
        if not attribute.type.text:
            values = [b"".join(attribute.values)] if attribute.type.kind in SMALL else []
        for value in values:
            if len(value) >= LEAST and (not attribute.type.text or value[:1] in SIGNS or not _is_text(value)):
                reader = BytesReader(value)
                if self.is_file(reader):
                    yield Nested(f"attribute {key}", reader, role="member", view="hidden")

    def dataset(self, source: Source, name: str, found: Dataset, values: Reader | None = None) -> Iterator[Nested]:
        """A data set of bytes that is a file in itself; `values` gives those of one in chunks."""
        layout, size = found.layout, found.nbytes
        single = found.type.kind == OPAQUE or (found.type.size == 1 and found.type.kind == FIXED)
        stored = layout.kind in (COMPACT, CONTIGUOUS) and layout.address is not None and not found.filters
        if not (single or found.type.text) or size < LEAST or found.type.variable:
            return
        reader = SliceReader(self.reader, source.base + (layout.address or 0), size) if stored else values
        if reader is None:
            return
        if self.is_file(reader):
            yield Nested(f"data set {name}", reader, role="member", view="hidden")

    def is_file(self, reader: Reader) -> bool:
        """Whether bytes begin as a file of some format does."""
        if self._registry is None:
            from modelaudit.parsers.registry import Registry

            self._registry = Registry.load()
        return is_file(self._registry, lambda length: reader.read_at(0, length))

    # Who wrote it, and whether it holds together

    def summary(self) -> Iterator[Fact | Property]:
        """What can be said when everything was read."""
        if self.version is not None or self.stored or {LAYERS, VARIABLES} <= self.groups:
            yield Property("producer", "keras")
        if self.version is not None:
            yield Property("producer_version", self.version)
        if self.config is not None:
            yield Property("role", "model")
            relation = compare_names(self.path, self.config.names, self.stored)
            if relation is not None:
                yield relation


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in value
