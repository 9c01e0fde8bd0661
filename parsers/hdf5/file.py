"""The facts of an HDF5 file: everything that its groups lead to, and what stands before and behind it."""

from __future__ import annotations

from modelaudit.engine.facts import Blob, Defect, Limit, Place, Reference, Tensor, clean, decode, path_class
from modelaudit.parsers.base import Nested, Property, Values
from modelaudit.parsers.hdf5 import find_signature
from modelaudit.parsers.hdf5.attributes import attributes
from modelaudit.parsers.hdf5.contents import Contents
from modelaudit.parsers.hdf5.datasets import (
    CONTIGUOUS,
    VIRTUAL,
    Dataset,
    external_files,
    is_dataset,
    read_dataset,
    virtual_sources,
)
from modelaudit.parsers.hdf5.headers import Header, read_header
from modelaudit.parsers.hdf5.links import EXTERNAL, HARD, SOFT, Link, is_group, links
from modelaudit.parsers.hdf5.source import COST_MAX, Damage, Source, Spent
from modelaudit.parsers.hdf5.superblock import read_superblock
from modelaudit.parsers.hdf5.values import ChunkedReader, is_readable
from modelaudit.parsers.pickle.literals import sniff
from modelaudit.parsers.reader import SliceReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.reader import Reader

HEAD = 4096
CONTENT = frozenset({"tensor", "reference", "layer", "code", "metadata", "text", "op", "relation"})
PATH_MAX = 1024  # characters
DEFECTS_MAX = 50  # that are listed
NUMBER_MAX = 2**63 - 1
SHAPE_MAX = 1 << 26  # bytes of values of which any file may only state the shape
DENSEST = 1100  # bytes of values in a stored byte that the best of the built-in filters can make


def parse_file(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Values]:
    """Facts of the file; what stands in front of it and behind its end as hidden artifacts."""
    return _File(artifact, context).facts()


