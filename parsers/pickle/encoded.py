"""Files in constants that are encoded or compressed, in layers: base64, base85, hex, zlib, gzip, bzip2, xz, lzma.

The beginning is peeled first, and the whole only when a file of the table of magics comes out: ordinary encoded data
costs a look at its first bytes, and says nothing.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, unhexlify

from modelaudit.parsers.pickle import base85
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.wordings import OPENING, openings

HEAD = 4096  # bytes that the first look takes
LAYERS = 8
FILE_MIN = 8  # bytes of the smallest file
WHOLE = 16 * 1024 * 1024  # bytes of a constant that are decoded
SLOW = 4 * 1024 * 1024  # bytes of one in base85
GROUPS = 10  # characters of base85 that show how a file begins
SPENT = 64 * 1024 * 1024  # bytes that the constants of one stream may come to

_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){12}")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{23}[A-Za-z0-9+/_=-]")
_SPACE = re.compile(rb"\s+")
_URL = bytes.maketrans(b"-_", b"+/")
COMPRESSED = {"zlib": "zlib", "gzip": "gzip", "bzip2": "bzip2", "xz": "xz", "lzma": "lzma"}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.parsers.reader import Reader

    Glance = Callable[[bytes], frozenset[str]]
    Sniff = Callable[[bytes, Reader], tuple[str, bool, bool] | None]


class Payload:
    """What was found: its kind, the layers around it from the outermost, and its bytes."""

    __slots__ = ("cut", "data", "found", "methods")

    def __init__(self, found: tuple[str, bool, bool], methods: list[str], data: bytes, *, cut: bool) -> None:
        self.found = found
        self.methods = methods
        self.data = data
        self.cut = cut

    @property
    def too_deep(self) -> bool:
        """Whether this is `TOO_DEEP`, and nothing was found."""
        return self is TOO_DEEP


TOO_DEEP = Payload(("", False, False), [], b"", cut=True)


def payload(
    head: bytes,
    whole: Callable[[], bytes],
    sniff: Sniff,
    glance: Glance,
    *,
    cut: bool = False,
    count: Callable[[int], None] | None = None,
) -> Payload | None:
    """The file in a constant that begins with `head`; None when there is none, or it is not encoded at all.

    `cut` says that the constant has more bytes than `whole` gives. `TOO_DEEP` stands for what is encoded further
    than is looked. `count` is told of the bytes of each layer.
    """
    promised = _promises(head[:HEAD], glance)
    if promised is None:
        return TOO_DEEP
    return _peeled(whole(), sniff, glance, count, cut=cut) if promised else None


def _promises(data: bytes, glance: Glance) -> bool | None:
    """Whether a file may begin under one or more layers, which its check must see whole; None below the last one."""
    for layer in range(LAYERS + 1):
        kinds = glance(data) if len(data) >= FILE_MIN else frozenset[str]()
        if kinds - COMPRESSED.keys() and (layer > 0 or _base85(data) is None):
            return layer > 0 or bool(kinds & COMPRESSED.keys())
        step = _step(data, next(iter(kinds & COMPRESSED.keys()), None))
        if step is None:
            return False
        data, _ = _decoded(data, step, HEAD)
    return None


def _peeled(
    data: bytes, sniff: Sniff, glance: Glance, count: Callable[[int], None] | None, *, cut: bool
) -> Payload | None:
    methods: list[str] = []
    while len(data) >= FILE_MIN:
        found = sniff(data, BytesReader(data))
        if found is None and cut and "pickle" in glance(data):
            found = "pickle", True, True  # too long to be checked
        if found is not None and found[0] not in COMPRESSED:
            return Payload(found, methods, data, cut=cut) if found[1] and methods else None
        step = _step(data, None if found is None else found[0])
        if step is None or len(methods) >= LAYERS:
            return None
        methods.append(step)
        data, more = _decoded(data, step, WHOLE)
        cut = cut or more
        if count is not None:
            count(len(data))
    return None


def layer(data: bytes) -> tuple[str, bytes] | None:
    """The next layer of an encoding or compression by its name, and what is under it; None when there is none."""
    from modelaudit.parsers.pickle.literals import glance

    step = _step(data, next(iter(glance(data) & COMPRESSED.keys()), None)) if len(data) >= FILE_MIN else None
    return None if step is None else (step, _decoded(data, step, WHOLE)[0])


def _step(data: bytes, kind: str | None) -> str | None:
    if kind is not None:
        return COMPRESSED.get(kind)
    if _HEX.match(data):
        return "hex"
    if _BASE64.match(data):
        return "base64" if _begins(_decoded(data[:24], "base64", HEAD)[0]) else _base85(data) or "base64"
    return _base85(data)


def _base85(data: bytes) -> str | None:
    """The kind of base85 in which a file begins."""
    from modelaudit.parsers.pickle.literals import magics

    if data[:2] not in magics().openings:
        return None
    head = data[: GROUPS + len(base85.FIRST)] if data.startswith(base85.FIRST) else data[:GROUPS]
    for method in base85.ALPHABETS:
        plain = base85.decode(head, method)
        if _begins(plain) or plain[:OPENING] in openings():
            return method
    return None


def _begins(data: bytes) -> bool:
    """Whether a file may begin so."""
    from modelaudit.parsers.pickle.literals import glance

    return len(data) >= FILE_MIN and bool(glance(data))


def _decoded(data: bytes, step: str, most: int) -> tuple[bytes, bool]:
    """The next layer, and whether there is more of it than is held."""
    if step == "hex":
        data = _SPACE.sub(b"", data)
        return _attempt(lambda: unhexlify(data[: len(data) & ~1])), False
    if step == "base64":
        text = _SPACE.sub(b"", data).translate(_URL).rstrip(b"=")
        text = text[: len(text) // 4 * 4] if len(text) % 4 == 1 else text
        return _attempt(lambda: a2b_base64(text + b"=" * (-len(text) % 4))), False
    if step in base85.ALPHABETS:
        part = data if most > HEAD else data[: len(data) // 5 * 5] if len(data) >= HEAD else data
        return base85.decode(part[:SLOW], step), len(part) > SLOW
    from modelaudit.parsers.compressed.stream import Chain

    chain = Chain(BytesReader(data), step)
    parts: list[bytes] = []
    while chain.produced <= most and (part := chain.read(most)):
        parts.append(part)
    return b"".join(parts)[:most], chain.produced > most


def _attempt(decode: Callable[[], bytes]) -> bytes:
    try:
        return decode()
    except (Error, ValueError):
        return b""
