"""ONNX models whose tensors stand in other files of the folder."""

from __future__ import annotations

import os

import numpy as np
import pytest

from fixtures import executables, onnxes
from fixtures.checkpoints import normal, with_low_bytes
from modelaudit.parsers.bundle import recognise_folder
from modelaudit.pipeline.facts import facts
from modelaudit.sources import inner

NODE = onnxes.node("MatMul")


def model(*tensors: bytes) -> bytes:
    return onnxes.model(onnxes.graph(NODE, tensors=tensors))


def external(name: str, shape: tuple[int, ...], location: str, **keys: object) -> bytes:
    return onnxes.external(name, shape, location=location, **{key: str(value) for key, value in keys.items()})


def bundle(folder):
    """Facts of the folder as a whole."""
    (tree,) = [tree for tree in facts([str(folder)], errors=[]) if tree.artifact.role == "bundle"]
    return tree.facts


def test_values_in_another_file_are_measured(tmp_path) -> None:
    one, two = normal(64, 32), normal(200, 16, seed=1)
    two[7] *= 1000
    (tmp_path / "model.onnx.data").write_bytes(bytes(64) + one.tobytes() + two.tobytes())
    first = external("lm_head.weight", one.shape, "model.onnx.data", offset=64, length=one.nbytes)
    second = external("w", two.shape, "./model.onnx.data", offset=64 + one.nbytes)
    (tmp_path / "model.onnx").write_bytes(model(first, second))
    found = {tensor.name: tensor for tensor in bundle(tmp_path)["tensor"]}
    assert found["lm_head.weight"].role == "classifier"
    assert found["lm_head.weight"].stats.std == pytest.approx(float(one.std()), rel=1e-4)
    assert found["w"].stats.row_norm_z_max > 100
    assert found["w"].places[0].pointer == "/model.onnx.data"


def test_a_file_in_low_bits_of_another_file(tmp_path) -> None:
    values = with_low_bytes(normal(400, 64), executables.elf())
    (tmp_path / "model.onnx_data").write_bytes(bytes(4096) + values.tobytes())
    tensor = external("w", values.shape, "model.onnx_data", offset=4096, length=values.nbytes)
    (tmp_path / "model.onnx").write_bytes(model(tensor))
    (blob,) = bundle(tmp_path)["blob"]
    assert (blob.kind, blob.region, blob.method) == ("elf", "tensor", "lsb-8")
    assert blob.places[0].offset == 4096


def test_many_files_each_with_a_tensor(tmp_path) -> None:
    tensors = []
    for n in range(40):
        (tmp_path / f"onnx__MatMul_{n}").write_bytes(normal(8, 8, seed=n).tobytes())
        tensors.append(external(f"w{n}", (8, 8), f"onnx__MatMul_{n}"))
    (tmp_path / "model.onnx").write_bytes(model(*tensors))
    found = bundle(tmp_path)["tensor"]
    assert len(found) == 40
    assert all(tensor.measured == "yes" for tensor in found)


def test_values_in_a_folder_below_are_measured(tmp_path) -> None:
    values = normal(64, 32)
    (tmp_path / "weights" / "a").mkdir(parents=True)
    (tmp_path / "weights" / "a" / "w.data").write_bytes(values.tobytes())
    (tmp_path / "model.onnx").write_bytes(model(external("w", values.shape, "weights/a/w.data")))
    (tensor,) = bundle(tmp_path)["tensor"]
    assert tensor.stats.std == pytest.approx(float(values.std()), rel=1e-4)
    assert tensor.places[0].pointer == "/weights/a/w.data"


@pytest.mark.parametrize(
    ("location", "most", "depth", "what"),
    [
        ("weights/a/w.data", 3, 4, "files"),
        ("weights/a/w.data", 0, 4, "files"),
        ("weights/a/w.data", 20_000, 1, "depth"),
        ("weights/1.txt", 3, 4, None),
        ("w.data", 3, 4, None),
        ("../weights/w.data", 3, 4, None),
    ],
)
def test_files_that_are_not_listed_are_told(tmp_path, monkeypatch, location, most, depth, what) -> None:
    monkeypatch.setattr(inner, "MOST", most)
    monkeypatch.setattr(inner, "DEPTH", depth)
    values = normal(64, 32)
    (tmp_path / "weights" / "a").mkdir(parents=True)
    for name in ("1.txt", "2.txt", "a/w.data"):
        (tmp_path / "weights" / name).write_bytes(values.tobytes())
    (tmp_path / "model.onnx").write_bytes(model(external("w", values.shape, location)))
    bundles = [tree for tree in facts([str(tmp_path)], errors=[]) if tree.artifact.role == "bundle"]
    limits = [(tree.artifact.coverage, fact.what) for tree in bundles for fact in tree.facts.get("limit", ())]
    assert limits == ([("partial", what)] if what else [])
    assert what or not bundles or "tensor" in bundles[0].facts


def test_only_files_of_the_folder_are_opened(tmp_path) -> None:
    values = normal(64, 32).tobytes()
    (tmp_path / "secret.data").write_bytes(values)
    below = tmp_path / "m"
    (below / "sub").mkdir(parents=True)
    (below / "model.onnx.data").write_bytes(values)
    os.symlink(tmp_path / "secret.data", below / "link.data")
    os.symlink(tmp_path / "secret.data", below / "sub" / "link.data")
    os.symlink(tmp_path, below / "out")
    locations = ["../secret.data", str(tmp_path / "secret.data"), "", "none.data", "link.data"]
    locations += ["sub/link.data", "out/secret.data", "sub/../../secret.data", "sub\\link.data"]
    tensors = [external(f"w{n}", (64, 32), where) for n, where in enumerate(locations)]
    (below / "model.onnx").write_bytes(model(*tensors))
    trees = facts([str(below)], errors=[])
    assert not [tensor for tree in trees for tensor in tree.facts.get("tensor", ()) if tensor.stats is not None]


@pytest.mark.parametrize(
    "keys", [{"offset": 1}, {"offset": "x"}, {"length": 5}, {"offset": 10**18}, {"length": "-1"}], ids=str
)
def test_places_that_do_not_hold_the_tensor_are_left(tmp_path, keys) -> None:
    (tmp_path / "model.onnx.data").write_bytes(normal(8, 8).tobytes())
    (tmp_path / "model.onnx").write_bytes(model(external("w", (8, 8), "model.onnx.data", **keys)))
    assert "tensor" not in bundle(tmp_path)


def test_names_of_such_folders() -> None:
    assert recognise_folder(["model.onnx", "model.onnx.data"]) == "onnx-external"
    assert recognise_folder(["model.onnx", "model.onnx_data_1"]) == "onnx-external"
    assert recognise_folder(["a.onnx", "layers.0.mlp.weight"]) == "onnx-external"
    assert recognise_folder(["a.onnx", "b.onnx"]) is None
    assert recognise_folder(["a.onnx", "labels.txt"]) is None
    assert recognise_folder(["a.data", "labels.txt"]) is None
    assert recognise_folder(["a.onnx"], ["w/a.data"]) == "onnx-external"
    assert recognise_folder(["a.onnx"], ["w/a.onnx", "w/a.onnx.data", "x/labels.txt"]) is None


def test_a_repository_with_such_a_model(tmp_path) -> None:
    values = normal(64, 32)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.onnx").write_bytes(model(external("w", values.shape, "weights")))
    (tmp_path / "weights").write_bytes(values.tobytes())
    (tensor,) = bundle(tmp_path)["tensor"]
    assert np.isclose(tensor.stats.max, float(values.max()))
