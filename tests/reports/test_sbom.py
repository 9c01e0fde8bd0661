"""SBOMs are valid, say what the scan document says, and are the same again."""

import json
import warnings
from xml.etree import ElementTree as ET

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from cyclonedx.validation.xml import XmlValidator

from fixtures import documents
from fixtures.documents import artifact, document, finding
from modelaudit.engine.document import Description, LicenceEvidence, ScanDocument
from modelaudit.engine.finding import Suppression
from modelaudit.engine.record import replace
from modelaudit.reports.sbom import render_sbom
from modelaudit.reports.sbom.hub import dataset

FORMATS = {"json": JsonStrictValidator, "xml": XmlValidator}


def described(**changes) -> Description:
    fields = {
        "version": None,
        "producer": None,
        "producer_version": None,
        "repo": None,
        "revision": None,
        "licences": (),
        "metadata": (),
        "dtypes": (),
    }
    return Description(**{**fields, **changes})


def repository(**changes) -> ScanDocument:
    """A folder with card, licence and weights."""
    said = described(
        repo="acme/tiny",
        revision="0123abc",
        licences=(
            LicenceEvidence("Apache-2.0", "card", "front-matter", 1.0),
            LicenceEvidence("Apache-2.0", "file", "text", 0.99),
            LicenceEvidence("LicenseRef-llama3", "card", "front-matter", 1.0),
        ),
        metadata=(
            ("pipeline_tag", "text-generation"),
            ("architectures", "LlamaForCausalLM"),
            ("model_type", "llama"),
            ("datasets", "acme/corpus"),
            ("datasets", "https://huggingface.co/datasets/acme/more"),
            ("base_model", "meta/llama-base"),
            ("quantization_config.quant_method", "gptq"),
            ("library_name", "trans\x1bformers"),
        ),
        dtypes=("BF16", "I8"),
    )
    waived = Suppression("waiver", "Reviewed.", source="acme W-1", until="2027-01-01", approved_by="sec@acme.example")
    fields = {
        "paths": ("repo",),
        "artifacts": (
            artifact("repo/LICENSE", format="text", role="license", described=described()),
            artifact(
                "repo/model.safetensors",
                format="safetensors",
                role="weights",
                described=described(licences=(LicenceEvidence("MIT OR Apache-2.0", "metadata", "m", 1.0),)),
            ),
            artifact("repo/pack.zip", format="zip", role="container", described=described()),
            artifact("repo/pack.zip!data.pkl", described=described(version="4")),
            artifact("repo", format="model-repository", role="bundle", sha256=None, described=said),
        ),
        "findings": (
            finding(artifact="repo/pack.zip!data.pkl", cves=("CVE-2025-32434",)),
            finding(id="00112233445566ab", artifact="repo/pack.zip", suppression=waived),
            finding(
                id="00112233445566ac", artifact="repo", severity="warning", suppression=Suppression("allow", "Ours.")
            ),
            finding(id="00112233445566ad", artifact="repo", severity="debug"),
            finding(id="00112233445566ae", artifact="repo", suppression=Suppression("absorb", "MA1001")),
        ),
    }
    return document(**{**fields, **changes})


SAMPLES = {
    "clean": documents.clean,
    "noted": documents.noted,
    "rich": documents.rich_document,
    "repository": repository,
}


