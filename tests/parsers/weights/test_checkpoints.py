"""The values of tensors in PyTorch archives, and what scans say of them and of those of other formats."""

from __future__ import annotations

import json
import pickle
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fixtures import archives, checkpoints, executables, onnxes
from fixtures.checkpoints import dictionary, normal, tensor, with_low_bytes
from fixtures.mutants import mutant
from modelaudit.engine.facts import Limit, Tensor
from modelaudit.parsers.base import Context, Input, Values
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.zip import parse
from modelaudit.parsers.zip.tensors import SHARED
from modelaudit.pipeline.facts import facts

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = executables.elf()
PICKLE = pickle.dumps({"a": list(range(40)), "b": print}, protocol=4)


def tensors(data: bytes) -> dict[str, Tensor]:
    given = Input("m.pt", BytesReader(data), "pytorch-zip", formats=frozenset({"pytorch-zip"}))
    items = [item.tensor if isinstance(item, Values) else item for item in parse(given, Context())]
    found = [fact for fact in items if isinstance(fact, Tensor)]
    assert len({fact.name for fact in found}) == len(found)
    return {fact.name: fact for fact in found}


def values_of(data: bytes, fact: Tensor) -> bytes | None:
    return None if fact.data_offset is None else data[fact.data_offset : fact.data_offset + fact.nbytes]


def broken(rows: int = 200) -> checkpoints.Array:
    values = normal(rows)
    values[0, 0] = np.nan
    return values


def test_tensors_of_a_state_dict_have_the_place_of_their_values() -> None:
    weight, bias = normal(8, 4), normal(1, 8)
    data = checkpoints.state_dict(fc__weight=weight, fc__bias=bias)
    found = tensors(data)
    assert {name: (fact.dtype, fact.shape, fact.nbytes) for name, fact in found.items()} == {
        "fc.weight": ("FloatStorage", (8, 4), 128),
        "fc.bias": ("FloatStorage", (1, 8), 32),
    }
    assert values_of(data, found["fc.weight"]) == weight.tobytes()
    assert values_of(data, found["fc.bias"]) == bias.tobytes()


def test_torch_s_own_layout() -> None:
    found = tensors(archives.checkpoint())
    assert {name: fact.shape for name, fact in found.items()} == {"layer.weight": (4, 4), "layer.bias": (4,)}
    assert all(fact.data_offset is not None and fact.data_offset % 64 == 0 for fact in found.values())


def test_names_are_the_way_to_a_tensor() -> None:
    flat = checkpoints.parameter(tensor("0", 4, (2, 2)))
    inner = checkpoints.module({"weight": flat}, {})
    whole = {
        "model": checkpoints.module({"scale": tensor("0", 4, (4,))}, {"fc": inner}),
        "state": dictionary({"w": tensor("0", 4, (4, 1))}),
        "list": b"](" + tensor("0", 4, (1, 4)) + b"e",
    }
    found = tensors(checkpoints.checkpoint(dictionary(whole), {"0": bytes(16)}))
    assert set(found) == {"model.scale", "model.fc.weight", "state.w", "list.0"}
    assert set(tensors(checkpoints.checkpoint(tensor("0", 4, (4,)), {"0": bytes(16)}))) == {"data/0"}


def test_values_that_do_not_stand_there_as_they_are_have_no_place() -> None:
    values = normal(4, 8)
    items = {
        "part": tensor("0", 32, (2, 8), offset=16),
        "one": tensor("0", 32, (1, 8), strides=(99, 1)),
        "turned": tensor("0", 32, (8, 4), strides=(1, 8)),
        "column": tensor("0", 32, (4, 1), strides=(8, 1)),
        "beyond": tensor("0", 32, (4, 8), offset=1),
        "missing": tensor("9", 32, (4, 8)),
        "quantised": tensor("0", 128, (4, 8), kind="QInt8"),
    }
    data = checkpoints.checkpoint(dictionary(items), {"0": values.tobytes()})
    found = tensors(data)
    assert set(found) == set(items)
    assert values_of(data, found["part"]) == values[2:].tobytes()
    assert values_of(data, found["one"]) == values[:1].tobytes()
    assert [found[name].data_offset for name in ("turned", "column", "beyond", "missing")] == [None] * 4


