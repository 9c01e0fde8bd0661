"""`.keras`: a ZIP archive of `config.json`, `metadata.json`, the weights and assets."""

from __future__ import annotations

from itertools import islice

from modelaudit.engine.facts import Limit
from modelaudit.parsers.base import Input, Nested, Property
from modelaudit.parsers.keras.config import FACTS, READ_MAX, Config
from modelaudit.parsers.keras.consistency import compare, layer_groups
from modelaudit.parsers.keras.document import DocumentError, Object, TooLarge, read_json
from modelaudit.parsers.zip.archive import parse_archive as parse_zip
from modelaudit.parsers.zip.directory import find_ends, read_entries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Values
    from modelaudit.parsers.reader import Reader

ENTRIES = 10_000  # that are looked at to recognise an archive
METADATA_MAX = 64 * 1024  # bytes
CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
BESIDE = frozenset({b"metadata.json", b"model.weights.h5", b"model.weights.npz", b"model.weights.json"})


def holds_model(reader: Reader) -> bool:
    """Whether the directory lists a configuration and what Keras writes beside it."""
    end = next((end for end in find_ends(reader) if end.plausible), None)
    if end is None:
        return False
    names = {entry.name for entry in islice(read_entries(reader, end.start), ENTRIES)}
    return CONFIG.encode() in names and not names.isdisjoint(BESIDE)


def parse_archive(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Values]:
    """What the archive's parser says, the configuration whatever its member looks like, and whether weights fit it."""
    formats = (artifact.formats - {"keras-zip"}) | {"zip"}
    given = Input(
        artifact.path, artifact.reader, "zip", formats=formats, extension=artifact.extension, depth=artifact.depth
    )
    config: Config | None = None
    weights: list[Reader] = []
    yield Property("role", "model")
    yield Property("producer", "keras")
    for item in parse_zip(given, context):
        if isinstance(item, Nested) and item.name == CONFIG:
            config = Config(artifact.path, context)
            yield from _config(item, config, context)
        if isinstance(item, Nested) and item.name == METADATA:
            yield from _metadata(item.reader)
        if isinstance(item, Nested) and item.name == WEIGHTS:
            weights.append(item.reader)
        yield item
    if config is not None and len(weights) == 1:
        relation = compare(artifact.path, config.names, layer_groups(weights[0], context), a=CONFIG, b=WEIGHTS)
        if relation is not None:
            yield relation


def _config(item: Nested, config: Config, context: Context) -> Iterator[Fact | Nested]:
    """The configuration's own facts where the member is not recognised as one; else only its layers are noted."""
    from modelaudit.parsers.keras import recognise_config

    reader = item.reader
    head = reader.read_at(0, 4096)
    if reader.size > READ_MAX:
        yield Limit(config.path, what="size", at=reader.size, budget=READ_MAX, by="file", affects=FACTS)
        return
    seen = recognise_config(head, reader)
    for fact in config.document(reader.read_at(0, reader.size), pointer=CONFIG, whole=True):
        if not seen or getattr(fact, "code", "") == "config-not-json":
            yield fact


def _metadata(reader: Reader) -> Iterator[Property]:
    """The version that wrote the archive."""
    try:
        tree = read_json(reader.read_at(0, METADATA_MAX))
    except (DocumentError, TooLarge):
        return
    version = tree.text("keras_version") if isinstance(tree, Object) else None
    if version is not None:
        yield Property("producer_version", version[:100])
