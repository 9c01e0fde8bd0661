"""Licences of built Python packages, and tokens of a generation that the weights have no row for."""

import json
import zipfile

import pytest

from fixtures.tensors import file
from modelaudit.pipeline.scan import scan


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("License-Expression: AGPL-3.0-only", ["MA5700"]),
        ("Classifier: License :: OSI Approved :: GNU Affero General Public License v3", ["MA5700"]),
        ("License: CC-BY-NC-4.0", ["MA5701"]),
        ("License-Expression: MIT", []),
        ("License: Dual licensed, ask us", []),
        ("Summary: License-Expression", []),
    ],
)
def test_a_wheel_says_its_licence(ruleset, tmp_path, header, expected):
    text = f"Metadata-Version: 2.4\nName: acme\nVersion: 1.0\n{header}\n\nLicense: AGPL-3.0 is what others have.\n"
    with zipfile.ZipFile(tmp_path / "acme-1.0-py3-none-any.whl", "w") as made:
        made.writestr("acme-1.0.dist-info/METADATA", text)
    found = scan([str(tmp_path)], ruleset).findings
    assert sorted(one.rule for one in found if one.rule.startswith("MA57")) == expected


@pytest.mark.parametrize(("number", "agrees"), [(5, True), ([5, 29], True), (30, False), ([2, 31], False), ("x", True)])
def test_tokens_of_the_generation_have_rows(ruleset, tmp_path, number, agrees):
    header = {"model.embed_tokens.weight": {"dtype": "F32", "shape": [30, 2], "data_offsets": [0, 240]}}
    (tmp_path / "model.safetensors").write_bytes(file(header, bytes(240)))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama", "vocab_size": 30, "hidden_size": 2}))
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": number, "bos_token_id": 1}))
    messages = [one.message for one in scan([str(tmp_path)], ruleset).findings if one.rule == "MA4952"]
    expected = "generation_config.json and model.safetensors disagree about tokens: number"
    assert [one.startswith(expected) for one in messages] == ([] if agrees else [True])