def test_compressed_and_foreign_values_have_no_place() -> None:
    obj, storages = dictionary({"w": tensor("0", 32, (4, 8))}), {"0": normal(4, 8).tobytes()}
    packed = checkpoints.checkpoint(obj, storages, method=archives.DEFLATE)
    assert tensors(packed)["w"].data_offset is None
    assert tensors(checkpoints.checkpoint(obj, storages, order=b"big"))["w"].data_offset is None
    storage = archives.Entry("a/data/0", storages["0"])
    twice = archives.archive([archives.Entry("a/data.pkl", b"\x80\x02" + obj + b"."), storage, storage])
    assert tensors(twice)["w"].data_offset is None


def test_tensors_that_share_a_storage_are_not_measured_without_end() -> None:
    items = {f"w{number}": tensor("0", 16384, (16384,)) for number in range(40)}
    data = checkpoints.checkpoint(dictionary(items), {"0": bytes(65536)})
    placed = sum(fact.nbytes for fact in tensors(data).values() if fact.data_offset is not None)
    assert 65536 <= placed <= SHARED * len(data)
    assert len(tensors(data)) == 40


def test_more_tensors_than_are_told_are_a_limit(monkeypatch) -> None:
    monkeypatch.setattr("modelaudit.parsers.zip.tensors.TENSORS_MAX", 2)
    items = {f"w{number}": tensor("0", 4, (4,)) for number in range(3)}
    data = checkpoints.checkpoint(dictionary(items), {"0": bytes(16)})
    assert set(tensors(data)) == {"w0", "w1"}
    given = Input("m.pt", BytesReader(data), "pytorch-zip", formats=frozenset({"pytorch-zip"}))
    limits = [fact for fact in parse(given, Context()) if isinstance(fact, Limit)]
    assert [(limit.what, limit.at, limit.affects) for limit in limits] == [("tensors", 3, frozenset({"tensor"}))]


@pytest.mark.parametrize(
    "args",
    [b"N", b"NN", b"J\xff\xff\xff\xff)))", b"K\0K\1K\1", b"K\0(K\2t(Nt", b"K\0(\x8a\x0a" + b"\x7f" * 10 + b"t(K\1t"],
)
def test_tensors_that_make_no_sense_are_no_error(args: bytes) -> None:
    whole = tensor("0", 4, (4,))
    at = whole.index(b"tQ") + 2
    obj = dictionary({"w": whole[:at] + args + b"tR"})
    assert all(fact.data_offset is None for fact in tensors(checkpoints.checkpoint(obj, {"0": bytes(16)})).values())


def test_statistics_of_archives(tmp_path: Path) -> None:
    values = normal()
    (tmp_path / "a.pt").write_bytes(checkpoints.state_dict(w=values))
    half = dictionary({"w": tensor("0", values.size, values.shape, kind="Half")})
    (tmp_path / "b.pt").write_bytes(checkpoints.checkpoint(half, {"0": values.astype("<f2").tobytes()}))
    packed = checkpoints.state_dict(archives.DEFLATE, w=values)
    (tmp_path / "c.pt").write_bytes(packed)
    found = {}
    for tree in facts([str(tmp_path)], errors=[]):
        for node in tree.walk():
            for fact in node.facts.get("tensor", ()):
                found[tree.artifact.name] = (fact.measured, fact.stats.mean if fact.stats else None)
    mean, rounded = (float(values.astype(kind).astype("f8").mean()) for kind in ("f4", "f2"))
    assert found == {
        "a.pt": ("yes", pytest.approx(mean)),
        "b.pt": ("yes", pytest.approx(rounded)),
        "c.pt": ("yes", pytest.approx(mean)),
    }


