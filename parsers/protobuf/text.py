"""Messages in their text form, read in place: a message is parsed when its fields are asked for.

The form is https://protobuf.dev/reference/protobuf/textformat-spec/. Which brace closes which is found once, in one
pass over the text; the text itself is kept, up to a limit.
"""

from __future__ import annotations

import re
from _codecs import escape_decode

from modelaudit.engine.facts import Limit, decode
from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.protobuf.wire import DEPTH_MAX, FIELDS_MAX
from modelaudit.parsers.reader import WINDOW, BytesReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.protobuf.document import Document
    from modelaudit.parsers.protobuf.schema import Schema
    from modelaudit.parsers.reader import Reader

READ_MAX = 64 * 1024 * 1024  # bytes of a text
BRACES_MAX = 500_000
# Possessive, since what could be taken back is remembered for every escape of a string of millions.
STRING = rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"' + rb"|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+'"
BRACES = re.compile(STRING + rb"|#[^\n]*|[{}<>]", re.DOTALL)
BLANK = rb"(?:[\s,;]++|#[^\n]*+(?:\n|$))*+"  # possessive for the same reason
TOKEN = re.compile(
    BLANK + rb"(?:(" + STRING + rb")|([A-Za-z_][\w.]*|\[[\w./-]*\])|([-+]?[\w.][\w.+-]*)|([{}<>:\[\]-]))",
    re.DOTALL,
)
SPACE = re.compile(BLANK)
ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
# Only escapes that literals of bytes have too, with the same meaning; other texts are read escape by escape.
USUAL = re.compile(
    rb"""[^\\]*+(?:\\(?:[0-3][0-7]{0,2}|[4-7](?:[0-7](?![0-7])|(?![0-7]))|[abfnrtv\\'"]|x[0-9a-fA-F]{2})[^\\]*+)*+""",
    re.DOTALL,
)
ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
INFINITE = {"inf": float("inf"), "infinity": float("inf"), "nan": float("nan")}
CLOSING = {b"{": b"}", b"<": b">"}
ALL = frozenset({"op", "tensor", "reference", "text", "metadata", "blob"})


def read_text(document: Document, schema: Schema, type: str) -> TextMessage | None:
    """The whole file as one message, None when it is too large."""
    size = document.reader.size
    if size > READ_MAX:
        limit = Limit(document.path, what="text", at=size, budget=READ_MAX, by="file", affects=ALL)
        document.noted.append(limit)
        return None
    data = b"".join(document.reader.window(at, WINDOW) for at in range(0, size, WINDOW))
    text = _Text(data, schema, document)
    return TextMessage(text, type, 0, len(data), 0)


class _Text:
    """A text and the places of its braces."""

    __slots__ = ("closing", "data", "document", "left", "schema")

    def __init__(self, data: bytes, schema: Schema, document: Document) -> None:
        self.data = data
        self.schema = schema
        self.document = document
        self.left = FIELDS_MAX
        self.closing: dict[int, int] = {}
        self.match()

    def match(self) -> None:
        """Find for each brace the one that closes it."""
        opened: list[tuple[int, bytes]] = []
        for found in BRACES.finditer(self.data):
            sign = found.group()
            if sign in CLOSING:
                opened.append((found.start(), CLOSING[sign]))
                if len(self.closing) + len(opened) > BRACES_MAX:
                    raise BudgetSpent("fields", at=BRACES_MAX, budget=BRACES_MAX, by="file")
            elif sign in (b"}", b">"):
                if not opened or opened[-1][1] != sign:
                    self.document.report("bad-text", f"{sign.decode()} closes nothing", found.start())
                    return
                self.closing[opened.pop()[0]] = found.start()
        if opened:
            self.document.report("bad-text", "a brace is not closed", opened[-1][0])

    def count(self) -> None:
        """Count a value; raises `BudgetSpent` when there are too many."""
        self.left -= 1
        if self.left % 4096 == 0:
            self.document.context.check()
        if self.left <= 0:
            raise BudgetSpent("fields", at=FIELDS_MAX, budget=FIELDS_MAX, by="file")


