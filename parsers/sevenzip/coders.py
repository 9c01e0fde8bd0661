"""The decoders of 7z: what the standard library and the codecs of compressed files have, one behind the other."""

from __future__ import annotations

from modelaudit.parsers.compressed.stream import Chain
from modelaudit.parsers.expansion import Deflate, Expander, Standard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.expansion import Decompressor, Ledger
    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.sevenzip.headers import Coder, Folder

METHODS = {
    "00": "copy",
    "03": "delta",
    "04": "bcj-x86",
    "05": "bcj-powerpc",
    "06": "bcj-ia64",
    "07": "bcj-arm",
    "08": "bcj-armthumb",
    "09": "bcj-sparc",
    "0a": "bcj-arm64",
    "0b": "bcj-riscv",
    "21": "lzma2",
    "030101": "lzma",
    "03030103": "bcj-x86",
    "0303011b": "bcj2",
    "03030205": "bcj-powerpc",
    "03030401": "bcj-ia64",
    "03030501": "bcj-arm",
    "03030701": "bcj-armthumb",
    "03030805": "bcj-sparc",
    "030401": "ppmd",
    "040108": "deflate",
    "040109": "deflate64",
    "04015d": "zstd",
    "040202": "bzip2",
    "04f71101": "zstd",
    "04f71102": "brotli",
    "04f71104": "lz4",
    "06f10701": "aes",
}
AES = "aes"
# Numbers of liblzma.
BRANCHES = {
    "bcj-x86": 4,
    "bcj-powerpc": 5,
    "bcj-ia64": 6,
    "bcj-arm": 7,
    "bcj-armthumb": 8,
    "bcj-sparc": 9,
}  # of liblzma
DELTA = 3
CHAINED = frozenset({"bzip2", "zstd", "lz4"})  # streams may follow one another
SUPPORTED = frozenset({"copy", "delta", "lzma", "lzma2", "deflate", *CHAINED, *BRANCHES})
DICTIONARY_MAX = 256 * 1024 * 1024  # bytes; `7z -mx=9` takes as much for files that are so large
PIECE = 64 * 1024  # bytes of one chunk that is only stored


def name_of(coder: Coder) -> str:
    """The method's name, its number in hexadecimal digits when it has none."""
    return METHODS.get(coder.method.hex(), coder.method.hex())


def unsupported(folder: Folder) -> str | None:
    """What keeps a folder from being decoded; None for nothing."""
    names = [name_of(coder) for coder in folder.coders]
    strange = [name for name in names if name not in SUPPORTED]
    if strange:
        return ", ".join(strange)
    return None if folder.chain is not None else "coders that are no chain"


class Stage(Expander):
    """A coder's output, as long as the header says and the ledger allows."""

    __slots__ = ("_ledger", "_left", "_packed")

    def __init__(self, source: Reader, decoder: Decompressor, size: int, ledger: Ledger, packed: int) -> None:
        super().__init__(source, decoder)
        self._left = size
        self._ledger = ledger
        self._packed = packed  # bytes of the whole folder

    def read(self, limit: int) -> bytes:
        """The next bytes, at most `limit`; empty at the end, and where too much came out: the next coder may need
        any number of bytes for nothing.
        """
        self._ledger.check()
        over = self._ledger.swells(self.produced, self._packed)
        out = self._take(min(limit, self._left)) if self._left and not over else b""
        self._left -= len(out)
        return out

    def _take(self, limit: int) -> bytes:
        return super().read(limit)

    def more(self, limit: int) -> bytes:
        """What comes out behind the size that the header says, at most `limit` bytes."""
        return b"" if self._left or self.error is not None else super().read(limit)

    def copy(self) -> None:
        """Nothing: most of the states cannot be copied."""


class Streams(Stage):
    """The same for methods whose streams may follow one another."""

    __slots__ = ("_whole",)

    def __init__(self, source: Reader, id: str, size: int, ledger: Ledger, packed: int) -> None:
        self._whole = Chain(source, id)
        super().__init__(source, Plain(), size, ledger, packed)

    def _take(self, limit: int) -> bytes:
        out = self._whole.read(limit)
        self.produced += len(out)
        self.error = self._whole.error
        return out

    def more(self, limit: int) -> bytes:
        """What comes out behind the size that the header says, at most `limit` bytes."""
        return b"" if self._left or self.error is not None else self._whole.read(limit)

    @property
    def slack(self) -> int:
        """Bytes of input after the end of the compressed data."""
        return self._whole.slack


class Output:
    """What one coder gives, as the input of the next; it is read from front to back."""

    __slots__ = ("_stage", "size")

    def __init__(self, stage: Stage, size: int) -> None:
        self._stage = stage
        self.size = size

    def window(self, offset: int, length: int = PIECE) -> bytes:
        """The next bytes."""
        return self._stage.read(length)

    read_at = window


