"""Constants of a graph as text, followed through operators that hand them on unchanged or join them."""

from __future__ import annotations

import json
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelaudit.parsers.protobuf.fields import AnyField, AnyMessage

NODES_MAX = 200_000  # of one graph that are followed
HOPS = 16
VALUES = 64  # of a constant list
SHOWN = 1024  # characters
SMALL = 64 * 1024  # bytes of a constant that is looked at
COMPUTED = "?"
NUMBERS = frozenset(
    {"float_val", "double_val", "int_val", "int64_val", "bool_val", "half_val", "uint32_val", "uint64_val"}
)


class Known:
    """What is known of the operators that hand constants on, of attributes, and of element types."""

    def __init__(self) -> None:
        folder = os.path.dirname(__file__)
        with open(os.path.join(folder, "graph.json"), "rb") as file:
            table = json.loads(file.read())
        with open(os.path.join(folder, "messages.json"), "rb") as file:
            enums = json.loads(file.read())["enums"]
        self.same = frozenset(table["same"])
        self.joins = frozenset(table["joins"])
        self.lists = frozenset(table["lists"])
        self.quiet = frozenset(table["quiet"])
        self.bytes: dict[str, int] = table["bytes"]
        self.dtypes: dict[int, str] = {int(n): name for n, name in enums["DataType"].items()}

    def dtype(self, field: AnyField) -> str:
        """The names of the element types of a field, which the text form writes out."""
        numbers = field.numbers(VALUES)
        if not numbers:
            return field.word(64)
        return ", ".join(self.dtypes.get(int(number), str(number)) for number in numbers)


_known: list[Known] = []


def known() -> Known:
    """The tables, read on first use."""
    if not _known:
        _known.append(Known())
    return _known[0]


class Constants:
    """The constants of one graph or function, by the name of the node. `assets` are named as files of the model."""

    def __init__(self, known: Known, assets: Mapping[str, str]) -> None:
        self.known = known
        self.assets = assets
        self.values: dict[str, str] = {}
        self.handed: dict[str, tuple[str, tuple[str, ...], str]] = {}  # operator, inputs, separator

    def learn(self, node: AnyMessage) -> None:
        """Take a node in."""
        if len(self.values) + len(self.handed) >= NODES_MAX:
            return
        words = {"name": "", "op": ""}
        inputs: list[str] = []
        attributes: list[AnyField] = []
        for field in node.fields():
            if field.name in words:
                words[field.name] = field.word()
            elif field.name == "input" and len(inputs) < VALUES:
                inputs.append(field.word())
            elif field.name == "attr" and field.size < SMALL:
                attributes.append(field)
        self._keep(words["name"], words["op"], inputs, attributes)

    def _keep(self, name: str, op: str, inputs: list[str], attributes: list[AnyField]) -> None:
        """Keep what a node gives, when it is a constant or hands one on."""
        if op == "Const":
            value = _constant(attributes)
            if value is not None:
                self.values[name] = value
        elif op in self.known.same or op in self.known.lists:
            self.handed[name] = (op, tuple(inputs), "\n")
        elif op in self.known.joins:
            self.handed[name] = (op, tuple(inputs), _separator(attributes))

    def input(self, written: str, hops: int = HOPS) -> str:
        """The constant that an input gives, `?` for one that is computed."""
        name = written.partition(":")[0].removeprefix("^")
        if name in self.assets:
            return self.assets[name]
        if name in self.values:
            return self.values[name]
        handed = self.handed.get(name)
        if handed is None or not hops:
            return COMPUTED
        self.values[name] = COMPUTED  # until it is known, for graphs can have circles
        self.values[name] = self._handed(*handed, hops - 1)
        return self.values[name]

    def _handed(self, op: str, inputs: tuple[str, ...], separator: str, hops: int) -> str:
        """What an operator makes of the constants that it is given."""
        data = [one for one in inputs if not one.startswith("^")]
        if op in self.known.same:
            return self.input(data[0], hops) if data else COMPUTED
        parts = [self.input(one, hops) for one in (data[:-1] if op == "ConcatV2" else data)]
        return COMPUTED if COMPUTED in parts or not parts else separator.join(parts)[:SHOWN]


def value_of(attribute: AnyMessage) -> tuple[str, AnyField | None]:
    """Key and value of an entry of attributes."""
    key, value = "", None
    for field in attribute.fields():
        if field.name == "key":
            key = field.word()
        elif field.name == "value":
            value = field
    return key, value


def _constant(attributes: list[AnyField]) -> str | None:
    """The value of a constant in text, None for one that is no text and no single number."""
    for attribute in attributes:
        key, value = value_of(attribute.sub())
        if key == "value" and value is not None:
            for field in value.sub().fields():
                if field.name == "tensor":
                    return _written(field.sub())
    return None


def _written(tensor: AnyMessage) -> str | None:
    texts: list[str] = []
    numbers: list[int | float] = []
    for field in tensor.fields():
        if field.name == "string_val":
            if len(texts) < VALUES:
                texts.append(field.word(SHOWN))
        elif field.name in NUMBERS and len(numbers) < 2:
            numbers += field.numbers(2)
    if texts:
        return "\n".join(texts)[:SHOWN]
    return str(numbers[0]) if len(numbers) == 1 else None


def _separator(attributes: list[AnyField]) -> str:
    for attribute in attributes:
        key, value = value_of(attribute.sub())
        if key == "separator" and value is not None:
            return "".join(field.word(64) for field in value.sub().fields() if field.name == "s")
    return ""
