"""Facts of a PMML document, read from front to back by defusedxml's parser.

What that forbids (document types, entities, whatever stands outside) is noted here instead of ending the reading,
so that everything behind it is seen; nothing is looked up. Entities in text come to a handler as they are written;
those in attributes are expanded, so that reading ends where the declared entities would make too much of them.
"""

from __future__ import annotations

import codecs
import re
from xml.parsers import expat
from xml.sax import SAXParseException

from defusedxml.expatreader import DefusedExpatParser

from modelaudit.engine.facts import KINDS, TEXT_MAX, Defect, Limit, Metadata, Place, Reference, Text, clean, path_class
from modelaudit.parsers.base import Property
from modelaudit.parsers.pmml import encoding_of
from modelaudit.parsers.reader import WINDOW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.reader import Reader

ALL = frozenset(KINDS) - {"artifact", "defect", "limit"}
ENTITY_MAX = 64 * 1024  # characters that an entity may stand for
ENTITIES_MAX = 1000
DEPTH_MAX = 2000
SHOWN = 1024
TEXTS = frozenset({"Extension", "script", "Script", "SCRIPT"})
DECLARED = re.compile(r"""<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z][\w.-]*)["']""")
REFERENCE = re.compile(r"[&%]([\w.:-]+);")
HREF = re.compile(r"""href\s*=\s*["']([^"']*)["']""")
SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
INCLUDE = "http://www.w3.org/2001/XInclude"
NATIVE = frozenset({"utf-8", "iso8859-1", "ascii", "utf-16"})  # that expat reads by itself


class Stop(Exception):  # noqa: N818 - ends the reading, no error
    """A handler has seen enough."""


def parse_document(artifact: Input, context: Context) -> Iterator[Fact | Property]:
    """The facts of a document, in the order in which they stand there."""
    document = Document(artifact.path)
    reader = artifact.reader
    head = reader.read_at(0, WINDOW)
    name = _encoding(head)
    if context.wants("text"):
        value, lossy = clean(head.decode(name, "replace")[:TEXT_MAX])
        cut = frozenset({"value"}) if reader.size > TEXT_MAX else frozenset[str]()
        yield Text(artifact.path, value=value, role="config", owner="pmml", lossy=lossy, cut=cut)
    try:
        for piece in _pieces(reader, name):
            context.check()
            document.feed(piece)
            yield from document.take()
        document.end_of_text()
    except Stop:
        pass
    except SAXParseException as error:
        detail = clean(f"line {error.getLineNumber()}: {error.getMessage()}")[0]
        document.found.append(
            Defect(artifact.path, code="xml-malformed", detail=detail, affects=ALL, places=(document.place(),))
        )
    except ValueError as error:
        document.found.append(document.defect("xml-encoding", str(error)[:SHOWN]))
    yield from document.take()


def _encoding(head: bytes) -> str:
    """The name of the encoding, as Python knows it."""
    marked = encoding_of(head)
    if marked not in ("latin-1", "cp037"):
        return marked
    declared = DECLARED.search(head[:SHOWN].decode(marked, "replace"))
    if declared is None:
        return "utf-8" if marked == "latin-1" else marked
    try:
        return codecs.lookup(declared[1]).name
    except LookupError:
        return "utf-8"


def _pieces(reader: Reader, name: str) -> Iterator[bytes]:
    """The text in UTF-8 with its declaration taken out, window by window. Raises `ValueError`."""
    decoder = codecs.getincrementaldecoder(name)("strict")
    first = True
    for at in range(0, reader.size, WINDOW):
        data = reader.window(at, WINDOW)
        text = decoder.decode(data, at + len(data) >= reader.size)
        if not isinstance(text, str):
            raise ValueError(f"{name} is no encoding of texts")
        if first and text:
            first = False
            text = re.sub(r"^\ufeff?<\?xml[^>]*\?>", "", text.removeprefix("\ufeff"), count=1)
        yield text.encode("utf-8", "replace")


