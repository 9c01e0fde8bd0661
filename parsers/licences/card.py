"""The front matter of a model card: YAML between two lines `---` at the beginning of a README.

Layout: https://huggingface.co/docs/hub/model-cards#model-card-metadata. Only the blocks of the keys in `card.json` are
handed to the YAML parser, since the results of evaluations in the same front matter can be megabytes.
"""

from __future__ import annotations

import json
import os
import re

from modelaudit.engine.facts import License, Metadata, Place, clean
from modelaudit.engine.facts.licences import is_unspecific, licence_expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact

READ_MAX = 4 * 1024 * 1024  # characters of a card that are looked at
BLOCK_MAX = 16 * 1024  # characters below one key
VALUES = 100  # of one key
SHOWN = 1024  # characters of a value
METHOD = "front-matter"
FENCE = re.compile(r"\ufeff?---[ \t]*\r?\n")
END = re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)
KEY = re.compile(r"""^(["']?)([A-Za-z_][\w-]*)\1[ \t]*:""", re.MULTILINE)


def is_card(text: str) -> bool:
    """Whether a text begins as a card with front matter does."""
    return FENCE.match(text) is not None


def card_facts(path: str, text: str) -> Iterator[Fact]:
    """What the front matter says of the model, and the licence that it names."""
    with open(os.path.join(os.path.dirname(__file__), "card.json"), "rb") as file:
        table = json.loads(file.read())
    said = {key: values for key, values in _pairs(text[:READ_MAX], table["keys"]) if values}
    for key, values in said.items():
        for value in values if key != table["licence"] else ():
            shown, lossy = clean(value)
            place = (Place(pointer=f"/{key}"),)
            yield Metadata(path, key=key, value=shown[:SHOWN], type="str", places=place, lossy=lossy)
    yield from _licences(path, said.get(table["licence"], []), said.get(table["name"], []))


def _licences(path: str, ids: list[str], names: list[str]) -> Iterator[Fact]:
    """One fact for each id; its own name stands in the place of an id that says no more than `other`."""
    for id in ids:
        words = names[0] if names and is_unspecific(id) else id
        found = licence_expression(words)
        if found:
            yield license_fact(path, found, "card", METHOD, 1.0, Place(pointer="/license"))


def license_fact(path: str, expression: str, role: str, method: str, score: float, place: Place) -> License:
    """A licence as a fact."""
    ids = frozenset(re.findall(r"[A-Za-z0-9.:+-]+", expression)) - {"AND", "OR", "WITH"}
    return License(path, spdx=expression, ids=ids, role=role, method=method, score=score, places=(place,))


def _pairs(text: str, keys: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The wanted keys of the outermost mapping with their values."""
    start = FENCE.match(text)
    if start is None:
        return
    end = END.search(text, start.end())
    if end is None:
        return
    body = text[start.end() : end.start()]
    found = list(KEY.finditer(body))
    for at, match in enumerate(found):
        stop = found[at + 1].start() if at + 1 < len(found) else len(body)
        if match[2] in keys and stop - match.start() <= BLOCK_MAX:
            yield match[2], _values(body[match.start() : stop])


def _values(block: str) -> list[str]:
    """The texts below one key; nothing for what is no YAML, or something else than texts."""
    import yaml

    try:
        tree = yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506 - makes texts, lists and mappings alone
    except (yaml.YAMLError, RecursionError, ValueError):
        return []
    value = next(iter(tree.values()), None) if isinstance(tree, dict) else None
    items = value if isinstance(value, list) else [value]
    return [item.strip() for item in items if isinstance(item, str) and item.strip()][:VALUES]