@pytest.fixture(autouse=True)
def epoch(monkeypatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764000000")


def bill(made: ScanDocument) -> dict:
    return json.loads(render_sbom(made))


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("version", ["1.6", "1.7"])
@pytest.mark.parametrize("format", FORMATS)
def test_every_bill_is_valid(name: str, version: str, format: str) -> None:
    text = render_sbom(SAMPLES[name](), version, format)
    validator = FORMATS[format](SchemaVersion.from_version(version))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library that validates
        assert validator.validate_str(text) is None


@pytest.mark.parametrize("format", FORMATS)
def test_the_bill_is_the_golden_one(format: str, golden) -> None:
    golden(f"sbom.{format}", render_sbom(repository(), "1.6", format))


def test_a_folder_of_the_hub_is_named_as_its_files_are() -> None:
    said = described(repo="acme/tiny", revision="0123abc")
    address = "hf://acme/tiny@0123abc"
    files = [artifact(f"{address}/{name}", role="weights", described=said) for name in ("a.bin", "b/c.bin")]
    whole = artifact(address, format="model-repository", role="bundle", sha256=None, described=described())
    (model,) = bill(document(paths=(address,), artifacts=(*files, whole), findings=()))["components"]
    assert (model["name"], model["version"], model["supplier"]) == ("tiny", "0123abc", {"name": "acme"})
    assert model["purl"] == "pkg:huggingface/acme/tiny@0123abc"
    assert {part["purl"] for part in model["components"]} == {f"{model['purl']}#a.bin", f"{model['purl']}#b/c.bin"}


def test_what_is_said_once_affects_every_file_that_it_is_about() -> None:
    first, other = finding(artifact="a.pkl"), finding(artifact="b.pkl", suppression=Suppression("absorb", "once"))
    files = tuple(artifact(name) for name in ("a.pkl", "b.pkl"))
    made = bill(document(artifacts=files, findings=(replace(first, related=(other,)),)))
    (told,) = made["vulnerabilities"]
    assert {one["ref"] for one in told["affects"]} == {part["bom-ref"] for part in made["components"]}


def test_a_model_has_licences_hashes_base_model_and_data_sets() -> None:
    (model,) = bill(repository())["components"]
    assert model["type"] == "machine-learning-model"
    assert model["purl"] == "pkg:huggingface/acme/tiny@0123abc"
    licences = {tuple(item["license"].values()) for item in model["licenses"]}
    assert licences == {("concluded", "Apache-2.0"), ("declared", "LicenseRef-llama3")}
    assert model["evidence"]["licenses"]
    assert model["pedigree"]["ancestors"][0]["purl"] == "pkg:huggingface/meta/llama-base"
    assert model["modelCard"]["modelParameters"] == {
        "task": "text-generation",
        "architectureFamily": "llama",
        "modelArchitecture": "LlamaForCausalLM",
        "datasets": [
            {"type": "dataset", "name": name, "contents": {"url": f"https://huggingface.co/datasets/{name}"}}
            for name in ("acme/corpus", "acme/more")
        ],
    }
    said = {item["name"]: item["value"] for item in model["modelCard"]["properties"]}
    assert said["modelaudit:quantisation:quantization_config.quant_method"] == "gptq"
    assert said["modelaudit:card:library_name"] == "trans\\x1bformers"
    weights = next(part for part in model["components"] if part["name"] == "model.safetensors")
    assert weights["hashes"] == [{"alg": "SHA-256", "content": documents.SHA}]
    assert weights["licenses"] == [{"expression": "MIT OR Apache-2.0", "acknowledgement": "declared"}]


def test_members_stand_in_their_files_and_files_in_their_folder() -> None:
    (model,) = bill(repository())["components"]
    parts = {part["name"]: part for part in model["components"]}
    assert set(parts) == {"LICENSE", "model.safetensors", "pack.zip"}
    assert [part["name"] for part in parts["pack.zip"]["components"]] == ["data.pkl"]


def test_only_names_of_the_hub_have_an_address() -> None:
    assert [dataset(name) for name in ("our own words", "squad", "a/b/c")] == [
        {"type": "dataset", "name": name} for name in ("our own words", "squad", "a/b/c")
    ]


def test_the_xml_has_the_card() -> None:
    root = ET.fromstring(render_sbom(repository(), "1.7", "xml"))
    assert [element.text for element in root.iter("{http://cyclonedx.org/schema/bom/1.7}task")] == 2 * [
        "text-generation"
    ]


def test_findings_have_the_analysis_of_the_policy() -> None:
    made = bill(repository())
    found = {v["bom-ref"].split("-")[1]: v for v in made["vulnerabilities"]}
    assert set(found) == {"00112233445566aa", "00112233445566ab", "00112233445566ac"}
    standing, waived, allowed = (found[f"00112233445566a{letter}"] for letter in "abc")
    assert standing["analysis"] == {"state": "in_triage"}
    assert standing["references"][0]["id"] == "CVE-2025-32434"
    assert standing["cwes"] == [502]
    assert waived["analysis"]["state"] == "not_affected"
    assert waived["analysis"]["justification"] == "protected_by_mitigating_control"
    assert "until 2027-01-01" in waived["analysis"]["detail"]
    assert "sec@acme.example" in waived["analysis"]["detail"]
    assert allowed["analysis"] == {"state": "false_positive", "detail": "allow: Ours."}
    (container,) = [p for p in made["components"][0]["components"] if p["name"] == "pack.zip"]
    assert standing["affects"] == [{"ref": container["components"][0]["bom-ref"]}]


def test_tool_and_packs_are_named() -> None:
    (tool,) = bill(repository())["metadata"]["tools"]["components"]
    assert (tool["name"], tool["version"]) == ("modelaudit", "1.0.0")
    assert [(pack["name"], pack["version"]) for pack in tool["components"]] == [("rule pack core", "2026.11.0")]


def test_the_same_scan_gives_the_same_bytes_at_another_time() -> None:
    assert render_sbom(repository()) == render_sbom(repository(started=1_800_000_000.0, duration=9.0))


def test_other_content_and_other_decisions_have_other_serials(monkeypatch) -> None:
    serials = {
        bill(made)["serialNumber"]
        for made in (repository(), repository(content_hash="aa" * 32), repository(findings=()))
    }
    assert len(serials) == 3


def test_without_an_epoch_the_time_is_that_of_the_scan(monkeypatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert bill(repository(started=1_700_000_000.0))["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"


def test_a_name_that_is_none_of_the_hub_has_no_purl() -> None:
    for value in ("../x", "a/b/c", "local folder", "a/é"):
        said = described(metadata=(("base_model", value),))
        made = bill(document(artifacts=(artifact("m.gguf", described=said),)))
        assert "purl" not in made["components"][0]["pedigree"]["ancestors"][0]


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.4"):
        render_sbom(documents.clean(), "1.4")
