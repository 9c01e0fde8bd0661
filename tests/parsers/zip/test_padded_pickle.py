"""Archives of PyTorch whose pickle is padded: what is behind the padding is held against the storages, too."""

import io
import pickle
import struct
import zipfile

import pytest

from modelaudit.engine.facts import Defect, Limit
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.zip import geometry, parse

STORAGE = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpuK\4tQ"
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + b"K\0K\4\x85K\1\x85\x89ccollections\nOrderedDict\n)RtR"


def archive(padding: int) -> bytes:
    pad = b"X\1\0\0\0pX" + struct.pack("<I", padding) + b"a" * padding
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as made:
        made.writestr("m/data.pkl", pickle.PROTO + b"\2}(" + pad + b"X\1\0\0\0w" + TENSOR + b"u.")
        made.writestr("m/version", "3\n")
        made.writestr("m/data/0", bytes(8))  # half of what the tensor asks for
    return whole.getvalue()


def read(data: bytes) -> list:
    return list(parse(Input("m.pt", BytesReader(data), "pytorch-zip", formats=frozenset({"pytorch-zip"})), Context()))


def test_a_padded_pickle_is_held_against_its_storages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert geometry.READ_MAX > 512 * 1024 * 1024
    data = archive(100_000)
    assert "storage-size" in [item.code for item in read(data) if isinstance(item, Defect)]
    monkeypatch.setattr(geometry, "READ_MAX", 50_000)
    found = read(data)
    assert "storage-size" not in [item.code for item in found if isinstance(item, Defect)]
    assert "pickle" in [item.what for item in found if isinstance(item, Limit) and item.by == "file"]
