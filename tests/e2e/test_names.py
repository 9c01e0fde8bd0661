"""Names that are not wanted, from the command line to findings."""

import json

import pytest

from fixtures import tensors
from fixtures.licences import card


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Clean-v1.safetensors").write_bytes(tensors.model())
    (tmp_path / "README.md").write_text(card("license: mit\nbase_model: acme/Unsafe_Model\n"), encoding="utf-8")
    return tmp_path


def findings(modelaudit, *arguments: object) -> tuple[int, list[str]]:
    done = modelaudit("scan", *map(str, arguments), "-f", "json")
    return done.returncode, sorted({issue["rule_code"] for issue in json.loads(done.stdout)["issues"]})


def test_without_patterns_nothing_is_said(modelaudit, folder) -> None:
    assert findings(modelaudit, folder) == (0, [])


@pytest.mark.parametrize("pattern", ["clean", "CLEAN-V1", "clean-*", "re:^Clean-v[0-9]"])
def test_a_file_is_known_by_its_name(modelaudit, folder, pattern: str) -> None:
    assert findings(modelaudit, folder, "-b", pattern) == (1, ["MA5600"])


@pytest.mark.parametrize("pattern", ["unsafe_model", "acme/*", "re:Unsafe"])
def test_a_model_is_known_by_what_the_card_says(modelaudit, folder, pattern: str) -> None:
    assert findings(modelaudit, folder, "--blacklist", "nothing", "--blacklist", pattern) == (1, ["MA5601"])


def test_other_names_pass(modelaudit, folder) -> None:
    assert findings(modelaudit, folder, "-b", "evil", "-b", "v1", "-b", "re:^x") == (1, ["MA5600"])
    assert findings(modelaudit, folder, "-b", "evil", "-b", "clean") != (0, [])
    assert findings(modelaudit, folder, "-b", "evil") == (0, [])


def test_a_configuration_that_refers_to_the_model(modelaudit, tmp_path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "_name_or_path": "acme/unsafe_model"}))
    code, rules = findings(modelaudit, tmp_path, "-b", "unsafe_model")
    assert code == 1
    assert set(rules) & {"MA5601", "MA5602"}


def test_a_wrong_expression_ends_the_scan_before_it_begins(modelaudit, folder) -> None:
    done = modelaudit("scan", str(folder), "-b", "re:(")
    assert done.returncode == 2
    assert "blacklist 're:('" in done.stderr


def test_an_owner_one_letter_from_a_known_one(modelaudit, tmp_path) -> None:
    (tmp_path / "README.md").write_text(card("license: mit\nbase_model: meta-lama/Llama-2-7b\n"), encoding="utf-8")
    assert findings(modelaudit, tmp_path) == (1, ["MA5603"])
    (tmp_path / "README.md").write_text(card("license: mit\nbase_model: meta-llama/Llama-2-7b\n"), encoding="utf-8")
    assert findings(modelaudit, tmp_path) == (0, [])


def test_a_file_whose_name_is_written_to_look_like_the_pattern(modelaudit, folder) -> None:
    (folder / "Clean-v1.safetensors").rename(folder / "Cle\u0430n_v1.safetensors")
    assert findings(modelaudit, folder, "-b", "clean-v1") == (1, ["MA5604"])
    assert findings(modelaudit, folder, "-b", "clear-v1") == (0, [])


@pytest.mark.parametrize("owner", ["g\u043e\u043egle", "stabi1ityai"])
def test_an_owner_that_only_looks_like_a_known_one(modelaudit, tmp_path, owner: str) -> None:
    (tmp_path / "README.md").write_text(card(f"license: mit\nbase_model: {owner}/model\n"), encoding="utf-8")
    assert findings(modelaudit, tmp_path) == (1, ["MA5605"])
