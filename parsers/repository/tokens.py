"""Tokenizers as JSON: what is rewritten around the model, which tokens were added, how all are numbered.

Layout: https://huggingface.co/docs/tokenizers/api/tokenizer, the file that `Tokenizer.save` writes.
"""

from __future__ import annotations

import binascii

from modelaudit.engine.facts import Defect, Limit, Metadata, Place, clean
from modelaudit.parsers.keras.document import Object
from modelaudit.parsers.notes import FileBudget
from modelaudit.parsers.repository.backtracking import is_exponential
from modelaudit.parsers.vocabulary.charsmap import MAP_MAX, Left, rewritten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.keras.document import Tree

STAGES = ("normalizer", "pre_tokenizer", "post_processor", "decoder")
ADDED_MAX = 20_000
FAR = 100  # times as many numbers as tokens are none that a vocabulary has
STEPS_MAX = 10_000  # values of a stage
SHOWN = 200
DETAILS_MAX = 5


def is_tokenizer(tree: Tree) -> bool:
    """Whether the outermost object is a tokenizer."""
    return isinstance(tree, Object) and isinstance(tree.get("model"), Object) and tree.get("added_tokens") is not None


def token_facts(path: str, tree: Tree, context: Context) -> Iterator[Fact]:
    """Rewritings and added tokens as metadata, ids and merges that do not fit as defects."""
    assert isinstance(tree, Object)  # noqa: S101 - `is_tokenizer`
    left = Left()
    for stage in STAGES:
        try:
            yield from _rewritings(path, tree.get(stage), stage, context, left)
        except FileBudget as spent:
            yield _limit(path, spent.what, spent.at or 0, spent.budget or 0)
    context.check()
    yield from _repeated(path, tree)
    yield from _added(path, tree.get("added_tokens"))
    context.check()
    yield from _merges(path, tree.get("model"))


def _limit(path: str, what: str, at: int, budget: int) -> Limit:
    return Limit(path, what=what, at=at, budget=budget, by="file", affects=frozenset({"metadata"}))


def _rewritings(
    path: str,
    value: Any,  # noqa: ANN401 - any value
    stage: str,
    context: Context,
    left: Left,
) -> Iterator[Fact]:
    """The steps of a stage that replace: what, and what is put in its place. Expressions that take exponential time."""
    stack, steps = [value], 0
    while stack:
        item = stack.pop()
        steps += 1
        if steps > STEPS_MAX:
            raise FileBudget("steps", steps, STEPS_MAX)
        if isinstance(item, list):
            stack += reversed(item)
        elif isinstance(item, Object):
            if item.text("type") == "Replace":
                yield from _replace(path, item, stage)
            if item.text("type") == "Precompiled":
                yield from _precompiled(path, item.text("precompiled_charsmap") or "", stage, context, left)
            regex = item.text("Regex")
            if regex is not None and is_exponential(regex):
                detail = clean(f"{stage}: {regex[:SHOWN]}")[0]
                yield Defect(path, code="regex-exponential", detail=detail, places=(Place(pointer=f"/{stage}"),))
            stack += [inner for _, inner in reversed(item.pairs) if isinstance(inner, (Object, list))]


def _replace(path: str, item: Object, stage: str) -> Iterator[Fact]:
    pattern, content = item.get("pattern"), item.text("content")
    if not isinstance(pattern, Object) or content is None:
        return
    for kind, text in pattern.pairs:
        if isinstance(text, str):
            place = Place(pointer=f"/{stage}")
            key = f"{stage}.replace"
            shown = clean(f"{text[:SHOWN]} => {content[:SHOWN]}")[0]
            yield Metadata(path, key=key, value=shown, type=clean(kind)[0], places=(place,))


def _precompiled(path: str, written: str, stage: str, context: Context, left: Left) -> Iterator[Fact]:
    """What a compiled map replaces of ASCII."""
    try:
        data = binascii.a2b_base64(written[: 2 * MAP_MAX])
    except ValueError:
        return
    for old, new in rewritten(data, context.check, left):
        shown = clean(f"{old} => {new}")[0]
        yield Metadata(path, key=f"{stage}.precompiled", value=shown, type="str", places=(Place(pointer=f"/{stage}"),))


def _added(path: str, added: Any) -> Iterator[Fact]:  # noqa: ANN401 - any value
    """Tokens that were put beside the vocabulary."""
    if isinstance(added, list) and len(added) > ADDED_MAX:
        yield _limit(path, "tokens", len(added), ADDED_MAX)
    for n, item in enumerate(added[:ADDED_MAX] if isinstance(added, list) else []):
        content = item.text("content") if isinstance(item, Object) else None
        if content is not None:
            kind = "special" if item.get("special") is True else "plain"
            place = (Place(pointer=f"/added_tokens/{n}"),)
            yield Metadata(path, key="added_token", value=clean(content[:SHOWN])[0], type=kind, places=place)


def _merges(path: str, model: Any) -> Iterator[Fact]:  # noqa: ANN401 - any value
    """Merges of tokens that the vocabulary does not have: loaders refuse such a file."""
    vocab = model.get("vocab") if isinstance(model, Object) else None
    merges = model.get("merges") if isinstance(model, Object) else None
    if not isinstance(vocab, Object) or not isinstance(merges, list) or model.get("continuing_subword_prefix"):
        return
    known = {token for token, _ in vocab.pairs}
    missing = 0
    for n, merge in enumerate(merges):
        pair = merge.split(" ") if isinstance(merge, str) else merge
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            continue
        if pair[0] in known and pair[1] in known and pair[0] + pair[1] in known:
            continue
        missing += 1
        if missing <= DETAILS_MAX:
            detail = clean(f"merge {n} of {pair[0][:SHOWN]!r} and {pair[1][:SHOWN]!r}")[0]
            yield Defect(path, code="token-merge-unknown", detail=detail, places=(Place(pointer=f"/model/merges/{n}"),))


def _repeated(path: str, tree: Object) -> Iterator[Fact]:
    """Numbers that two different tokens have."""
    model = tree.get("model")
    vocab = model.get("vocab") if isinstance(model, Object) else None
    names: dict[int, str] = {}
    said = 0
    for token, number in _numbered(vocab, tree.get("added_tokens")):
        other = names.setdefault(number, token)
        if other != token and said < DETAILS_MAX:
            said += 1
            detail = clean(f"{number}: {other[:SHOWN]!r} and {token[:SHOWN]!r}")[0]
            yield Defect(path, code="token-id-repeated", detail=detail, places=(Place(pointer="/added_tokens"),))
    last = max(names, default=0)
    if last > FAR * len(names) + FAR:
        detail = clean(f"{names[last][:SHOWN]!r} has the number {last}, there are {len(names)} tokens")[0]
        yield Defect(path, code="token-id-outside", detail=detail, places=(Place(pointer="/added_tokens"),))


def _numbered(vocab: Any, added: Any) -> Iterator[tuple[str, int]]:  # noqa: ANN401 - any value
    if isinstance(vocab, Object):
        yield from ((token, number) for token, number in vocab.pairs if type(number) is int)
    for item in added if isinstance(added, list) else []:
        if isinstance(item, Object) and type(item.get("id")) is int and isinstance(item.get("content"), str):
            yield item.get("content"), item.get("id")
