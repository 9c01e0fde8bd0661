"""TensorFlow checkpoints: an index `NAME.index` and its data `NAME.data-00000-of-00001` …, which must suffice."""

from __future__ import annotations

import re

from modelaudit.engine.facts import Relation, clean
from modelaudit.parsers.tensorflow.checkpoint import shards
from modelaudit.parsers.tensorflow.table import TableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.bundle import Folder

INDEX = ".index"
SHARDS_MAX = 10_000
DATA = re.compile(r"(.+)\.data-(\d{5})-of-(\d{5})")


def relate_checkpoints(folder: Folder, context: Context) -> Iterator[Fact]:
    """One `relation` for each data file of each index, and for each data file that no index of its name counts."""
    present = set(folder.names)
    counted: set[str] = set()
    for name in folder.names:
        stem = name.removesuffix(INDEX)
        if name.endswith(INDEX) and any(one.startswith(f"{stem}.data-") for one in folder.names):
            yield from _shards(folder, name, present, counted, context)
    for name in folder.names:
        found = DATA.fullmatch(name)
        if found is not None and name not in counted and f"{found.group(1)}{INDEX}" in present:
            yield _relation(folder, name, f"{found.group(1)}{INDEX}", "the index does not count this file")


def _shards(
    folder: Folder, index: str, present: Collection[str], counted: set[str], context: Context
) -> Iterator[Fact]:
    """The relations of one index."""
    reader = folder.open(index)
    try:
        if reader is None:
            raise TableError("bad-table", "the file cannot be opened")
        number, needed = shards(reader, context)
    except TableError as bad:
        yield _relation(folder, index, index, f"the index cannot be read: {bad.detail}")
        return
    stem = index.removesuffix(INDEX)
    for shard in range(min(max(number, 0), SHARDS_MAX)):
        context.check()
        name = f"{stem}.data-{shard:05d}-of-{number:05d}"
        counted.add(name)
        yield _relation(folder, name, index, _disagreement(folder, name, present, needed.get(shard, 0)))
    beyond = [shard for shard in needed if not 0 <= shard < number]
    if beyond:
        yield _relation(folder, index, index, f"the index names the data file {beyond[0]} of {number}")


def _disagreement(folder: Folder, name: str, present: Collection[str], needed: int) -> str | None:
    """What is wrong with a data file; None when it is as the index says."""
    if name not in present:
        return "the data file is missing"
    reader = folder.open(name)
    if reader is None:
        return "the data file cannot be opened"
    return f"{needed} bytes are needed, {reader.size} are there" if reader.size < needed else None


def _relation(folder: Folder, shard: str, index: str, detail: str | None) -> Relation:
    a, lossy = clean(shard)
    b, lossy_index = clean(index)
    return Relation(
        folder.path,
        kind="shard-of",
        a=a,
        b=b,
        agrees=detail is None,
        detail=None if detail is None else clean(detail)[0],
        lossy=lossy or lossy_index,
    )
