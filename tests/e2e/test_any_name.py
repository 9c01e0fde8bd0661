"""The content decides what a file is, whatever it is called; two formats in one file are both read, and a finding."""

import io
import json
import zipfile

import pytest

from fixtures import (
    archives,
    flaxes,
    ggufs,
    hdf5s,
    hub,
    keras_models,
    onnxes,
    pickles,
    tars,
    tensorflows,
    tensors,
    tflites,
    torches,
)
from modelaudit.pipeline.scan import scan

FILES = {
    "pytorch-zip": archives.checkpoint(),
    "pytorch-legacy": torches.legacy(),
    "pytorch-tar": torches.tar(),
    "pickle": pickles.stream(pickles.value({"a": 1})),
    "safetensors": tensors.model(),
    "gguf": ggufs.model(),
    "onnx": onnxes.model(),
    "hdf5": hdf5s.weights(),
    "keras-zip": keras_models.archive(keras_models.sequential(keras_models.dense())),
    "tf-saved-model": tensorflows.saved_model(tensorflows.graph(tensorflows.node("Identity", name="x"))),
    "tflite": tflites.associated(),
    "flax-msgpack": flaxes.model(),
    "sentencepiece": hub.sentencepiece(("a", 1)),
    "tar": tars.tar(tars.info("a", b"x")),
}
NAMES = ("pytorch_model.bin", "model", "weights.model", "checkpoint.ckpt", "data.0")
CALL = pickles.stream(pickles.reduce_call("os", "system", "true"))


def found(ruleset, path, data):
    path.write_bytes(data)
    document = scan([str(path)], ruleset)
    return document.artifacts[0], {(f.rule, f.severity) for f in document.findings if f.active}, document


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("format", FILES)
def test_a_neutral_name_neither_hides_nor_marks_a_model(ruleset, tmp_path, format, name):
    artifact, findings, document = found(ruleset, tmp_path / name, FILES[format])
    assert artifact.format == format
    assert not {severity for _, severity in findings} & {"critical", "warning"}
    assert document.decision.exit_code == 0


@pytest.mark.parametrize("name", ["notes.txt", "config.json", "picture.png"])
@pytest.mark.parametrize("format", ["pickle", "pytorch-zip", "gguf", "hdf5", "safetensors"])
def test_a_name_that_promises_something_else_is_a_finding(ruleset, tmp_path, format, name):
    artifact, findings, document = found(ruleset, tmp_path / name, FILES[format])
    assert artifact.format == format
    assert ("MA3101", "warning") in findings
    assert document.decision.exit_code == 1


def zipped(data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("x.pkl", data)
    return out.getvalue()


@pytest.mark.parametrize("format", ["safetensors", "gguf", "pickle"])
def test_a_polyglot_is_read_as_both_and_a_finding(ruleset, tmp_path, format):
    artifact, findings, document = found(ruleset, tmp_path / "model.bin", FILES[format] + zipped(CALL))
    assert {format, "zip"} <= set(artifact.formats)
    assert ("MA3102", "warning") in findings
    assert any(f.severity == "critical" and "os.system" in f.message for f in document.findings)


def test_a_configuration_with_an_archive_behind_it_is_both(ruleset, tmp_path):
    data = json.dumps({"model_type": "llama", "trust_remote_code": True}).encode() + b"\n" + zipped(CALL)
    document = found(ruleset, tmp_path / "config.json", data)[2]
    assert any(f.severity == "critical" and "os.system" in f.message for f in document.findings)
    assert document.decision.exit_code == 1
