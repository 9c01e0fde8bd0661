"""Which format the bytes have: the catalogue `schemas/formats.json`, and the recognisers of the parser packages.

A parser package names its recognisers in `RECOGNISERS` (format id to a function of the first bytes and the
reader) and its entry in `parse`. Content decides; the extension only says what was promised.
"""

from __future__ import annotations

import json
import os
from importlib import import_module

from modelaudit.parsers.base import BudgetSpent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from modelaudit.parsers.base import Parse
    from modelaudit.parsers.reader import Reader

    Recogniser = Callable[[bytes, Reader], bool]

HEAD = 4096  # bytes that recognisers are given
EMPTY = "empty"
UNKNOWN = "unknown"
UNRECOGNISED = "unrecognised-content"  # code of the defect
OTHER = "other"  # role of what is no model


class Format:
    """An entry of the catalogue."""

    __slots__ = (
        *("extensions", "fallback", "families", "id", "isolated", "parser", "role", "specialises", "title", "weak"),
    )

    def __init__(self, id: str, entry: Mapping[str, Any]) -> None:
        self.id = id
        self.title: str = entry["title"]
        self.families: frozenset[str] = frozenset(entry["families"])
        self.extensions: tuple[str, ...] = tuple(entry["extensions"])
        self.role: str = entry["role"]
        self.parser: str = entry["parser"]  # the package
        self.specialises: frozenset[str] = frozenset(entry.get("specialises", ()))  # formats that it makes redundant
        self.fallback: bool = entry.get("fallback", False)  # only when nothing else is recognised
        self.weak: bool = entry.get("weak", False)  # a loader may take what the recogniser declines
        self.isolated: bool = entry.get("isolated", False)  # its parser runs in a process that may be lost


class Recognition:
    """What an artifact is. `format` is the main format, `unknown` when nothing accepts the bytes.

    `formats` are all that accept them, `parse` all that are to be read, the main one first; `declared` is what
    the extension promises. `defects` are pairs of a code and a detail. `spent` is the budget, other than time,
    that kept a recogniser from looking, as at the end of something that expands without measure.
    """

    __slots__ = ("declared", "defects", "format", "formats", "parse", "spent")

    def __init__(self, formats: tuple[str, ...], parse: tuple[str, ...], declared: str | None) -> None:
        self.format = formats[0] if formats else parse[0] if parse else UNKNOWN
        self.formats = formats
        self.parse = parse
        self.declared = declared
        self.defects: list[tuple[str, str]] = []
        self.spent: BudgetSpent | None = None


class _Look:
    """One pass of the recognisers over an artifact."""

    __slots__ = ("head", "reader", "spent")

    def __init__(self, head: bytes, reader: Reader) -> None:
        self.head = head
        self.reader = reader
        self.spent: BudgetSpent | None = None

    def accepts(self, recogniser: Recogniser) -> bool:
        """Whether a recogniser accepts; one that asks for more than may be read does not."""
        try:
            return recogniser(self.head, self.reader)
        except BudgetSpent as spent:
            if spent.what == "time":
                raise
            self.spent = self.spent or spent
            return False


class Registry:
    """The catalogue, with the parser packages imported when they are first needed."""

    def __init__(self, catalogue: Mapping[str, Any]) -> None:
        self.formats = {id: Format(id, entry) for id, entry in catalogue["formats"].items()}
        neutral = set(catalogue["neutral_extensions"])
        self.promises: dict[str, Format] = {}
        for format in self.formats.values():
            for extension in format.extensions:
                if extension not in neutral:
                    self.promises.setdefault(extension, format)
        self._recognisers: list[tuple[Format, Recogniser]] | None = None

    @classmethod
    def load(cls, path: str | None = None) -> Registry:
        """The registry of a catalogue file, of the product's own one by default."""
        if path is None:
            path = os.path.join(os.path.dirname(os.path.dirname(__file__)), "schemas", "formats.json")
        with open(path, "rb") as file:
            return cls(json.loads(file.read()))

    def parser(self, id: str) -> Parse:
        """The entry of the parser of a format."""
        parse: Parse = import_module(self.formats[id].parser).parse
        return parse

    def families(self, ids: tuple[str, ...]) -> frozenset[str]:
        """Every family of the formats."""
        return frozenset().union(*(self.formats[id].families for id in ids if id in self.formats))

    def role(self, id: str) -> str:
        """What an artifact of this format is for."""
        return self.formats[id].role if id in self.formats else OTHER

    def recognise(self, head: bytes, reader: Reader, extension: str) -> Recognition:
        """What the bytes are. `head` is their beginning, `extension` has its dot and is in lower case."""
        promise = self.promises.get(extension)
        if reader.size == 0:
            return Recognition((EMPTY,), (EMPTY,), promise.id if promise is not None else None)
        look = _Look(head, reader)
        accepted = self._accepted(look)
        recognition = self._recognised(accepted, promise) if accepted else self._unrecognised(promise)
        recognition.spent = look.spent
        return recognition

    def _accepted(self, look: _Look) -> list[Format]:
        """The formats that accept the bytes, in the order of the catalogue, less those that others specialise."""
        pairs = self._pairs()
        found = [format for format, recogniser in pairs if not format.fallback and look.accepts(recogniser)]
        if not found:
            found = [format for format, recogniser in pairs if format.fallback and look.accepts(recogniser)]
        redundant = frozenset().union(*(format.specialises for format in found))
        return [format for format in found if format.id not in redundant]

    def _recognised(self, accepted: list[Format], promise: Format | None) -> Recognition:
        """What was accepted, held against what the extension promises."""
        formats = tuple(format.id for format in accepted)
        recognition = Recognition(formats, formats, promise.id if promise is not None else None)
        if promise is not None and promise.families.isdisjoint(self.families(formats)):
            detail = f"{promise.title} is promised by the extension, the content is {accepted[0].title}"
            recognition.defects.append(("extension-mismatch", detail))
            if accepted[0].fallback:  # a loader may try all the same
                recognition.parse = (*formats, *self._weak(promise))
        if _is_polyglot(accepted):
            recognition.defects.append(("polyglot", ", ".join(sorted(formats))))
        return recognition

    def _unrecognised(self, promise: Format | None) -> Recognition:
        """What nothing accepts is read as what the extension promises, when that is a model; else it is unknown."""
        if promise is None or promise.role == OTHER:
            return Recognition((), (), promise.id if promise is not None else None)
        others = (id for id in self._weak(promise) if id != promise.id)
        recognition = Recognition((), (promise.id, *others), promise.id)
        recognition.defects.append((UNRECOGNISED, f"the content is not recognised as {promise.title}"))
        return recognition

    def _weak(self, promise: Format) -> list[str]:
        """The formats of the promised families whose recognisers may decline what a loader takes."""
        return [f.id for f in self.formats.values() if f.weak and not f.families.isdisjoint(promise.families)]

    def _pairs(self) -> list[tuple[Format, Recogniser]]:
        if self._recognisers is None:
            self._recognisers = []
            for format in self.formats.values():
                accepts = getattr(import_module(format.parser), "RECOGNISERS", {}).get(format.id)
                if accepts is not None:
                    self._recognisers.append((format, accepts))
        return self._recognisers


def _is_polyglot(accepted: list[Format]) -> bool:
    """Whether two of the formats have no family in common."""
    return any(a.families.isdisjoint(b.families) for i, a in enumerate(accepted) for b in accepted[i + 1 :])
