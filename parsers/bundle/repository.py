"""A folder with a model and what describes it: its card, its configuration, its licence, and whether they agree.

Layouts: https://huggingface.co/docs/hub/model-cards, https://huggingface.co/docs/transformers/main_classes/configuration.
"""

from __future__ import annotations

import json
import os

from modelaudit.engine.facts import License, Metadata, Place, Relation, clean
from modelaudit.engine.facts.licences import is_known, is_unspecific, same_licence
from modelaudit.parsers.bundle.terms import licences_of_weights
from modelaudit.parsers.bundle.tokens import relate_tokens
from modelaudit.parsers.bundle.twins import relate_twins
from modelaudit.parsers.bundle.weights import relate_weights
from modelaudit.parsers.licences.card import card_facts, license_fact
from modelaudit.parsers.licences.evidence import text_facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.bundle import Folder

READ_MAX = 1024 * 1024  # bytes of a card, a licence or a configuration
FILES_MAX = 16  # licences, and cards, that are read
CONFIG = "config.json"
SHOWN = 1024  # characters of a value
PREFIX = "LicenseRef-"


def relate_repository(folder: Folder, context: Context) -> Iterator[Fact]:
    """Licences and metadata of the model, and a `relation` for each licence file that the card can be held against."""
    cards: dict[str, list[License]] = {}
    texts: dict[str, list[License]] = {}
    for name in _named(folder, "readme"):
        for fact in card_facts(folder.path, _text(folder, name)):
            yield _placed(fact, name)
            if isinstance(fact, License):
                cards.setdefault(name, []).append(fact)
    for name in _named(folder, "license", "licence", "copying"):
        found = list(text_facts(folder.path, _text(folder, name), context, Place(pointer=f"/{name}")))
        yield from found
        if found:
            texts[name] = found
    yield from _agreement(folder, cards, texts)
    yield from _stated(folder, cards, context)
    if CONFIG in folder.names:
        yield from _config(folder)
    yield from relate_weights(folder, context)
    yield from relate_twins(folder, context)
    yield from relate_tokens(folder, context)


def _named(folder: Folder, *beginnings: str) -> list[str]:
    return [name for name in folder.names if name.lower().startswith(beginnings)][:FILES_MAX]


def _text(folder: Folder, name: str) -> str:
    reader = folder.open(name)
    return "" if reader is None else reader.read_at(0, READ_MAX).decode("utf-8", "replace")


def _placed(fact: Fact, name: str) -> Fact:
    pointer = fact.places[0].pointer if fact.places else ""
    return fact.replace(places=(Place(pointer=f"/{name}{pointer or ''}"),))


def _agreement(folder: Folder, cards: dict[str, list[License]], texts: dict[str, list[License]]) -> Iterator[Relation]:
    """Whether a card names the licences whose texts are there; a card that names no particular one is not asked."""
    said = _said(cards)
    if not said:
        return
    there = {id for facts in texts.values() for fact in facts for id in fact.ids}
    for name, facts in texts.items():
        ids = sorted({id for fact in facts for id in fact.ids})
        agrees = any(same_licence(a, b) for a in said for b in there)
        card = next(iter(cards))
        detail = None if agrees else f"{card} says {', '.join(sorted(said))}, {name} is {', '.join(ids)}"
        a, lossy = clean(name)
        yield Relation(
            folder.path,
            kind="licence-of",
            a=a,
            b=clean(card)[0],
            agrees=agrees,
            detail=None if detail is None else clean(detail)[0],
            lossy=lossy,
        )


def _said(cards: dict[str, list[License]]) -> set[str]:
    """The licences of the cards; none when one of them is no particular one."""
    said = {id for facts in cards.values() for fact in facts for id in fact.ids}
    return set() if any(is_unspecific(id.removeprefix(PREFIX)) for id in said) else said


def _stated(folder: Folder, cards: dict[str, list[License]], context: Context) -> Iterator[Relation]:
    """Whether files of weights name the licence of the card; which they name, their own parsers tell.

    Words of a publisher's own are written in many ways, so that only licences are compared that are known.
    """
    said = _said(cards)
    for name, expression in licences_of_weights(folder, context) if said else ():
        ids = license_fact(folder.path, expression, "metadata", "", 1.0, Place(pointer=f"/{name}")).ids
        if not all(is_known(id) for id in (*said, *ids)):
            continue
        agrees = any(same_licence(a, b) for a in said for b in ids)
        card = next(iter(cards))
        detail = None if agrees else f"{card} says {', '.join(sorted(said))}, {name} says {expression}"
        a, lossy = clean(name)
        shown = None if detail is None else clean(detail)[0]
        yield Relation(folder.path, kind="licence-of", a=a, b=clean(card)[0], agrees=agrees, detail=shown, lossy=lossy)


def _config(folder: Folder) -> Iterator[Metadata]:
    """The few values of the configuration that say what the model is."""
    with open(os.path.join(os.path.dirname(__file__), "config.json"), "rb") as file:
        keys = json.loads(file.read())
    try:
        tree = json.loads(_text(folder, CONFIG))
    except (ValueError, RecursionError):
        return
    if not isinstance(tree, dict):
        return
    pairs = [(key, tree.get(key)) for key in keys["keys"]]
    for outer in keys["inside"]:
        inner = tree.get(outer)
        if isinstance(inner, dict):
            pairs += [(f"{outer}.{key}", inner.get(key)) for key in keys["inside"][outer]]
    for key, value in pairs:
        for text in _shown(value):
            shown, lossy = clean(text[:SHOWN])
            yield Metadata(
                folder.path, key=key, value=shown, type="str", places=(Place(pointer=f"/{CONFIG}/{key}"),), lossy=lossy
            )


def _shown(value: Any) -> Iterator[str]:  # noqa: ANN401 - whatever JSON holds
    """A text or number, or those in a list, as texts."""
    for item in value[:8] if isinstance(value, list) else [value]:
        if isinstance(item, str) and item:
            yield item
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            yield str(item)