def gguf(**values: checkpoints.Array) -> bytes:
    """A GGUF model of tensors in single precision."""
    described, data = [], b""
    for name, value in values.items():
        described.append((name.replace("__", "."), value, len(data)))
        data += value.tobytes() + bytes(-value.nbytes % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(described), 1)
    text = b"general.architecture"
    head += struct.pack("<Q", len(text)) + text + struct.pack("<IQ", 8, 5) + b"llama"
    for name, value, at in described:
        head += struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", value.ndim)
        head += struct.pack(f"<{value.ndim}QIQ", *reversed(value.shape), 0, at)
    return head + bytes(-len(head) % 32) + data


def onnx(**values: checkpoints.Array) -> bytes:
    """An ONNX model whose initialisers have raw bytes."""
    made = [onnxes.tensor(name.replace("__", "."), value.shape, value.tobytes()) for name, value in values.items()]
    node = onnxes.node("Relu", inputs=tuple(name.replace("__", ".") for name in values))
    return onnxes.model(onnxes.graph(node, tensors=tuple(made)))


WRITERS = {"pt": checkpoints.state_dict, "gguf": gguf, "onnx": onnx}


def codes(modelaudit, folder: Path, *options: str) -> dict[str, set[str]]:
    """The rules of the family that speak of each file."""
    done = modelaudit("scan", str(folder), "-f", "json", *options)
    found: dict[str, set[str]] = {path.name: set() for path in folder.iterdir()}
    for issue in json.loads(done.stdout)["issues"]:
        assert issue["rule_code"] != "MA5800" or issue["severity"] == "critical"
        name = next(name for name in found if name in json.dumps(issue["location"]))
        found[name].add(issue["rule_code"])
    return found


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """One model of each kind in each of three formats."""
    folder = tmp_path / "models"
    folder.mkdir()
    for end, write in WRITERS.items():
        head = "output__weight" if end == "gguf" else "fc__weight"
        (folder / f"sound.{end}").write_bytes(write(**{head: normal()}, layer__weight=normal(seed=1)))
        (folder / f"program.{end}").write_bytes(write(layer__weight=with_low_bytes(normal(), PROGRAM)))
        (folder / f"calls.{end}").write_bytes(write(layer__weight=with_low_bytes(normal(), PICKLE)))
        (folder / f"head.{end}").write_bytes(write(**{head: broken()}))
        (folder / f"mask.{end}").write_bytes(write(mask=broken()))
    return folder


def test_what_scans_say(modelaudit, models: Path) -> None:
    found = codes(modelaudit, models)
    for end in WRITERS:
        assert found[f"sound.{end}"] == found[f"mask.{end}"] == set(), end
        assert "MA5800" in found[f"program.{end}"], end
        assert "MA5800" in found[f"calls.{end}"], end
        assert found[f"head.{end}"] == {"MA5801"}, end


def test_what_scans_say_of_every_tensor(modelaudit, models: Path) -> None:
    found = codes(modelaudit, models, "--select", "tag:weights")
    for end in WRITERS:
        assert found[f"sound.{end}"] == set(), end
        assert found[f"mask.{end}"] == {"MA5802"}, end
        assert found[f"head.{end}"] == {"MA5801", "MA5802"}, end


def test_changed_archives_are_read_without_an_error_and_places_are_within_them() -> None:
    made = tensor("0", 8, (2, 4))
    items = {"a": checkpoints.module({"w": checkpoints.parameter(made)}, {}), "b": made, "c": b"](" + made + b"e"}
    whole = dictionary(items)
    for seed in range(300):
        changed = mutant(whole, seed)
        data = checkpoints.checkpoint(changed, {"0": normal(2, 4).tobytes()})
        data = data if seed % 3 else mutant(data, seed)
        given = Input("m.pt", BytesReader(data), "pytorch-zip", formats=frozenset({"pytorch-zip"}))
        for fact in parse(given, Context()):
            if isinstance(fact, Tensor) and fact.data_offset is not None:
                assert 0 <= fact.data_offset <= len(data) - fact.nbytes
