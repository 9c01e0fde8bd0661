"""From the header at the start of a 7z archive to the one that describes it, which may be packed itself."""

from __future__ import annotations

from zlib import crc32

from modelaudit.engine.facts import KINDS
from modelaudit.parsers.notes import FileBudget
from modelaudit.parsers.reader import SliceReader
from modelaudit.parsers.sevenzip import MAGIC, START, beginning
from modelaudit.parsers.sevenzip.coders import AES, stages, unsupported
from modelaudit.parsers.sevenzip.content import read_whole
from modelaudit.parsers.sevenzip.fields import Fields, HeaderError
from modelaudit.parsers.sevenzip.headers import ADDITIONAL, END, FILES, MAIN, PROPERTIES, Streams, read_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.expansion import Ledger
    from modelaudit.parsers.notes import Notes
    from modelaudit.parsers.sevenzip.headers import File, Folder

ALL = frozenset(KINDS) - {"artifact", "defect", "limit"}
HEADER, ENCODED = 0x01, 0x17
HEADER_MAX = 32 * 1024 * 1024  # bytes of a header
ENCODINGS = 8  # headers that are each packed in the next


class Opening:
    """The headers of one archive. `base` is the offset from which packed streams are counted, `taken` are the regions
    that belong to something.
    """

    def __init__(self, notes: Notes, ledger: Ledger, most: int) -> None:
        self.notes = notes
        self.reader = notes.reader
        self.ledger = ledger
        self.most = most
        self.base = 0
        self.taken: list[tuple[int, int]] = []

    def header(self) -> bytes:
        """The header, unpacked if it is packed; empty for an archive of nothing."""
        at = beginning(self.reader.read_at(0, 4096)) or 0
        raw = self.reader.read_at(at, START)
        if len(raw) < START or not raw.startswith(MAGIC):
            raise HeaderError("the header at the start is cut off")
        self.base = at + START
        self.taken.append((at, self.base))
        if crc32(raw[12:]) != int.from_bytes(raw[8:12], "little"):
            self.notes.defect("7z-checksum", "that of the header at the start is wrong", at)
        offset, size = int.from_bytes(raw[12:20], "little"), int.from_bytes(raw[20:28], "little")
        begin = self.base + offset
        if begin + size > self.reader.size:
            missing = begin + size - self.reader.size
            raise HeaderError(f"the header should stand at {begin}, {missing} bytes are missing")
        self.taken.append((begin, begin + size))
        if size > HEADER_MAX:
            raise FileBudget("header", size, HEADER_MAX)
        data = self.reader.read_at(begin, size)
        if crc32(data) != int.from_bytes(raw[28:32], "little"):
            self.notes.defect("7z-checksum", "that of the header is wrong", begin)
        return self.decoded(data)

    def decoded(self, data: bytes) -> bytes:
        """A header, once it is unpacked as often as it is packed."""
        for _ in range(ENCODINGS):
            if data[:1] != bytes([ENCODED]):
                return data
            streams = Streams(self.most).read(_behind(data))
            if len(streams.folders) != 1:
                raise HeaderError(f"the header is packed in {len(streams.folders)} folders")
            data = self.unpacked(streams.folders[0])
        raise HeaderError("headers are packed in headers without end")

    def unpacked(self, folder: Folder) -> bytes:
        """What a packed header holds."""
        if folder.size > HEADER_MAX:
            raise FileBudget("header", folder.size, HEADER_MAX)
        source = self.source(folder)
        words = unsupported(folder)
        if words is not None:
            code = "7z-encrypted-header" if AES in words else "7z-method"
            self.notes.defect(code, f"the header: {words}", source[0], ALL)
            raise HeaderError  # all is said
        data, error = read_whole(lambda: stages(SliceReader(self.reader, *source), folder, self.ledger))
        self.ledger.spend(len(data))
        if error is not None or len(data) < folder.size:
            raise HeaderError(f"unpacking the header: {error or 'it ends early'}")
        if folder.crc is not None and crc32(data) != folder.crc:
            self.notes.defect("7z-checksum", "that of the packed header is wrong", source[0])
        return data

    def source(self, folder: Folder) -> tuple[int, int]:
        """Where a folder's packed bytes are: offset and length."""
        begin = self.base + folder.start
        self.taken.append((begin, begin + folder.packed))
        return begin, folder.packed

    def contents(self) -> tuple[Streams, list[File]]:
        """The streams and files that the archive holds. Raises `HeaderError`."""
        data = self.header()
        streams = Streams(self.most)
        files: list[File] = []
        if not data:
            return streams, files
        fields = Fields(data)
        fields.expect(HEADER, "the header")
        seen: set[int] = set()
        while (id := fields.part(seen)) != END:
            if id == PROPERTIES:
                while fields.byte() != END:
                    fields.take(fields.number())
            elif id == ADDITIONAL:
                Streams(self.most).read(fields)
            elif id == MAIN:
                streams = Streams(self.most).read(fields)
            elif id == FILES:
                files = read_files(fields, self.most)
            else:
                raise HeaderError(f"{id:#04x} at {fields.at - 1} is no part of a header")
        return streams, files

    def rest(self) -> None:
        """Note the bytes before, between and behind what the headers own."""
        at, size = 0, self.reader.size
        last = max((end for _, end in self.taken), default=0)
        shared = bool(self.notes.formats - {"7z"})  # the other format's parser reads what is around the archive
        for begin, end in [*sorted(self.taken), (size, size)]:
            stop = min(begin, size)
            if stop > at and not (shared and (at == 0 or stop == size)):
                code = "prepended-data" if at == 0 else "trailing-data" if at >= last else "gap"
                self.notes.defect(code, f"{stop - at} bytes at {at} belong to nothing", at)
                self.notes.region(at, stop, f"{code}-{at}" if code == "gap" else code)
            at = max(at, end)


def _behind(data: bytes) -> Fields:
    fields = Fields(data)
    fields.byte()
    return fields
