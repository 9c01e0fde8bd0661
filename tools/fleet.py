"""A made-up fleet of models of mixed formats, for measurements: nothing here needs a library of the field."""

from __future__ import annotations

import struct
import sys
import zipfile
from pathlib import Path
from pickle import dumps

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from fixtures import archives, arrays, joblibs, pickles, tensors

BLOCK = bytes(range(251)) * 64
EMPTY_TUPLE, NEWOBJ, BUILD = b")", b"\x81", b"b"
STEP = 64  # layers are multiples of this wide, as they are in the field
RETIRED = 10  # every so many-th pickle has an object of the package that a changed pack is about


def width(size: int, layers: int) -> int:
    """How wide square layers are so that so many of them have about this size."""
    wide = int((size / 4 / layers) ** 0.5)
    return max(4, wide // STEP * STEP or wide)


def checkpoint(path: Path, size: int, n: int) -> None:
    """A PyTorch checkpoint of a few dozen tensors."""
    layers = 4 + n % 20
    archives.write_checkpoint(path, layers=layers, width=width(size, layers))


def safetensors(path: Path, size: int, n: int) -> None:
    """A safetensors file of a few dozen tensors."""
    layers = 4 + n % 20
    tensors.write_large(path, layers=layers, width=width(size, layers), real=True)


def estimator(state: dict[str, object], module: str, name: str) -> bytes:
    """Opcodes that make an object and set its state."""
    return pickles.imported(module, name) + EMPTY_TUPLE + NEWOBJ + pickles.dictionary(state) + BUILD


def pickle(path: Path, size: int, n: int) -> None:
    """A pickle of records and buffers with one object."""
    items = []
    for at in range(0, size, len(BLOCK)):
        items.append(b"B" + struct.pack("<I", len(BLOCK)) + BLOCK)
        items.append(pickles.dictionary({"name": f"layer{at}", "index": at % 200}))
    owner = ("acme_legacy", "Tree") if n // len(BUILDERS) % RETIRED == 0 else ("acme_models", "Tree")
    path.write_bytes(pickles.stream(b"](", *items, estimator({"depth": n % 100}, *owner), b"e"))


def joblib(path: Path, size: int, n: int) -> None:
    """What joblib writes of an estimator: its state, with the elements of one array in the middle of the stream."""
    rows = size // 8
    array = joblibs.wrapper(shape=pickles.args(rows)) + joblibs.padded(BLOCK * (rows * 8 // len(BLOCK) + 1))
    state = pickles.dictionary({"alpha": 1.0, "max_iter": n % 1000})
    start = pickles.imported("sklearn.linear_model._ridge", "Ridge") + EMPTY_TUPLE + NEWOBJ + state + BUILD
    cut = len(joblibs.wrapper(shape=pickles.args(rows))) + 6 + rows * 8
    path.write_bytes(pickles.proto(4) + b"](" + start + array[:cut] + b"e.")


def npy(path: Path, size: int, n: int) -> None:
    """One array of NumPy."""
    rows, columns = size // 8 // (8 + n % 8), 8 + n % 8
    data = BLOCK * (rows * columns * 8 // len(BLOCK) + 1)
    path.write_bytes(arrays.array(data[: rows * columns * 8], shape=f"({rows}, {columns})"))


def npz(path: Path, size: int, n: int) -> None:
    """Several arrays of NumPy in an archive."""
    count = 2 + n % 6
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            rows = size // 8 // count
            data = BLOCK * (rows * 8 // len(BLOCK) + 1)
            archive.writestr(f"arr_{number}.npy", arrays.array(data[: rows * 8], shape=f"({rows},)"))


def vocabulary(path: Path, size: int, n: int) -> None:
    """A pickle of Python objects and nothing else: words and their numbers."""
    words = {f"{n}-word-{at * 2654435761 % 2**32:08x}": at for at in range(size // 32)}
    path.write_bytes(dumps(words, 4))


BUILDERS = (
    (".pt", checkpoint),
    (".safetensors", safetensors),
    (".pkl", pickle),
    (".joblib", joblib),
    (".npy", npy),
    (".npz", npz),
)


def build(folder: Path, models: int, size: int, dense: int = 0) -> int:
    """Write the models, from a tenth to twice the size, `dense` per cent vocabularies; returns their bytes."""
    total = 0
    for n in range(models):
        suffix, write = BUILDERS[n % len(BUILDERS)]
        if n * 37 % 100 < dense:
            suffix, write = ".pkl", vocabulary
        group = folder / f"team{n % 10}"
        group.mkdir(parents=True, exist_ok=True)
        path = group / f"model{n}{suffix}"
        write(path, size * (10 + n * 61 % 182) // 100, n)
        total += path.stat().st_size
    return total
