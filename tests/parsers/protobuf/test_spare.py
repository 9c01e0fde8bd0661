"""What looks like a message of protocol buffers, and is a text, is left soon: recognition passes few fields over."""

import pytest

from modelaudit.parsers.onnx import outline as onnx
from modelaudit.parsers.protobuf.wire import Message
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.tensorflow import outline as tensorflow

GROUP = b"{" + b"x" * 200_000  # a group of field 15 and 100,000 numbers in it
LOOSE = b"x" * 200_000


@pytest.fixture
def passed(monkeypatch):
    """The places of fields that were looked at."""
    places = []
    for name in ("_field", "_short"):
        whole = getattr(Message, name)
        monkeypatch.setattr(Message, name, lambda self, at, whole=whole: (places.append(at), whole(self, at))[1])
    return places


@pytest.mark.parametrize("data", [GROUP, LOOSE], ids=["group", "loose"])
@pytest.mark.parametrize(
    "accepts",
    [
        onnx.is_model,
        onnx.is_tensor,
        *(lambda reader, id=id: tensorflow.is_message(id, reader) for id in tensorflow.TYPES if id != "tf-fingerprint"),
    ],
)
def test_a_text_is_not_walked_to_its_end(accepts, data, passed):
    assert not accepts(BytesReader(data))
    assert 0 < len(passed) <= onnx.SPARE + 10
