"""Numbers in JSON texts that are longer than any float, or than Python writes out."""

import json

import pytest

from modelaudit.parsers.bundle.arrays import _layout
from modelaudit.parsers.keras.document import read_json
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline.facts import facts

LONG = "9" * 399


@pytest.mark.parametrize("digits", ["9" * 300, "9" * 309, LONG, "9" * 5000, "-" + LONG])
def test_every_number_of_a_json_text_can_be_a_float(digits: str) -> None:
    value = read_json(f'{{"a": {digits}}}'.encode()).get("a")
    assert abs(float(value)) < float("inf")


FILES = {
    "config.json": '{"architectures": ["A"], "hidden_size": N, "auto_map": {"AutoModel": "evil.Model"}}',
    "adapter_config.json": '{"peft_type": "LORA", "r": N, "base_model_name_or_path": "x"}',
    "tokenizer.json": '{"model": {"vocab": {"a": N}}, "added_tokens": [{"id": N, "content": "x"}]}',
    "model.json": '{"modelTopology": {}, "weightsManifest": [{"weights": [{"name": "a", "shape": [N]}]}]}',
    "zarr.json": '{"zarr_format": 3, "node_type": "array", "shape": [N], "data_type": "float32"}',
}


@pytest.mark.parametrize("name", FILES)
def test_long_numbers_stop_no_parser(tmp_path, name: str) -> None:
    path = tmp_path / name
    path.write_text(FILES[name].replace("N", LONG))
    errors: list[object] = []
    nodes = [node for tree in facts([str(path)], errors=errors) for node in tree.walk()]
    assert errors == []
    assert not any("limit" in node.facts for node in nodes)


def test_parts_of_more_values_than_there_can_be_are_no_layout() -> None:
    text = {"shape": [10**299] * 64, "chunks": [10**299] * 64, "dtype": "<f4", "compressor": None, "filters": None}
    assert _layout(BytesReader(json.dumps(text).encode())) is None
    text |= {"shape": [4], "chunks": [2]}
    assert _layout(BytesReader(json.dumps(text).encode())) is not None