class Plain:
    """The decoder of what is not compressed."""

    __slots__ = ("_in", "eof", "unused")

    def __init__(self) -> None:
        self._in = bytearray()
        self.eof = False
        self.unused = 0

    def feed(self, data: bytes, limit: int) -> bytes:
        """At most `limit` bytes of output."""
        self._in += data
        out = bytes(self._in[:limit])
        del self._in[:limit]
        return out

    def hungry(self) -> bool:
        """Whether more input is needed for more output."""
        return not self._in

    def copy(self) -> None:
        """Nothing: it is not needed."""


class Filter(Standard):
    """A filter of liblzma by itself. It is only to be had before LZMA2, which can also hold what is not compressed.

    Behind LZMA of the first kind, which has no end of its own, liblzma would keep the last bytes to itself.
    """

    __slots__ = ("_missing", "_started")

    def __init__(self, options: dict[str, int], size: int) -> None:
        import lzma

        lzma2 = {"id": lzma.FILTER_LZMA2, "dict_size": PIECE}
        super().__init__(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[options, lzma2]))
        self._missing = size
        self._started = False

    def feed(self, data: bytes, limit: int) -> bytes:
        """At most `limit` bytes of output; ValueError on bad data."""
        wrapped = bytearray()
        for at in range(0, len(data), PIECE):
            piece = data[at : at + PIECE]
            wrapped += (b"\2" if self._started else b"\1") + (len(piece) - 1).to_bytes(2, "big") + piece
            self._started = True
        self._missing -= len(data)
        if data and self._missing <= 0:
            wrapped += b"\0"
        return super().feed(bytes(wrapped), limit)


def stages(source: Reader, folder: Folder, ledger: Ledger) -> list[Stage]:
    """A folder's coders, each reading from the one before it; the last gives the files.

    Raises ValueError for properties that make no sense.
    """
    made: list[Stage] = []
    packed = source.size
    for n in folder.chain or []:
        coder, size = folder.coders[n], folder.sizes[n]
        name = name_of(coder)
        if name in CHAINED and not made:
            stage: Stage = Streams(source, name, size, ledger, packed)
        else:
            stage = Stage(source, _made(name, coder.properties, size, source.size), size, ledger, packed)
        made.append(stage)
        source = Output(stage, size)
    return made


def _made(name: str, properties: bytes, size: int, before: int) -> Decompressor:
    from lzma import LZMAError

    try:
        return decoder(name, properties, size, before)
    except LZMAError as error:
        raise ValueError(str(error)) from None


def decoder(name: str, properties: bytes, size: int, before: int) -> Decompressor:
    """A new decoder of one method. `size` is that of what it gives, `before` that of what it is given."""
    if name in BRANCHES or name == "delta":
        return Filter(_filter(name, properties), before)
    if name == "lzma":
        return _lzma(properties, size)
    if name == "lzma2":
        return _lzma2(properties, size)
    if name == "deflate":
        return Deflate()
    if name in CHAINED:
        from modelaudit.parsers.compressed.stream import decoder as of_stream

        return of_stream(name)
    return Plain()


def _filter(name: str, properties: bytes) -> dict[str, int]:
    if name == "delta":
        return {"id": DELTA, "dist": (properties[0] if properties else 0) + 1}
    start = int.from_bytes(properties[:4], "little")
    return {"id": BRANCHES[name], "start_offset": start} if start else {"id": BRANCHES[name]}


def _lzma(properties: bytes, size: int) -> Decompressor:
    """LZMA with a header of the old `.lzma` format before it, which has room for the size."""
    import lzma

    if len(properties) < 5:
        raise ValueError("LZMA without its properties")
    dictionary = _dictionary(int.from_bytes(properties[1:5], "little"), size)
    head = properties[:1] + dictionary.to_bytes(4, "little") + min(size, 2**63 - 1).to_bytes(8, "little")
    memory = DICTIONARY_MAX + DICTIONARY_MAX // 8
    return Standard(lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=memory), head)


def _lzma2(properties: bytes, size: int) -> Decompressor:
    import lzma

    code = properties[0] if properties else 41
    if code > 40:
        raise ValueError("LZMA2 with a dictionary of no size")
    dictionary = 2**32 - 1 if code == 40 else (2 | code & 1) << (code // 2 + 11)
    options = {"id": lzma.FILTER_LZMA2, "dict_size": _dictionary(dictionary, size)}
    return Standard(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[options]))


def _dictionary(written: int, size: int) -> int:
    """Bytes of the dictionary, no more than there is to refer back to."""
    needed = max(4096, min(written, size))
    if needed > DICTIONARY_MAX:
        raise ValueError(f"a dictionary of {needed} bytes, at most {DICTIONARY_MAX} are given")
    return needed
