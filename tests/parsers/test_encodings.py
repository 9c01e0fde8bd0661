"""Files that are encoded in texts, and files that are masked with one byte."""

import base64
import json
import pickle
import random
import zlib

import pytest

from fixtures import executables
from modelaudit.engine.facts import Metadata, Text
from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.encodings import encoded_files, masked
from modelaudit.pipeline.embedded import Embedded
from modelaudit.pipeline.facts import facts

PICKLE = pickle.dumps({"a": list(range(40)), "b": print}, protocol=4)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (base64.b64encode(PICKLE).decode(), "pickle"),
        (base64.urlsafe_b64encode(PICKLE).decode(), "pickle"),
        (PICKLE.hex(), "pickle"),
        (base64.b64encode(zlib.compress(PICKLE)).decode(), "pickle"),
        (base64.b64encode(executables.elf()).decode(), "elf"),
        (base64.b64encode(bytes(byte ^ 0x21 for byte in executables.elf())).decode(), "elf"),
        (base64.b64encode(bytes(byte ^ 0x21 for byte in b"import os\nos.system('echo demo')\n")).decode(), "python"),
        (base64.b64encode(b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R.").decode(), "pickle"),
        (base64.b64encode(b"cos\nsystem\n(S'id'\ntR.").decode(), "pickle"),
    ],
)
def test_files_in_texts(text: str, kind: str) -> None:
    found = list(encoded_files(f'{{"state": "{text}"}}'))
    assert [(at, one.found[0]) for at, one in found] == [(11, kind)]


def test_ordinary_encoded_data_is_nothing() -> None:
    choose = random.Random(3)
    for _ in range(300):
        raw = choose.randbytes(200)
        assert list(encoded_files(f"x={base64.b64encode(raw).decode()} y={raw.hex()}")) == []


def test_facts_of_a_text_come_once() -> None:
    value = base64.b64encode(PICKLE).decode()
    embedded = Embedded()
    found = [
        *embedded.encoded(Metadata("m", key="k", value=value)),
        *embedded.encoded(Text("m", value=value, role="config")),
    ]
    assert [type(one).__name__ for one in found] == ["Blob", "Nested"]
    assert (found[0].kind, found[0].region, found[0].method) == ("pickle", "metadata", "base64")
    assert list(Embedded().encoded(Text("m", value=value, role="doc"))) == []


@pytest.mark.parametrize("key", [1, 0x55, 0xFF])
@pytest.mark.parametrize(("kind", "data"), [("pe", executables.pe()), ("elf", executables.elf()), ("pickle", PICKLE)])
def test_a_mask_of_one_byte(kind: str, data: bytes, key: int) -> None:
    hidden = bytes(byte ^ key for byte in data)
    found = masked(hidden)
    assert found is not None
    assert (found[0], found[1], found[2]) == (kind, key, data)


def test_other_bytes_are_not_masked() -> None:
    choose = random.Random(7)
    assert masked(executables.pe()) is None
    assert masked(bytes(1000)) is None
    for _ in range(2000):
        assert masked(choose.choice((b"MZ", b"\x7fELF", b"\x80\x04\x95")) + choose.randbytes(200)) is None
        assert masked(choose.randbytes(200)) is None


def test_a_masked_program_in_a_pickle(tmp_path) -> None:
    hidden = bytes(byte ^ 0x21 for byte in executables.pe())
    (tmp_path / "m.pkl").write_bytes(pickle.dumps({"a": hidden}))
    (tree,) = facts([str(tmp_path / "m.pkl")], errors=[])
    assert [(blob.kind, blob.method) for blob in tree.facts["blob"]] == [("pe", "xor")]


def test_escapes_of_a_configuration_are_taken_off() -> None:
    text = base64.a85encode(executables.elf(), adobe=True).decode()
    assert '"' in text or "\\" in text
    assert [one.found[0] for _, one in encoded_files(json.dumps({"a": text}))] == ["elf"]


@pytest.mark.parametrize(("kind", "data"), [("elf", executables.elf()), ("pickle", PICKLE)])
def test_a_masked_file_of_no_known_format(tmp_path, kind: str, data: bytes) -> None:
    (tmp_path / "part.bin").write_bytes(bytes(byte ^ 0x21 for byte in data + bytes(200)))
    (tree,) = facts([str(tmp_path / "part.bin")], errors=[])
    assert tree.artifact.format in ("unknown", "text")
    assert [(blob.kind, blob.region, blob.method) for blob in tree.facts["blob"]] == [(kind, "content", "xor")]
    assert [child.artifact.format for child in tree.children] == (["pickle"] if kind == "pickle" else [])


@pytest.mark.parametrize("times", [8, 9, 12])
def test_what_is_encoded_too_often_is_said(times: int) -> None:
    data = b"import os\nos.system('echo demo')\n" * 2
    for _ in range(times):
        data = base64.b64encode(data)
    found = encoded_files("x = " + data.decode())
    if times == 8:
        assert [one.found[0] for _, one in found] == ["python"]
    else:
        with pytest.raises(BudgetSpent) as caught:
            list(found)
        assert (caught.value.what, caught.value.at, caught.value.budget) == ("encoded", 9, 8)
