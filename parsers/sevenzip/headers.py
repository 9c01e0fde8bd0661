"""What the headers of a 7z archive say: packed streams, folders of coders, and files."""

from __future__ import annotations

from modelaudit.parsers.notes import FileBudget
from modelaudit.parsers.sevenzip.fields import Fields, HeaderError

END, PROPERTIES, ADDITIONAL, MAIN, FILES = 0x00, 0x02, 0x03, 0x04, 0x05
PACK, UNPACK, SUB, SIZE, CRC, FOLDER, UNPACK_SIZE, SUB_COUNT = 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D
EMPTY_STREAM, EMPTY_FILE, ANTI, NAMES, ATTRIBUTES = 0x0E, 0x0F, 0x10, 0x11, 0x15
CODERS_MAX = 32  # of one folder
CODERS_EACH = 4  # of a folder, when there are as many as may be
UNIX = 0x8000  # the attributes have a Unix mode in their upper half
REPARSE = 0x400  # a link of Windows


class Coder:
    """A step of decoding: method, properties, and whether it has one stream on either side."""

    __slots__ = ("method", "properties", "simple")

    def __init__(self, method: bytes, properties: bytes, simple: bool) -> None:
        self.method = method
        self.properties = properties
        self.simple = simple


class Folder:
    """Streams that are packed together. `chain` are the coders in the order in which they decode, None when they
    are no plain chain; `sizes` are those of what each coder gives. `start` and `packed` are those of the packed bytes.
    """

    __slots__ = ("chain", "coders", "crc", "inputs", "outputs", "packed", "sizes", "start", "streams", "subs")

    def __init__(self) -> None:
        self.coders: list[Coder] = []
        self.inputs = 0  # packed streams
        self.outputs = 0
        self.chain: list[int] | None = None
        self.sizes: list[int] = []
        self.crc: int | None = None
        self.start = self.packed = 0
        self.streams: list[int] = []  # sizes of the files' streams
        self.subs: list[int | None] = []  # and their checksums

    @property
    def size(self) -> int:
        """Bytes that come out."""
        return self.sizes[self.chain[-1]] if self.chain else max(self.sizes, default=0)


class Streams:
    """Packed streams and the folders that they are for. `lies` are pairs of a code and a detail."""

    def __init__(self, most: int) -> None:
        self.most = most  # streams, folders and files that are looked at
        self.start = 0  # of the packed streams, behind the header at the start
        self.packs: list[int] = []
        self.folders: list[Folder] = []
        self.lies: list[tuple[str, str]] = []
        self._coders = 0  # coders and what comes out of them, in all folders

    def count(self, fields: Fields, what: str) -> int:
        """A number of things, of which there must not be too many."""
        count = fields.number()
        if count > self.most:
            raise FileBudget(what, count, self.most)
        return count

    def read(self, fields: Fields) -> Streams:
        """Everything up to the end of the streams' part; returns itself."""
        seen: set[int] = set()
        while (id := fields.part(seen)) != END:
            if id == PACK:
                self._pack(fields)
            elif id == UNPACK:
                self._unpack(fields)
            elif id == SUB:
                self._sub(fields)
            else:
                raise HeaderError(f"{id:#04x} at {fields.at - 1} of the header is no part of streams")
        self._place()
        return self

    def _pack(self, fields: Fields) -> None:
        self.start = fields.number()
        count = self.count(fields, "streams")
        seen: set[int] = set()
        while (id := fields.part(seen)) != END:
            if id == SIZE:
                self.packs = [fields.number() for _ in range(count)]
            elif id == CRC:
                fields.checksums(count)
            else:
                raise HeaderError(f"{id:#04x} at {fields.at - 1} of the header is no part of packed streams")

    def _unpack(self, fields: Fields) -> None:
        fields.expect(FOLDER, "folders")
        count = self.count(fields, "folders")
        if fields.byte():
            raise HeaderError("the folders are described elsewhere")
        for _ in range(count):
            self.folders.append(read_folder(fields))
            self._coders += self.folders[-1].outputs
            if self._coders > CODERS_EACH * self.most:
                raise FileBudget("coders", self._coders, CODERS_EACH * self.most)
        fields.expect(UNPACK_SIZE, "sizes of what coders give")
        for folder in self.folders:
            folder.sizes = [fields.number() for _ in range(folder.outputs)]
        seen: set[int] = set()
        while (id := fields.part(seen)) != END:
            if id != CRC:
                raise HeaderError(f"{id:#04x} at {fields.at - 1} of the header is no part of folders")
            for folder, crc in zip(self.folders, fields.checksums(count), strict=True):
                folder.crc = crc
        for folder in self.folders:
            folder.streams, folder.subs = [folder.size], [folder.crc]

    def _sub(self, fields: Fields) -> None:
        """How the folders are cut into streams of files."""
        counts = [1] * len(self.folders)
        id = fields.byte()
        if id == SUB_COUNT:
            counts = [self.count(fields, "streams") for _ in self.folders]
            if sum(counts) > self.most:
                raise FileBudget("streams", sum(counts), self.most)
            id = fields.byte()
        written = id == SIZE
        for folder, count in zip(self.folders, counts, strict=True):
            self._cut(folder, count, fields if written else None)
        if written:
            id = fields.byte()
        unknown = [f for f in self.folders if len(f.streams) != 1 or f.crc is None]
        for folder in unknown:
            folder.subs = [None] * len(folder.streams)
        if id != END:
            if id != CRC:
                raise HeaderError(f"{id:#04x} at {fields.at - 1} of the header is no part of files' streams")
            found = iter(fields.checksums(sum(len(folder.streams) for folder in unknown)))
            for folder in unknown:
                folder.subs = [next(found) for _ in folder.streams]
            fields.expect(END, "the end of files' streams")

    def _cut(self, folder: Folder, count: int, fields: Fields | None) -> None:
        """The sizes of the streams in a folder; that of the last is what the others leave."""
        sizes = [fields.number() if fields is not None else 0 for _ in range(count - 1)]
        rest = folder.size - sum(sizes)
        if rest < 0:
            self.lies.append(("7z-size", f"files of {sum(sizes)} bytes in a folder of {folder.size}"))
        folder.streams = [*sizes, max(0, rest)] if count else []

    def _place(self) -> None:
        """Where the packed bytes of each folder are."""
        at, used = self.start, 0
        for folder in self.folders:
            mine = self.packs[used : used + folder.inputs]
            if len(mine) < folder.inputs:
                self.lies.append(("7z-count", f"a folder asks for {folder.inputs} streams, {len(mine)} are left"))
            folder.start, folder.packed = at, sum(mine)
            at += folder.packed
            used += folder.inputs


