"""Names one slip away from well-known ones, from the files that state them to findings."""

import json
from pathlib import Path

import pytest

from fixtures import tensors
from modelaudit.pipeline.scan import scan

IMITATED = "meta-lama/Llama-2-7b"
NAMED = {
    "config.json": ("_name_or_path", {"model_type": "llama"}),
    "adapter_config.json": ("base_model_name_or_path", {"peft_type": "LORA"}),
    "tokenizer_config.json": ("name_or_path", {"tokenizer_class": "LlamaTokenizer"}),
}


def findings(ruleset, folder: Path) -> set[str]:
    """The rules of names that match."""
    return {found.rule for found in scan([str(folder)], ruleset).findings if found.rule.startswith("MA56")}


def write(folder: Path, name: str, value: str) -> Path:
    """A configuration that names a model."""
    key, more = NAMED[name]
    (folder / name).write_text(json.dumps({key: value, **more}), encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("meta-lama/x", "MA5608"),
        (IMITATED, "MA5608"),
        ("llama-meta/x", "MA5608"),
        ("meta_llama/x", "MA5608"),
        ("stabi1ityai/sdxl", "MA5609"),
        ("acme/distillbert-base-uncased", "MA5610"),
    ],
)
def test_what_a_configuration_names_is_held_against_known_names(ruleset, tmp_path, name, value, rule) -> None:
    assert findings(ruleset, write(tmp_path, name, value)) == {rule}


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize(
    "value", ["meta-llama/Llama-2-7b", "acme/llama", "gpt2", "./out/meta-lama", "acme/bert-base-uncased", ""]
)
def test_names_that_are_meant_are_quiet(ruleset, tmp_path, name, value) -> None:
    assert findings(ruleset, write(tmp_path, name, value)) == set()


def test_a_name_in_a_folder_is_told_once_for_each_file(ruleset, tmp_path) -> None:
    write(tmp_path, "config.json", IMITATED)
    (tmp_path / "model.safetensors").write_bytes(tensors.model())
    (tmp_path / "README.md").write_text(f"---\nlicense: mit\nbase_model: {IMITATED}\n---\n# A model\n")
    found = scan([str(tmp_path)], ruleset).findings
    told = [(one.rule, Path(one.artifact).name) for one in found if one.rule.startswith("MA56")]
    assert sorted(told) == [("MA5603", "README.md"), ("MA5608", "config.json")]


@pytest.mark.parametrize(
    ("owner", "found"),
    [("meta-lama", {"MA5612"}), ("llama-meta", {"MA5612"}), ("meta-llama", set()), ("acme", set())],
)
def test_the_folder_of_a_model_is_named_after_its_owner(ruleset, tmp_path, owner, found) -> None:
    folder = tmp_path / owner / "Llama-2-7b"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(tensors.model())
    (folder / "config.json").write_text('{"model_type": "llama"}')
    assert findings(ruleset, folder) == found
