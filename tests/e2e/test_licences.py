"""Licences of files and folders, from their bytes to findings."""

import json
from pathlib import Path

import pytest

from fixtures import tensors
from fixtures.licences import APACHE, MIT, card


@pytest.fixture
def repository(tmp_path: Path):
    """Makes a model's folder with these texts; gives its path."""

    def make(**texts: str) -> Path:
        folder = tmp_path / "repo"
        folder.mkdir(exist_ok=True)
        (folder / "model.safetensors").write_bytes(tensors.model())
        (folder / "config.json").write_text(json.dumps({"architectures": ["BertModel"], "model_type": "bert"}))
        for name, text in texts.items():
            (folder / {"card": "README.md", "licence": "LICENSE"}[name]).write_text(text, encoding="utf-8")
        return folder

    return make


def findings(modelaudit, *arguments: object) -> tuple[int, list[str]]:
    """Exit code and findings. The weights are zeros, of which experimental rules say under `strict` that they are."""
    done = modelaudit("scan", *map(str, arguments), "-f", "json")
    issues = json.loads(done.stdout)["issues"]
    assert all(issue["severity"] == "info" for issue in issues if issue["rule_code"].startswith("MA58"))
    return done.returncode, sorted(i["rule_code"] for i in issues if not i["rule_code"].startswith("MA58"))


def test_an_ordinary_model_is_quiet(modelaudit, repository) -> None:
    assert findings(modelaudit, repository(card=card("license: apache-2.0\n"), licence=APACHE)) == (0, [])
    assert findings(modelaudit, repository(card=card("license: mit\n"), licence=MIT), "--policy", "strict") == (0, [])


def test_a_card_and_a_text_that_differ(modelaudit, repository) -> None:
    assert findings(modelaudit, repository(card=card("license: mit\n"), licence=APACHE)) == (1, ["MA5704"])


def test_a_card_that_says_nothing_particular_is_no_conflict(modelaudit, repository) -> None:
    assert findings(modelaudit, repository(card=card("license: other\n"), licence=APACHE)) == (0, ["MA5706"])


def test_limits_of_use_need_review(modelaudit, repository) -> None:
    assert findings(modelaudit, repository(card=card("license: cc-by-nc-4.0\n"))) == (1, ["MA5701"])
    assert findings(modelaudit, repository(card=card("license: agpl-3.0\n"))) == (1, ["MA5700"])
    assert findings(modelaudit, repository(card=card("license: gemma\n"))) == (0, ["MA5702"])


def test_a_missing_licence_is_a_note_and_a_warning_under_strict(modelaudit, repository) -> None:
    folder = repository(card="# No front matter\n")
    assert findings(modelaudit, folder) == (0, ["MA5705"])
    assert findings(modelaudit, folder, "--policy", "strict") == (1, ["MA5705"])


def test_tags_in_sources_and_metadata_of_models_count(modelaudit, tmp_path) -> None:
    (tmp_path / "model.py").write_text("# SPDX-License-Identifier: AGPL-3.0-only\nx = 1\n")
    (tmp_path / "w.safetensors").write_bytes(tensors.model(metadata={"license": "cc-by-nc-4.0"}))
    assert findings(modelaudit, tmp_path) == (1, ["MA5700", "MA5701"])


def test_the_bill_has_licence_hashes_base_model_and_data_sets(modelaudit, repository, tmp_path) -> None:
    front = "license: apache-2.0\nbase_model: acme/base\ndatasets: [acme/corpus]\npipeline_tag: fill-mask\n"
    folder = repository(card=card(front), licence=APACHE)
    bill = tmp_path / "bill.json"
    assert modelaudit("scan", str(folder), "--sbom", str(bill)).returncode == 0
    (model,) = json.loads(bill.read_text(encoding="utf-8"))["components"]
    assert [item["license"]["id"] for item in model["licenses"]] == ["Apache-2.0"]
    assert model["pedigree"]["ancestors"][0]["name"] == "acme/base"
    parameters = model["modelCard"]["modelParameters"]
    assert parameters["datasets"] == [
        {"type": "dataset", "name": "acme/corpus", "contents": {"url": "https://huggingface.co/datasets/acme/corpus"}}
    ]
    assert (parameters["task"], parameters["modelArchitecture"]) == ("fill-mask", "BertModel")
    assert all(part["hashes"] for part in model["components"])
