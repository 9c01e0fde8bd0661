"""PMML: models as XML, in any encoding.

Layout: https://dmg.org/pmml/v4-4-1/GeneralStructure.html; XML 1.0 for what comes before the root.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader

LOOK = 64 * 1024  # bytes in which the root has to begin
ROOT = re.compile(r"<(?:[\w.-]+:)?PMML[\s/>]|<!DOCTYPE\s+(?:[\w.-]+:)?PMML\b|dmg\.org/PMML")
MARKS = (  # first bytes, and how the text is written
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
    (b"\x4c\x6f\xa7\x94", "cp037"),
)


def encoding_of(head: bytes) -> str:
    """How the first bytes are written; latin-1 stands for every code in which ASCII is ASCII."""
    return next((name for mark, name in MARKS if head.startswith(mark)), "latin-1")


def recognise_pmml(head: bytes, reader: Reader) -> bool:
    """Whether an XML text has PMML as its root, or says so before it."""
    name = encoding_of(head)
    start = head.decode(name, "replace").lstrip("\ufeffï»¿ \t\r\n")
    if not start.startswith("<"):
        return False
    text = reader.read_at(0, LOOK).decode(name, "replace")
    return bool(ROOT.search(text))


RECOGNISERS = {"pmml": recognise_pmml}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """What the document declares, takes in and calls; no entity is looked up, none is expanded in text."""
    from modelaudit.parsers.pmml.document import parse_document

    return parse_document(artifact, context)
