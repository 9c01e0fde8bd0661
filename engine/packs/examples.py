"""Facts written down in a test, as the fact set that a parser would have made of a model."""

from __future__ import annotations

from types import MappingProxyType

from modelaudit.engine import validation
from modelaudit.engine.diagnostics import Diagnostic
from modelaudit.engine.facts import KINDS, Arg, Artifact, Fact, Flow, Kwarg, Place, Record, Stats, path_class
from modelaudit.engine.factset import FactSet
from modelaudit.engine.packs import checks
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.diagnostics import Span
    from modelaudit.engine.yaml_tree import Node

    Json = Any
    Fields = dict[str, Any]

RECORDS: Mapping[str, type[Record]] = {"arg": Arg, "flow": Flow, "kwarg": Kwarg, "place": Place, "stats": Stats}
_WORDS = ("artifact", "children", "unknown", "incomplete")


class Examples:
    """Builds fact sets from the `facts:` of tests; what is wrong with them is in `diagnostics` (E131)."""

    def __init__(self, formats: Sequence[str] = (), inside: Sequence[str] = ()) -> None:
        self.format = _format(formats)
        self.outer = _format(inside) if inside else None
        self.diagnostics: list[Diagnostic] = []

    def build(self, node: Node) -> FactSet:
        """The fact set of a `facts:` mapping.

        An artifact that says no format has the first one of the rule. A rule with `inside:` and a test
        without `children` gets a container around the artifact.
        """
        if self.outer is None:
            return self.factset(node, "model", self.format)
        if node.get("children") is not None:
            return self.factset(node, "model", self.outer)
        root = FactSet(_artifact("model", self.outer, {}))
        root.add_child(self.factset(node, "model!member", self.format))
        return root

    def factset(self, node: Node, path: str, format: str) -> FactSet:
        """One artifact with its facts and children."""
        said = node.get("artifact")
        fields = self.fields(said, "artifact") if said is not None else {}
        built = FactSet(_artifact(path, format, fields))
        incomplete = {self.kind(item) for item in _list(node, "incomplete")}
        if incomplete:
            built.artifact = built.artifact.replace(incomplete=built.artifact.incomplete | incomplete)
        unknown = self.unknown(node)
        for key, value in node.fields.items():
            kind = _collections().get(key)
            if kind is not None:
                built.facts[kind] = [self.fact(kind, item, built.artifact.path, unknown) for item in value.items]
            elif key not in _WORDS:
                known = [*_collections(), *_WORDS]
                self._report(f"there is no collection `{key}`", node.key_span(key), suggestion(key, known))
        for number, child in enumerate(_list(node, "children")):
            inner = f"{built.artifact.path}!member{number or ''}"
            built.add_child(self.factset(child, inner, self.format))
        return built

    def _report(self, message: str, span: Span, label: str = "") -> None:
        self.diagnostics.append(Diagnostic("E131", message, span, label))

    def kind(self, node: Node) -> str:
        """The kind that a word of `incomplete:` names, by itself or by its collection."""
        kind = _collections().get(node.text, node.text)
        if kind not in KINDS:
            known = [*KINDS, *_collections()]
            self._report(f"there is no fact kind or collection `{node.text}`", node.span, suggestion(node.text, known))
        return kind

    def unknown(self, node: Node) -> dict[str, set[str]]:
        """Fields that were not computed, by kind, from words such as `tensor.stats`."""
        found: dict[str, set[str]] = {}
        for item in _list(node, "unknown"):
            word, _, field = item.text.partition(".")
            kind = _collections().get(word, word)
            optional = _optional(kind)
            if field in optional:
                found.setdefault(kind, set()).add(field)
            else:
                known = [f"{kind}.{name}" for name in optional] or [*KINDS]
                self._report(f"`{item.text}` is no optional field", item.span, suggestion(item.text, known))
        return found

    def fact(self, kind: str, node: Node, path: str, unknown: Mapping[str, set[str]]) -> Fact:
        """One fact of a kind, with what follows from the fields that the test gives."""
        fields = self.fields(node, kind)
        absent = {name for name in unknown.get(kind, ()) if fields.get(name) is None}
        if absent:
            fields["unknown"] = frozenset(fields.get("unknown", ())) | absent
        _derive(kind, fields)
        make: Callable[..., Fact] = KINDS[kind]
        return make(artifact=path, **fields)

    def fields(self, node: Node, kind: str) -> Fields:
        """The typed fields of a fact; unknown names and values of another type are mistakes."""
        root = validation.schema_of("facts")
        schema = root["$defs"][kind]
        known = {name: each for name, each in schema["properties"].items() if name not in ("fact", "artifact")}
        fields: Fields = {}
        if node.kind != "mapping":
            self._report(f"expected a mapping of {kind} fields", node.span)
        for name, value in node.fields.items():
            if name not in known:
                self._report(f"unknown field `{name}` on `{kind}`", node.key_span(name), suggestion(name, known))
                continue
            typed = validation.typed(value, known[name], root)
            mistake = validation.misfit(typed, known[name], root)
            if mistake:
                self._report(f"`{name}`: {mistake}", value.span)
            else:
                fields[name] = _value(typed, known[name])
        return fields


