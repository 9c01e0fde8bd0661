"""Harmless demo models, put together opcode by opcode. Nothing here is ever loaded.

Layouts: pickle opcodes as in CPython's `pickletools`; the PyTorch ZIP checkpoint as `torch.save` writes it
(`archive/data.pkl`, `archive/data/0` …); safetensors as its format page says (length, JSON header, data).
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = "echo this model could have run anything"


def text(value: str) -> bytes:
    """BINUNICODE."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value: int) -> bytes:
    """BININT."""
    return b"J" + struct.pack("<i", value)


def name(module: str, attribute: str) -> bytes:
    """GLOBAL: the pickle asks for `module.attribute`."""
    return f"c{module}\n{attribute}\n".encode()


def numbers(values: tuple[int, ...]) -> bytes:
    """A tuple of numbers."""
    return b"(" + b"".join(map(number, values)) + b"t"


def shell_call() -> bytes:
    """A call of `os.system`, its result dropped: what a poisoned file puts before its weights."""
    return name("os", "system") + text(COMMAND) + b"\x85R0"


def strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Row-major strides in elements."""
    out, step = [], 1
    for size in reversed(shape):
        out.append(step)
        step *= size
    return tuple(reversed(out))


def elements(shape: tuple[int, ...]) -> int:
    """How many elements a tensor of that shape has."""
    count = 1
    for size in shape:
        count *= size
    return count


def tensor(key: str, shape: tuple[int, ...]) -> bytes:
    """A tensor that `torch.load` would rebuild from storage `key`."""
    ordered = name("collections", "OrderedDict") + b")R"
    storage = b"(" + text("storage") + name("torch", "FloatStorage") + text(key) + text("cpu")
    storage += number(elements(shape)) + b"tQ"
    rebuilt = name("torch._utils", "_rebuild_tensor_v2") + b"(" + storage + number(0)
    return rebuilt + numbers(shape) + numbers(strides(shape)) + b"\x89" + ordered + b"tR"


def state_dict(shapes: dict[str, tuple[int, ...]], before: bytes = b"") -> bytes:
    """The pickle of a state dict, with opcodes `before` it."""
    items = b"".join(text(key) + tensor(str(index), shape) for index, (key, shape) in enumerate(shapes.items()))
    return b"\x80\x02" + before + name("collections", "OrderedDict") + b")R(" + items + b"u."


def checkpoint(shapes: dict[str, tuple[int, ...]], before: bytes = b"") -> bytes:
    """A PyTorch checkpoint with weights of zeros."""
    members = {"archive/data.pkl": state_dict(shapes, before), "archive/byteorder": b"little"}
    members |= {f"archive/data/{n}": bytes(4 * elements(shape)) for n, shape in enumerate(shapes.values())}
    members |= {"archive/version": b"3\n", "archive/.data/serialization_id": b"0" * 40}
    return zipped(members)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP archive; the same bytes every time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for member, data in members.items():
            archive.writestr(zipfile.ZipInfo(member, (2026, 1, 1, 0, 0, 0)), data, method)
    return out.getvalue()


def safetensors(shapes: dict[str, tuple[int, ...]], metadata: dict[str, str]) -> bytes:
    """A safetensors file with weights of zeros."""
    header: dict[str, object] = {"__metadata__": metadata}
    end = 0
    for key, shape in shapes.items():
        begin, end = end, end + 4 * elements(shape)
        header[key] = {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, end]}
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return struct.pack("<Q", len(head)) + head + bytes(end)


SHAPES = {"encoder.weight": (16, 8), "encoder.bias": (16,), "head.weight": (4, 16), "head.bias": (4,)}


def build(folder: Path) -> dict[str, str]:
    """Write the demo models into a folder; returns what each is, by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    inner = zipped({"epoch-3.pt": checkpoint(SHAPES, before=shell_call()), "notes.txt": b"third epoch\n"})
    models = {
        "backup.zip": (
            "a ZIP that holds a ZIP that holds a poisoned checkpoint",
            zipped({"run-7/weights.zip": inner, "run-7/README.md": b"# Run 7\n"}, zipfile.ZIP_DEFLATED),
        ),
        "checkpoint.pt": ("a PyTorch checkpoint with an honest state dict", checkpoint(SHAPES)),
        "encoder.safetensors": (
            "weights without any code",
            safetensors(SHAPES, {"format": "pt", "license": "apache-2.0"}),
        ),
        "ranker.safetensors": (
            "weights whose metadata name an internal host",
            safetensors({"rank.weight": (8, 8)}, {"format": "pt", "trained_on": "gpu7.corp.acme.example"}),
        ),
        "sentiment.pkl": (
            "a pickle that would run a shell command",
            b"\x80\x02" + shell_call() + b"}(" + text("vocabulary") + number(30_000) + b"u.",
        ),
    }
    for file, (_, data) in models.items():
        (folder / file).write_bytes(data)
    return {file: what for file, (what, _) in models.items()}
