"""Tensors of ONNX models whose bytes stand in other files of the folder, as if they stood in the model.

Layout: https://onnx.ai/onnx/repo-docs/ExternalData.html. Only files that the listing of the folder and of
those below it has are opened, by the names that the listing gives them; what a model names elsewhere is a reference
of the model and is left alone.
"""

from __future__ import annotations

from modelaudit.engine.facts import Place, clean
from modelaudit.parsers.base import Context, Input, Values
from modelaudit.parsers.bundle import ONNX
from modelaudit.parsers.reader import WINDOW, SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Tensor
    from modelaudit.parsers.bundle import Folder

MODELS = 64  # of a folder
TENSORS = 20_000  # of a model
ASKED = ("blob", "tensor.stats", "tensor.measured", "relation.share")


class Extent:
    """Bytes of a file beside the model, which is opened later."""

    __slots__ = ("file", "size", "start")

    def __init__(self, file: str, start: int, size: int) -> None:
        self.file = file
        self.start = start
        self.size = size

    def read_at(self, offset: int, length: int) -> bytes:
        """Nothing: while a model is walked through, no other file is open."""
        return b""

    def window(self, offset: int, length: int = WINDOW) -> bytes:
        """The same, for a sequential parser."""
        return b""


def relate_external(folder: Folder, context: Context) -> Iterator[Values]:
    """The tensors with their values, where somebody asks for what values say."""
    if not context.full or not any(map(context.wants, ASKED)):
        return
    for name in [name for name in folder.names if name.endswith(ONNX)][:MODELS]:
        for tensor, extent in _extents(folder, name, context):
            context.check()
            reader = folder.open(extent.file)
            values = None if reader is None else SliceReader(reader, extent.start, extent.size)
            if values is not None and values.size == extent.size:
                place = Place(offset=extent.start, pointer=f"/{extent.file}")
                yield Values(tensor.replace(artifact=folder.path, places=(place,)), values)


def _extents(folder: Folder, name: str, context: Context) -> list[tuple[Tensor, Extent]]:
    """The tensors of a model that stand in files of the folder, and where."""
    from modelaudit.parsers.onnx.model import tensors_outside

    files = {*folder.names, *folder.inner}

    def outside(location: str, offset: int, length: int) -> Extent | None:
        file = clean(location.removeprefix("./"))[0]
        return Extent(file, offset, length) if file in files else None

    reader = folder.open(name)
    found: list[tuple[Tensor, Extent]] = []
    if reader is not None:
        given = Input(name, reader, "onnx", formats=frozenset({"onnx"}))
        quiet = Context(wants=lambda _: False, check=context.check, budgets=context.budgets)
        for item in tensors_outside(given, quiet, outside):
            if isinstance(item.reader, Extent):
                found.append((item.tensor, item.reader))
            if len(found) >= TENSORS:
                break
    return found