class TextError(ValueError):
    """The text is no message from some place on: words and the place."""

    def __init__(self, detail: str, offset: int) -> None:
        super().__init__(detail, offset)
        self.detail = detail
        self.offset = offset


class TextMessage:
    """A message between two places of the text; it is read as `fields` is iterated."""

    __slots__ = ("_text", "depth", "end", "start", "type")

    def __init__(self, text: _Text, type: str, start: int, end: int, depth: int) -> None:
        self._text = text
        self.type = type
        self.start = start
        self.end = end
        self.depth = depth

    def fields(self) -> Iterator[TextField]:
        """The fields that the type has, in order. What is malformed ends them and is reported."""
        document = self._text.document
        if self.depth > DEPTH_MAX:
            document.report("nesting", f"more than {DEPTH_MAX} levels of messages", self.start)
            return
        names = self._text.schema.names(self.type)
        try:
            for name, place, field in self._walk():
                known = names.get(name)
                if known is None:
                    document.defect("unknown-field", f"{self.type} has a field {name[:80]}", place)
                    continue
                field.name, field.kind = known[0], known[1]
                yield field
        except TextError as bad:
            document.report("bad-text", f"{self.type}: {bad.detail}", bad.offset)

    def _walk(self) -> Iterator[tuple[str, int, TextField]]:
        """Name, place and value of each field as it is written. Raises `TextError`."""
        at = self._skip(self.start)
        while at < self.end:
            name, place, at = self._name(at)
            for field in self._values(at):
                at = field.after
                yield name, place, field
            at = self._skip(self._bracket(at))

    def _bracket(self, at: int) -> int:
        """The place behind the end of a list, when one ends here."""
        at = self._skip(at)
        return at + 1 if self._text.data[at : at + 1] == b"]" and at < self.end else at

    def _skip(self, at: int) -> int:
        found = SPACE.match(self._text.data, at, self.end)
        return found.end() if found is not None else at

    def _token(self, at: int) -> re.Match[bytes]:
        found = TOKEN.match(self._text.data, at, self.end)
        if found is None:
            raise TextError("a value is missing", at)
        return found

    def _name(self, at: int) -> tuple[str, int, int]:
        """The name of a field, its place, and the place of its value."""
        token = self._token(at)
        if token.group(2) is None:
            raise TextError("a name is missing", token.start())
        after = self._skip(token.end())
        data = self._text.data
        if data[after : after + 1] == b":":
            return token.group(2).decode(), token.start(2), self._skip(after + 1)
        if data[after : after + 1] not in CLOSING:
            raise TextError("a colon is missing", after)
        return token.group(2).decode(), token.start(2), after

    def _values(self, at: int) -> Iterator[TextField]:
        """The value of a field, or those of a list."""
        if self._text.data[at : at + 1] != b"[":
            yield self._value(at)
            return
        at = self._skip(at + 1)
        while at < self.end and self._text.data[at : at + 1] != b"]":
            field = self._value(at)
            yield field
            at = self._skip(field.after)

    def _value(self, at: int) -> TextField:
        """The value that begins at a place."""
        text = self._text
        text.count()
        sign = text.data[at : at + 1]
        if sign in CLOSING and sign:
            end = text.closing.get(at)
            if end is None or end >= self.end:
                raise TextError("a message does not end", at)
            return TextField(self, at + 1, end, end + 1, wire=2)
        token = self._token(at)
        if token.group(4) == b"-":
            token = self._token(token.end())
        if token.group(4) is not None:
            raise TextError("a value is missing", at)
        if token.group(1) is None:
            return TextField(self, at, token.end(), token.end(), wire=2 if token.group(2) else 0)
        return self._string(token)

    def _string(self, token: re.Match[bytes]) -> TextField:
        """A string, with those that follow it at once."""
        start, end = token.start(1), token.end()
        while (more := TOKEN.match(self._text.data, end, self.end)) is not None and more.group(1) is not None:
            if self._text.data[end : more.start(1)].strip(b" \t\r\n"):
                break
            end = more.end()
        return TextField(self, start, end, end, wire=2, quoted=True)

    def text_between(self, start: int, end: int) -> bytes:
        """A part of the text as it is written."""
        return self._text.data[start:end]

    def inner(self, type: str, start: int, end: int) -> TextMessage:
        """A message in this one."""
        return TextMessage(self._text, type, start, end, self.depth + 1)


