"""Changes that policies make to lists of the packs, replayed in the order of the chain."""

from __future__ import annotations

from dataclasses import replace

from modelaudit.engine.diagnostics import Diagnostic
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from modelaudit.engine.packs.model import ListSource, Pack
    from modelaudit.engine.policy.resolved import ListChange, Resolved
    from modelaudit.engine.yaml_tree import Node

    Json = Any

CORE = "core"  # its lists come first where a name alone is given


def replay(policy: Resolved, packs: Sequence[Pack]) -> None:
    """Make every change of the policy to the lists of these packs; mistakes go to the policy's diagnostics."""
    lists = {source.full_name: source for pack in packs for source in pack.lists.values()}
    for change in policy.lists:
        name = full_name(change.name, lists)
        if name is None:
            policy.diagnostics.append(_unknown(change, lists))
            continue
        if not _fits(change, lists[name], policy.diagnostics):
            continue
        lists[name] = _changed(lists[name], change, policy.diagnostics)
    for pack in packs:
        for id in pack.lists:
            pack.lists[id] = lists[pack.lists[id].full_name]


def extend(packs: Sequence[Pack], items: Mapping[str, Sequence[str]]) -> None:
    """Put items at the end of lists of the core pack, as an option of the command line asks for it."""
    for pack in packs:
        if pack.name == CORE:
            for id, more in items.items():
                source = pack.lists[id]
                spans = (*source.spans, *(source.spans[-1] for _ in more))
                pack.lists[id] = replace(source, items=(*source.items, *more), spans=spans)


def full_name(name: str, known: Mapping[str, Json]) -> str | None:
    """The full name of a list that a policy names: as written, else core's, else that of the only pack with one."""
    if name in known:
        return name
    if f"{CORE}.{name}" in known:
        return f"{CORE}.{name}"
    found = homonyms(name, known)
    return found[0] if len(found) == 1 else None


def homonyms(name: str, known: Mapping[str, Json]) -> list[str]:
    """Every list of this name, whatever its pack."""
    return [full for full in known if full.rpartition(".")[2] == name]


def _unknown(change: ListChange, known: Mapping[str, Json]) -> Diagnostic:
    several = homonyms(change.name, known)
    if several:
        hint = f"write one of {', '.join(several)}"
        return Diagnostic("E305", f"several packs have a list `{change.name}`", change.span, help=hint)
    names = [*known, *(full.rpartition(".")[2] for full in known)]
    label = suggestion(change.name, names)
    hint = "a policy changes lists of the packs; `modelaudit rules list` shows which packs take part"
    return Diagnostic("E305", f"no pack has a list `{change.name}`", change.span, label, "" if label else hint)


def _fits(change: ListChange, source: ListSource, diagnostics: list[Diagnostic]) -> bool:
    """Whether every item is of the list's form: rows for a table, strings for anything else."""
    if change.op == "remove":
        return True
    before = len(diagnostics)
    for item, node in zip(change.items, change.nodes, strict=True):
        if (source.kind == "table") == (isinstance(item, dict) and "key" in item):
            continue
        wanted = "rows such as `{key: …}`" if source.kind == "table" else "strings"
        message = f"list `{source.full_name}` is of kind {source.kind} and holds {wanted}"
        diagnostics.append(Diagnostic("E307", message, node.span))
    return len(diagnostics) == before


def _changed(source: ListSource, change: ListChange, diagnostics: list[Diagnostic]) -> ListSource:
    if source.kind == "table":
        columns = [*source.columns, *(column for row in source.items for column in row if column != "key")]
        source = replace(source, columns=tuple(dict.fromkeys(columns)))
    spans = tuple(node.span for node in change.nodes)
    if change.op == "replace":
        return replace(source, items=change.items, spans=spans)
    if change.op == "append":
        return _appended(source, change)
    return _removed(source, change, diagnostics)


def _appended(source: ListSource, change: ListChange) -> ListSource:
    """The list with the new items at its end; a row of a table takes the place of an earlier one of its key."""
    added = {_key(item) for item in change.items}
    kept = [
        (item, span)
        for item, span in zip(source.items, source.spans, strict=True)
        if source.kind != "table" or _key(item) not in added
    ]
    items = (*(item for item, _ in kept), *change.items)
    return replace(source, items=items, spans=(*(span for _, span in kept), *(node.span for node in change.nodes)))


def _removed(source: ListSource, change: ListChange, diagnostics: list[Diagnostic]) -> ListSource:
    known = {_key(item) for item in source.items}
    for item, node in zip(change.items, change.nodes, strict=True):
        if item not in known:
            diagnostics.append(_absent(item, node, source, known))
    gone = set(change.items)
    kept = [pair for pair in zip(source.items, source.spans, strict=True) if _key(pair[0]) not in gone]
    return replace(source, items=tuple(i for i, _ in kept), spans=tuple(s for _, s in kept))


def _absent(item: Json, node: Node, source: ListSource, known: set[str]) -> Diagnostic:
    """A warning only, since the list may have lost the item in a newer pack."""
    message = f"`{item}` is not in list `{source.full_name}`, so that removing it does nothing"
    return Diagnostic("W351", message, node.span, suggestion(str(item), known), level="warning")


def _key(item: Json) -> str:
    return str(item["key"]) if isinstance(item, dict) else str(item)