class _File:
    """One file while it is read."""

    def __init__(self, artifact: Input, context: Context) -> None:
        self.path = artifact.path
        self.reader = artifact.reader
        self.shared = len(artifact.formats) > 1  # another format's parser reads what is around the file
        self.context = context
        self.contents = Contents(artifact.path, artifact.reader, context)
        self.objects = 0
        self.defects = 0

    def facts(self) -> Iterator[Fact | Nested | Property | Values]:
        """Everything, from the root group on."""
        base = find_signature(self.reader.read_at(0, HEAD), self.reader)
        if base is None:
            yield self.defect("hdf5-superblock", "no superblock", 0)
            return
        source = Source(self.reader, base, self.context.check)
        try:
            superblock = read_superblock(source)
        except Damage as damage:
            yield self.defect("hdf5-superblock", damage.detail, base + damage.address)
            return
        yield Property("version", str(superblock.version))
        yield from self.around(base, base + superblock.end)
        try:
            yield from self.walk(source, superblock.root)
        except Spent:
            yield Limit(self.path, what="work", at=source.cost, budget=COST_MAX, by="file", affects=CONTENT)
        yield from self.contents.summary()

    def around(self, base: int, end: int) -> Iterator[Blob | Nested | Defect]:
        """What stands before the superblock and behind the end that it states."""
        if end > self.reader.size:
            detail = f"the superblock says that the file ends at {end}, it has {self.reader.size} bytes"
            yield self.defect("hdf5-truncated", detail, base)
        if self.shared:
            return
        if base and self.reader.read_at(0, min(base, HEAD)).strip(b"\0"):
            yield from self.outside("user-block", SliceReader(self.reader, 0, base), 0, "gap")
        if base < end < self.reader.size:
            rest = SliceReader(self.reader, end, self.reader.size - end)
            yield from self.outside("trailing-data", rest, end, "tail")

    def outside(self, name: str, rest: Reader, offset: int, region: str) -> Iterator[Blob | Nested]:
        """Bytes that no object of the file owns: what file they are, and themselves as an artifact."""
        head = rest.read_at(0, HEAD)
        found = sniff(head, rest) if head else None
        if found is not None:
            kind, validated, _ = found
            place = (Place(offset=offset),)
            yield Blob(
                self.path, kind=kind, region=region, method="raw", size=rest.size, validated=validated, places=place
            )
        yield Nested(name, rest, role="other", view="hidden")

    def defect(self, code: str, detail: str, offset: int, *, affects: frozenset[str] = CONTENT) -> Defect:
        """A defect."""
        text, lossy = clean(detail[:PATH_MAX])
        place = Place(offset=min(max(0, offset), NUMBER_MAX))
        return Defect(self.path, code=code, detail=text, affects=affects, places=(place,), lossy=lossy)

    def damage(self, damage: Damage, name: str, source: Source, code: str = "hdf5-object") -> Iterator[Defect]:
        """A defect of an object; of many only the first are listed."""
        self.defects += 1
        if self.defects <= DEFECTS_MAX:
            yield self.defect(code, f"{name or '/'}: {damage.detail}", source.base + damage.address)

    # Objects

    def walk(self, source: Source, root: int) -> Iterator[Fact | Nested | Values]:
        """The objects that can be reached, each once; groups may lead back to themselves."""
        budget = self.context.budget("members")
        open_objects, seen = [("", root)], {root}
        while open_objects:
            name, address = open_objects.pop()
            self.objects += 1
            self.context.check()
            try:
                header = read_header(source, address)
            except Damage as damage:
                yield from self.damage(damage, name, source)
                continue
            below: list[tuple[str, int]] = []
            yield from self.object(source, name, header, below, seen)
            below.sort(key=_address, reverse=True)  # as they stand in the file, which may have to be fetched
            open_objects += below
            if len(seen) > budget:
                yield Limit(self.path, what="members", at=len(seen), budget=budget, by="file", affects=CONTENT)
                return

    def object(
        self, source: Source, name: str, header: Header, below: list[tuple[str, int]], seen: set[int]
    ) -> Iterator[Fact | Nested | Values]:
        """The facts of one object; what it links to and was not seen before goes to `below`."""
        if header.damage is not None:
            yield from self.damage(header.damage, name, source)
        for item in attributes(source, header, self.context.budget("members")):
            if isinstance(item, Damage):
                yield from self.damage(item, name, source, "hdf5-attribute")
            else:
                yield from self.contents.attribute(name, item)
        try:
            if is_dataset(header):
                yield from self.dataset(source, name, header)
            elif is_group(header):
                yield from self.group(source, name, header, below, seen)
        except Damage as damage:
            yield from self.damage(damage, name, source)

    def group(
        self, source: Source, name: str, header: Header, below: list[tuple[str, int]], seen: set[int]
    ) -> Iterator[Fact]:
        """The links of a group."""
        for link in links(source, header, self.context.budget("members")):
            inner = f"{name}/{_text(link.name)}".lstrip("/")[:PATH_MAX]
            if link.kind != HARD:
                yield from self.link(inner, link, header.address + source.base)
            elif link.address not in seen:
                seen.add(link.address)
                below.append((inner, link.address))
            self.contents.group(name, inner)
            if len(seen) > self.context.budget("members"):
                return

    def link(self, name: str, link: Link, offset: int) -> Iterator[Fact]:
        """A link that leads elsewhere than to an object of the group."""
        if link.kind == EXTERNAL:
            yield self.reference(link.file, "link", name, "external-link", offset)
        elif link.kind != SOFT:
            detail = f"{name}: links of kind {link.kind} need a program of their own"
            yield self.defect("hdf5-link-kind", detail, offset, affects=frozenset())

    def reference(self, target: bytes, kind: str, owner: str, key: str, offset: int) -> Reference:
        """Another file that is named."""
        text, lossy = decode(target[: 4 * PATH_MAX])
        return Reference(
            self.path,
            target=text,
            kind=kind,
            owner=owner,
            key=key,
            path_class=path_class(text),
            places=(Place(offset=offset),),
            lossy=lossy,
        )

    # Data sets

    def dataset(self, source: Source, name: str, header: Header) -> Iterator[Fact | Nested | Values]:
        """A data set: what it is, where its values come from, and whether they can be there."""
        offset = header.address + source.base
        yield from self.named(external_files(source, header), name, "external-storage", offset)
        found = read_dataset(source, header)
        tensor, values = self.tensor(name, found, offset, source.base), self.chunked(source, found)
        yield tensor if values is None else Values(tensor, values)
        if found.layout.kind == VIRTUAL:
            files = (file for file in virtual_sources(source, found.layout) if file != b".")
            yield from self.named(files, name, "virtual", offset)
        elif not any(True for _ in external_files(source, header)):
            yield from self.sizes(source, name, found, offset)
            yield from self.contents.dataset(source, name, found, values)

    def chunked(self, source: Source, found: Dataset) -> Reader | None:
        """The values of a chunked data set as they are, None when they cannot be put together."""
        layout, shape = found.layout.chunked, found.space.shape
        if layout is None or found.type.variable or not is_readable(layout, shape, found.type.size, found.steps):
            return None
        return ChunkedReader(self.reader, source, layout, tuple(shape), found.type.size, found.steps)

    def named(self, files: Iterator[bytes], owner: str, key: str, offset: int) -> Iterator[Fact]:
        """References to files."""
        for file in files:
            yield self.reference(file, "external-data", owner, key, offset)

    def tensor(self, name: str, found: Dataset, offset: int, base: int) -> Tensor:
        """The fact of a data set."""
        shape = tuple(min(dimension, NUMBER_MAX) for dimension in found.space.shape)
        size = found.layout.size
        return Tensor(
            self.path,
            name=name,
            dtype=found.type.name,
            shape=shape,
            rows=shape[0] if shape else None,
            nbytes=min(found.nbytes, NUMBER_MAX),
            storage_size=None if size is None else min(size, NUMBER_MAX),
            filters=frozenset(found.filters),
            data_offset=self.data_offset(found, base),
            places=(Place(offset=offset),),
        )

    def data_offset(self, found: Dataset, base: int) -> int | None:
        """Where the values stand as they are; None when they do not."""
        layout = found.layout
        if layout.kind != CONTIGUOUS or layout.address is None or found.filters:
            return None
        return min(layout.address + base, NUMBER_MAX)

    def sizes(self, source: Source, name: str, found: Dataset, offset: int) -> Iterator[Defect]:
        """Whether as many values as are stated can be stored in the file."""
        nbytes, layout = found.nbytes, found.layout
        if nbytes > SHAPE_MAX and nbytes > DENSEST * self.reader.size:
            shape = " × ".join(map(str, found.space.shape))
            detail = f"{name}: {shape} of {found.type.name} in a file of {self.reader.size} bytes"
            yield self.defect("hdf5-shape", detail, offset, affects=frozenset())
        elif layout.size is not None and layout.address is not None:
            short = layout.size < nbytes and not found.type.variable
            if short or layout.address + layout.size > source.size:
                detail = f"{name}: {nbytes} bytes of values, {layout.size} at {layout.address}"
                yield self.defect("hdf5-values", detail, offset, affects=frozenset())


def _address(item: tuple[str, int]) -> int:
    return item[1]


def _text(name: bytes) -> str:
    return decode(name)[0]
