"""Values of PyTorch archives that do not stand there as they are: compressed storages, strided tensors."""

from __future__ import annotations

import numpy as np
import pytest

from fixtures import archives, checkpoints, executables
from fixtures.checkpoints import dictionary, normal, tensor, with_low_bytes
from modelaudit.parsers.base import Context, Input, Values
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.zip import parse, values
from modelaudit.pipeline.facts import facts


def found(data: bytes) -> dict[str, bytes]:
    given = Input("m.pt", BytesReader(data), "pytorch-zip", formats=frozenset({"pytorch-zip"}))
    items = [item for item in parse(given, Context()) if isinstance(item, Values)]
    return {item.tensor.name: item.reader.read_at(0, item.reader.size) for item in items}


@pytest.mark.parametrize("method", [archives.STORED, archives.DEFLATE])
def test_strides(method: int) -> None:
    whole = normal(12, 10)
    items = {
        "turned": (whole.T, 0, (1, 10)),
        "columns": (whole[:, 2:7], 2, (10, 1)),
        "steps": (whole[::3, ::2], 0, (30, 2)),
        "expanded": (np.broadcast_to(whole[0], (4, 10)), 0, (0, 1)),
        "cube": (whole.reshape(3, 4, 10).transpose(2, 0, 1), 0, (1, 40, 10)),
    }
    obj = dictionary(
        {name: tensor("0", 120, view.shape, offset=at, strides=st) for name, (view, at, st) in items.items()}
    )
    data = checkpoints.checkpoint(obj, {"0": whole.tobytes()}, method=method)
    assert found(data) == {name: np.ascontiguousarray(view).tobytes() for name, (view, _, _) in items.items()}


def test_compressed_storages() -> None:
    whole = normal(12, 10)
    items = {"all": tensor("0", 120, (12, 10)), "part": tensor("0", 120, (3, 10), offset=20)}
    data = checkpoints.checkpoint(dictionary(items), {"0": whole.tobytes()}, method=archives.DEFLATE)
    assert found(data) == {"all": whole.tobytes(), "part": whole[2:5].tobytes()}


def test_what_leads_beyond_a_storage_is_not_read() -> None:
    items = {
        "far": tensor("0", 120, (10, 12), offset=1, strides=(1, 10)),
        "farther": tensor("0", 120, (2, 2), strides=(2**30, 1)),
        "missing": tensor("9", 120, (10, 12), strides=(1, 10)),
    }
    assert found(checkpoints.checkpoint(dictionary(items), {"0": normal(12, 10).tobytes()})) == {}


def test_what_costs_too_much_is_not_read(monkeypatch) -> None:
    whole = normal(12, 10)
    items = {f"w{n}": tensor("0", 120, (10, 12), strides=(1, 10)) for n in range(5)}
    data = checkpoints.checkpoint(dictionary(items), {"0": whole.tobytes()})
    monkeypatch.setattr(values, "GATHERED", 1000)
    assert set(found(data)) == {"w0", "w1"}
    monkeypatch.setattr(values, "EXPANDED", 1000)
    packed = checkpoints.checkpoint(
        dictionary({f"w{n}": tensor("0", 120, (12, 10)) for n in range(5)}),
        {"0": whole.tobytes()},
        method=archives.DEFLATE,
    )
    assert set(found(packed)) == {"w0", "w1"}


def test_a_program_in_the_low_bytes_of_a_turned_tensor(tmp_path) -> None:
    hidden = with_low_bytes(normal(), executables.elf() + bytes(99))
    obj = dictionary({"w": tensor("0", hidden.size, hidden.shape, strides=(1, 200))})
    data = checkpoints.checkpoint(obj, {"0": np.ascontiguousarray(hidden.T).tobytes()})
    (tmp_path / "m.pt").write_bytes(data)
    (tree,) = facts([str(tmp_path / "m.pt")], errors=[])
    assert [(blob.kind, blob.region, blob.method) for blob in tree.facts["blob"]] == [("elf", "tensor", "lsb-8")]
