"""An array of Zarr 2, `.zarray`, beside its parts `0.0`, `0.1` …: they must be parts of it and have their sizes.

Layout: https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html; the head of Blosc:
https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst. Parts are not expanded here.
"""

from __future__ import annotations

import re

from modelaudit.engine.facts import Relation
from modelaudit.parsers.keras.document import DocumentError, Object, TooLarge, read_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.bundle import Folder
    from modelaudit.parsers.keras.document import Tree
    from modelaudit.parsers.reader import Reader

DESCRIPTION = ".zarray"
SIZE = 1024 * 1024  # bytes of a description
KEY = re.compile(r"\d{1,18}(?:\.\d{1,18})*")
TYPE = re.compile(r"[<>|=]([biufcmMSUV])(\d{1,9})(?:\[.*\])?")
WIDE = {"U": 4}  # bytes of what the size of a type counts, 1 for others
BLOSC, LZ4 = "blosc", "lz4"
DIMENSIONS = 64
LARGEST = 2**63 - 1


class Layout:
    """How many parts an array has in each dimension, how long one is, and how it is packed."""

    __slots__ = ("codec", "grid", "nbytes")

    def __init__(self, grid: list[int], nbytes: int | None, codec: str | None) -> None:
        self.grid = grid
        self.nbytes = nbytes  # None when it cannot be told
        self.codec = codec  # None: as it is


def relate_array(folder: Folder, context: Context) -> Iterator[Fact]:
    """One `relation` for each part."""
    layout = _layout(folder.open(DESCRIPTION))
    if layout is None:
        return  # the description itself says so
    for name in filter(KEY.fullmatch, folder.names):
        context.check()
        detail = _disagreement(name, folder.open(name), layout)
        yield Relation(folder.path, kind="shard-of", a=name, b=DESCRIPTION, agrees=detail is None, detail=detail)


def _layout(reader: Reader | None) -> Layout | None:
    if reader is None or reader.size > SIZE:
        return None
    try:
        tree = read_json(reader.read_at(0, reader.size))
    except (DocumentError, TooLarge):
        return None
    if not isinstance(tree, Object):
        return None
    shape, chunks = _sizes(tree.get("shape")), _sizes(tree.get("chunks"))
    if shape is None or chunks is None or len(shape) != len(chunks) or 0 in chunks:
        return None
    compressor = tree.get("compressor")
    codec = compressor.get("id") if isinstance(compressor, Object) else None
    nbytes = None if tree.get("filters") else _item(tree.get("dtype"))
    for size in chunks:
        nbytes = None if nbytes is None or nbytes > LARGEST else nbytes * size
    return Layout([-(-a // b) for a, b in zip(shape, chunks, strict=True)], nbytes, str(codec) if codec else None)


def _sizes(value: Tree) -> list[int] | None:
    if not isinstance(value, list) or len(value) > DIMENSIONS:
        return None
    sizes = [one for one in value if type(one) is int and 0 <= one <= LARGEST]
    return sizes if len(sizes) == len(value) else None


def _item(dtype: Tree) -> int | None:
    """Bytes of one value, None for types of several fields and for objects."""
    found = TYPE.fullmatch(dtype) if isinstance(dtype, str) else None
    return None if found is None else int(found[2]) * WIDE.get(found[1], 1)


def _disagreement(name: str, reader: Reader | None, layout: Layout) -> str | None:
    """What is wrong with a part; None when it is as the description says."""
    place = [int(one) for one in name.split(".")]
    expected = layout.grid or [1]
    if len(place) != len(expected) or any(at >= most for at, most in zip(place, expected, strict=True)):
        return f"the array has {' x '.join(map(str, expected))} parts"
    if reader is None:
        return "the part cannot be opened"
    size, whole = _told(reader, layout.codec)
    if whole != reader.size:
        return f"{whole} bytes are packed, {reader.size} are there"
    if size is not None and layout.nbytes is not None and size != layout.nbytes:
        return f"a part has {layout.nbytes} bytes, this one {size}"
    return None


def _told(reader: Reader, codec: str | None) -> tuple[int | None, int]:
    """How many bytes a part says that it has, and how many the file must have."""
    if codec is None:
        return reader.size, reader.size
    head = reader.read_at(0, 16)
    if codec == BLOSC and len(head) == 16:
        return int.from_bytes(head[4:8], "little"), int.from_bytes(head[12:16], "little")
    if codec == LZ4 and len(head) >= 4:
        return int.from_bytes(head[:4], "little"), reader.size
    return None, reader.size