class Guard(DefusedExpatParser):
    """The parser of defusedxml with everything forbidden, and what is forbidden noted in a document."""

    _parser: expat.XMLParserType

    def __init__(self, document: Document) -> None:
        self.document = document
        super().__init__(namespaceHandling=1, forbid_dtd=True, forbid_entities=True, forbid_external=True)
        self.reset()
        self._parsing = True  # `feed` would begin anew, without the handlers

    def reset(self) -> None:
        """A parser with the handlers of the document."""
        super().reset()
        document, parser = self.document, self._parser
        parser.namespace_prefixes = False
        parser.buffer_text = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.ProcessingInstructionHandler = document.instruction
        parser.StartElementHandler = document.start
        parser.EndElementHandler = document.end
        parser.CharacterDataHandler = document.characters
        parser.DefaultHandler = document.other  # entities in text are given as they are written
        self.expat = parser

    def defused_start_doctype_decl(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        """A document type."""
        self.document.doctype(name, system, internal)

    def defused_entity_decl(
        self,
        name: str,
        is_parameter: bool,
        value: str | None,
        base: str | None,
        system: str | None,
        public: str | None,
        notation: str | None,
    ) -> None:
        """An entity."""
        self.document.entity(name, is_parameter, value, system or public or "")

    def defused_unparsed_entity_decl(
        self, name: str, base: str | None, system: str | None, public: str | None, notation: str | None
    ) -> None:
        """An entity that is no XML; expat tells of it as an entity, too."""

    def defused_external_entity_ref_handler(  # type: ignore[override]  # expat asks for a number
        self, context: str, base: str | None, system: str | None, public: str | None
    ) -> int:
        """A use of an entity outside, which is not looked up; it was told where it is declared."""
        return 1


class Document:
    """A document while it is read. `found` are facts that were not taken yet."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.found: list[Fact | Property] = []
        self.sizes: dict[str, int] = {}  # characters that each entity stands for
        self.open: list[str] = []
        self.text: list[str] | None = None  # of an element whose text matters
        self.length = 0
        self.owner = ""
        self.guard = Guard(self)
        self.parser = self.guard.expat

    def feed(self, data: bytes) -> None:
        """Take in the next bytes."""
        self.guard.feed(data)

    def end_of_text(self) -> None:
        """The document is complete."""
        self.guard.feed(b"", isFinal=True)

    def take(self) -> list[Fact | Property]:
        """What was found since the last time."""
        found, self.found = self.found, []
        return found

    def place(self) -> Place:
        """Where the parser is: the names of the open elements."""
        return Place(offset=self.parser.CurrentByteIndex, pointer="/" + "/".join(self.open[:20]))

    def defect(self, code: str, detail: str, affects: frozenset[str] = frozenset()) -> Defect:
        """A defect where the parser is."""
        return Defect(self.path, code=code, detail=clean(detail)[0], affects=affects, places=(self.place(),))

    # Before the root

    def doctype(self, name: str, system: str | None, internal: bool) -> None:
        """A document type declaration."""
        self.found.append(self.defect("xml-doctype", f"{name[:SHOWN]}{' with an internal subset' if internal else ''}"))
        if system:
            self.reference(system, "xml-entity", name, "doctype")

    def entity(self, name: str, is_parameter: bool, value: str | None, outside: str) -> None:
        """A declaration of an entity."""
        if len(self.sizes) >= ENTITIES_MAX:
            self.found.append(self.defect("xml-entity-bomb", f"more than {ENTITIES_MAX} entities", ALL))
            raise Stop
        if value is None:
            self.sizes[name] = 0
            self.reference(outside, "xml-entity", name, "parameter" if is_parameter else "entity")
            return
        self.sizes[name] = len(value) + sum(self.sizes.get(one, 0) for one in REFERENCE.findall(value))
        kind = "parameter-entity" if is_parameter else "entity"
        self.metadata(kind, value)
        if self.sizes[name] > ENTITY_MAX:
            self.found.append(self.defect("xml-entity-bomb", f"{name[:SHOWN]}: {self.sizes[name]} characters", ALL))
            raise Stop

    def instruction(self, target: str, data: str) -> None:
        """A processing instruction."""
        link = HREF.search(data[:SHOWN])
        if target == "xml-stylesheet" and link is not None:
            self.reference(link[1], "xml-stylesheet", target, "href")

    # Elements

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        space, _, local = name.rpartition(" ")
        if len(self.open) >= DEPTH_MAX:
            self.found.append(Limit(self.path, what="depth", at=len(self.open), budget=DEPTH_MAX, affects=ALL))
            raise Stop
        if not self.open:
            self.root(space, local, attributes)
        self.open.append(local[:200])
        if space == INCLUDE and local == "include":
            self.reference(attributes.get("href", ""), "xml-include", local, "href")
        locations = attributes.get(f"{SCHEMA} schemaLocation", "").split()[1::2]
        for one in [*locations, *attributes.get(f"{SCHEMA} noNamespaceSchemaLocation", "").split()]:
            self.reference(one, "xml-schema", local, "schemaLocation")
        if local == "Apply" and "function" in attributes:
            self.metadata("Apply.function", attributes["function"])
        if local == "Application" and "name" in attributes:
            self.producer(attributes)
        if local in TEXTS:
            self.begin(local, attributes)

    def root(self, space: str, local: str, attributes: dict[str, str]) -> None:
        """The outermost element."""
        self.metadata("root", local)
        self.metadata("namespace", space)
        if "version" in attributes:
            self.found.append(Property("version", attributes["version"][:200]))
            self.metadata("version", attributes["version"])

    def producer(self, attributes: dict[str, str]) -> None:
        """The program that wrote the document."""
        self.found.append(Property("producer", attributes["name"][:200]))
        if "version" in attributes:
            self.found.append(Property("producer_version", attributes["version"][:200]))

    def begin(self, local: str, attributes: dict[str, str]) -> None:
        """An element whose text and values may be code."""
        self.finish()
        self.owner, self.length = local, 0
        self.text = []
        if local != "Extension":
            self.metadata("element", local)
        self.characters(" ".join(attributes.values()))

    def end(self, name: str) -> None:
        """An element ends."""
        local = self.open.pop() if self.open else ""
        if self.text is not None and local == self.owner:
            self.finish()

    def characters(self, data: str) -> None:
        """Text of an element."""
        if self.text is not None and self.length < TEXT_MAX:
            self.text.append(data[: TEXT_MAX - self.length])
            self.length += len(data)

    def other(self, data: str) -> None:
        """Whatever has no handler of its own; entities in text are among it."""

    def finish(self) -> None:
        """The text of an element is complete."""
        value = "".join(self.text or [])
        self.text = None
        if value.strip():
            shown, lossy = clean(value[:TEXT_MAX])
            cut = frozenset({"value"}) if self.length > TEXT_MAX else frozenset[str]()
            places = (self.place(),)
            self.found.append(
                Text(self.path, value=shown, role="metadata", owner=self.owner, lossy=lossy, cut=cut, places=places)
            )

    def metadata(self, key: str, value: str) -> None:
        """A key and its value."""
        shown = clean(value[:SHOWN])[0]
        self.found.append(Metadata(self.path, key=key, value=shown, type="str", places=(self.place(),)))

    def reference(self, target: str, kind: str, owner: str, key: str) -> None:
        """Something outside that is named."""
        shown, lossy = clean(target[:SHOWN])
        self.found.append(
            Reference(
                self.path,
                target=shown,
                kind=kind,
                owner=clean(owner[:SHOWN])[0],
                key=key,
                path_class=path_class(target[:SHOWN]),
                places=(self.place(),),
                lossy=lossy,
            )
        )
