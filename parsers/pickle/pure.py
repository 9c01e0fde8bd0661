"""Operations on known values that give a known value: text and bytes put together, decoded, cut and unpacked.

Each takes only values of Python's own types and cannot have an effect. A value has at most `ITEMS_MAX` parts and
`FOLD_MAX` characters, counted through all of its parts, so that none that shares parts with itself grows. What an
operation may cost is known before it is done.
"""

from __future__ import annotations

import re

FOLD_MAX = 1024 * 1024  # characters or bytes of a result
BITS_MAX = 4096  # bits of a number
ITEMS_MAX = 4096  # parts of a value
MEMORY = 130 * 1024 * 1024  # bytes that a decompressor may take; `xz -9` asks for 65 MiB

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Raw = Any

SCALARS = frozenset([str, bytes, int, float, bool, type(None), slice])
TYPES: dict[str, type] = {
    "str": str, "bytes": bytes, "bytearray": bytes, "list": list, "tuple": tuple, "dict": dict, "int": int,
}  # fmt: skip


class Unfoldable(Exception):  # noqa: N818 - never seen outside of this package
    """The result is not worked out."""


ERRORS = (Unfoldable, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, EOFError, OSError)


UNIT = 1024  # bytes or characters that cost as much as a call
SLOW = {
    "b32decode": 16,
    "b85decode": 16,
    "a85decode": 16,
    "z85decode": 16,
    "unquote": 16,
    "unescape": 16,
}  # times the ordinary cost
UNPACKING = {"zlib": 256, "gzip": 256, "bz2": 1024, "lzma": 1024}  # what may come out of little costs this in any case


def weight(value: Raw) -> int:
    """Cost of a value that is looked at: one for some parts, and for some text; more than the rest is out of bounds."""
    parts, size, queue = 0, 0, [value]
    while queue:
        item = queue.pop()
        parts += 1
        kind = item.__class__
        if kind is str or kind is bytes:
            size += len(item)
        elif kind is dict:
            queue.extend(item)
            queue.extend(item.values())
        elif kind is list or kind is tuple:
            queue.extend(item)
        if parts + len(queue) > 2 * ITEMS_MAX or size > FOLD_MAX:
            raise Unfoldable
    return 1 + parts // 8 + size // UNIT


def cost(op: str, args: tuple[Raw, ...]) -> int:
    """Cost of an operation beyond that of looking at its arguments."""
    if op == "decode" and len(args) > 1:
        op = codec_name(args[1])
    return UNPACKING.get(op, 0) + sum([weight(arg) for arg in args]) * SLOW.get(op, 0)


def is_raw(value: Raw, depth: int = 4) -> bool:
    """Whether the value is made of Python's own types throughout."""
    kind = value.__class__
    if kind in SCALARS:
        return True
    if depth == 0:
        return False
    if kind is dict:
        return all(is_raw(key, depth - 1) and is_raw(item, depth - 1) for key, item in value.items())
    return kind in (list, tuple) and all(is_raw(item, depth - 1) for item in value)


def apply(op: str, args: tuple[Raw, ...]) -> Raw:
    """The result of an operation or of a built-in type's method; raises one of `ERRORS` when there is none."""
    if op in STRUCTURAL:
        return bounded(STRUCTURAL[op](*args))
    if op in PURE:
        if not all(map(is_raw, args)):
            raise Unfoldable
        return bounded(PURE[op](*args))
    return bounded(_method(op, args))


def bounded(value: Raw) -> Raw:
    """The value, if it is not too large."""
    if isinstance(value, (str, bytes)) and len(value) > FOLD_MAX:
        raise Unfoldable
    if isinstance(value, int) and value.bit_length() > BITS_MAX:
        raise Unfoldable
    if isinstance(value, (list, tuple, dict)):
        weight(value)
    return value


def _method(op: str, args: tuple[Raw, ...]) -> Raw:
    kind, _, name = op.partition(".")
    own = TYPES[kind]
    if name != "maketrans" and (not args or args[0].__class__ is not own):
        raise Unfoldable
    if own in (str, bytes, int) and not all(map(is_raw, args)):
        raise Unfoldable
    guard = _GUARDS.get(name)
    if guard is not None and guard(*args) > FOLD_MAX:
        raise Unfoldable
    if name in ("encode", "decode") and kind != "list":
        return _recode(args[0], args[1] if len(args) > 1 else "utf-8", *args[2:])
    return getattr(own, name)(*args)


def _joined(glue: Raw, items: Raw) -> int:
    return sum(map(len, items)) + len(glue) * len(items)


def _replaced(text: Raw, old: Raw, new: Raw, *_: Raw) -> int:
    return int(len(text) + (text.count(old) + 1) * len(new))


def _translated(text: Raw, table: Raw, *_: Raw) -> int:
    items = table.values() if isinstance(table, dict) else table if isinstance(table, (list, tuple)) else ()
    return len(text) * max([len(item) for item in items if isinstance(item, str)], default=1)


