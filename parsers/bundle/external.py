"""Tensors of ONNX models whose bytes stand in other files of the folder, as if they stood in the model.

Layout: https://onnx.ai/onnx/repo-docs/ExternalData.html. Only files that the listing of the folder and of
those below it has are opened, by the names that the listing gives them; what a model names elsewhere is a reference
of the model and is left alone.
"""

from __future__ import annotations

from modelaudit.engine.facts import Limit, Place, clean
from modelaudit.parsers.base import Context, Input, Values
from modelaudit.parsers.bundle import ONNX
from modelaudit.parsers.reader import WINDOW, SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact, Tensor
    from modelaudit.parsers.bundle import Folder

MODELS = 64  # of a folder
TENSORS = 20_000  # of a model
ABOVE = ("", ".", "..")  # how paths begin that lead elsewhere
AFFECTED = frozenset({"tensor", "blob", "relation"})
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


def relate_external(folder: Folder, context: Context) -> Iterator[Fact | Values]:
    """The tensors with their values, where somebody asks for what values say.

    A `limit` says that a model names files which may be among those that were too many or too deep to be listed.
    """
    if not context.full or not any(map(context.wants, ASKED)):
        return
    missed = False
    for name in [name for name in folder.names if name.endswith(ONNX)][:MODELS]:
        extents, all_listed = _extents(folder, name, context)
        missed = missed or not all_listed
        for tensor, extent in extents:
            context.check()
            reader = folder.open(extent.file)
            values = None if reader is None else SliceReader(reader, extent.start, extent.size)
            if values is not None and values.size == extent.size:
                place = Place(offset=extent.start, pointer=f"/{extent.file}")
                yield Values(tensor.replace(artifact=folder.path, places=(place,)), values)
    if missed and folder.spent is not None:
        what, at, budget = folder.spent
        yield Limit(folder.path, what=what, at=at, budget=budget, by="file", affects=AFFECTED)


def _extents(folder: Folder, name: str, context: Context) -> tuple[list[tuple[Tensor, Extent]], bool]:
    """The tensors of a model that stand in files of the folder, and where; and whether no other may be among them."""
    from modelaudit.parsers.onnx.model import tensors_outside

    files = {*folder.names, *folder.inner}
    missed: set[str] = set()

    def outside(location: str, offset: int, length: int) -> Extent | None:
        file = clean(location.removeprefix("./"))[0]
        if file in files:
            return Extent(file, offset, length)
        if folder.spent is not None and "/" in file and file.partition("/")[0] not in ABOVE:
            missed.add(file)
        return None

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
    return found, not missed
