"""What an auditor asks of a bill: completeness, dependencies, and that it is the same wherever the files lie."""

import json
import pickle
import shutil
import zipfile
from xml.etree import ElementTree as ET

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from cyclonedx.validation.xml import XmlValidator

from fixtures import tensors
from fixtures.licences import APACHE
from modelaudit.pipeline.scan import Options, scan
from modelaudit.reports.sbom import render_sbom

OPTIONS = Options()
OPTIONS.describe = True
BASE = "google-bert/bert-base-uncased"
CARD = f"---\nlicense: apache-2.0\nbase_model: {BASE}\ndatasets: [stanfordnlp/imdb]\n---\n# x\n"


def repository(folder):
    """A card, weights, a licence, an adapter with its base, nested archives, and weights that are cut short."""
    (folder / "lora").mkdir(parents=True)
    (folder / "README.md").write_text(CARD)
    (folder / "LICENSE").write_text(APACHE)
    (folder / "config.json").write_text(json.dumps({"architectures": ["BertModel"], "model_type": "bert"}))
    (folder / "model.safetensors").write_bytes(tensors.model())
    (folder / "lora" / "adapter_config.json").write_text(
        json.dumps({"base_model_name_or_path": BASE, "peft_type": "LORA", "r": 4})
    )
    (folder / "lora" / "adapter_model.safetensors").write_bytes(tensors.model())
    with zipfile.ZipFile(folder / "inner.zip", "w") as made:
        made.writestr("w.pkl", pickle.dumps({"a": 1}))
    with zipfile.ZipFile(folder / "outer.zip", "w") as made:
        made.write(folder / "inner.zip", "inner.zip")
    (folder / "inner.zip").unlink()
    (folder / "cut.safetensors").write_bytes(tensors.model()[:60])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("audit") / "acme-bert"
    repository(made)
    return made


@pytest.fixture(scope="module")
def bills(ruleset, folder):
    document = scan([str(folder)], ruleset, OPTIONS)
    versions = [(version, form) for version in ("1.6", "1.7") for form in ("json", "xml")]
    return {one: render_sbom(document, *one) for one in versions}


@pytest.fixture(scope="module")
def bill(bills):
    return json.loads(bills["1.6", "json"])


def components(parts):
    for part in parts:
        yield part
        yield from components(part.get("components", ()))


def by_path(bill):
    """Components by their path."""
    found = {}
    for part in components(bill["components"]):
        path = next(item["value"] for item in part["properties"] if item["name"] == "modelaudit:path")
        found[path] = part
    return found


@pytest.mark.parametrize("version", ["1.6", "1.7"])
@pytest.mark.parametrize("form", ["json", "xml"])
def test_the_strict_validator_takes_it(bills, version, form):
    validator = {"json": JsonStrictValidator, "xml": XmlValidator}[form](SchemaVersion.from_version(version))
    assert validator.validate_str(bills[version, form]) is None


def test_paths_begin_with_what_was_scanned(bill):
    assert set(by_path(bill)) == {
        *(
            "acme-bert",
            "acme-bert/README.md",
            "acme-bert/LICENSE",
            "acme-bert/config.json",
            "acme-bert/model.safetensors",
        ),
        *("acme-bert/lora", "acme-bert/lora/adapter_config.json", "acme-bert/lora/adapter_model.safetensors"),
        *("acme-bert/outer.zip", "acme-bert/outer.zip!inner.zip", "acme-bert/outer.zip!inner.zip!w.pkl"),
        "acme-bert/cut.safetensors",
    }


def test_it_says_what_was_read_in_full(bill):
    said = {one["aggregate"]: one["assemblies"] for one in bill["compositions"]}
    parts = by_path(bill)
    assert said["incomplete"] == [parts["acme-bert/cut.safetensors"]["bom-ref"]]
    assert parts["acme-bert/model.safetensors"]["bom-ref"] in said["complete"]
    assert len(said["unknown"]) == 5  # bases of the folder, both weights in it, the adapter and its weights


def test_an_adapter_depends_on_its_base(bill):
    adapter = by_path(bill)["acme-bert/lora"]
    (base,) = adapter["pedigree"]["ancestors"]
    assert (base["name"], base["purl"]) == (BASE, f"pkg:huggingface/{BASE}")
    assert base["supplier"] == {"name": "google-bert"}
    assert base["externalReferences"] == [{"type": "distribution", "url": f"https://huggingface.co/{BASE}"}]
    depends = {one["ref"]: one.get("dependsOn") for one in bill["dependencies"]}
    assert depends[adapter["bom-ref"]] == [base["bom-ref"]]
    assert depends["subject"] == [by_path(bill)["acme-bert"]["bom-ref"]]


def test_json_and_xml_say_the_same_of_dependencies_and_completeness(bills, bill):
    root = ET.fromstring(bills["1.6", "xml"])
    space = root.tag.partition("}")[0] + "}"
    said = {
        one.findtext(f"{space}aggregate"): [part.get("ref") for part in one.iter(f"{space}assembly")]
        for one in root.iter(f"{space}composition")
    }
    assert said == {one["aggregate"]: one["assemblies"] for one in bill["compositions"]}
    depends = {
        one.get("ref"): sorted(part.get("ref") for part in one)
        for one in root.iterfind(f"{space}dependencies/{space}dependency")
    }
    assert depends == {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}


def test_it_is_the_same_on_another_machine(bills, ruleset, folder, tmp_path, monkeypatch):
    shutil.copytree(folder, tmp_path / "acme-bert")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.chdir(tmp_path)
    first = render_sbom(scan(["acme-bert"], ruleset, OPTIONS), "1.6", "json")
    assert first == render_sbom(scan([str(folder)], ruleset, OPTIONS), "1.6", "json")
    without = {**json.loads(first), "metadata": None}
    assert without == {**json.loads(bills["1.6", "json"]), "metadata": None}