def _value(value: Json, schema: Mapping[str, Json]) -> Json:
    """Plain JSON as the fact classes hold it: sets, tuples, records and read-only maps."""
    ref = schema.get("$ref", "").rpartition("/")[2]
    if ref:
        return RECORDS[ref](**value)
    if schema.get("type") == "array":
        items = [_value(item, schema["items"]) for item in value]
        return frozenset(items) if schema.get("uniqueItems") else tuple(items)
    if schema.get("type") == "object":
        return MappingProxyType(dict(value))
    if schema.get("type") == "number":
        return float(value)
    return value


def _derive(kind: str, fields: Fields) -> None:
    """Fill in what every parser derives, where a test leaves it out."""
    if kind == "import":
        _derive_import(fields)
    if kind in ("call", "setattr") and fields.get("target"):
        fields.setdefault("names", frozenset((fields["target"],)))
    if kind in ("member", "reference"):
        fields.setdefault("path_class", path_class(fields.get("name") or fields.get("target") or ""))


def _derive_import(fields: Fields) -> None:
    if "qualname" not in fields and "module" in fields and "name" in fields:
        fields["qualname"] = f"{fields['module']}.{fields['name']}"
    qualname = fields.get("qualname")
    if qualname:
        module, _, name = qualname.rpartition(".")
        fields.setdefault("module", module)
        fields.setdefault("name", name)
        fields.setdefault("names", frozenset((qualname,)))
        fields.setdefault("segments", frozenset(qualname.split(".")))


def _artifact(path: str, format: str, fields: Fields) -> Artifact:
    """The record of an artifact, with path parts and families that follow from what is given."""
    said = dict(fields)
    path = said.setdefault("path", path)
    format = said.setdefault("format", format)
    said.setdefault("formats", frozenset((format,)))
    said.setdefault("families", frozenset(checks.formats().get(format, ())))
    name = said.setdefault("name", path.replace("!", "/").rpartition("/")[2])
    said.setdefault("depth", path.count("!"))
    dot = name.rfind(".")
    said.setdefault("extension", name[dot:].lower() if dot > 0 else "")
    return Artifact(**said)


def _format(said: Sequence[str]) -> str:
    """The first format of a rule; of a family the first format that belongs to it."""
    for word in said[:1]:
        if word in checks.formats():
            return word
        return next((name for name, families in checks.formats().items() if word in families), "unknown")
    return "unknown"


def _collections() -> dict[str, str]:
    """Kinds by the name of their collection."""
    return {fact.COLLECTION: kind for kind, fact in KINDS.items() if kind != "artifact"}


def _optional(kind: str) -> list[str]:
    each = validation.schema_of("facts")["$defs"].get(kind, {})
    header = {"places", "n", "unknown", "cut", "lossy", "artifact", "fact"}
    return [name for name in each.get("properties", {}) if name not in each["required"] and name not in header]


def _list(node: Node, key: str) -> list[Node]:
    said = node.get(key)
    return said.items if said is not None else []
