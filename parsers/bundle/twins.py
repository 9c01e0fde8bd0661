"""Whether the weights of one model in two formats are the same: safetensors, and an archive of PyTorch beside it.

Names of the files are those that `save_pretrained` of transformers, diffusers and peft writes
(https://huggingface.co/docs/transformers/main_classes/model). Tensors of the same name, type and shape are compared by
samples of their bytes, so that no file is read whole; those that only one file has, or that have another type there,
say nothing: tied weights are left out of one format, and half precision is published beside full precision.
"""

from __future__ import annotations

import re

from modelaudit.engine.facts import Relation, clean
from modelaudit.parsers.reader import SliceReader
from modelaudit.parsers.safetensors.header import data_start, objects_of
from modelaudit.parsers.zip.directory import find_ends, read_entries
from modelaudit.parsers.zip.geometry import asked
from modelaudit.parsers.zip.records import read_local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.bundle import Folder
    from modelaudit.parsers.reader import Reader

NAME = re.compile(
    r"(?:pytorch_)?(model|diffusion_pytorch_model|adapter_model)((?:\.[a-z0-9]+)?)(?:-\d{5}-of-\d{5})?\.(safetensors|bin)"
)
TYPES = {
    "DoubleStorage": "F64",
    "FloatStorage": "F32",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "LongStorage": "I64",
    "IntStorage": "I32",
    "ShortStorage": "I16",
    "CharStorage": "I8",
    "ByteStorage": "U8",
    "BoolStorage": "BOOL",
}
HEADER_MAX = 32 * 1024 * 1024
FILES_MAX = 64  # of one model in one format
ENTRIES_MAX = 100_000
TENSORS_MAX = 20_000  # that are compared
SAMPLES = 16  # of a tensor
SAMPLE = 4096  # bytes
PICKLE = "/data.pkl"
SHOWN = 3

Kept = tuple[str, tuple[int, ...], SliceReader]  # type, shape and bytes of a tensor


def relate_twins(folder: Folder, context: Context) -> Iterator[Fact]:
    """One `relation` for each model that is there in both formats and has a tensor that can be compared."""
    groups: dict[tuple[str, str], dict[str, list[str]]] = {}
    for name in folder.names:
        found = NAME.fullmatch(name)
        if found is not None:
            groups.setdefault((found[1], found[2]), {}).setdefault(found[3], []).append(name)
    for formats in groups.values():
        if len(formats) == 2:
            yield from _compare(folder, context, formats["safetensors"][:FILES_MAX], formats["bin"][:FILES_MAX])


def _compare(folder: Folder, context: Context, left: list[str], right: list[str]) -> Iterator[Relation]:
    kept: dict[str, Kept] = {}
    for name in left:
        kept.update(_safetensors(folder.open(name)))
    count, differing = 0, []
    for name in right if kept else ():
        for key, one in _torch(folder.open(name), context):
            other = kept.get(key)
            if other is not None and other[:2] == one[:2] and count < TENSORS_MAX:
                context.check()
                count += 1
                differing += [] if _alike(other[2], one[2]) else [key]
    if count:
        shown = ", ".join(sorted(differing)[:SHOWN])
        detail = f"{len(differing)} of {count} tensors have other values: {shown}" if differing else None
        yield Relation(
            folder.path,
            kind="same-model",
            what="values",
            a=clean(left[0])[0],
            b=clean(right[0])[0],
            agrees=not differing,
            detail=None if detail is None else clean(detail)[0],
        )


def _safetensors(reader: Reader | None) -> Iterator[tuple[str, Kept]]:
    """The tensors of one file; as many as its header names before it is wrong."""
    if reader is None:
        return
    start = data_start(reader)
    for name, about in objects_of(reader, HEADER_MAX):
        shape, place = _numbers(about.get("shape")), _numbers(about.get("data_offsets"))
        if shape is not None and place is not None and len(place) == 2 and place[0] < place[1]:
            part = SliceReader(reader, start + place[0], place[1] - place[0])
            if part.size == place[1] - place[0]:
                yield name, (str(about.get("dtype")), shape, part)


def _numbers(value: object) -> tuple[int, ...] | None:
    """A list of sizes as they are, None for anything else."""
    if not isinstance(value, list) or not all(type(one) is int and one >= 0 for one in value):
        return None
    return tuple(value)


def _torch(reader: Reader | None, context: Context) -> Iterator[tuple[str, Kept]]:
    """The tensors of an archive of PyTorch whose values stand there as they are; none of another file."""
    members = {} if reader is None else _members(reader)
    for name, pickle in members.items():
        machine = asked(pickle, context.check) if name.endswith(PICKLE) else None
        for tensor in machine.tensors if machine is not None else ():
            storage = members.get(f"{name.removesuffix(PICKLE)}/data/{tensor.key}")
            begin = None if storage is None else tensor.begin(storage.size)
            if machine is not None and storage is not None and begin is not None and tensor.nbytes():
                part = SliceReader(storage, begin, tensor.nbytes())
                yield machine.name(tensor), (TYPES.get(tensor.kind, ""), tensor.shape, part)


def _members(reader: Reader) -> dict[str, SliceReader]:
    """The members of an archive that are stored as they are, by name."""
    found: dict[str, SliceReader] = {}
    for end in find_ends(reader)[:1]:
        for count, entry in enumerate(read_entries(reader, end.start)):
            local = read_local(reader, entry.offset + end.shift) if count < ENTRIES_MAX else None
            if local is None:
                break
            if entry.method == 0 and local.data + entry.size <= reader.size:
                found[entry.name.decode("utf-8", "replace")] = SliceReader(reader, local.data, entry.size)
    return found


def _alike(a: SliceReader, b: SliceReader) -> bool:
    """Whether samples of two tensors are the same: all of short ones, first and last bytes and some between."""
    if a.size != b.size:
        return False
    step = max(SAMPLE, (a.size - SAMPLE) // (SAMPLES - 1) + 1)
    places = [*range(0, max(1, a.size - SAMPLE), step), max(0, a.size - SAMPLE)]
    return all(a.read_at(at, SAMPLE) == b.read_at(at, SAMPLE) for at in places)
