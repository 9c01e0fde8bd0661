"""The facts of a program: each operator by its name, and what the operators that call native code call."""

from __future__ import annotations

import json
import os

from modelaudit.engine.facts import TEXT_MAX, Op, Place, clean, decode
from modelaudit.parsers.base import Property
from modelaudit.parsers.cursor import Break
from modelaudit.parsers.mlir.bytes import Bytes
from modelaudit.parsers.mlir.sections import Header, Tables
from modelaudit.parsers.mlir.walk import operators
from modelaudit.parsers.notes import Notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested
    from modelaudit.parsers.mlir.walk import Operator

CONTENT = frozenset({"op", "text"})
PROPERTIES = 8  # the section of properties
SHORT = 4096  # bytes of an attribute that are looked at
SHOWN = 256
UNKNOWN = "?"
TARGET = "call_target_name"


def parse_program(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """Everything that the program says; constants are passed over."""
    notes = Notes(artifact, context, CONTENT)
    return notes.bounded(_Program(notes).items())


class _Program:
    """One program while it is read."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        with open(os.path.join(os.path.dirname(__file__), "codes.json"), "rb") as file:
            self.codes = json.loads(file.read())
        self.properties: list[bytes] = []
        self.dictionaries: dict[int, dict[str, str]] = {}  # by their number, since many operators may have the same

    def items(self) -> Iterator[Fact | Nested | Property]:
        """Version and producer, texts, operators."""
        try:
            header = Header(self.notes.reader)
            yield Property("version", str(header.version))
            yield Property("producer", clean(decode(header.producer[:SHOWN])[0])[0])
            tables = Tables(self.notes, header)
            self.texts(tables)
            self.read_properties(tables)
            for operator in operators(tables):
                yield self.operator(operator, tables)
        except Break as broken:
            self.notes.defect(broken.code, broken.detail, broken.offset, CONTENT)
        yield from self.notes.flush()

    def texts(self, tables: Tables) -> None:
        """Note all texts of the program as one."""
        text, lossy = decode(b"\n".join(tables.strings)[: 4 * TEXT_MAX])
        self.notes.words(text, "literal", "strings", 0, lossy=lossy)

    def read_properties(self, tables: Tables) -> None:
        """The properties of operators, each as its bytes."""
        if PROPERTIES in tables.header.sections:
            section = tables.section(PROPERTIES)
            self.properties = [section.take(section.number())[:SHORT] for _ in range(tables.count(section))]

    def operator(self, operator: Operator, tables: Tables) -> Op:
        """The fact of an operator."""
        name = tables.name(operator.name)
        domain, type = name or ("", str(operator.name))
        if name is None:
            self.notes.defect("bad-bytecode", f"the operator {operator.name} has no name", operator.offset, CONTENT)
        called = self.called(operator, tables) if type in self.codes["calls"] else {}
        return Op(
            self.notes.path,
            domain=clean(domain)[0],
            type=clean(type)[0],
            name=called.get(TARGET, ""),
            attributes=called,
            places=(Place(offset=operator.offset),),
        )

    def called(self, operator: Operator, tables: Tables) -> dict[str, str]:
        """What an operator that calls native code calls, and with which settings."""
        found: dict[str, str] = {}
        if operator.attributes is not None:
            number = operator.attributes
            if number not in self.dictionaries:
                self.dictionaries[number] = self.dictionary(number, tables)
            found |= self.dictionaries[number]
        if operator.properties is not None and operator.properties < len(self.properties):
            data = Bytes(self.properties[operator.properties], operator.offset)
            for key in self.codes["properties"]:
                value = self.string(data.number(), tables) if data.left else None
                if value:
                    found[key] = value
        return {TARGET: UNKNOWN, **found}

    def dictionary(self, number: int, tables: Tables) -> dict[str, str]:
        """The texts of a dictionary of attributes, by their keys."""
        dialect, data = self.attribute(number, tables)
        if dialect != "builtin" or not data.left or data.number() != self.codes["dictionary"]:
            return {}
        found = {}
        for _ in range(data.number()):
            key, value = self.string(data.number(), tables), self.string(data.number(), tables)
            if key and value and key in self.codes["properties"]:
                found[key] = value
        return found

    def string(self, number: int, tables: Tables) -> str | None:
        """The text that an attribute is, None when it is something else."""
        dialect, data = self.attribute(number, tables)
        if not data.left or data.number() != self.codes["strings"].get(dialect):
            return None
        return clean(decode(tables.text(data.number())[:SHOWN])[0])[0]

    def attribute(self, number: int, tables: Tables) -> tuple[str, Bytes]:
        """Dialect and bytes of an attribute; no bytes when it is written as text."""
        name, at, size, own = tables.attribute(number)
        return name, Bytes(tables.reader.read_at(at, min(size, SHORT)) if own else b"", at)
