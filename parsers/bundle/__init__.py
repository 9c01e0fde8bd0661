"""Folders that mean something as a whole: which they are, and whether their files agree.

A folder is recognised by the names of the files in it. `relate` then yields facts about the folder as an artifact
of role `bundle`; the files themselves are read by the parsers of their own formats.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from typing import Protocol

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Property, Values
    from modelaudit.parsers.reader import Reader

    class Folder(Protocol):
        """A folder as a bundle parser sees it: `path` of the artifact, sorted `names` of the files directly in it.

        `inner` are the paths of files below its folders, where a format keeps some there; `spent` is what ended their
        listing, with how many there are and may be. `open` gives the reader of
        one of these files, or None when it cannot be read; the caller closes it once `relate` has ended. No other
        name is ever opened.
        """

        path: str
        names: Sequence[str]
        inner: Sequence[str]
        spent: tuple[str, int, int] | None

        def open(self, name: str) -> Reader | None:
            """The bytes of a file of the folder."""

    Recogniser = Callable[[Collection[str]], bool]

KERAS = ".weights.json"  # of the index of Keras
INDEX = (".safetensors.index.json", ".bin.index.json", KERAS)
ABOUT = ("readme", "license", "licence", "copying")  # how the names of files begin that describe a model
WEIGHTS = (
    *(".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".gguf", ".onnx", ".h5", ".keras", ".msgpack", ".tflite"),
    *(".pkl", ".pickle", ".joblib", ".pb", ".npz", ".mlmodel", ".index"),
)
SHARD = re.compile(r"-shard\d+of\d+(?:\.bin)?$")  # of weights of TensorFlow.js
ONNX = ".onnx"
DATA = ("_data", ".data", ".weight", ".bias", ".weights", ".dat")  # endings of files that hold its tensors
EXTERNAL = "onnx-external"
PIECE = "onnx__"  # how exporters name a file for a tensor without a name
PARTS = frozenset({"manifest.ocdbt", "_sharding", "commit_success.txt"})  # beside the description of an Orbax item


def _is_sharded(names: Collection[str]) -> bool:
    return any(name.endswith(INDEX) for name in names)


def _is_checkpoint(names: Collection[str]) -> bool:
    return any(name.endswith(".index") for name in names) and any(".data-" in name and "-of-" in name for name in names)


def _is_repository(names: Collection[str]) -> bool:
    lowered = [name.lower() for name in names]
    described = any(name == "config.json" or name.startswith(ABOUT) for name in lowered)
    return described and any(name.endswith(WEIGHTS) for name in lowered)


def _is_orbax(names: Collection[str]) -> bool:
    return "_CHECKPOINT_METADATA" in names or ("_METADATA" in names and not PARTS.isdisjoint(names))


def _relate_nothing(folder: Folder, context: Context) -> Iterator[Fact]:
    """The descriptions say nothing about the files beside them that can be compared by name."""
    return iter(())


def _relate_shards(folder: Folder, context: Context) -> Iterator[Fact]:
    from modelaudit.parsers.bundle.shards import relate_shards

    return relate_shards(folder, context)


def _relate_checkpoints(folder: Folder, context: Context) -> Iterator[Fact]:
    from modelaudit.parsers.bundle.checkpoints import relate_checkpoints

    return relate_checkpoints(folder, context)


def _is_blobs(names: Collection[str]) -> bool:
    return sum(len(name.removeprefix("sha256-")) == 64 and name[-64:].isalnum() for name in names) > 1


def _relate_blobs(folder: Folder, context: Context) -> Iterator[Fact]:
    from modelaudit.parsers.bundle.blobs import relate_blobs

    return relate_blobs(folder, context)


def _relate_repository(folder: Folder, context: Context) -> Iterator[Fact]:
    from modelaudit.parsers.bundle.repository import relate_repository

    return relate_repository(folder, context)


def _is_browser(names: Collection[str]) -> bool:
    return any(name.endswith(".json") for name in names) and any(SHARD.search(name) for name in names)


def _relate_browser(folder: Folder, context: Context) -> Iterator[Fact]:
    from modelaudit.parsers.bundle.browser import relate_browser

    return relate_browser(folder, context)


def _is_array(names: Collection[str]) -> bool:
    return ".zarray" in names


def _relate_array(folder: Folder, context: Context) -> Iterator[Fact]:
    from modelaudit.parsers.bundle.arrays import relate_array

    return relate_array(folder, context)


def _is_adapter(names: Collection[str]) -> bool:
    return "adapter_config.json" in names and "adapter_model.safetensors" in names


def _relate_adapter(folder: Folder, context: Context) -> Iterator[Fact]:
    from modelaudit.parsers.bundle.adapters import relate_adapter

    return relate_adapter(folder, context)


def _is_external(names: Collection[str]) -> bool:
    models = tuple(name for name in names if name.endswith(ONNX))
    return bool(models) and any(
        name.endswith(DATA) or (name.startswith((*models, PIECE)) and not name.endswith(ONNX)) for name in names
    )


def _relate_external(folder: Folder, context: Context) -> Iterator[Fact | Values]:
    from modelaudit.parsers.bundle.external import relate_external

    return relate_external(folder, context)


FOLDER_RECOGNISERS: dict[str, Recogniser] = {
    "sharded-safetensors": _is_sharded,
    "tf-checkpoint-folder": _is_checkpoint,
    "orbax-checkpoint": _is_orbax,
    "zarr-array": _is_array,
    "tfjs-folder": _is_browser,
    "oci-blobs": _is_blobs,
    "lora-adapter": _is_adapter,
    "model-repository": _is_repository,
    EXTERNAL: _is_external,
}
RELATE = {
    "sharded-safetensors": _relate_shards,
    "tf-checkpoint-folder": _relate_checkpoints,
    "orbax-checkpoint": _relate_nothing,
    "zarr-array": _relate_array,
    "tfjs-folder": _relate_browser,
    "oci-blobs": _relate_blobs,
    "lora-adapter": _relate_adapter,
    "model-repository": _relate_repository,
    EXTERNAL: _relate_nothing,
}


def recognise_folder(names: Collection[str], inner: Collection[str] = (), *, whole: bool = True) -> str | None:
    """Id of the format that a folder with these file names has, or None for a folder that is only a folder.

    Where the names below it are not `whole`, those that are missing may be of the files that a model has there.
    """
    found = next((id for id, accepts in FOLDER_RECOGNISERS.items() if accepts(names)), None)
    if found is None and not whole and reaches_below(names):
        return EXTERNAL
    return EXTERNAL if found is None and inner and _is_external([*names, *_data_below(inner)]) else found


def reaches_below(names: Collection[str]) -> bool:
    """Whether files with these names may have a part of their bytes in folders below their own."""
    return any(name.endswith(ONNX) for name in names)


def _data_below(inner: Collection[str]) -> Iterator[str]:
    """The names of files below a folder, without those that stand beside a model of their own."""
    owned = {name.rpartition("/")[0] for name in inner if name.endswith(ONNX)}
    for name in inner:
        folder, _, last = name.rpartition("/")
        if folder not in owned:
            yield last


def relate(folder: Folder, context: Context) -> Iterator[Fact | Property | Values]:
    """Facts of a recognised folder: how its files belong together, and whether they agree."""
    for id, accepts in FOLDER_RECOGNISERS.items():
        if accepts(folder.names):
            yield from RELATE[id](folder, context)
    if reaches_below(folder.names):
        yield from _relate_external(folder, context)
