"""Whether weights belong to the layers of a configuration: by the names of groups in the file of weights."""

from __future__ import annotations

import re

from modelaudit.engine.facts import Relation, clean
from modelaudit.parsers.hdf5 import find_signature
from modelaudit.parsers.hdf5.headers import read_header
from modelaudit.parsers.hdf5.links import HARD, links
from modelaudit.parsers.hdf5.source import Damage, Source, Spent
from modelaudit.parsers.hdf5.superblock import read_superblock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from modelaudit.parsers.base import Context
    from modelaudit.parsers.reader import Reader

LAYERS = b"layers"  # group of Keras 3 that has one group for each layer
GROUPS_MAX = 100_000
LISTED = 5  # names in a detail
WORDS = 500  # characters of them
NUMBER = re.compile(r"_\d+$")  # what tells layers of one class apart
HEAD = 4096


def layer_groups(reader: Reader, context: Context) -> list[str]:
    """The groups in which a Keras 3 file of weights has its layers; empty when that cannot be told."""
    base = find_signature(reader.read_at(0, HEAD), reader)
    if base is None:
        return []
    source = Source(reader, base, context.check)
    try:
        header = read_header(source, read_superblock(source).root)
        for link in links(source, header, GROUPS_MAX):
            if link.name == LAYERS and link.kind == HARD:
                inner = read_header(source, link.address)
                return [one.name.decode("utf-8", "replace") for one in links(source, inner, GROUPS_MAX)]
    except (Damage, Spent):
        return []
    return []


def compare(path: str, names: list[tuple[str, str]], groups: list[str], *, a: str, b: str) -> Relation | None:
    """How the classes of a configuration and the groups of a file of weights go together."""
    if not names or not groups:
        return None
    known = {snake_case(class_name) for _, class_name in names}
    strange = [group for group in groups if group not in known and NUMBER.sub("", group) not in known]
    return _relation(path, strange, a, b)


def snake_case(class_name: str) -> str:
    """The name that Keras makes of a class for the group of its weights."""
    name = re.sub(r"\W+", "", class_name.rpartition(">")[2])
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def compare_names(path: str, names: list[tuple[str, str]], stored: Collection[str]) -> Relation | None:
    """How the layers of a whole model and the names that its weights are stored under go together."""
    if not names or not stored:
        return None
    known = {name for name, _ in names}
    return _relation(path, sorted(set(stored) - known), "model_config", "model_weights")


def _relation(path: str, strange: list[str], a: str, b: str) -> Relation:
    shown = ", ".join(strange[:LISTED]) + (" …" if len(strange) > LISTED else "")
    detail = clean(f"weights without a layer: {shown[:WORDS]}")[0] if strange else None
    return Relation(path, kind="config-of", a=a, b=b, agrees=not strange, detail=detail)