def read_folder(fields: Fields) -> Folder:
    """A folder's coders and how they hang together."""
    folder = Folder()
    count = fields.number()
    if not 0 < count <= CODERS_MAX:
        raise HeaderError(f"a folder of {count} coders")
    ins = outs = 0
    for _ in range(count):
        coder, inputs, outputs = _coder(fields)
        folder.coders.append(coder)
        ins, outs = ins + inputs, outs + outputs
    folder.outputs = outs
    bound = {fields.number(): fields.number() for _ in range(outs - 1)}
    folder.inputs = ins - len(bound)
    if folder.inputs < 1:
        raise HeaderError("a folder without packed streams")
    if folder.inputs > 1:
        for _ in range(folder.inputs):
            fields.number()
    folder.chain = _chain(folder, bound)
    return folder


def _coder(fields: Fields) -> tuple[Coder, int, int]:
    flags = fields.byte()
    method = fields.take(flags & 15)
    inputs, outputs = (fields.number(), fields.number()) if flags & 0x10 else (1, 1)
    properties = fields.take(fields.number()) if flags & 0x20 else b""
    if not 0 < inputs <= CODERS_MAX or not 0 < outputs <= CODERS_MAX or flags & 0xC0:
        raise HeaderError("a coder with streams or flags that no coder has")
    return Coder(method, properties, inputs == outputs == 1), inputs, outputs


def _chain(folder: Folder, bound: dict[int, int]) -> list[int] | None:
    """The coders from the packed bytes to the files, when each takes what the one before it gives."""
    if not all(coder.simple for coder in folder.coders):
        return None
    last = [n for n in range(len(folder.coders)) if n not in bound.values()]
    if len(last) != 1:
        return None
    chain = [last[0]]
    while chain[-1] in bound and len(chain) <= len(folder.coders):
        chain.append(bound[chain[-1]])
    return chain[::-1] if sorted(chain) == list(range(len(folder.coders))) else None


class File:
    """An entry of the archive. `stored` says that a stream holds its bytes."""

    __slots__ = ("anti", "attributes", "folder", "name", "stored")

    def __init__(self) -> None:
        self.name: str | None = None
        self.stored = True
        self.folder = False
        self.anti = False  # unpacking removes what has this name
        self.attributes = 0

    @property
    def mode(self) -> int:
        """Unix mode bits, 0 when there are none."""
        return self.attributes >> 16 if self.attributes & UNIX else 0


def read_files(fields: Fields, most: int) -> list[File]:
    """The entries, once the byte that begins their part was read."""
    count = fields.number()
    if count > most:
        raise FileBudget("members", count, most)
    files = [File() for _ in range(count)]
    empty: list[bool] = []
    anti: list[bool] = []
    seen: set[int] = set()
    while (id := fields.part(seen)) != END:
        part = Fields(fields.take(fields.number()))
        if id == EMPTY_STREAM:
            for file, is_empty in zip(files, part.bits(count), strict=True):
                file.stored = not is_empty
        elif id in (EMPTY_FILE, ANTI):
            found = part.bits(sum(not file.stored for file in files))
            empty, anti = (found, anti) if id == EMPTY_FILE else (empty, found)
        elif id == NAMES:
            _names(files, part)
        elif id == ATTRIBUTES:
            _attributes(files, part)
    for n, file in enumerate(file for file in files if not file.stored):
        file.folder = not (n < len(empty) and empty[n])
        file.anti = n < len(anti) and anti[n]
    return files


def _names(files: list[File], part: Fields) -> None:
    if part.byte():
        raise HeaderError("the names are written elsewhere")
    text = part.take(part.left // 2 * 2).decode("utf-16-le", "surrogatepass")
    names = text.split("\0")
    if len(names) != len(files) + 1 or names[-1]:
        raise HeaderError(f"{len(names) - 1} names for {len(files)} files")
    for file, name in zip(files, names, strict=False):
        file.name = name


def _attributes(files: list[File], part: Fields) -> None:
    known = part.defined(len(files))
    if part.byte():
        raise HeaderError("the attributes are written elsewhere")
    for file, has in zip(files, known, strict=True):
        file.attributes = part.u32() if has else 0
