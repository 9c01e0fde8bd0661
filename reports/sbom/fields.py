"""What the metadata of an artifact says of the model, by the keys in `fields.json`."""

from __future__ import annotations

import json
import os
from fnmatch import fnmatchcase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.document import Description

PREFIXES = ("https://huggingface.co/datasets/", "https://huggingface.co/")


class Fields:
    """The table of keys, read once for each SBOM."""

    def __init__(self) -> None:
        with open(os.path.join(os.path.dirname(__file__), "fields.json"), "rb") as file:
            self._keys: dict[str, list[str]] = json.loads(file.read())

    def pairs(self, said: Description, field: str) -> Iterator[tuple[str, str]]:
        """Keys and values that say something about a field, the preferred keys first."""
        for pattern in self._keys[field]:
            for key, value in said.metadata:
                if value and fnmatchcase(key, pattern):
                    yield key, value

    def values(self, said: Description, field: str) -> list[str]:
        """The values for a field, each once."""
        return list(dict.fromkeys(value for _, value in self.pairs(said, field)))

    def value(self, said: Description, field: str) -> str | None:
        """The first value for a field."""
        return next((value for _, value in self.pairs(said, field)), None)


def hub_name(value: str) -> str:
    """The name of a model or data set without the address of its hub."""
    return next((value.removeprefix(prefix) for prefix in PREFIXES if value.startswith(prefix)), value).rstrip("/")
