"""LoRA adapters: rank of the configuration and of the weights."""

import json

import pytest

from fixtures.repositories import ADAPTER
from modelaudit.pipeline.scan import scan


def adapter(folder, rank, **keys):
    shape = [rank, 2]
    header = {"base.q_proj.lora_A.weight": {"dtype": "U8", "shape": shape, "data_offsets": [0, rank * 2]}}
    raw = json.dumps(header).encode()
    (folder / "adapter_model.safetensors").write_bytes(len(raw).to_bytes(8, "little") + raw + bytes(rank * 2))
    (folder / "adapter_config.json").write_text(json.dumps({**ADAPTER, "r": 8, **keys}))


def found(ruleset, folder):
    document = scan([str(folder)], ruleset)
    return {(f.rule, f.severity) for f in document.findings if f.active}, document.decision.exit_code


def test_an_adapter_of_the_configured_rank_raises_nothing(ruleset, tmp_path):
    adapter(tmp_path, 8)
    assert found(ruleset, tmp_path) == (set(), 0)


def test_another_rank_is_told(ruleset, tmp_path):
    adapter(tmp_path, 4)
    assert found(ruleset, tmp_path) == ({("MA4951", "info")}, 0)


def test_ranks_that_differ_between_layers_are_not_compared(ruleset, tmp_path):
    adapter(tmp_path, 4, rank_pattern={"q_proj": 4})
    assert found(ruleset, tmp_path) == (set(), 0)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff" * 20, (2**63).to_bytes(8, "little")])
def test_damaged_weights_are_no_error(ruleset, tmp_path, raw):
    adapter(tmp_path, 8)
    (tmp_path / "adapter_model.safetensors").write_bytes(raw)
    assert not any(rule == "MA4951" for rule, _ in found(ruleset, tmp_path)[0])


def test_matrices_of_other_modules_are_told(ruleset, tmp_path):
    adapter(tmp_path, 8, target_modules=["k_proj"])
    assert found(ruleset, tmp_path) == ({("MA4951", "info")}, 0)


def test_a_card_of_another_base_is_told_and_one_of_the_same_owner_is_not(ruleset, tmp_path):
    adapter(tmp_path, 8, base_model_name_or_path="acme/llama")
    card = tmp_path / "README.md"
    for written, rules in (
        ("base_model: acme/llama-2", set()),
        ("base_model:\n- ACME/x", set()),
        ("base_model: other/x", {("MA4951", "info")}),
        ("base_model: none", set()),
    ):
        card.write_text(f"---\nlicense: mit\n{written}\n---\n# A\n")
        assert found(ruleset, tmp_path)[0] - {("MA5703", "info")} == rules
