"""LoRA adapters of PEFT: the rank in `adapter_config.json` must be that of the matrices in `adapter_model.safetensors`.

Layout: https://huggingface.co/docs/peft/developer_guides/checkpoint.
"""

from __future__ import annotations

from modelaudit.engine.facts import Relation
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
READ_MAX = 32 * 1024 * 1024  # bytes of a configuration or a header
MATRICES = (".lora_A.weight", ".lora_A.default.weight")
PATTERNS = ("rank_pattern", "alpha_pattern", "layer_replication")  # with these, ranks differ between layers


def relate_adapter(folder: Folder, context: Context) -> Iterator[Fact]:
    """One `relation` between configuration and weights, when both say of which rank the adapter is."""
    config = _object(folder.open(CONFIG), 0)
    rank = config.get("r") if config is not None else None
    if config is None or type(rank) is not int or any(config.get(key) for key in PATTERNS):
        return
    reader = folder.open(WEIGHTS)
    length = int.from_bytes(reader.read_at(0, 8), "little") if reader is not None else 0
    header = _object(reader, 8, length)
    context.check()
    ranks = {found for name, tensor in header.pairs if (found := _rank(name, tensor))} if header is not None else set()
    if ranks:
        agrees = ranks == {rank}
        written = ", ".join(str(one) for one in sorted(ranks)[:5])
        detail = None if agrees else f"rank {rank} is configured, the matrices have {written}"
        yield Relation(folder.path, kind="adapter-of", a=CONFIG, b=WEIGHTS, agrees=agrees, detail=detail)


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
