"""TensorFlow: saved models, graphs, meta graphs and checkpoints, as protocol buffers, as their text form, as tables.

The messages are those of https://github.com/tensorflow/tensorflow/tree/master/tensorflow/core (`saved_model.proto`,
`meta_graph.proto`, `graph.proto`, `function.proto`, `tensor_bundle.proto` …) and, for `keras_metadata.pb`, of
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/keras/protobuf/saved_metadata.proto. None has
a magic number: what a file is, its outermost fields and the first things in them say.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

TABLE_MAGIC = bytes.fromhex("57fb808b247547db")
FOOTER = 48  # bytes at the end of a table
DATA = "tf-checkpoint-data"


def _message(id: str) -> Callable[[bytes, Reader], bool]:
    """The recogniser of a format that is one message."""

    def accepts(head: bytes, reader: Reader) -> bool:
        from modelaudit.parsers.tensorflow.outline import is_message

        return is_message(id, reader)

    return accepts


def _text(id: str) -> Callable[[bytes, Reader], bool]:
    """The recogniser of a format in the text form of messages."""

    def accepts(head: bytes, reader: Reader) -> bool:
        from modelaudit.parsers.tensorflow.outline import text_type

        found = text_type(head, reader)
        return found is not None and (found == "CheckpointState") == (id == "tf-checkpoint-state")

    return accepts


def _is_table(head: bytes, reader: Reader) -> bool:
    """Whether the bytes end as a table does."""
    return reader.size >= FOOTER and reader.read_at(reader.size - 8, 8) == TABLE_MAGIC


RECOGNISERS: dict[str, Callable[[bytes, Reader], bool]] = {
    "tf-saved-model": _message("tf-saved-model"),
    "tf-meta-graph": _message("tf-meta-graph"),
    "tf-graph": _message("tf-graph"),
    "tf-keras-metadata": _message("tf-keras-metadata"),
    "tf-fingerprint": _message("tf-fingerprint"),
    "tf-text": _text("tf-text"),
    "tf-checkpoint-state": _text("tf-checkpoint-state"),
    "tf-checkpoint": _is_table,
}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Operators, constants, references, texts and metadata; weights are not read."""
    if artifact.format == DATA:
        return iter(())
    if artifact.format == "tf-checkpoint":
        from modelaudit.parsers.tensorflow.checkpoint import parse_table

        return parse_table(artifact, context)
    from modelaudit.parsers.tensorflow.saved import parse_messages

    return parse_messages(artifact, context)
