"""The arrays of a `.npy` file: their headers, whether their data fit, and pickles where the elements are objects."""

from __future__ import annotations

from modelaudit.engine.facts import KINDS, Defect, Limit, Place, Tensor, clean
from modelaudit.parsers.base import Nested, Property
from modelaudit.parsers.numpy import MAGIC
from modelaudit.parsers.numpy.dtypes import count, of_descr
from modelaudit.parsers.numpy.header import LENGTHS, BadHeader, Header, read_header
from modelaudit.parsers.reader import SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.numpy.dtypes import Element

HEADER_MAX = 1024 * 1024  # bytes; NumPy itself refuses more than 10,000 unless it may unpickle
ARRAYS_MAX = 100_000
DTYPE_MAX = 1024  # characters of an element type
CONTENT = frozenset(KINDS) - {"artifact", "defect", "limit", "tensor"}
NONE: frozenset[str] = frozenset()


def parse_npy(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """The facts of each array in the file, one behind the other."""
    file = _File(artifact)
    offset = 0
    for _ in range(ARRAYS_MAX):
        following = yield from file.array(offset)
        if following is None:
            return
        offset = following
        context.check()
    yield Limit(artifact.path, what="arrays", at=ARRAYS_MAX + 1, budget=ARRAYS_MAX, by="file", affects=CONTENT)


class _File:
    """A file of arrays while it is read."""

    __slots__ = ("path", "reader")

    def __init__(self, artifact: Input) -> None:
        self.path = artifact.path
        self.reader = artifact.reader

    def defect(self, code: str, detail: str, offset: int, affects: frozenset[str] = NONE) -> Defect:
        """A defect at an offset."""
        text, lossy = clean(detail)
        return Defect(self.path, code=code, detail=text, affects=affects, places=(Place(offset=offset),), lossy=lossy)

    def rest(self, name: str, start: int, *, view: str = "hidden") -> Iterator[Nested]:
        """What stands from an offset on, as an artifact of its own."""
        if start < self.reader.size:
            yield Nested(name, SliceReader(self.reader, start, self.reader.size - start), role="member", view=view)

    def array(self, start: int) -> Generator[Fact | Nested | Property, None, int | None]:
        """One array; returns where the next one begins, or None at the end of what can be read."""
        prefix = self.reader.read_at(start, 12)
        width = LENGTHS.get(prefix[6]) if len(prefix) > 6 else None
        if width is None:
            yield self.defect("bad-version", f"version {prefix[6:8].hex('.')} of the header", start, CONTENT)
            yield from self.rest("data", start + len(MAGIC))
            return None
        if start == 0:
            yield Property("version", f"{prefix[6]}.{prefix[7] if len(prefix) > 7 else 0}")
        length = int.from_bytes(prefix[8 : 8 + width], "little")
        if length > HEADER_MAX:
            yield Limit(self.path, what="header", at=length, budget=HEADER_MAX, by="file", affects=CONTENT)
            yield from self.rest("data", start + 8 + width)
            return None
        return (yield from self.headed(start + 8 + width, length, prefix[6]))

    def headed(self, at: int, length: int, major: int) -> Generator[Fact | Nested, None, int | None]:
        """An array whose header stands at `at`."""
        raw = self.reader.read_at(at, length)
        data = at + length
        if len(raw) < length:
            yield self.defect("truncated", f"{length - len(raw)} bytes of the header are missing", at, CONTENT)
            return None
        try:
            header = read_header(raw, major)
        except BadHeader as bad:
            yield self.defect(bad.code, bad.detail, at, CONTENT)
            yield from self.rest("data", data)
            return None
        return (yield from self.elements(header, at, data))

    def elements(self, header: Header, at: int, data: int) -> Generator[Fact | Nested, None, int | None]:
        """The array that a header announces; its elements stand at `data`."""
        element = of_descr(header.descr)
        number = count(header.shape)
        yield self.tensor(header, element, number, data)
        if element is None or number is None:
            code, what = ("unknown-dtype", header.descr) if element is None else ("bad-shape", header.shape)
            yield self.defect(code, f"no size is known for {str(what)[:200]}", at, CONTENT)
            yield from self.rest("data", data)
            return None
        if element.objects:
            detail = f"elements of type {str(header.descr)[:200]} are stored as a pickle"
            yield self.defect("object-array", detail, at)
            yield from self.rest("array.pkl", data, view="visible")
            return None
        return (yield from self.after(data, data + element.size * number))

    def tensor(self, header: Header, element: Element | None, number: int | None, data: int) -> Tensor:
        """The fact of the array."""
        dtype, lossy = clean(str(header.descr)[:DTYPE_MAX])
        stored = self.reader.size - data
        size = element.size * number if element is not None and number is not None else 0
        return Tensor(
            self.path,
            dtype=dtype,
            shape=header.shape,
            rows=header.shape[0] if header.shape else None,
            nbytes=min(size, 2**63 - 1),
            storage_size=max(0, stored if size > stored else size),
            data_offset=data,
            places=(Place(offset=data),),
            lossy=lossy,
        )

    def after(self, data: int, stop: int) -> Generator[Fact | Nested, None, int | None]:
        """Hold the size of plain elements against what is there; what follows may be the next array."""
        size = self.reader.size
        if stop > size:
            yield self.defect("truncated", f"{stop - size} bytes of the elements are missing", data)
            return None
        if stop == size:
            return None
        if self.reader.read_at(stop, len(MAGIC)) == MAGIC:
            return stop
        yield self.defect("trailing-data", f"{size - stop} bytes after the last element", stop)
        yield from self.rest("trailing-data", stop)
        return None
