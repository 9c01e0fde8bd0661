"""What messages of a format have: tables of field numbers, names and kinds, kept as JSON beside each parser.

A table says for each type of message `{number: [name, kind, repeated]}`; a kind that is no scalar is the name of
another type. They are made from the public `.proto` files by `tools/protobuf_tables.py`.
"""

from __future__ import annotations

import json

SCALARS = {
    "int": 0, "uint": 0, "sint": 0, "bool": 0,
    "double": 1, "fixed64": 1, "sfixed64": 1,
    "float": 5, "fixed32": 5, "sfixed32": 5,
}  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    Known: TypeAlias = tuple[str, str, bool, int]  # name, kind, whether it may come several times, wire type


class Schema:
    """The types of one format."""

    __slots__ = ("_names", "types")

    def __init__(self, types: Mapping[str, Mapping[str, list[object]]]) -> None:
        self.types: dict[str, dict[int, Known]] = {
            type: {
                int(number): (str(row[0]), str(row[1]), len(row) > 2, SCALARS.get(str(row[1]), 2))
                for number, row in fields.items()
            }
            for type, fields in types.items()
        }
        self._names: dict[str, dict[str, Known]] = {}

    @classmethod
    def load(cls, path: str) -> Schema:
        """The tables of a JSON file."""
        with open(path, "rb") as file:
            return cls(json.loads(file.read())["types"])

    def numbers(self, type: str) -> dict[int, Known]:
        """The fields of a type by number; empty for a type that is not in the table."""
        return self.types.get(type, {})

    def names(self, type: str) -> dict[str, Known]:
        """The fields of a type by name."""
        found = self._names.get(type)
        if found is None:
            found = self._names[type] = {known[0]: known for known in self.numbers(type).values()}
        return found
