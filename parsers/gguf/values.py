"""Keys and values of a GGUF file: scalars, texts and arrays, of which only the beginning is kept."""

from __future__ import annotations

import struct

from modelaudit.engine.facts import TEXT_MAX, Place, clean, decode
from modelaudit.parsers.cursor import Break
from modelaudit.parsers.notes import FileBudget

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.parsers.cursor import Cursor
    from modelaudit.parsers.notes import Notes

NAMES = (
    *("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32"),
    *("bool", "string", "array", "uint64", "int64", "float64"),
)
CODES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
BYTES = {type: struct.calcsize(f"<{code}") for type, code in CODES.items()}
BOOL, STRING, ARRAY = 7, 8, 9
LARGEST = 2**63 - 1
DEPTH = 4  # arrays within arrays
ELEMENTS = 20_000_000  # texts and arrays in arrays, of the whole file
SHOWN = 8  # elements of an array in its metadata
KEY_MAX = 64 * 1024  # bytes of a key, as the format has it
STRING_MAX = 4 * TEXT_MAX  # bytes of a text that are read
TEMPLATE = "tokenizer.chat_template"  # and what begins with it: templates by name
MARKS = (b"{%", b"{{")  # of templates
TEMPLATES_MAX = 64  # elements of arrays that are read as templates
VOCABULARY = "tokenizer."
LICENCE, LICENCE_NAME = "general.license", "general.license.name"
LICENCE_MAX = 200  # characters of the name of a licence
DOCS = ("general.description", "general.readme")


class Array:
    """What is kept of an array."""

    __slots__ = ("begin", "count", "end", "shown", "texts", "type")

    def __init__(self, type: int, count: int, begin: int) -> None:
        self.type = type
        self.count = count
        self.begin = begin
        self.end = begin
        self.shown: list[str] = []
        self.texts: list[bytes] = []  # the first ones of an array of texts


