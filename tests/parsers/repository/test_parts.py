"""Parts of diffusers pipelines and adapters as the libraries write them."""

import json

import pytest

from fixtures.ruling import builtin
from modelaudit.pipeline.scan import scan

UNET = {
    "_class_name": "UNet2DModel",
    "_diffusers_version": "0.42.1",
    "down_block_types": ["DownBlock2D", "AttnBlock2D"],
}
ADAPTER = {"peft_type": "LORA", "trainable_token_indices": None, "layer_replication": None, "modules_to_save": None}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("config.json", UNET, []),
        ("adapter_config.json", ADAPTER, []),
        ("adapter_config.json", {**ADAPTER, "layer_replication": [[0, 4], [2, 5]]}, ["MA4950"]),
        ("model_index.json", {"_class_name": "Anything", "unet": ["my_unet", "Net"]}, ["MA4907"]),
        ("other.json", {"_class_name": ["my_pipeline", "AcmePipeline"], "unet": ["my_unet", "Net"]}, ["MA4907"]),
    ],
)
def test_what_the_libraries_write_is_silent_and_what_they_load_is_not(tmp_path, name, value, expected):
    (tmp_path / name).write_text(json.dumps(value))
    document = scan([str(tmp_path)], builtin())
    assert sorted({f.rule for f in document.findings} & {"MA4907", "MA4950"}) == expected
