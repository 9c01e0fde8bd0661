"""Which code turns bytes into facts: stored facts are believed only by the code that made them."""

from __future__ import annotations

import os
import sys
from functools import cache
from hashlib import sha256

from modelaudit import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PLACES = ("parsers", "pipeline", os.path.join("engine", "facts"))  # folders of the code
DATA = (os.path.join("schemas", "formats.json"), os.path.join("schemas", "facts.schema.json"))
KINDS_OF_FILE = (".py", ".json")


@cache
def parsers_digest() -> str:
    """SHA-256 over everything that decides what facts a file has: parsers, routing, catalogue, Python's version.

    Release numbers would do for a release, but not for somebody who changes a parser in a checkout.
    """
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    total = sha256(f"{__version__} {sys.version_info[:2]}".encode())
    for name in _files(root):
        with open(os.path.join(root, name), "rb") as file:
            content = sha256(file.read()).hexdigest()
        total.update(f"\n{name.replace(os.sep, '/')} {content}".encode())
    return total.hexdigest()


def _files(root: str) -> Iterator[str]:
    yield from DATA
    folders = list(PLACES)
    while folders:
        folder = folders.pop()
        for name in sorted(os.listdir(os.path.join(root, folder))):
            path = os.path.join(folder, name)
            if name.endswith(KINDS_OF_FILE):
                yield path
            elif "." not in name and name != "__pycache__":
                folders.append(path)
