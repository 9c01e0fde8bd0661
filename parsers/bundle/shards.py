"""A model in several files: each tensor of the index must be in the shard that the index names.

Layout: `NAME.safetensors.index.json` has `weight_map`, from tensor names to file names, and `metadata`. Of an index
`NAME.bin.index.json` only the files are compared, since the tensors of a pickle are not named outside of it, and of an
index of Keras, `NAME.weights.json` beside `NAME_00000.weights.h5` …, whose values are lists.
"""

from __future__ import annotations

from modelaudit.engine.facts import Defect, Place, Reference, Relation, clean, path_class
from modelaudit.parsers.bundle import INDEX, KERAS
from modelaudit.parsers.safetensors.header import HeaderError, Members, entries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.bundle import Folder
    from modelaudit.parsers.reader import Reader

READ_MAX = 32 * 1024 * 1024  # bytes of an index or a header
SHARDS_MAX = 10_000
SHOWN = 5  # names in a detail
SAFETENSORS = ".safetensors"
METADATA = "__metadata__"
MISSING = frozenset({"relation", "reference"})


class ShardError(ValueError):
    """The index cannot be read; the words say why."""


def relate_shards(folder: Folder, context: Context) -> Iterator[Fact]:
    """One `relation` for each shard of each index, and for each file that looks like a shard of one and is none."""
    for name in folder.names:
        if name.endswith(INDEX):
            try:
                shards = _weight_map(folder.open(name))
            except ShardError as bad:
                if name.endswith(KERAS) and not _is_index(folder.open(name)):
                    continue  # many files could have such a name
                detail, lossy = clean(f"{name}: {bad}")
                yield Defect(folder.path, code="bad-index", detail=detail, affects=MISSING, lossy=lossy)
            else:
                yield from _shards(folder, name, shards, context)


def _weight_map(reader: Reader | None) -> dict[str, list[str]]:
    """Names of the shards with the tensors that each should have. Raises `ShardError`."""
    text = _text(reader, 0, reader.size if reader is not None else 0)
    try:
        maps = [value for key, value in entries(text) if key == "weight_map"]
    except HeaderError as error:
        raise ShardError(str(error)) from None
    if len(maps) != 1 or not isinstance(maps[0], Members):
        raise ShardError(f"{len(maps)} weight maps" if len(maps) != 1 else "the weight map is no object")
    return _by_shard(maps[0])


def _by_shard(weights: Members) -> dict[str, list[str]]:
    if repeated := weights.repeated():
        raise ShardError(f"{repeated[0]} is in the weight map twice")
    shards: dict[str, list[str]] = {}
    for tensor, named in weights.pairs:
        for shard in named if isinstance(named, list) else [named]:
            if not isinstance(shard, str):
                raise ShardError(f"the shard of {tensor} is no name")
            shards.setdefault(shard, []).append(tensor)
    if len(shards) > SHARDS_MAX:
        raise ShardError(f"{len(shards)} shards")
    return shards


def _shards(folder: Folder, index: str, shards: dict[str, list[str]], context: Context) -> Iterator[Fact]:
    """The relations of one index."""
    present = set(folder.names)
    for shard, tensors in shards.items():
        context.check()
        if shard in present:
            detail = _disagreement(folder.open(shard), tensors) if shard.endswith(SAFETENSORS) else None
        elif "/" in shard or "\\" in shard:
            yield _reference(folder, index, shard)
            detail = "the index names a file outside the folder"
        else:
            detail = "the shard is missing"
        yield _relation(folder, shard, index, detail)
    begin, amid, ending = _parted(index)
    for name in folder.names:
        if name not in shards and name.startswith(begin) and amid in name and name.endswith(ending):
            yield _relation(folder, name, index, "the index does not name this file")


def _is_index(reader: Reader | None) -> bool:
    """Whether a file has anything that looks like a weight map."""
    return reader is not None and reader.size <= READ_MAX and b'"weight_map"' in reader.read_at(0, reader.size)


def _parted(index: str) -> tuple[str, str, str]:
    """What the names of the shards begin with, what is in them, and what they end with."""
    for ending in INDEX:
        stem = index.removesuffix(ending)
        if ending == KERAS and stem != index:
            return f"{stem}_0", "_0", ".weights.h5"
        if stem != index:
            return f"{stem}-", "-of-", ending.removesuffix(".index.json")
    return f"{index}-", "-of-", SAFETENSORS


def _disagreement(reader: Reader | None, tensors: list[str]) -> str | None:
    """Where a shard's header and the index differ; None when they agree."""
    try:
        names = _tensor_names(reader)
    except ShardError as bad:
        return f"the shard cannot be read: {bad}"
    expected = set(tensors)
    parts = [
        f"{len(group)} {words}: {', '.join(sorted(group)[:SHOWN])}{' …' if len(group) > SHOWN else ''}"
        for group, words in ((expected - names, "not in the shard"), (names - expected, "not in the index"))
        if group
    ]
    return "; ".join(parts) or None


def _tensor_names(reader: Reader | None) -> set[str]:
    """Names in the header of a safetensors file. Raises `ShardError`."""
    length = int.from_bytes(reader.read_at(0, 8), "little") if reader is not None else 0
    try:
        return {name for name, _ in entries(_text(reader, 8, length))} - {METADATA}
    except HeaderError as error:
        raise ShardError(str(error)) from None


def _text(reader: Reader | None, offset: int, length: int) -> str:
    """A part of a file as text. Raises `ShardError`."""
    if reader is None:
        raise ShardError("the file cannot be opened")
    if length > READ_MAX:
        raise ShardError(f"{length} bytes of JSON")
    return reader.read_at(offset, length).decode("utf-8", "surrogateescape")


def _relation(folder: Folder, shard: str, index: str, detail: str | None) -> Relation:
    a, lossy = clean(shard)
    b, lossy_index = clean(index)
    words = clean(detail)[0] if detail is not None else None
    lossy = lossy or lossy_index
    return Relation(folder.path, kind="shard-of", a=a, b=b, agrees=detail is None, detail=words, lossy=lossy)


def _reference(folder: Folder, index: str, shard: str) -> Reference:
    target, lossy = clean(shard)
    place = Place(pointer="/weight_map")
    classes = path_class(shard)
    return Reference(
        folder.path,
        target=target,
        kind="file",
        owner=clean(index)[0],
        key="weight_map",
        path_class=classes,
        places=(place,),
        lossy=lossy,
    )
