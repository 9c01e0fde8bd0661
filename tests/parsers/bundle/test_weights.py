"""Configurations and the weights beside them."""

import json

import pytest

from fixtures import hub, tensors
from fixtures.repositories import CONFIG
from modelaudit.parsers.base import Context
from modelaudit.parsers.bundle import recognise_folder, relate
from modelaudit.parsers.reader import BytesReader

WHOLE = hub.chat("llama", "LlamaForCausalLM", "chatml")
ALL = ("words", "width", "layers", "type", "head", "tokens", "vocabulary")
PARTS = hub.big("llama", "LlamaForCausalLM", "chatml")


class Files:
    """A folder in memory."""

    path = "m"

    def __init__(self, files):
        self.names = sorted(files)
        self._files = files

    def open(self, name):
        return BytesReader(self._files[name]) if name in self._files else None


def found(files):
    """What was compared, and whether all of it agrees."""
    facts = [fact for fact in relate(Files(files), Context()) if fact.KIND == "relation" and fact.kind == "config-of"]
    agree = {fact.what: True for fact in facts}
    for fact in facts:
        agree[fact.what] = agree[fact.what] and fact.agrees
    return agree


def changed(files, **keys):
    return {**files, "config.json": json.dumps({**json.loads(files["config.json"]), **keys}).encode()}


def test_what_belongs_together_agrees_in_all_that_can_be_compared():
    assert found(WHOLE) == dict.fromkeys([*ALL], True)
    assert found(PARTS) == dict.fromkeys([*ALL, "bytes"], True)


@pytest.mark.parametrize(
    ("what", "keys"),
    [
        ("words", {"vocab_size": 31}),
        ("width", {"hidden_size": 16}),
        ("layers", {"num_hidden_layers": 3}),
        ("type", {"torch_dtype": "float32"}),
    ],
)
def test_each_number_that_differs_is_told(what, keys):
    assert [key for key, agrees in found(changed(WHOLE, **keys)).items() if not agrees] == [what]


def test_numbers_of_any_part_of_a_model_count():
    assert found(changed(WHOLE, vocab_size=7, text_config={"vocab_size": hub.V}))["words"]
    assert found(changed(WHOLE, num_hidden_layers=1, num_nextn_predict_layers=1))["layers"]


def test_a_head_that_is_not_tied_is_there():
    head = b'"lm_head.weight":{"dtype":"BF16","shape":[%d,%d]'
    without = {**WHOLE, "model.safetensors": WHOLE["model.safetensors"].replace(head % (32, 8), head % (64, 4))}
    assert not found(without)["head"]
    assert "head" not in found(changed(without, tie_word_embeddings=True))
    assert "head" not in found(changed(without, architectures=["LlamaModel"]))


def test_types_of_quantised_models_are_not_compared():
    assert "type" not in found(changed(WHOLE, torch_dtype="float32", quantization_config={"bits": 4}))


def test_tokens_without_a_row_and_bytes_that_are_missing_are_told():
    more = {"tokenizer_config.json": json.dumps({"added_tokens_decoder": {str(hub.V): {"content": "x"}}}).encode()}
    assert found({**WHOLE, **more})["tokens"] is False
    index = json.loads(PARTS["model.safetensors.index.json"])
    index["metadata"]["total_size"] += 1
    assert found({**PARTS, "model.safetensors.index.json": json.dumps(index).encode()})["bytes"] is False


@pytest.mark.parametrize(
    "files",
    [
        {"config.json": b"[]", "model.safetensors": WHOLE["model.safetensors"]},
        {"config.json": b"{", "model.safetensors": b"\xff" * 20},
        {"config.json": json.dumps(CONFIG).encode(), "model.safetensors": tensors.header("{", 9)},
        {
            "config.json": b'{"vocab_size": "x", "hidden_size": -1}',
            "model.safetensors": tensors.file({"a": [1], "b": 2}),
        },
        {
            "config.json": json.dumps(CONFIG).encode(),
            "model.safetensors": tensors.file({"wte.weight": {"dtype": "F32", "shape": ["a", None]}}),
        },
    ],
)
def test_what_cannot_be_read_is_not_compared(files):
    assert not {what for what in found(files) if what in ("words", "width", "layers")}


def test_an_index_of_pickles_is_held_against_the_files():
    index = json.dumps({"weight_map": {"a": "pytorch_model-00001-of-00002.bin", "b": "../x.bin"}}).encode()
    files = {
        "pytorch_model.bin.index.json": index,
        "pytorch_model-00001-of-00002.bin": b"x",
        "pytorch_model-00003-of-00002.bin": b"x",
    }
    assert recognise_folder(sorted(files)) == "sharded-safetensors"
    facts = list(relate(Files(files), Context()))
    agreement = {fact.a: fact.agrees for fact in facts if fact.KIND == "relation"}
    assert agreement == {
        "pytorch_model-00001-of-00002.bin": True,
        "../x.bin": False,
        "pytorch_model-00003-of-00002.bin": False,
    }
    assert [fact.target for fact in facts if fact.KIND == "reference"] == ["../x.bin"]
