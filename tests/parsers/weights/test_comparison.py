"""What the tensors of one file say about each other, through the whole reading of a safetensors file."""

from __future__ import annotations

import numpy as np
import pytest

from fixtures import tensors
from fixtures.checkpoints import normal, with_low_bytes
from modelaudit.parsers.weights.comparison import differs
from modelaudit.pipeline.facts import facts


def saved(arrays) -> bytes:
    """A safetensors file of arrays in single precision."""
    entries, data = {}, b""
    for name, values in arrays.items():
        part = values.astype("<f4").tobytes()
        entries[name] = tensors.entry(len(data), len(data) + len(part), shape=list(values.shape))
        data += part
    return tensors.file(entries, data)


def read(tmp_path, arrays):
    """The facts of a file with these arrays: statistics by name, and relations."""
    (tmp_path / "m.safetensors").write_bytes(saved(arrays))
    (tree,) = facts([str(tmp_path / "m.safetensors")], errors=[])
    stats = {tensor.name: tensor.stats for tensor in tree.facts["tensor"]}
    return stats, {(fact.a, fact.what): fact.share for fact in tree.facts.get("relation", ())}


def test_a_copy_names_the_tensor_that_stands_before_it(tmp_path) -> None:
    one = normal(64, 32)
    stats, _ = read(tmp_path, {"a": one, "b": normal(64, 32, seed=1), "c": one, "d": one.reshape(32, 64)})
    assert {name: value.same_as for name, value in stats.items()} == {"a": None, "b": None, "c": "a", "d": None}


def test_tensors_of_one_value_are_no_copies(tmp_path) -> None:
    stats, _ = read(tmp_path, {"a.norm": np.ones(128), "b.norm": np.ones(128)})
    assert stats["b.norm"].same_as is None


def layers(number: int = 6):
    return {f"layers.{n}.weight": normal(256, 128, seed=n).astype("f8") * 1.37**n for n in range(number)}


def test_low_bytes_of_trained_layers_are_alike(tmp_path) -> None:
    assert read(tmp_path, layers())[1] == {}


@pytest.mark.parametrize("at", [0, 3, 5])
def test_low_bytes_with_something_in_them_are_unlike_those_of_the_siblings(tmp_path, at: int) -> None:
    made = layers()
    name = f"layers.{at}.weight"
    made[name] = with_low_bytes(made[name].astype("<f4"), b"Four score and seven years ago. " * 300)
    relations = read(tmp_path, made)[1]
    assert list(relations) == [(name, "low-bytes")]
    assert 0.1 < relations[name, "low-bytes"] < 0.4


def test_few_siblings_say_nothing(tmp_path) -> None:
    made = layers(4)
    made["layers.0.weight"] = with_low_bytes(made["layers.0.weight"].astype("<f4"), b"abc " * 4000)
    assert read(tmp_path, made)[1] == {}


def test_what_was_pruned_is_not_compared(tmp_path) -> None:
    made = layers()
    made["layers.2.weight"][:200] = 0
    assert read(tmp_path, made)[1] == {}


def test_histograms_without_anything_differ_in_nothing() -> None:
    none = np.zeros(256, np.int64)
    assert differs(none, none) == (0.0, 1.0)
    one = none.copy()
    one[7] = 1000
    assert differs(one, one) == (0.0, 1.0)
    assert differs(one, none) == (0.0, 1.0)


def adapter(pairs: int = 10, *, rank: int = 8, loud: int | None = None, scale: float = 1.0):
    made = {}
    for n in range(pairs):
        made[f"m.layers.{n}.q_proj.lora_A.weight"] = normal(rank, 96, seed=2 * n)
        made[f"m.layers.{n}.q_proj.lora_B.weight"] = normal(64, rank, seed=2 * n + 1) * (scale if n == loud else 1)
    return made


def test_the_energy_of_an_adapter(tmp_path) -> None:
    made = adapter()
    up = "m.layers.3.q_proj.lora_B.weight"
    made[up] = made[up] * np.array([1000] + [1] * 7)  # one direction has nearly all
    stats, relations = read(tmp_path, made)
    assert stats[up].adapter_rank == 8
    assert stats[up].adapter_top_share > 0.999
    other = stats["m.layers.4.q_proj.lora_B.weight"]
    product = made["m.layers.4.q_proj.lora_B.weight"] @ made["m.layers.4.q_proj.lora_A.weight"]
    energies = np.linalg.svd(product.astype("f8"), compute_uv=False) ** 2
    assert other.adapter_top_share == pytest.approx(energies[0] / energies.sum(), rel=1e-3)
    assert relations[up, "energy"] > 0.9
    assert stats["m.layers.4.q_proj.lora_A.weight"].adapter_rank is None


def test_adapters_whose_layers_are_alike_or_few(tmp_path) -> None:
    relations = read(tmp_path, adapter())[1]
    (share,) = relations.values()
    assert share < 0.2
    assert read(tmp_path, adapter(3))[1] == {}


def test_an_adapter_that_was_not_trained_or_does_not_fit_has_no_energy(tmp_path) -> None:
    made = adapter(1, scale=0.0, loud=0)
    assert read(tmp_path, made)[0]["m.layers.0.q_proj.lora_B.weight"].adapter_top_share is None
    made = {"q.lora_A.weight": normal(8, 96), "q.lora_B.weight": normal(64, 4)}
    assert read(tmp_path, made)[0]["q.lora_B.weight"].adapter_top_share is None
    made["q.lora_B.weight"] = np.full((64, 8), np.nan)
    assert read(tmp_path, made)[0]["q.lora_B.weight"].adapter_top_share is None
    made["q.lora_B.weight"] = np.full((64, 8), 1e38)
    made["q.lora_A.weight"] = np.full((8, 96), 1e38)
    top = read(tmp_path, made)[0]["q.lora_B.weight"].adapter_top_share
    assert top == pytest.approx(1.0)
    halves = {f"{n}.lora_A.weight": normal(256, 8, seed=n) for n in range(40)}  # more than are held
    wholes = {f"{n}.lora_B.weight": normal(8, 256, seed=n) for n in range(40)}
    stats, _ = read(tmp_path, {**halves, **wholes})
    ranks = [value.adapter_rank for name, value in stats.items() if "lora_B" in name]
    assert 0 < ranks.count(256) < 40
