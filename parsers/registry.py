"""Which format the bytes have: the catalogue `schemas/formats.json`, and the recognisers of the parser packages.

A parser package names its recognisers in `RECOGNISERS` (format id to a function of the first bytes and the
reader) and its entry in `parse`. It is imported only for an artifact that has one of the `magics` that the catalogue
gives the format; a format without fixed bytes is always asked, after all others. Content decides; the extension only
says what was promised.
"""

from __future__ import annotations

import json
import os
from importlib import import_module

from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.candidates import Beginnings
from modelaudit.parsers.magic import Magic, Place
from modelaudit.parsers.reader import Edges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from modelaudit.parsers.base import Parse
    from modelaudit.parsers.candidates import Candidates
    from modelaudit.parsers.reader import Reader

    Recogniser = Callable[[bytes, Reader], bool]

HEAD = 4096  # bytes that recognisers are given
EMPTY = "empty"
UNKNOWN = "unknown"
UNRECOGNISED = "unrecognised-content"  # code of the defect
OTHER = "other"  # role of what is no model
WEIGHTS = "weights"  # role of what is numbers, and what describes them


class Claim:
    """How files of a format without a mark of its own are told: by a file beside them that says so.

    `by` is the format of that file. It names them in references of a kind and key; or it describes, with its own name
    among `names` and at least one tensor, that everything below its folder whose path there is one of `parts` is one.
    """

    __slots__ = ("by", "format", "key", "names", "parts", "reference")

    def __init__(self, format: str, entry: Mapping[str, Any]) -> None:
        self.format = format
        self.by: str = entry["by"]
        self.reference: str = entry.get("reference", "")
        self.key: str = entry.get("key", "")
        self.names: frozenset[str] = frozenset(entry.get("names", ()))
        self.parts: str = entry.get("parts", "")  # a regular expression


class Format:
    """An entry of the catalogue."""

    __slots__ = (
        "checked",
        "claim",
        "extensions",
        "fallback",
        "families",
        "id",
        "isolated",
        "magics",
        "parse",
        "parser",
        "recognised",
        "recogniser",
        "role",
        "specialises",
        "title",
        "unmarked",
        "weak",
    )

    def __init__(self, id: str, entry: Mapping[str, Any]) -> None:
        self.id = id
        self.title: str = entry["title"]
        self.recognised: str = entry.get("recognised", "")  # for people, like the next
        self.checked: str = entry.get("checked", "")
        self.families: frozenset[str] = frozenset(entry["families"])
        self.extensions: tuple[str, ...] = tuple(entry["extensions"])
        self.role: str = entry["role"]
        self.parser: str = entry["parser"]  # the package
        self.specialises: frozenset[str] = frozenset(entry.get("specialises", ()))  # formats that it makes redundant
        self.fallback: bool = entry.get("fallback", False)  # only when nothing else is recognised
        self.weak: bool = entry.get("weak", False)  # a loader may take what the recogniser declines
        self.unmarked: bool = entry.get("unmarked", False)  # nothing but numbers: the extension alone can tell
        claimed = entry.get("claimed")
        self.claim = None if claimed is None else Claim(id, claimed)
        self.isolated: bool = entry.get("isolated", False)  # its parser runs in a process that may be lost
        written = entry.get("magics")
        self.magics = None if written is None else [Magic(one) for one in written]  # None: no fixed bytes
        self.recogniser: Recogniser | None = None  # known once the package is imported, like the next
        self.parse: Parse | None = None


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


class Look:
    """One pass of the recognisers over an artifact. `spent` is the budget that kept one from looking."""

    __slots__ = ("place", "spent")

    def __init__(self, head: bytes, reader: Reader) -> None:
        self.place = Place(head, reader)
        self.spent: BudgetSpent | None = None

    def plausible(self, candidates: Candidates) -> list[Format]:
        """The candidates that it is worth while to import a parser for."""
        formats, self.spent = candidates.plausible(self.place)
        return formats

    def accepted(self, asked: list[Format], *, fallback: bool) -> list[Format]:
        """Those formats that the bytes have; a recogniser that asks for more than may be read does not accept."""
        head, reader = self.place.head, self.place.reader
        found = []
        for format in asked:
            if format.fallback is not fallback:
                continue
            try:
                if (format.recogniser or recogniser_of(format))(head, reader):
                    found.append(format)
            except BudgetSpent as spent:
                if spent.what == "time":
                    raise
                self.spent = self.spent or spent.with_traceback(None)  # which holds the reader
        return found


