"""Keras and HDF5 files as a whole: what each attack is called, and ordinary models that say nothing."""

import base64
import json

import pytest

from fixtures import hdf5s
from fixtures import keras_models as models


def as_json(document: object) -> tuple[bytes, str]:
    return json.dumps(document).encode(), "config.json"


def as_archive(document: object) -> tuple[bytes, str]:
    return models.archive(document), "model.keras"


def as_hdf5(document: object) -> tuple[bytes, str]:
    return hdf5s.whole_model(document), "model.h5"


TORCH = {
    "module": "keras.layers",
    "class_name": "TorchModuleWrapper",
    "config": {"name": "t", "module": base64.b64encode(b"cos\ngetpid\n(tR.".ljust(32)).decode()},
}
ATTACKS = {
    "module of a layer": (models.sequential({"module": "os", "class_name": "system", "config": {}}), "MA4010"),
    "activation": (models.sequential(models.dense(activation=models.function("builtins", "eval"))), "MA4010"),
    "foreign module": (models.sequential({"module": "zipimport", "class_name": "X", "config": {}}), "MA4011"),
    "fetch": (models.sequential(models.function("keras.utils", "get_file")), "MA4020"),
    "gadget": (models.sequential(models.function("keras.models", "load_model")), "MA4021"),
    "switch": (models.sequential(models.function("keras.config", "enable_unsafe_deserialization")), "MA4022"),
    "torch": (models.sequential(TORCH), "MA4023"),
    "symbol": (
        models.sequential({"class_name": "TFOpLambda", "config": {"name": "w", "function": "io.write_file"}}),
        "MA4025",
    ),
    "operator": (
        models.sequential({"class_name": "TensorFlowOpLayer", "config": {"node_def": '{"op": "ReadFile"}'}}),
        "MA4026",
    ),
    "vocabulary": (
        models.sequential({"class_name": "StringLookup", "config": {"vocabulary": "/nonexistent/words"}}),
        "MA4030",
    ),
    "saved model": (
        models.sequential({"class_name": "TFSMLayer", "config": {"name": "t", "filepath": "../other"}}),
        "MA4032",
    ),
}


@pytest.mark.parametrize("write", [as_json, as_archive, as_hdf5])
@pytest.mark.parametrize("attack", ATTACKS)
def test_every_attack_is_critical_in_every_container(found, write, attack):
    document, rule = ATTACKS[attack]
    findings, code = found(*write(document))
    assert (rule, "critical") in findings
    assert code == 1


@pytest.mark.parametrize(
    ("write", "rule"), [(as_json, "MA4001"), (as_archive, "MA4001"), (as_hdf5, "MA4002")], ids=["json", "keras", "h5"]
)
@pytest.mark.parametrize("layer", [models.lambda_layer, models.old_lambda_layer])
def test_code_is_critical_and_tensor_arithmetic_a_warning(found, write, rule, layer):
    findings, code = found(*write(models.sequential(layer(), models.dense())))
    assert (rule, "critical") in findings
    assert code == 1
    findings, code = found(*write(models.sequential(layer(models.HARMLESS), models.dense())))
    assert findings == {(rule, "warning")}
    assert code == 1


def test_a_pickle_in_a_torch_module_is_judged_too(found):
    findings, _ = found(*as_archive(ATTACKS["torch"][0]))
    assert any(rule.startswith("MA10") for rule, _ in findings)


def test_a_pickle_among_the_members_is_judged_too(found):
    data = models.archive(models.sequential(models.dense()), more={"assets/x": b"cos\nsystem\n(S'true'\ntR."})
    findings, _ = found(data, "model.keras")
    assert ("MA1021", "critical") in findings


def test_other_files_are_critical_in_weights(found):
    for name, data in (
        ("w.h5", hdf5s.everything()),
        ("m.keras", models.archive(models.sequential(models.dense()), weights=hdf5s.everything("latest"))),
    ):
        findings, code = found(data, name)
        assert {("MA4050", "critical"), ("MA4051", "critical")} <= findings
        assert "MA4052" in {rule for rule, _ in findings}
        assert code == 1


def test_a_shape_beyond_the_file_is_a_warning(found):
    data = hdf5s.made(lambda file: file.create_dataset("w", (10**6, 10**6), "f4", chunks=True))
    assert found(data, "w.h5") == ({("MA4054", "warning")}, 1)


def test_layers_of_the_publisher_are_a_warning(found):
    own = {"module": None, "class_name": "Scale", "config": {"name": "s"}, "registered_name": "acme>Scale"}
    foreign = {"module": "acme.layers", "class_name": "Scale", "config": {"name": "s"}, "registered_name": "Scale"}
    assert found(*as_archive(models.sequential(own, models.dense()))) == ({("MA4013", "warning")}, 1)
    assert found(*as_archive(models.sequential(foreign, models.dense()))) == ({("MA4012", "warning")}, 1)


ORDINARY = {
    "archive": as_archive(
        models.sequential(
            models.dense(activation=models.function("builtins", "relu", "function")),
            compile_config={"loss": "mse", "optimizer": "adam", "metrics": ["accuracy"]},
        )
    ),
    "configuration": as_json(models.sequential(models.dense())),
    "whole model": (
        hdf5s.whole_model(
            models.old_sequential(models.old_dense()),
            training={
                "loss": "binary_crossentropy",
                "metrics": ["acc"],
                "optimizer_config": {"class_name": "Adam", "config": {}},
            },
            layers=("dense",),
        ),
        "m.h5",
    ),
    "vocabulary": as_archive(
        models.sequential({"class_name": "StringLookup", "config": {"vocabulary": ["/etc", "a"]}})
    ),
    "weights": (hdf5s.weights(), "m.weights.h5"),
    "data": (hdf5s.made(lambda file: file.create_dataset("x", data=[1, 2, 3])), "data.hdf5"),
    "another program": as_json({"class_name": "Retriever", "config": {"path": "data"}}),
    "hub configuration": as_json({"model_type": "bert", "hidden_size": 4}),
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_files_say_nothing(found, name):
    assert found(*ORDINARY[name]) == (set(), 0)
