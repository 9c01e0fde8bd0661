"""Opcodes that push constants: numbers, text and bytes of every length."""

from __future__ import annotations

from struct import unpack_from

from modelaudit.parsers.pickle import latin, text
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.literals import inspect
from modelaudit.parsers.pickle.state import C_READER, PYTHON_READER
from modelaudit.parsers.pickle.tape import LINE_MAX, Break

CODECS = {"str": latin.UTF8, "latin": latin.PLAIN}  # how constants of a kind hold text
HELD_MAX = 1024  # bytes of a constant that is held whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.parsers.pickle.state import State

    Handler = Callable[[State, int], int]


def int_line(m: State, pos: int) -> int:
    """INT, whose `00` and `01` are booleans."""
    offset = m.tape.base + pos
    line, size, after = m.tape.line(pos + 1)
    if line in (b"00", b"01"):
        m.stack.append(line == b"01")
    else:
        m.stack.append(_number(m, line, size, offset))
    return after


def long_line(m: State, pos: int) -> int:
    """LONG, with or without its `L`."""
    offset = m.tape.base + pos
    line, size, after = m.tape.line(pos + 1)
    m.stack.append(_number(m, line.removesuffix(b"L"), size, offset))
    return after


def _number(m: State, line: bytes, size: int, offset: int) -> object:
    number = text.integer(line) if size <= len(line) + 1 else None
    if number is not None:
        if text.is_octal(line):
            m.refused.add(PYTHON_READER)
        return number
    m.defect("bad-number", "a number that no reader accepts", offset)
    return v.Unknown("INT")


def float_line(m: State, pos: int) -> int:
    """FLOAT."""
    offset = m.tape.base + pos
    line, size, after = m.tape.line(pos + 1)
    number = text.real(line) if size == len(line) else None
    if number is None:
        m.defect("bad-number", "a number that no reader accepts", offset)
        m.stack.append(v.Unknown("FLOAT"))
    else:
        if b"_" in line:
            m.refused.add(C_READER)
        m.stack.append(number)
    return after


def string_line(m: State, pos: int) -> int:
    """STRING: quoted, with escapes; text of an encoding that the loader chooses, taken as Latin-1."""
    offset = m.tape.base + pos
    line, size, after = m.tape.line(pos + 1)
    if size > len(line):
        file = inspect(m, line[1:], size - 2, offset + 2, offset, codec=latin.QUOTED)
        m.stack.append(v.Literal("str", offset + 2, size - 2, _head(m, line[1:]), file, latin.QUOTED))
        return after
    data = text.quoted(line)
    if data is None:
        m.defect("bad-string", "a STRING argument without matching quotes", offset)
        m.stack.append(v.Unknown("STRING"))
        return after
    m.stack.append(data.decode("latin-1"))
    inspect(m, data.decode("latin-1").encode("utf-8"), len(data), -1, offset, codec=latin.UTF8)
    return after


def unicode_line(m: State, pos: int) -> int:
    r"""UNICODE: raw-unicode-escape, so that a name may hide as `\u0065val`."""
    offset = m.tape.base + pos
    line, size, after = m.tape.line(pos + 1)
    if size > len(line):
        file = inspect(m, line, size, offset + 1, offset, codec=latin.RAW)
        m.stack.append(v.Literal("str", offset + 1, size, _head(m, line), file, latin.RAW))
        return after
    try:
        value = line.decode("raw-unicode-escape")
    except UnicodeDecodeError:
        m.defect("bad-text", "text that no reader accepts", offset)
        m.stack.append(v.Unknown("UNICODE"))
        return after
    m.stack.append(value)
    inspect(m, value.encode("utf-8", "surrogatepass"), len(value), -1, offset, codec=latin.UTF8)
    return after


def _head(m: State, data: bytes) -> bytes:
    """What a long literal keeps of itself while the stream's allowance lasts."""
    return data[: HELD_MAX if m.hold(min(len(data), HELD_MAX)) else 64]


def _sized(m: State, pos: int, width: int, kind: str) -> int:
    """A constant behind its size of `width` bytes."""
    tape = m.tape
    offset = tape.base + pos
    pos = tape.need(pos + 1, width)
    size = int.from_bytes(tape.buf[pos : pos + width], "little")
    return _constant(m, pos + width, size, kind, offset)