class TextField:
    """A value of the text. `name` and `kind` are those of the field that it belongs to."""

    __slots__ = ("_message", "_quoted", "_value", "after", "end", "kind", "name", "start", "wire")

    def __init__(
        self, message: TextMessage, start: int, end: int, after: int, *, wire: int, quoted: bool = False
    ) -> None:
        self._message = message
        self._quoted = quoted
        self._value: bytes | None = None
        self.start = start
        self.end = end
        self.after = after  # where the next value may stand
        self.wire = wire  # 2 for messages, strings and names, 0 for numbers
        self.name = ""
        self.kind = ""

    @property
    def size(self) -> int:
        """Bytes of the value; of a message as it is written."""
        return len(self._bytes()) if self._quoted else self.end - self.start

    def _bytes(self) -> bytes:
        """The value of a string, or anything else as it is written."""
        if self._value is None:
            written = self._message.text_between(self.start, self.end)
            self._value = _unquoted(written) if self._quoted else written
        return self._value

    def integer(self) -> int:
        """A whole number, 0 for what is none."""
        number = _number(self._bytes())
        return number if isinstance(number, int) else 0

    def numbers(self, most: int) -> list[int | float]:
        """The number, if it is one."""
        number = None if self._quoted else _number(self._bytes())
        return [] if number is None or most < 1 else [number]

    def raw(self, most: int) -> bytes:
        """At most so many bytes of the value."""
        return self._bytes()[:most]

    def text(self, most: int) -> tuple[str, bool, bool]:
        """Text, whether bytes had to be escaped, whether it is cut."""
        data = self._bytes()
        value, lossy = decode(data[:most])
        return value, lossy, len(data) > most

    def word(self, most: int = 1024) -> str:
        """The text alone."""
        return self.text(most)[0]

    def reader(self) -> Reader:
        """The bytes of the value."""
        return BytesReader(self._bytes())

    def sub(self) -> TextMessage:
        """The value as a message of its kind."""
        return self._message.inner(self.kind, self.start, self.end if not self._quoted else self.start)


def _number(written: bytes) -> int | float | None:
    word = written.decode("latin-1").replace(" ", "").lower()
    if word in ("true", "false"):
        return int(word == "true")
    sign = -1 if word.startswith("-") else 1
    bare = word.lstrip("+-").removesuffix("f") if not word.startswith(("0x", "-0x")) else word.lstrip("-")
    if bare in INFINITE:
        return sign * INFINITE[bare]
    if len(bare) > 64 or "_" in bare:
        return None
    try:
        return sign * (int(bare, 8) if bare.startswith("0") and bare.isdigit() and len(bare) > 1 else int(bare, 0))
    except ValueError:
        pass
    try:
        return sign * float(bare)
    except ValueError:
        return None


def _unquoted(written: bytes) -> bytes:
    """The bytes that one string, or several that follow each other, stand for."""
    out = bytearray()
    for found in re.finditer(STRING, written, re.DOTALL):
        body = written[found.start() + 1 : found.end() - 1]
        if b"\\" in body and USUAL.fullmatch(body) is not None:
            body = escape_decode(body)[0]
        elif b"\\" in body:
            last = 0
            for escape in ESCAPE.finditer(body):
                out += body[last : escape.start()]
                out += _escaped(escape)
                last = escape.end()
            body = body[last:]
        out += body
    return bytes(out)


def _escaped(found: re.Match[bytes]) -> bytes:
    octal, short, wide, wider, sign = found.groups()
    if octal is not None:
        return bytes([int(octal, 8) & 255])
    if short is not None:
        return bytes([int(short, 16)])
    if sign is not None:
        return ESCAPES.get(sign, sign)
    code = int(wide or wider, 16)
    return chr(code).encode("utf-8", "replace") if code <= 0x10FFFF else b"?"
