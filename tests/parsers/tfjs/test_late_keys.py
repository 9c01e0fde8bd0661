"""Models of TensorFlow.js whose keys stand behind other values."""

import json

from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.tfjs import recognise


def test_a_model_is_one_wherever_its_keys_stand() -> None:
    data = json.dumps(
        {"a": "x" * 9000, "modelTopology": {}, "b": "x" * 90_000, "weightsManifest": [], "c": "x" * 90_000}
    )
    assert recognise(data[:4096].encode(), BytesReader(data.encode()))
    assert recognise(b'{"model\\u0054opology": 1, "weightsManifest": 1}', BytesReader(b""))
    other = data.replace("weightsManifest", "weights")
    assert not recognise(other[:4096].encode(), BytesReader(other.encode()))