def _constant(m: State, pos: int, size: int, kind: str, offset: int) -> int:
    tape = m.tape
    pos = tape.jump(pos, size)
    start = tape.base + pos
    if start + size > tape.size:
        raise Break("truncated", "a constant's size goes beyond the end of the file")
    if size <= HELD_MAX:
        pos = tape.need(pos, size)
        data = tape.buf[pos : pos + size]
        m.stack.append(_held(m, data, kind, offset))
        file = inspect(m, data, size, start, offset, codec=CODECS.get(kind))
        if file is not None and kind != "bytearray":
            m.note_file(latin.latin(data) or b"" if kind == "str" else data, file)
        return pos + size
    head = tape.peek(pos, min(size, LINE_MAX))
    codec = CODECS.get(kind)
    file = None if kind == "int" else inspect(m, head, size, start, offset, codec=codec)
    file = file if kind != "bytearray" else None
    m.stack.append(v.Literal("str" if codec else kind, start, size, _head(m, head), file, codec or latin.PLAIN))
    return tape.seek(start + size)


def _held(m: State, data: bytes, kind: str, offset: int) -> object:
    if kind == "bytes":
        return data
    if kind == "int":
        return int.from_bytes(data, "little", signed=True)
    if kind == "bytearray":
        return v.Literal(kind, offset, len(data), data)
    if kind == "latin":
        return data.decode("latin-1")
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        m.defect("bad-text", "text that is not UTF-8", offset)
        return v.Unknown("BINUNICODE")


def sized(width: int, kind: str) -> Handler:
    """The handler of an opcode with a size of so many bytes in front of its constant."""

    def handler(m: State, pos: int) -> int:
        return _sized(m, pos, width, kind)

    return handler


def signed(kind: str) -> Handler:
    """The handler of BINSTRING or LONG4, whose size is signed: no reader accepts a negative one."""

    def handler(m: State, pos: int) -> int:
        offset = m.tape.base + pos
        pos = m.tape.need(pos + 1, 4)
        size = int.from_bytes(m.tape.buf[pos : pos + 4], "little", signed=True)
        if size < 0:
            raise Break("bad-size", "a negative size")
        return _constant(m, pos + 4, size, kind, offset)

    return handler


def binfloat(m: State, pos: int) -> int:
    """BINFLOAT."""
    pos = m.tape.need(pos + 1, 8)
    m.stack.append(unpack_from(">d", m.tape.buf, pos)[0])
    return pos + 8


def next_buffer(m: State, pos: int) -> int:
    """NEXT_BUFFER: a file on its own has no buffers beside it."""
    m.defect("out-of-band", "the stream wants a buffer that is not in the file", m.tape.base + pos)
    m.stack.append(v.Unknown("NEXT_BUFFER"))
    return pos + 1


def pushing(value: object) -> Handler:
    """The handler of an opcode that pushes one constant."""

    def handler(m: State, pos: int) -> int:
        m.stack.append(value)
        return pos + 1

    return handler


def small(width: int) -> Handler:
    """The handler of BININT1, BININT2 or BININT, of which only the last is signed."""

    def handler(m: State, pos: int) -> int:
        pos = m.tape.need(pos + 1, width)
        m.stack.append(int.from_bytes(m.tape.buf[pos : pos + width], "little", signed=width == 4))
        return pos + width

    return handler


HANDLERS: dict[str, Handler] = {
    "BININT1": small(1),
    "BININT2": small(2),
    "BININT": small(4),
    "NONE": pushing(None),
    "NEWTRUE": pushing(True),
    "NEWFALSE": pushing(False),
    "EMPTY_TUPLE": pushing(()),
    "INT": int_line,
    "LONG": long_line,
    "FLOAT": float_line,
    "STRING": string_line,
    "UNICODE": unicode_line,
    "BINSTRING": signed("latin"),
    "SHORT_BINSTRING": sized(1, "latin"),
    "BINUNICODE": sized(4, "str"),
    "SHORT_BINUNICODE": sized(1, "str"),
    "BINUNICODE8": sized(8, "str"),
    "BINBYTES": sized(4, "bytes"),
    "SHORT_BINBYTES": sized(1, "bytes"),
    "BINBYTES8": sized(8, "bytes"),
    "BYTEARRAY8": sized(8, "bytearray"),
    "LONG1": sized(1, "int"),
    "LONG4": signed("int"),
    "BINFLOAT": binfloat,
    "NEXT_BUFFER": next_buffer,
}