_GUARDS: dict[str, Callable[..., int]] = {"join": _joined, "replace": _replaced, "translate": _translated}

# text and bytes


def codec_name(name: Raw) -> str:
    """The one name of a codec; empty for one that is not worked out."""
    if not isinstance(name, str):
        raise Unfoldable
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return _CODECS.get(plain, "")


_CODECS = {
    "utf8": "utf-8", "u8": "utf-8", "utf": "utf-8", "utf8sig": "utf-8-sig", "utf7": "utf-7", "utf16": "utf-16",
    "utf16le": "utf-16-le", "utf16be": "utf-16-be", "utf32": "utf-32", "utf32le": "utf-32-le", "utf32be": "utf-32-be",
    "ascii": "ascii", "usascii": "ascii", "latin1": "latin-1", "latin": "latin-1", "iso88591": "latin-1",
    "l1": "latin-1", "cp1252": "cp1252", "cp437": "cp437", "unicodeescape": "unicode-escape",
    "rawunicodeescape": "raw-unicode-escape", "rot13": "rot13", "hex": "hex", "hexcodec": "hex", "base64": "base64",
    "base64codec": "base64", "zlib": "zlib", "zlibcodec": "zlib", "zip": "zlib", "bz2": "bz2", "bz2codec": "bz2",
}  # fmt: skip


HANDLERS = frozenset(["strict", "ignore", "replace", "backslashreplace", "surrogateescape", "surrogatepass"])
_DOUBTFUL = re.compile(rb"""\\(?![\\'"abfnrtvxuUN0-3\n]|[4-7](?![0-7]{2}))""")  # escapes that some Pythons warn about


def _recode(data: Raw, codec: Raw, *errors: Raw) -> Raw:
    """What `encode` of text or `decode` of bytes gives."""
    name = codec_name(codec)
    if name in ("", "rot13", "hex", "base64", "zlib", "bz2") or not HANDLERS.issuperset(errors):
        raise Unfoldable
    if name == "unicode-escape" and not isinstance(data, str) and _DOUBTFUL.search(data):
        raise Unfoldable
    return data.encode(name, *errors) if isinstance(data, str) else data.decode(name, *errors)


def _decode(data: Raw, codec: Raw = "utf-8", *errors: Raw) -> Raw:
    name = codec_name(codec)
    if name == "rot13":
        return _rot13(data)
    if name in _DECODERS:
        return _DECODERS[name](data.encode("ascii") if isinstance(data, str) else data)
    if isinstance(data, str):
        if name not in ("unicode-escape", "raw-unicode-escape"):
            raise Unfoldable
        data = data.encode("utf-8")
    return _recode(data, codec, *errors)


def _encode(data: Raw, codec: Raw = "utf-8", *errors: Raw) -> Raw:
    name = codec_name(codec)
    if name == "rot13":
        return _rot13(data)
    if name in ("hex", "base64"):
        from base64 import encodebytes
        from binascii import hexlify

        return hexlify(data) if name == "hex" else encodebytes(data)
    if not isinstance(data, str):
        raise Unfoldable
    return _recode(data, codec, *errors)


_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
_ROT13 = str.maketrans(_UPPER + _LOWER, _UPPER[13:] + _UPPER[:13] + _LOWER[13:] + _LOWER[:13])


def _rot13(text: str) -> str:
    return str.translate(text, _ROT13)


def _b64decode(data: Raw, others: Raw = None, *_: Raw) -> bytes:
    from binascii import a2b_base64

    if others is not None:
        pair = others.encode("ascii") if isinstance(others, str) else others
        raw = data.encode("ascii") if isinstance(data, str) else data
        data = raw.translate(bytes.maketrans(pair, b"+/"))
    return a2b_base64(data)


def _urlsafe(data: Raw) -> bytes:
    return _b64decode(data, b"-_")


def _base64(name: str) -> Callable[..., Raw]:
    def operation(data: Raw, *args: Raw) -> Raw:
        import base64

        return getattr(base64, name)(data, *args)

    return operation


def _z85decode(data: Raw) -> bytes:
    from base64 import b85decode

    from modelaudit.parsers.pickle.base85 import GIT, ZEROMQ

    return b85decode((data.encode("ascii") if isinstance(data, str) else data).translate(bytes.maketrans(ZEROMQ, GIT)))


def _unhexlify(data: Raw, *_: Raw) -> bytes:
    from binascii import unhexlify

    return unhexlify(data)


def _hexlify(data: bytes) -> bytes:
    from binascii import hexlify

    return hexlify(data)


def inflate(data: bytes, wbits: int = 15, most: int = FOLD_MAX) -> bytes:
    """What zlib makes of the data; 31 for gzip."""
    import zlib

    engine = zlib.decompressobj(wbits)
    try:
        out = engine.decompress(data, most)
    except zlib.error as error:
        raise Unfoldable from error
    if not engine.eof or (wbits > 15 and engine.unused_data):  # cut, or a second member
        raise Unfoldable
    return out


