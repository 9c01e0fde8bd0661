"""GGUF and GGML: what a sound file gives, each defect, and files about which everything is a lie."""

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import ggufs
from fixtures.ggufs import ARRAY, F32, FLOAT32, INT32, Q4_0, STRING, UINT8, UINT32, V3
from modelaudit.engine.facts import Blob, Defect, Fact, Limit, Metadata, Tensor, Text
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.parsers.base import Context, Input, Nested, Property
from modelaudit.parsers.gguf import parse
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()
PICKLE = b"cbuiltins\nprint\n(S'x'\ntR."  # its call is harmless
TOKENS = ggufs.vocabulary(V3)[:2]
OLD = {"ggjt": ggufs.ggjt(), "ggml": ggufs.ggml(), "whisper": ggufs.whisper(), "lora": ggufs.adapter()}


def read(data, format="gguf", **more):
    return list(parse(Input("m.gguf", BytesReader(data), format), Context(**more)))


def of(kind, data, format="gguf"):
    return [item for item in read(data, format) if isinstance(item, kind)]


def codes(data, format="gguf"):
    return [defect.code for defect in of(Defect, data, format)]


def values(data, format="gguf"):
    return {item.key: item.value for item in of(Metadata, data, format)}


def properties(data, format="gguf"):
    return {item.name: item.value for item in of(Property, data, format)}


def one(*infos, data=bytes(64), pairs=(), **more):
    return V3.file(pairs, infos, data, **more)


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_sound_file_of_any_version_and_byte_order_has_no_defects(version, order):
    data = ggufs.model(version, order)
    assert codes(data) == []
    assert REGISTRY.recognise(data[:4096], BytesReader(data), ".gguf").formats == ("gguf",)
    assert properties(data) == {"version": str(version)}
    assert values(data)["general.license"] == "apache-2.0"
    assert [(t.name, t.dtype, t.shape, t.nbytes) for t in of(Tensor, data)] == [
        ("token_embd.weight", "Q8_0", (4, 32), 136),
        ("output.weight", "F32", (2, 3), 24),
    ]


def test_every_type_of_value_is_read():
    pairs = [V3.pair(f"k{type}", type, 1) for type in ggufs.CODES]
    pairs.append(V3.pair("a", ARRAY, (UINT8, list(range(20)))))
    found = values(V3.file(tuple(pairs)))
    assert found["k7"] == "true"
    assert found["k6"] == "1.0"
    assert found["a"] == "[0, 1, 2, 3, 4, 5, 6, 7, …]"
    assert codes(V3.file(tuple(pairs))) == []


def test_templates_are_told_by_key_and_by_their_marks():
    more = (
        V3.pair("tokenizer.chat_template.tool_use", STRING, "plain"),
        V3.pair("my.prompt", STRING, "Hello {{ name }}"),
        V3.pair("my.list", ARRAY, (STRING, ["a", "{% if x %}y{% endif %}"])),
    )
    texts = {(text.owner, text.role) for text in of(Text, ggufs.model(more=more))}
    assert {owner for owner, role in texts if role == "template"} == {
        "tokenizer.chat_template",
        "tokenizer.chat_template.tool_use",
        "my.prompt",
        "my.list",
    }
    assert ("tokenizer.ggml.tokens", "vocabulary") in texts
    assert ("general.license", "metadata") in texts


def test_a_token_with_the_marks_of_a_template_is_a_token():
    data = V3.file((V3.pair("tokenizer.ggml.tokens", ARRAY, (STRING, ["{{", "{%"])),))
    assert [text.role for text in of(Text, data)] == ["vocabulary"]