class Values:
    """Reads values and notes what they say."""

    def __init__(self, cursor: Cursor, notes: Notes, version: int) -> None:
        self.cursor = cursor
        self.notes = notes
        self.size = cursor.u32 if version == 1 else cursor.u64  # of a text, an array
        self.width = 4 if version == 1 else 8
        self.elements = 0
        self.listed_templates = 0
        self.licences: dict[str, tuple[str, int]] = {}  # value and offset

    def string(self, most: int) -> tuple[bytes, bool]:
        """A text's bytes, at most so many, and whether there are more."""
        at = self.cursor.at
        length = self.size()
        if length > self.cursor.left:
            self.oversized("a text", length, 1, at)
        kept = self.cursor.take(min(length, most))
        self.cursor.skip(length - len(kept))
        return kept, length > most

    def oversized(self, what: str, count: int, each: int, at: int) -> None:
        """Something is longer than the file. Raises `Break`."""
        if count * each > LARGEST:
            raise Break("overflow", f"{what} of {count} elements: the size overflows", at)
        raise Break("bad-length", f"{what} of {count} elements, {self.cursor.left} bytes are left", at)

    def pair(self) -> tuple[str, int | float | bytes | Array]:
        """The next key and its value, which are noted."""
        at = self.cursor.at
        raw, long = self.string(KEY_MAX)
        if long or not raw:
            self.notes.defect("bad-key", f"a key of {'more than ' if long else ''}{len(raw)} bytes", at)
        key, lossy = decode(raw)
        if lossy:
            self.notes.defect("bad-key", f"{key[:200]} is no UTF-8", at)
        type = self.cursor.u32()
        if type == STRING:
            return key, self.text(key, at)
        if type == ARRAY:
            return key, self.array(key, at)
        return key, self.scalar(key, type, at)

    def scalar(self, key: str, type: int, at: int) -> int | float:
        """A number."""
        if type not in CODES:
            raise Break("unknown-type", f"{key[:200]}: the type {type} does not exist", at)
        value = self.cursor.number(CODES[type])
        if type == BOOL and value not in (0, 1):
            self.notes.defect("bad-bool", f"{key[:200]}: {value}", at)
        written = str(bool(value)).lower() if type == BOOL else str(value)
        number = float(value) if abs(value) < float("inf") else None
        self.notes.metadata(key, written, NAMES[type], at, number=number)
        return value

    def text(self, key: str, at: int) -> bytes:
        """A text."""
        raw, cut = self.string(STRING_MAX)
        value, lossy = decode(raw) if not cut else clean(raw.decode("utf-8", "replace"))
        if lossy and not cut:
            self.notes.defect("bad-text", f"{key[:200]} is no UTF-8", at)
            self.notes.file_at(self.cursor.at - len(raw), len(raw), f"metadata/{key[:200]}", "metadata")
        self.notes.metadata(key, value, "string", at, lossy=lossy)
        role = "template" if is_template(key, raw) else "doc" if key in DOCS else "metadata"
        self.notes.words(value, role, key, at, lossy=lossy, cut=cut)
        if key in (LICENCE, LICENCE_NAME) and len(value) <= LICENCE_MAX and "://" not in value:
            self.licences[key] = value, at
        if role == "template" and not cut and self.notes.context.wants("code"):
            from modelaudit.parsers.repository.template import marked_facts, template_facts

            place = Place(offset=at, pointer=clean(key[:200])[0])
            read = template_facts if key.startswith(TEMPLATE) else marked_facts
            self.notes.noted += read(self.notes.path, raw.decode("utf-8", "replace"), place)
        return raw

    def licence(self) -> None:
        """Note the licence once all pairs are read: its own name stands in the place of one that is only `other`."""
        if not self.licences or not self.notes.context.wants("license"):
            return
        from modelaudit.engine.facts.licences import is_unspecific, licence_expression
        from modelaudit.parsers.licences.card import license_fact

        said, name = (self.licences.get(key, ("", 0)) for key in (LICENCE, LICENCE_NAME))
        words, at = name if name[0] and (not said[0] or is_unspecific(said[0])) else said
        found = licence_expression(words)
        if found:
            self.notes.noted.append(license_fact(self.notes.path, found, "metadata", LICENCE, 1.0, Place(offset=at)))

    def array(self, key: str, at: int) -> Array:
        """An array; one of bytes may be a file in itself."""
        found = self.items(key, 1, at)
        name = NAMES[found.type]
        more = ", …" if found.count > len(found.shown) else ""
        value, lossy = clean(f"[{', '.join(found.shown)}{more}]")
        self.notes.metadata(key, value, f"array[{name}]", at, number=float(found.count), lossy=lossy)
        if found.type == STRING:
            self.listed(key, found, at)
        elif BYTES.get(found.type) == 1:
            self.notes.file_at(found.begin, found.count, f"metadata/{key[:200]}", "metadata")
        return found

    def items(self, key: str, depth: int, at: int) -> Array:
        """The elements of an array, the first ones kept."""
        type = self.cursor.u32()
        if type != ARRAY and type != STRING and type not in CODES:
            raise Break("unknown-type", f"{key[:200]}: an array of the type {type}", at)
        count = self.size()
        smallest = BYTES.get(type) or (self.width if type == STRING else 4 + self.width)
        if count * smallest > self.cursor.left:
            self.oversized(f"{key[:200]}: an array", count, smallest, at)
        found = Array(type, count, self.cursor.at)
        if type in CODES:
            self.numbers(found)
        elif depth > DEPTH:
            raise Break("nesting", f"{key[:200]}: arrays in arrays", at)
        else:
            self.parts(key, found, depth, at)
        found.end = self.cursor.at
        return found

    def numbers(self, found: Array) -> None:
        """Go past the numbers of an array; the first are shown."""
        each = BYTES[found.type]
        for _ in range(min(found.count, SHOWN)):
            found.shown.append(str(self.cursor.number(CODES[found.type])))
        self.cursor.skip((found.count - len(found.shown)) * each)

    def parts(self, key: str, found: Array, depth: int, at: int) -> None:
        """Go through texts or arrays in an array."""
        self.elements += found.count
        if self.elements > ELEMENTS:
            raise FileBudget("elements", self.elements, ELEMENTS)
        if found.type == ARRAY:
            if depth == 1:
                self.notes.defect("nested-array", f"{key[:200]} holds arrays, which loaders refuse", at)
            for _ in range(found.count):
                self.items(key, depth + 1, at)
            return
        room = STRING_MAX
        watched = not key.startswith(VOCABULARY)
        for raw in self.cursor.texts(found.count, self.width, 4096):
            if room > 0:
                found.texts.append(raw)
                room -= len(raw) + 1
            if watched and (MARKS[0] in raw or MARKS[1] in raw):
                self.notes.words(decode(raw)[0], "template", key, at)
                self.listed_template(key, raw, at)
        found.shown = [decode(raw)[0][:100] for raw in found.texts[:SHOWN]]

    def listed_template(self, key: str, raw: bytes, at: int) -> None:
        """What an element of an array of texts names as a template; of many only the first are read."""
        self.listed_templates += 1
        if self.listed_templates <= TEMPLATES_MAX and self.notes.context.wants("code"):
            from modelaudit.parsers.repository.template import marked_facts

            place = Place(offset=at, pointer=clean(key[:200])[0])
            self.notes.noted += marked_facts(self.notes.path, raw.decode("utf-8", "replace"), place)

    def listed(self, key: str, found: Array, at: int) -> None:
        """The texts of an array as one text."""
        if not self.notes.texts:
            return
        value, lossy = decode(b"\n".join(found.texts))
        role = "vocabulary" if key.startswith(VOCABULARY) else "metadata"
        self.notes.words(value, role, key, at, lossy=lossy, cut=len(found.texts) < found.count)


def is_template(key: str, raw: bytes) -> bool:
    """Whether a text is a template: by its key, or by the marks of one."""
    return key.startswith(TEMPLATE) or any(mark in raw for mark in MARKS)
