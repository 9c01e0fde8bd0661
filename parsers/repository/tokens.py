"""Tokenizers as JSON: what is rewritten before and after the model sees it, and whether the tokens are numbered once.

Layout: https://huggingface.co/docs/tokenizers/api/tokenizer, the file that `Tokenizer.save` writes.
"""

from __future__ import annotations

from modelaudit.engine.facts import Defect, Metadata, Place, clean
from modelaudit.parsers.keras.document import Object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.keras.document import Tree

STAGES = ("normalizer", "pre_tokenizer", "post_processor", "decoder")
STEPS_MAX = 1000  # values of a stage
SHOWN = 200
DETAILS_MAX = 5


def is_tokenizer(tree: Tree) -> bool:
    """Whether the outermost object is a tokenizer."""
    return isinstance(tree, Object) and isinstance(tree.get("model"), Object) and tree.get("added_tokens") is not None


def token_facts(path: str, tree: Tree, context: Context) -> Iterator[Fact]:
    """Rewritings as metadata, and ids that two tokens have as defects."""
    assert isinstance(tree, Object)  # noqa: S101 - `is_tokenizer`
    for stage in STAGES:
        yield from _rewritings(path, tree.get(stage), stage)
    context.check()
    yield from _repeated(path, tree)


def _rewritings(path: str, value: Any, stage: str) -> Iterator[Fact]:  # noqa: ANN401 - any value
    """The `Replace` steps of a stage: the pattern as key, what is put in its place as value."""
    stack, steps = [value], 0
    while stack and steps < STEPS_MAX:
        item = stack.pop()
        steps += 1
        if isinstance(item, list):
            stack += reversed(item[:STEPS_MAX])
        elif isinstance(item, Object):
            if item.text("type") == "Replace":
                yield from _replace(path, item, stage)
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


def _numbered(vocab: Any, added: Any) -> Iterator[tuple[str, int]]:  # noqa: ANN401 - any value
    if isinstance(vocab, Object):
        yield from ((token, number) for token, number in vocab.pairs if type(number) is int)
    for item in added if isinstance(added, list) else []:
        if isinstance(item, Object) and type(item.get("id")) is int and isinstance(item.get("content"), str):
            yield item.get("content"), item.get("id")
