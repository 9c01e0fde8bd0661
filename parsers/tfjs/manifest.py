"""The list of weights in `model.json`: files that stand together as one, and tensors one behind the other in them."""

from __future__ import annotations

from math import prod

from modelaudit.parsers.keras.document import Object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.parsers.keras.document import Tree

DIMENSIONS = 64
LARGEST = 2**63 - 1
BYTES = {"float32": 4, "int32": 4, "bool": 1, "complex64": 8, "float16": 2, "uint8": 1, "uint16": 2, "int8": 1}


class Weight:
    """One tensor: `stored` is the type of its bytes, `nbytes` None when the description does not tell."""

    __slots__ = ("dtype", "name", "nbytes", "shape", "sound", "stored")

    def __init__(self, entry: Object) -> None:
        self.name = entry.text("name") or ""
        self.dtype = entry.text("dtype") or ""
        shape = entry.get("shape")
        sizes = shape[:DIMENSIONS] if isinstance(shape, list) else []
        self.shape = tuple(size for size in sizes if type(size) is int and 0 <= size <= LARGEST)
        self.sound = isinstance(shape, list) and len(self.shape) == len(shape)
        quantised = entry.get("quantization")
        self.stored = (quantised.text("dtype") if isinstance(quantised, Object) else None) or self.dtype
        each = BYTES.get(self.stored)
        self.nbytes = None if each is None or not self.sound else min(prod(self.shape) * each, LARGEST)


class Group:
    """Files that hold the same tensors together."""

    __slots__ = ("paths", "weights")

    def __init__(self, entry: Object) -> None:
        paths, weights = entry.get("paths"), entry.get("weights")
        self.paths = [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []
        self.weights = [Weight(one) for one in weights if isinstance(one, Object)] if isinstance(weights, list) else []

    @property
    def nbytes(self) -> int | None:
        """Bytes of all tensors, None when one of them does not tell."""
        sizes = [weight.nbytes for weight in self.weights]
        return None if None in sizes else sum(size for size in sizes if size is not None)


def groups(tree: Tree) -> Iterator[Group]:
    """The groups that a model lists."""
    listed = tree.get("weightsManifest") if isinstance(tree, Object) else None
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, Object):
            yield Group(entry)