def _bz2(data: bytes) -> bytes:
    from bz2 import BZ2Decompressor

    engine = BZ2Decompressor()
    out = engine.decompress(data, FOLD_MAX)
    if not engine.eof or engine.unused_data:
        raise Unfoldable
    return out


def _lzma(data: bytes) -> bytes:
    from lzma import LZMADecompressor, LZMAError

    engine = LZMADecompressor(memlimit=MEMORY)
    try:
        out = engine.decompress(data, FOLD_MAX)
    except LZMAError as error:
        raise Unfoldable from error
    if not engine.eof or engine.unused_data:
        raise Unfoldable
    return out


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "hex": _unhexlify,
    "base64": _b64decode,
    "zlib": inflate,
    "bz2": _bz2,
}


def _str(value: Raw = "", *codec: Raw) -> str:
    if codec:
        return str(_decode(value, *codec))
    if value.__class__ not in (str, int, bool, float):
        raise Unfoldable
    return str(value)


def _bytes(value: Raw = b"", *codec: Raw) -> bytes:
    if codec:
        return bytes(_encode(value, *codec))
    if isinstance(value, (int, bool)):
        if value > FOLD_MAX:
            raise Unfoldable
        return bytes(value)
    if value.__class__ not in (bytes, list, tuple):
        raise Unfoldable
    return bytes(value)


def _mul(left: Raw, right: Raw) -> Raw:
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > BITS_MAX:
            raise Unfoldable
        return left * right
    many, count = (left, right) if isinstance(right, int) else (right, left)
    if len(many) * count > ITEMS_MAX:
        raise Unfoldable
    return many * count


def _pow(base: Raw, exponent: Raw) -> Raw:
    if not isinstance(base, int) or not isinstance(exponent, int) or exponent < 0:
        raise Unfoldable
    if base.bit_length() * exponent > BITS_MAX:
        raise Unfoldable
    return base**exponent


def _lshift(number: Raw, bits: Raw) -> Raw:
    if not isinstance(number, int) or not isinstance(bits, int) or number.bit_length() + bits > BITS_MAX:
        raise Unfoldable
    return number << bits


def _mod(template: Raw, items: Raw) -> Raw:
    """`%` with nothing but `%s`, `%c` and `%%`."""
    if isinstance(template, int):
        return template % items
    marks = re.findall(rb"%." if isinstance(template, bytes) else "%.", template, re.DOTALL)
    if not {mark[1:2] if isinstance(mark, str) else mark[1:2].decode("latin-1") for mark in marks} <= set("sc%"):
        raise Unfoldable
    every = items if isinstance(items, tuple) else (items,)
    if sum(len(item) if isinstance(item, (str, bytes)) else 64 for item in every) > FOLD_MAX:
        raise Unfoldable
    return template % items


def _format(template: Raw, *items: Raw) -> str:
    """`str.format` with nothing but `{}`, `{0}` and escaped braces."""
    if len(re.findall(r"\{", template)) != len(re.findall(r"\{\d{0,3}\}|\{(?=\{)|(?<=\{)\{", template)):
        raise Unfoldable
    longest = max([len(item) for item in items if isinstance(item, str)], default=0)
    if len(template) + template.count("{") * max(longest, 64) > FOLD_MAX or not all(
        item.__class__ in (str, int) for item in items
    ):
        raise Unfoldable
    return str.format(template, *items)


def _unquote(text: str) -> str:
    from urllib.parse import unquote

    return unquote(text)


def _unescape(text: str) -> str:
    from html import unescape

    return unescape(text)


PURE: dict[str, Callable[..., Raw]] = {
    "str": _str,
    "bytes": _bytes,
    "fromhex": bytes.fromhex,
    "int": int,
    "chr": chr,
    "ord": ord,
    "sub": lambda left, right: left - right,
    "xor": lambda left, right: left ^ right,
    "mul": _mul,
    "pow": _pow,
    "lshift": _lshift,
    "mod": _mod,
    "format": _format,
    "decode": _decode,
    "encode": _encode,
    "intern": lambda text: text,
    "b64decode": _b64decode,
    "urlsafe_b64decode": _urlsafe,
    "b32decode": _base64("b32decode"),
    "b85decode": _base64("b85decode"),
    "a85decode": _base64("a85decode"),
    "z85decode": _z85decode,
    "unhexlify": _unhexlify,
    "b64encode": _base64("b64encode"),
    "hexlify": _hexlify,
    "zlib": lambda data, wbits=15, *_: inflate(data, wbits),
    "gzip": lambda data: inflate(data, 31),
    "bz2": _bz2,
    "lzma": _lzma,
    "unquote": _unquote,
    "unescape": _unescape,
    "sorted": sorted,
}
STRUCTURAL: dict[str, Callable[..., Raw]] = {
    "add": lambda left, right: left + right,
    "getitem": lambda left, key: left[key],
    "slice": slice,
}
