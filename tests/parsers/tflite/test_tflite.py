"""TensorFlow Lite: what a sound model gives, each defect, and files about which everything is a lie."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import tflites as tl
from fixtures.tflites import Number, Numbers, Table, model
from modelaudit.engine.facts import Blob, Defect, Fact, Metadata, Op, Tensor, Text
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.parsers.base import Context, Input, Nested, Property
from modelaudit.parsers.flatbuffers.table import Flat
from modelaudit.parsers.notes import FileBudget
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.tflite import parse
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()
DAMAGED = tl.buffer(b"\xff\0\0\0M001" + bytes(9))
PICKLE = b"cos\ngetpid\n(tR."


def read(data, **more):
    return list(parse(Input("m.tflite", BytesReader(data), "tflite"), Context(**more)))


def of(kind, data):
    return [item for item in read(data) if isinstance(item, kind)]


def codes(data):
    return {defect.code for defect in of(Defect, data)}


def recognised(data):
    return REGISTRY.recognise(data[:4096], BytesReader(data), ".tflite")


def test_a_sound_model_has_operators_tensors_and_no_defects():
    data = tl.everything()
    assert codes(data) == set()
    assert recognised(data).formats == ("tflite",)
    assert {(op.domain, op.type, op.graph_path) for op in of(Op, data)} == {
        ("", "ADD", "main"),
        ("", "CALL_ONCE", "main"),
        ("flex", "ReadFile", "main"),
        ("", "ADD", "init"),
    }
    tensors = {(t.name, t.dtype, t.shape, t.nbytes, t.storage_size) for t in of(Tensor, data)}
    assert ("w", "FLOAT32", (2,), 8, 8) in tensors
    assert ("x", "FLOAT32", (2,), 8, None) in tensors


def test_metadata_and_descriptions_are_read():
    data = tl.everything()
    found = {(item.key, item.value) for item in of(Metadata, data)}
    assert found == {
        ("description", "made by a test"),
        ("description", "Says nothing"),
        ("min_runtime_version", "1.5.0"),
        ("name", "Toy"),
        ("author", "pytest"),
        ("license", "Apache-2.0"),
        ("signature", "serving_default"),
    }
    assert ("words", "vocabulary", "cat\ndog") in {(text.owner, text.role, text.value) for text in of(Text, data)}
    assert [(item.name, item.value) for item in of(Property, data)] == [("version", "3")]


def test_operators_of_tensorflow_have_their_texts():
    (op,) = of(Op, tl.flex())
    assert (op.domain, op.type, op.const_inputs) == ("flex", "ReadFile", ("/etc/hostname", "?"))


def test_custom_calls_have_their_target():
    options = Table({0: b"run_me"})
    call = tl.operator(0, s11=Number("B", 5), s12=options)
    (op,) = of(Op, model(tl.graph(call), codes=(tl.code(173),)))
    assert (op.type, op.attributes) == ("STABLEHLO_CUSTOM_CALL", {"call_target_name": "run_me"})


def test_an_archive_behind_the_model_is_read_and_no_polyglot():
    data = tl.associated()
    assert recognised(data).formats == ("tflite",)
    assert recognised(data).defects == []
    assert codes(data) == set()
    (nested,) = of(Nested, data)
    assert (nested.name, nested.view) == ("associated-files", "visible")
    assert nested.reader.read_at(0, 4) == b"PK\3\4"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (model()[:120], "bad-offset"),
        (b"\xf0\0\0\0TFL3" + bytes(240), "bad-table"),
        (model(more={1: Numbers("I", count=2**20)}), "bad-length"),
        (model(tl.graph(tl.operator(7))), "bad-index"),
        (model(tl.graph(tl.operator(0, (0, 9)))), "bad-index"),
        (model(tl.graph(tl.operator(0, (0, -2)))), "bad-index"),
        (model(tl.graph(tl.operator(0, outputs=(3,)))), "bad-index"),
        (model(tl.graph(tensors=(tl.tensor(b"x", buffer=9), *tl.TENSORS))), "bad-index"),
        (model(metadata=(tl.entry(b"k", 9),)), "bad-index"),
        (model(more={7: (Table({4: Number("I", 3)}),)}), "bad-index"),
        (model(tl.graph(tl.calls(0, 16, 5))), "bad-index"),
        (model(tl.graph(tl.calls(0, 16, 0))), "subgraph-cycle"),
        (model(tl.graph(tl.calls(0, 93, 1, 1)), tl.graph(tl.calls(0, 92, 0, 1))), "subgraph-cycle"),
        (model(buffers=(tl.buffer(), tl.buffer(s1=Number("Q", 64), s2=Number("Q", 2**40)))), "bad-buffer"),
        (model(tl.graph(tensors=(tl.tensor(b"x", (2**20, 2**20, 2**20, 2**20)), *tl.TENSORS))), "bad-shape"),
        (model(tl.graph(tensors=(tl.tensor(b"x", (-2,)), *tl.TENSORS))), "bad-shape"),
        (model(tl.graph(tensors=(tl.tensor(b"x", (1,) * 65), *tl.TENSORS))), "bad-shape"),
        (model(tl.graph(tensors=(tl.tensor(b"x", (99,), buffer=1), *tl.TENSORS))), "tensor-size"),
        (model(tl.graph(tensors=(tl.tensor(b"x", type=99), *tl.TENSORS))), "unknown-dtype"),
        (model(buffers=(*tl.BUFFERS, DAMAGED), metadata=(tl.entry(b"k", 2),)), "bad-description"),
        (model() + bytes(9000), "trailing-data"),
    ],
)  # fmt: skip
def test_each_lie_is_a_defect(data, code):
    assert code in codes(data)


def test_subgraphs_that_call_others_in_line_are_no_cycle():
    assert codes(model(tl.graph(tl.calls(0, 93, 1, 2)), tl.graph(tl.calls(0, 16, 2)), tl.graph())) == set()


def test_more_elements_than_a_sound_file_has_room_for_are_a_limit():
    """The budget follows the size: it is what a file without shared elements can have at most."""
    flat = Flat(BytesReader(model()), Context())
    assert flat.budget == 1000 + len(model()) // 4
    for _ in range(flat.budget):
        flat.root()
    with pytest.raises(FileBudget):
        flat.root()


def test_pickles_in_options_and_weights_are_read():
    tensors = (*tl.TENSORS, tl.tensor(b"raw", (len(PICKLE),), tl.UINT8, 2))
    data = model(tl.graph(tl.operator(s5=PICKLE), tensors=tensors), buffers=(*tl.BUFFERS, tl.buffer(PICKLE)))
    assert {(blob.kind, blob.region) for blob in of(Blob, data)} == {("pickle", "metadata"), ("pickle", "tensor")}
    assert len(of(Nested, data)) == 2


def findings(tmp_path, data):
    (tmp_path / "m.tflite").write_bytes(data)
    document = scan([str(tmp_path)], load_ruleset())
    return {finding.rule for finding in document.findings if finding.active}, document.decision.exit_code


def test_a_sound_model_is_clean(tmp_path):
    assert findings(tmp_path, tl.associated()) == (set(), 0)


def test_reading_a_fixed_file_is_critical(tmp_path):
    assert findings(tmp_path, tl.flex()) == ({"MA4301", "MA4304"}, 1)


def test_unknown_custom_operators_are_told(tmp_path):
    assert findings(tmp_path, model(codes=(tl.code(tl.CUSTOM, b"Mine"),))) == ({"MA4303"}, 1)
    assert findings(tmp_path, model(codes=(tl.code(tl.CUSTOM, b"edgetpu-custom-op"),))) == ({"MA4304"}, 0)


def test_what_is_in_associated_files_is_judged(tmp_path):
    found, code = findings(tmp_path, tl.associated(name="x.pkl", content=b"cos\nsystem\n(S'true'\ntR."))
    assert "MA1021" in found
    assert code == 1


SEEDS = [tl.everything(), tl.associated(), tl.flex(), model(tl.graph(tl.calls(0, 93, 0, 0)))]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32))
def test_changed_files_neither_raise_nor_run_away(data, number):
    rng = random.Random(number)
    changed = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(changed) // 4) * 4
        changed[at : at + 4] = rng.choice(
            (b"\xff" * 4, bytes(4), rng.randbytes(4), bytes([rng.randrange(64), 0, 0, 0]))
        )
    for item in read(bytes(changed)):
        assert isinstance(item, Fact | Nested | Property)
