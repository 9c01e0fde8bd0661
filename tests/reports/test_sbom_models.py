"""A file of a model has what the folder around it says; models of the hub's cache have their names."""

import json
import warnings

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from fixtures import tensors
from fixtures.licences import card
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import Options, scan
from modelaudit.reports.sbom import render_sbom
from modelaudit.reports.sbom.hub import cached

REVISION = "0123456789abcdef0123456789abcdef01234567"
CARD = "license: apache-2.0\nbase_model: acme/base\ndatasets:\n- acme/data\npipeline_tag: text-generation\n"


@pytest.fixture(scope="module")
def bills(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub") / "models--acme--tiny" / "snapshots" / REVISION
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(tensors.model())
    (folder / "README.md").write_text(card(CARD), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps({"architectures": ["BertModel"], "model_type": "bert"}))
    options = Options()
    options.describe = True
    document = scan([str(folder)], load_ruleset(cache=False), options)
    return {version: render_sbom(document, version) for version in ("1.6", "1.7")}


@pytest.mark.parametrize("version", ["1.6", "1.7"])
def test_the_bill_of_a_repository_is_valid(bills, version):
    validator = JsonStrictValidator(SchemaVersion.from_version(version))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library that validates
        assert validator.validate_str(bills[version]) is None


def test_the_weights_have_hash_licence_base_model_and_data_sets(bills):
    (model,) = json.loads(bills["1.6"])["components"]
    weights = next(part for part in model["components"] if part["name"] == "model.safetensors")
    assert model["name"] == "tiny"
    assert weights["hashes"][0]["alg"] == "SHA-256"
    for made in (model, weights):
        assert made["type"] == "machine-learning-model"
        assert made["version"] == REVISION
        assert [item["license"]["id"] for item in made["licenses"]] == ["Apache-2.0"]
        assert made["evidence"]["licenses"]
        told = [item["value"] for item in made["properties"] if item["name"] == "modelaudit:licence-evidence"]
        assert told == ["Apache-2.0; card; front-matter; 1.000" + ("; of the folder" if made is weights else "")]
        assert made["pedigree"]["ancestors"][0]["purl"] == "pkg:huggingface/acme/base"
        parameters = made["modelCard"]["modelParameters"]
        assert parameters["datasets"] == [
            {"type": "dataset", "name": "acme/data", "contents": {"url": "https://huggingface.co/datasets/acme/data"}}
        ]
        assert (parameters["task"], parameters["modelArchitecture"]) == ("text-generation", "BertModel")
    assert model["purl"] == f"pkg:huggingface/acme/tiny@{REVISION}"
    assert weights["purl"] == f"pkg:huggingface/acme/tiny@{REVISION}#model.safetensors"


def test_other_files_say_no_more_than_they_do(bills):
    (model,) = json.loads(bills["1.6"])["components"]
    config = next(part for part in model["components"] if part["name"] == "config.json")
    assert not {"licenses", "modelCard", "pedigree", "purl"} & set(config)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (f"/x/models--acme--tiny/snapshots/{REVISION}", ("acme/tiny", REVISION, "")),
        (f"models--a.b--c-d_e/snapshots/{REVISION}/sub/x.bin", ("a.b/c-d_e", REVISION, "sub/x.bin")),
        (f"C:\\hub\\models--acme--tiny\\snapshots\\{REVISION}\\x.bin", ("acme/tiny", REVISION, "x.bin")),
        ("/x/models--acme--tiny/snapshots/main/x.bin", None),
        (f"/x/datasets--acme--tiny/snapshots/{REVISION}", None),
        ("/x/model.safetensors", None),
    ],
)
def test_the_cache_of_the_hub_is_known_by_its_folders(path, found):
    assert cached(path) == found