def test_texts_are_only_made_when_somebody_reads_them():
    assert not [item for item in read(ggufs.model(), wants=lambda name: False) if isinstance(item, Text)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (ggufs.model()[:200], "bad-length"),
        (ggufs.model()[:23], "truncated"),
        (V3.file(counts=(0, 5)), "bad-count"),
        (V3.file(counts=(2**62, 0)), "overflow"),
        (V3.file((V3.string("k") + V3.number("I", STRING) + V3.string("v", 2**40),)), "bad-length"),
        (V3.file((V3.string("k") + V3.number("I", ARRAY) + V3.number("I", UINT32) + V3.size(2**62),)), "overflow"),
        (V3.file((V3.string("k") + V3.number("I", ARRAY) + V3.number("I", UINT32) + V3.size(2**30),)), "bad-length"),
        (V3.file((V3.string("k") + V3.number("I", 13) + bytes(8),)), "unknown-type"),
        (V3.file((V3.pair("k", ARRAY, (ARRAY, [(UINT8, [1])])),)), "nested-array"),
        (V3.file((V3.pair("", UINT8, 1),)), "bad-key"),
        (V3.file((V3.pair("b", ggufs.BOOL, 2),)), "bad-bool"),
        (V3.file((V3.pair("s", STRING, b"\xff\xfe"),)), "bad-text"),
        (V3.file((V3.pair("k", UINT8, 1), V3.pair("k", UINT8, 2))), "duplicate-keys"),
        (V3.file((V3.pair("general.alignment", UINT32, 0),)), "bad-alignment"),
        (V3.file((V3.pair("general.alignment", UINT32, 24),)), "bad-alignment"),
        (V3.file((V3.pair("general.alignment", STRING, "32"),)), "bad-alignment"),
        (b"GGUF" + struct.pack("<IQQ", 9, 0, 0) + bytes(8), "unknown-version"),
        (one(V3.info("w", (2**40, 2**40))), "overflow"),
        (one(V3.info("w", (2**63,))), "overflow"),
        (one(V3.info("w", (16,), F32, 2**63 - 32)), "overflow"),
        (one(V3.info("w", (2**60,)), V3.info("v", (2**60,)), V3.info("u", (2**60,))), "overflow"),
        (one(V3.info("w", (16,), 99)), "unknown-dtype"),
        (one(V3.info("w", (16,), Q4_0), data=bytes(32)), "bad-shape"),
        (one(V3.info("w", (1, 1, 1, 1, 16))), "bad-shape"),
        (one(V3.info("w" * 65, (16,))), "bad-name"),
        (one(V3.info("w", (16,)), V3.info("w", (0,), F32, 64)), "duplicate-tensor"),
        (one(V3.info("w", (8,), F32, 4)), "unaligned"),
        (one(V3.info("w", (16,), F32, 32)), "out-of-range"),
        (one(V3.info("w", (16,)), V3.info("v", (8,), F32, 32)), "overlap"),
        (one(V3.info("w", (8,), F32, 32)), "hole"),
        (one(V3.info("w", (8,))), "trailing-data"),
        (V3.file((*TOKENS, V3.pair("tokenizer.ggml.scores", ARRAY, (FLOAT32, [1.0])))), "vocabulary-mismatch"),
        (V3.file((*TOKENS, V3.pair("tokenizer.ggml.eos_token_id", INT32, 4))), "vocabulary-mismatch"),
    ],
)  # fmt: skip
def test_each_lie_is_a_defect(data, code):
    assert code in codes(data)


def test_arrays_in_arrays_without_end_stop_the_reading():
    deep = V3.string("k") + V3.number("I", ARRAY)
    for _ in range(50):
        deep += V3.number("I", ARRAY) + V3.size(1)
    assert "nesting" in codes(V3.file((deep + bytes(200),)))


def test_fewer_embeddings_than_tokens_are_a_defect():
    data = V3.file(ggufs.vocabulary(V3, 4), (V3.info("token_embd.weight", (4, 3)),), bytes(64))
    assert codes(data) == ["vocabulary-mismatch"]


def test_bytes_that_are_a_file_are_read():
    data = V3.file((V3.pair("x", ARRAY, (UINT8, list(PICKLE))),))
    (blob,) = of(Blob, data)
    assert (blob.kind, blob.region, blob.validated) == ("pickle", "metadata", True)
    assert [item.name for item in of(Nested, data)] == ["metadata/x"]


def test_what_no_tensor_owns_is_read():
    (nested,) = of(Nested, one(V3.info("w", (8,)), data=bytes(32) + PICKLE))
    assert nested.view == "hidden"
    assert nested.reader.read_at(0, 100) == PICKLE


def test_zeros_up_to_the_alignment_are_padding():
    assert codes(one(V3.info("w", (3,)), data=bytes(32))) == []
    assert codes(one(V3.info("w", (3,)), data=bytes(12))) == []
    assert codes(one(V3.info("w", (3,)), data=bytes(12) + b"x" * 20)) == ["trailing-data"]


