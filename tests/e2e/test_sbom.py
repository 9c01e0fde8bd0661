"""`scan --sbom` as a process."""

import json

from fixtures import tensors


def test_a_bill_is_written_beside_the_report(modelaudit, tmp_path) -> None:
    model = tmp_path / "model.safetensors"
    model.write_bytes(tensors.model())
    bill = tmp_path / "bill.json"
    done = modelaudit("scan", str(model), "--sbom", str(bill), "-f", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["success"]
    made = json.loads(bill.read_text(encoding="utf-8"))
    assert made["specVersion"] == "1.6"
    assert made["components"][0]["hashes"]


def test_the_name_or_the_option_chooses_the_form(modelaudit, tmp_path) -> None:
    model = tmp_path / "model.safetensors"
    model.write_bytes(tensors.model())
    for name, options, start in (("b.xml", (), "<?xml"), ("b.json", ("--sbom-format", "xml"), "<?xml"), ("b", (), "{")):
        done = modelaudit("scan", str(model), "--sbom", str(tmp_path / name), "--sbom-version", "1.7", *options)
        assert done.returncode == 0
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert text.startswith(start)
        assert "1.7" in text


def test_a_bill_that_cannot_be_written_is_refused_before_the_scan(modelaudit, tmp_path) -> None:
    model = tmp_path / "model.safetensors"
    model.write_bytes(tensors.model())
    assert modelaudit("scan", str(model), "--sbom", str(tmp_path / "no" / "b.json")).returncode == 2
    assert modelaudit("scan", str(model), "--sbom", "-").returncode == 2
    report = tmp_path / "r.json"
    assert modelaudit("scan", str(model), "-o", str(report), "--sbom", str(report)).returncode == 2
    assert modelaudit("scan", str(model), "--sbom", str(model)).returncode == 2
