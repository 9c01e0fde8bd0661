"""The keys of `keys.json`, and whether a text has one of them."""

from __future__ import annotations

import json
import os
import re

from modelaudit.parsers.repository import LOOK, OVERLAP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.reader import Reader

ESCAPE = re.compile(rb"\\u00([2-7][0-9a-fA-F])")


class Keys:
    """Which keys mark a configuration, and what stands under which key."""

    def __init__(self) -> None:
        with open(os.path.join(os.path.dirname(__file__), "keys.json"), "rb") as file:
            doc = json.loads(file.read())
        marks: list[str] = doc["marks"]
        self.json_marks = re.compile(b'"(?:' + b"|".join(re.escape(mark.encode()) for mark in marks) + b')"')
        self.yaml_marks = [mark.encode() for mark in [*marks, *doc["yaml_marks"]]]
        self.targets = frozenset(doc["targets"])
        self.paired: dict[str, list[str]] = doc["paired_targets"]
        self.values = frozenset(doc["values"])
        self.prefixes = tuple(doc["value_prefixes"])
        self.sources = frozenset(doc["sources"])
        self.maps = frozenset(doc["maps"])
        self.templates = frozenset(doc["templates"])
        self.skip = frozenset(doc["skip"])
        self._known = self.targets | self.values | self.sources | self.maps | self.templates

    def tells(self, key: str) -> bool:
        """Whether something may stand under a key that loaders take to heart."""
        return key in self._known or key.startswith(self.prefixes)

    def in_json(self, reader: Reader) -> bool:
        """Whether one of the keys stands in a JSON text, written with escapes or without."""
        for data in _parts(reader):
            plain = ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), data) if data.find(b"\\u00") >= 0 else data
            if self.json_marks.search(plain):
                return True
        return False

    def in_yaml(self, reader: Reader) -> bool:
        """Whether one of the keys or tags stands in a YAML text; keys of text in quotes may have escapes."""
        for data in _parts(reader):
            if b"\0" in data:
                return False
            if any(mark in data for mark in self.yaml_marks):
                return True
        return False


def _parts(reader: Reader) -> Iterator[bytes]:
    for at in range(0, reader.size, LOOK - OVERLAP):
        yield reader.read_at(at, LOOK)


KEYS = Keys()
