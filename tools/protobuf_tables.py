"""Make the tables of message types beside the parsers from the descriptors of a library that is installed.

    python tools/protobuf_tables.py onnx          (with onnx installed)
    python tools/protobuf_tables.py tensorflow    (with tensorflow installed)
    python tools/protobuf_tables.py tfrecord      (likewise)

Only numbers, names and kinds of fields are taken, which are facts of the public `.proto` files.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

ROOT = Path(__file__).resolve().parents[1]
SCALARS = {
    1: "double", 2: "float", 3: "int", 4: "uint", 5: "int", 6: "fixed64", 7: "fixed32", 8: "bool", 9: "string",
    12: "bytes", 13: "uint", 14: "int", 15: "sfixed32", 16: "sfixed64", 17: "sint", 18: "sint",
}  # fmt: skip
MESSAGE = 11


def onnx_roots() -> tuple[dict[str, Any], dict[str, Any]]:
    """The messages that a file may be, by name."""
    from onnx import onnx_pb

    return {"ModelProto": onnx_pb.ModelProto}, {"TensorProto.DataType": onnx_pb.TensorProto.DataType.DESCRIPTOR}


def tensorflow_roots() -> tuple[dict[str, Any], dict[str, Any]]:
    """The messages that a file may be, by name, and the enums that are shown by name."""
    from tensorflow.core.framework import graph_pb2, types_pb2
    from tensorflow.core.protobuf import (
        fingerprint_pb2,
        meta_graph_pb2,
        saved_model_pb2,
        tensor_bundle_pb2,
        trackable_object_graph_pb2,
    )
    from tensorflow.core.util import saved_tensor_slice_pb2
    from tensorflow.python.keras.protobuf import saved_metadata_pb2
    from tensorflow.python.training import checkpoint_state_pb2

    messages = [
        saved_model_pb2.SavedModel, graph_pb2.GraphDef, meta_graph_pb2.MetaGraphDef, saved_metadata_pb2.SavedMetadata,
        fingerprint_pb2.FingerprintDef, tensor_bundle_pb2.BundleHeaderProto, tensor_bundle_pb2.BundleEntryProto,
        trackable_object_graph_pb2.TrackableObjectGraph, checkpoint_state_pb2.CheckpointState,
        saved_tensor_slice_pb2.SavedTensorSlices,
    ]  # fmt: skip
    return {short(m.DESCRIPTOR): m for m in messages}, {"DataType": types_pb2.DataType.DESCRIPTOR}


def tfrecord_roots() -> tuple[dict[str, Any], dict[str, Any]]:
    """The messages that a record may be, by name."""
    from tensorflow.core.example import example_pb2
    from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
    from tensorflow.core.util import event_pb2

    messages = [event_pb2.Event, config_pb2.RunMetadata, meta_graph_pb2.MetaGraphDef, example_pb2.SequenceExample]
    return {short(m.DESCRIPTOR): m for m in messages}, {}


def short(descriptor: Descriptor) -> str:
    """The name of a type without its package."""
    package = descriptor.file.package
    if "keras" in package:  # has types of the same names
        return f"Keras{descriptor.name}"
    return descriptor.full_name.removeprefix(f"{package}.") if package else descriptor.full_name


def rows(descriptor: Descriptor, types: dict[str, dict[str, list[Any]]]) -> None:
    """Add a type and those that its fields have."""
    if short(descriptor) in types:
        return
    table = types[short(descriptor)] = {}
    for field in sorted(descriptor.fields, key=lambda f: f.number):
        kind = short(field.message_type) if field.type == MESSAGE else SCALARS[field.type]
        table[str(field.number)] = [field.name, kind, *([True] if field.is_repeated else [])]
        if field.type == MESSAGE:
            rows(field.message_type, types)


def main(library: str) -> None:
    """Write the table of a library's messages."""
    roots = {"onnx": onnx_roots, "tensorflow": tensorflow_roots, "tfrecord": tfrecord_roots}
    messages, enums = roots[library]()
    types: dict[str, dict[str, list[Any]]] = {}
    for message in messages.values():
        rows(message.DESCRIPTOR, types)
    lines = [f"  {json.dumps(name)}: {json.dumps(types[name])}" for name in sorted(types)]
    words = [f"  {json.dumps(name)}: {json.dumps({v.number: v.name for v in e.values})}" for name, e in enums.items()]
    text = '{"types": {\n' + ",\n".join(lines) + '\n},\n"enums": {\n' + ",\n".join(words) + "\n}}\n"
    (ROOT / "parsers" / library / "messages.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