def test_the_alignment_of_the_file_counts():
    pairs = (V3.pair("general.alignment", UINT32, 64),)
    infos = (V3.info("w", (3,)), V3.info("v", (3,), F32, 64))
    assert codes(V3.file(pairs, infos, bytes(128), alignment=64)) == []


def test_counts_beyond_the_budgets_are_a_limit():
    many = b"GGUF" + struct.pack("<IQQ", 3, 0, 200_000) + bytes(200_000 * 13)
    assert [limit.what for limit in of(Limit, many)] == ["pairs"]
    many = b"GGUF" + struct.pack("<IQQ", 3, 200_000, 0) + bytes(200_000 * 24)
    assert [limit.what for limit in of(Limit, many)] == ["tensors"]


@pytest.mark.parametrize("name", OLD)
def test_old_files_are_read_in_the_layout_that_fits(name):
    data = OLD[name]
    assert REGISTRY.recognise(data[:4096], BytesReader(data), "").formats == ("ggml",)
    assert codes(data, "ggml") == []
    assert len(of(Tensor, data, "ggml")) == 1
    programs = {"ggjt": "llama.cpp", "ggml": "llama.cpp", "whisper": "whisper.cpp"}
    assert properties(data, "ggml").get("producer") == programs.get(name)


def test_a_session_has_tokens_and_a_state():
    assert codes(ggufs.session(), "ggml") == []
    assert values(ggufs.session(), "ggml") == {"n_token_count": "3"}
    assert codes(b"nsgg" + struct.pack("<2I", 9, 2**31), "ggml") == ["bad-count"]


def test_old_files_in_no_layout_say_so():
    assert codes(b"asgg" + bytes(64), "ggml") == ["unknown-layout"]
    assert codes(b"lmgg" + bytes([255]) * 64, "ggml") == ["unknown-layout"]


def test_old_tensors_that_do_not_fit():
    cut = ggufs.ggml()[:-4]
    assert codes(cut, "ggml") == ["out-of-range"]
    twice = ggufs.ggml() + ggufs.tensor("norm.weight", (8,))
    assert codes(twice, "ggml") == ["duplicate-tensor"]
    assert codes(ggufs.ggml() + b"junk", "ggml") == ["truncated"]
    assert codes(ggufs.ggml() + struct.pack("<III", 9, 9, 9) + bytes(99), "ggml") == ["bad-shape"]


def test_text_that_begins_like_an_old_file_is_text():
    data = b"ggml is a library for machine learning\n"
    assert REGISTRY.recognise(data, BytesReader(data), ".txt").formats == ("text",)


def findings(tmp_path, data, name="m.gguf"):
    (tmp_path / name).write_bytes(data)
    document = scan([str(tmp_path / name)], load_ruleset())
    return {finding.rule for finding in document.findings if finding.active}, document


def test_a_sound_file_is_clean(tmp_path):
    found, document = findings(tmp_path, ggufs.model())
    assert found <= {"MA4512"}
    assert document.decision.exit_code == 0


def test_an_overflow_is_critical(tmp_path):
    found, document = findings(tmp_path, one(V3.info("w", (2**40, 2**40))))
    assert "MA4500" in found
    assert document.decision.exit_code == 1


def test_a_pickle_behind_the_tensors_is_judged(tmp_path):
    found, _ = findings(tmp_path, one(V3.info("w", (8,)), data=bytes(32) + b"cos\nsystem\n(S'true'\ntR."))
    assert "MA4504" in found
    assert "MA1021" in found


SEEDS = [("gguf", ggufs.model(v, o)) for v in (1, 2, 3) for o in "<>"] + [("ggml", data) for data in OLD.values()]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32))
def test_changed_files_neither_raise_nor_run_away(seed, number):
    format, data = seed
    rng = random.Random(number)
    changed = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(changed))
        width = rng.choice((1, 4, 8))
        changed[at : at + width] = rng.choice((b"\xff" * width, bytes(width), rng.randbytes(width)))
    for item in read(bytes(changed), format):
        assert isinstance(item, Fact | Nested | Property)
