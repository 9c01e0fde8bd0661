"""One model in safetensors and as an archive of PyTorch: the same weights, or two models under one name."""

import json

import pytest

from fixtures.checkpoints import normal, state_dict
from fixtures.tensors import file
from modelaudit.pipeline.scan import scan


def safetensors(**tensors):
    header, at = {}, 0
    for name, values in tensors.items():
        dtype = {"f4": "F32", "f2": "F16"}[values.dtype.str[1:]]
        end = at + values.nbytes
        header[name.replace("__", ".")] = {"dtype": dtype, "shape": [*values.shape], "data_offsets": [at, end]}
        at = end
    return file(header, b"".join(values.tobytes() for values in tensors.values()))


def repository(folder, left, right, names=("model.safetensors", "pytorch_model.bin")):
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (folder / names[0]).write_bytes(safetensors(**left))
    (folder / names[1]).write_bytes(state_dict(**right))


def judged(ruleset, folder):
    found = [one for one in scan([str(folder)], ruleset).findings if one.rule == "MA4953"]
    return [(one.severity, one.message) for one in found]


WEIGHTS = {"embed__weight": normal(300), "head__weight": normal(40, seed=1)}


def test_the_same_weights_are_one_model(ruleset, tmp_path):
    repository(tmp_path, WEIGHTS, WEIGHTS)
    assert judged(ruleset, tmp_path) == []


def test_other_values_are_told_with_their_tensor(ruleset, tmp_path):
    repository(tmp_path, WEIGHTS, {**WEIGHTS, "head__weight": normal(40, seed=2)})
    message = (
        "model.safetensors and pytorch_model.bin are not the same model: 1 of 2 tensors have other values: head.weight"
    )
    assert judged(ruleset, tmp_path) == [("warning", message)]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (WEIGHTS, {"embed__weight": WEIGHTS["embed__weight"]}),
        ({"embed__weight": WEIGHTS["embed__weight"]}, WEIGHTS),
        ({name: values.astype("<f2") for name, values in WEIGHTS.items()}, WEIGHTS),
        ({"a": normal()}, {"b": normal(seed=1)}),
    ],
    ids=["tied weights left out", "a buffer more", "half precision", "no name in common"],
)
def test_what_one_file_lacks_says_nothing(ruleset, tmp_path, left, right):
    repository(tmp_path, left, right)
    assert judged(ruleset, tmp_path) == []


def test_a_variant_is_held_against_its_own_kind(ruleset, tmp_path):
    names = ("diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model.fp16.bin")
    repository(tmp_path, WEIGHTS, {**WEIGHTS, "head__weight": normal(40, seed=2)}, names)
    assert len(judged(ruleset, tmp_path)) == 1
    (tmp_path / names[1]).rename(tmp_path / "diffusion_pytorch_model.bin")
    assert judged(ruleset, tmp_path) == []


@pytest.mark.parametrize("cut", [3, 60, 400])
def test_a_file_that_is_cut_short_ends_nothing(ruleset, tmp_path, cut):
    repository(tmp_path, WEIGHTS, WEIGHTS)
    for name in ("model.safetensors", "pytorch_model.bin"):
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[:cut])
        assert judged(ruleset, tmp_path) == []
        (tmp_path / name).write_bytes(whole[cut:])
        assert judged(ruleset, tmp_path) == []
        (tmp_path / name).write_bytes(whole)