class Registry:
    """The catalogue, with the parser packages imported when they are first needed."""

    def __init__(self, catalogue: Mapping[str, Any]) -> None:
        self._catalogue = catalogue
        self.left_out: frozenset[str] = frozenset()  # formats whose parsers are not to run
        self.formats = {id: Format(id, entry) for id, entry in catalogue["formats"].items()}
        self.claims = {format.claim.by: format.claim for format in self.formats.values() if format.claim is not None}
        neutral = set(catalogue["neutral_extensions"])
        self.promises: dict[str, Format] = {}
        for format in self.formats.values():
            for extension in format.extensions:
                if extension not in neutral:
                    self.promises.setdefault(extension, format)
        self._families: dict[tuple[str, ...], frozenset[str]] = {}
        self._asked = sorted(self.formats.values(), key=lambda format: format.magics is None)
        self._beginnings = Beginnings(self._asked)

    @classmethod
    def load(cls, path: str | None = None) -> Registry:
        """The registry of a catalogue file, of the product's own one by default."""
        if path is None:
            path = os.path.join(os.path.dirname(os.path.dirname(__file__)), "schemas", "formats.json")
        with open(path, "rb") as file:
            return cls(json.loads(file.read()))

    def with_plugins(self, names: Sequence[str]) -> Registry:
        """This registry and the formats that parsers of other packages read. Raises `PluginError`."""
        if not names:
            return self
        from modelaudit.parsers.plugins import PluginError, entries

        added = entries(names)
        taken = next((id for id in added if id in self.formats), None)
        if taken is not None:
            raise PluginError(f"a plug-in cannot take the place of the format {taken!r}")
        try:
            return Registry({**self._catalogue, "formats": {**self._catalogue["formats"], **added}})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PluginError(
                f"the formats of plug-ins {', '.join(names)} are not as the catalogue has them: {error!r}"
            ) from error

    def __reduce__(self) -> tuple[type[Registry], tuple[Mapping[str, Any]], dict[str, frozenset[str]]]:
        return type(self), (self._catalogue,), {"left_out": self.left_out}

    def parser(self, id: str) -> Parse:
        """The entry of the parser of a format."""
        format = self.formats[id]
        if format.parse is None:
            format.parse = import_module(format.parser).parse
        return format.parse

    def families(self, ids: tuple[str, ...]) -> frozenset[str]:
        """Every family of the formats."""
        found = self._families.get(ids)
        if found is None:
            known = (self.formats[id].families for id in ids if id in self.formats)
            found = self._families[ids] = frozenset().union(*known)
        return found

    def role(self, id: str) -> str:
        """What an artifact of this format is for."""
        return self.formats[id].role if id in self.formats else OTHER

    def weights(self, head: bytes, reader: Reader, extension: str) -> Recognition | None:
        """What the bytes are when their edges are those of weights and of nothing else; None when they are not."""
        found = self.recognise(head, Edges(reader), extension)
        return found if found.formats and self.all_weights(found.parse) else None

    def all_weights(self, ids: Sequence[str]) -> bool:
        """Whether every one of the formats is of weights alone."""
        return bool(ids) and all(self.role(id) == WEIGHTS for id in ids)

    def promise(self, extension: str) -> Format | None:
        """The format that an extension promises; digits of a numbered one stand as `#` in the catalogue."""
        found = self.promises.get(extension)
        if found is None and not extension.isalpha():
            found = self.promises.get("".join("#" if "0" <= sign <= "9" else sign for sign in extension))
        return found

    def recognise(self, head: bytes, reader: Reader, extension: str) -> Recognition:
        """What the bytes are. `head` is their beginning, `extension` has its dot and is in lower case."""
        promise = self.promise(extension)
        if reader.size == 0:
            return Recognition((EMPTY,), (EMPTY,), promise.id if promise is not None else None)
        look = Look(head, reader)
        accepted = self._accepted(look)
        recognition = self._recognised(accepted, promise) if accepted else self._unrecognised(promise)
        recognition.spent = look.spent
        return recognition

    def _accepted(self, look: Look) -> list[Format]:
        """The formats that accept the bytes, less those that others specialise.

        They have the order of the catalogue, those without fixed bytes behind all others.
        """
        asked = look.plausible(self._beginning(look.place.head[0] if look.place.head else None))
        found = look.accepted(asked, fallback=False) or look.accepted(asked, fallback=True)
        if len(found) < 2:
            return found
        redundant = frozenset().union(*[format.specialises for format in found])
        return [format for format in found if format.id not in redundant]

    def _beginning(self, first: int | None) -> Candidates:
        """The formats whose files may begin with this byte."""
        return self._beginnings.of(first)

    def _recognised(self, accepted: list[Format], promise: Format | None) -> Recognition:
        """What was accepted, held against what the extension promises."""
        formats = tuple([format.id for format in accepted])
        recognition = Recognition(formats, formats, promise.id if promise is not None else None)
        expected = promise is None or (promise.unmarked and accepted[0].fallback)
        if promise is not None and not expected and promise.families.isdisjoint(self.families(formats)):
            detail = f"the extension says {promise.title}, the content {accepted[0].title}"
            recognition.defects.append(("extension-mismatch", detail))
            if accepted[0].fallback:  # a loader may try all the same
                recognition.parse = (*formats, *self._weak(promise))
        if len(accepted) > 1 and _is_polyglot(accepted):
            recognition.defects.append(("polyglot", ", ".join(sorted(formats))))
        return recognition

    def _unrecognised(self, promise: Format | None) -> Recognition:
        """What nothing accepts is read as what the extension promises, when that is a model; else it is unknown."""
        if promise is not None and promise.unmarked:
            return Recognition((promise.id,), (promise.id,), promise.id)
        if promise is None or promise.role == OTHER:
            return Recognition((), (), promise.id if promise is not None else None)
        others = (id for id in self._weak(promise) if id != promise.id)
        recognition = Recognition((), (promise.id, *others), promise.id)
        recognition.defects.append(
            (UNRECOGNISED, f"the extension says {promise.title}, the content is nothing that is known")
        )
        return recognition

    def _weak(self, promise: Format) -> list[str]:
        """The formats of the promised families whose recognisers may decline what a loader takes."""
        return [f.id for f in self.formats.values() if f.weak and not f.families.isdisjoint(promise.families)]


def recogniser_of(format: Format) -> Recogniser:
    """What a package says of its format; a format that it has no recogniser for is never recognised by content."""
    if format.recogniser is None:
        table: Mapping[str, Recogniser] = getattr(import_module(format.parser), "RECOGNISERS", {})
        format.recogniser = table.get(format.id, _declines)
    return format.recogniser


def _declines(head: bytes, reader: Reader) -> bool:
    return False


def _is_polyglot(accepted: list[Format]) -> bool:
    """Whether two of the formats have no family in common."""
    return any(a.families.isdisjoint(b.families) for i, a in enumerate(accepted) for b in accepted[i + 1 :])
