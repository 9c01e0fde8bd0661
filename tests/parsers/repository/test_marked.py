"""Templates under keys that promise none, in metadata of GGUF and safetensors; pickles in extensions of MessagePack."""

import json
import struct

import pytest

from fixtures.ruling import builtin
from modelaudit.pipeline.scan import scan

REACH = "{{ ''.__class__.__mro__ }}"
PLAIN = "{{ title }} with {% if x %}more{% endif %}"
NONE = "a formula: {{x} and {% no tag"
PICKLE = b"\x80\x04cbuiltins\nprint\n(X\x01\x00\x00\x00atR."


def gguf(value):
    def text(raw):
        return struct.pack("<Q", len(raw)) + raw

    pairs = [(b"general.architecture", b"llama"), (b"some.key", value.encode())]
    body = b"".join(text(key) + struct.pack("<I", 8) + text(one) for key, one in pairs)
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + body


def listed(value):
    def text(raw):
        return struct.pack("<Q", len(raw)) + raw

    array = text(b"general.notes") + struct.pack("<IIQ", 9, 8, 2) + text(b"x") + text(value.encode())
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + array


def safetensors(value):
    header = json.dumps({"__metadata__": {"note": value}}).encode()
    return struct.pack("<Q", len(header)) + header


def extension(data):
    return b"\x81\xa1w\xc7" + bytes([len(data), 1]) + data


def found(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    document = scan([str(tmp_path / name)], builtin())
    return {finding.rule for finding in document.findings if finding.active}


@pytest.mark.parametrize(("name", "file"), [("m.gguf", gguf), ("m.gguf", listed), ("m.safetensors", safetensors)])
def test_a_template_is_judged_wherever_it_stands(tmp_path, name, file):
    assert "MA4920" in found(tmp_path, name, file(REACH))
    assert not found(tmp_path, name, file(PLAIN))
    assert not found(tmp_path, name, file(NONE))


def test_an_array_that_is_a_pickle_instead(tmp_path):
    data = extension(PICKLE)
    assert "MA4600" in found(tmp_path, "m.msgpack", data)
    assert "MA4600" not in found(tmp_path, "m.msgpack", extension(b"1234"))
