"""LoRA adapters of PEFT: what `adapter_config.json` says of `adapter_model.safetensors` and of the base.

Layouts: https://huggingface.co/docs/peft/developer_guides/checkpoint, https://huggingface.co/docs/hub/model-cards.
"""

from __future__ import annotations

import re

from modelaudit.engine.facts import Metadata, Place, Relation, clean
from modelaudit.parsers.keras.document import DocumentError, Object, TooLarge, read_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context
    from modelaudit.parsers.bundle import Folder
    from modelaudit.parsers.reader import Reader

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
CARD, CARD_MAX = "README.md", 64 * 1024  # bytes
FRONT = re.compile(r"---\r?\n(.*?)\n---", re.DOTALL)
NAME = re.compile(r"^base_model:(?:[ \t]|\r?\n[ \t]*-[ \t])+[\"']?([\w.-]+/[\w.-]+)", re.MULTILINE)
NAMED = re.compile(r"[\w.-]+/[\w.-]+")
SHOWN = 200
READ_MAX = 32 * 1024 * 1024  # bytes of a configuration or a header
MATRICES = (".lora_A.weight", ".lora_A.default.weight")
KEYS = ("base_model_name_or_path", "peft_type")
PATTERNS = ("rank_pattern", "alpha_pattern", "layer_replication")  # with these, ranks differ between layers


def relate_adapter(folder: Folder, context: Context) -> Iterator[Fact]:
    """What the adapter needs; a `relation` for its rank, its modules and its base, where both sides say something."""
    config = _object(folder.open(CONFIG), 0)
    if config is None:
        return
    yield from _needs(folder.path, config)
    reader = folder.open(WEIGHTS)
    length = int.from_bytes(reader.read_at(0, 8), "little") if reader is not None else 0
    header = _object(reader, 8, length)
    context.check()
    yield from _ranks(folder.path, config, header)
    yield from _modules(folder.path, config, header)
    yield from _base(folder, config)


def _needs(path: str, config: Object) -> Iterator[Metadata]:
    """The base model, and the kind of the adapter."""
    for key in KEYS:
        value = config.get(key)
        if isinstance(value, str) and value:
            shown, lossy = clean(value[:SHOWN])
            yield Metadata(
                path, key=key, value=shown, type="str", places=(Place(pointer=f"/{CONFIG}/{key}"),), lossy=lossy
            )


def _ranks(path: str, config: Object, header: Object | None) -> Iterator[Relation]:
    """Whether the matrices have the rank that is configured."""
    rank = config.get("r")
    if type(rank) is not int or any(config.get(key) for key in PATTERNS):
        return
    ranks = {found for name, tensor in header.pairs if (found := _rank(name, tensor))} if header is not None else set()
    if ranks:
        agrees = ranks == {rank}
        written = ", ".join(str(one) for one in sorted(ranks)[:5])
        detail = None if agrees else f"rank {rank} is configured, the matrices have {written}"
        yield Relation(path, kind="adapter-of", what="rank", a=CONFIG, b=WEIGHTS, agrees=agrees, detail=detail)


def _modules(path: str, config: Object, header: Object | None) -> Iterator[Relation]:
    """Whether each module with a matrix is one of those that are configured by name."""
    targets = config.get("target_modules")
    if header is None or not isinstance(targets, list) or not targets:
        return
    names = tuple(f".{one}" for one in targets if isinstance(one, str))
    modules = [name[: -len(end)] for name, _ in header.pairs for end in MATRICES if name.endswith(end)]
    other = sorted({f".{name}".rpartition(".")[2] for name in modules if not f".{name}".endswith(names)})
    if modules:
        shown = clean(", ".join(one[:SHOWN] for one in other[:5]))[0]
        detail = f"matrices of {shown} are not configured" if other else None
        yield Relation(path, kind="adapter-of", what="modules", a=CONFIG, b=WEIGHTS, agrees=not other, detail=detail)


def _base(folder: Folder, config: Object) -> Iterator[Relation]:
    """Whether the card names the owner of the base model that the configuration names."""
    base = config.text("base_model_name_or_path") or ""
    reader = folder.open(CARD) if CARD in folder.names else None
    if reader is None or not NAMED.fullmatch(base):
        return
    front = FRONT.match(reader.read_at(0, CARD_MAX).decode("utf-8", "replace"))
    said: list[str] = NAME.findall(front[1]) if front is not None else []
    if said:
        agrees = any(one.partition("/")[0].lower() == base.partition("/")[0].lower() for one in said)
        detail = None if agrees else clean(f"base {base[:SHOWN]} is configured, the card says {said[0][:SHOWN]}")[0]
        yield Relation(folder.path, kind="adapter-of", what="base", a=CARD, b=CONFIG, agrees=agrees, detail=detail)


def _rank(name: str, tensor: Any) -> int | None:  # noqa: ANN401 - any value
    """First dimension of a matrix of the adapter."""
    shape = tensor.get("shape") if isinstance(tensor, Object) and name.endswith(MATRICES) else None
    return shape[0] if isinstance(shape, list) and shape and type(shape[0]) is int else None


def _object(reader: Reader | None, start: int, length: int | None = None) -> Object | None:
    """A JSON object at a place of a file, None when there is none."""
    size = (reader.size if length is None else length) if reader is not None else 0
    if reader is None or not 0 < size <= READ_MAX:
        return None
    try:
        tree = read_json(reader.read_at(start, size))
    except (DocumentError, TooLarge):
        return None
    return tree if isinstance(tree, Object) else None
