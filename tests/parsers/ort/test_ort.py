"""Models of ONNX Runtime: operators in every graph, tensors, metadata, what is malformed."""

import random

import pytest

from fixtures import orts
from fixtures.ruling import builtin
from fixtures.tflites import Number, Numbers, Table, build
from modelaudit.engine.facts import Blob, Defect, Limit, Metadata, Op, Reference, Tensor, Text
from modelaudit.parsers.base import Context, Input, Property
from modelaudit.parsers.ort import parse
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()
PICKLE = b"\x80\x04cbuiltins\nprint\n(X\x01\x00\x00\x00atR."


def read(data):
    return list(parse(Input("m.ort", BytesReader(data), "ort"), Context()))


def of(kind, data):
    return [item for item in read(data) if isinstance(item, kind)]


def found(tmp_path, data):
    (tmp_path / "m.ort").write_bytes(data)
    document = scan([str(tmp_path / "m.ort")], builtin())
    return {finding.rule for finding in document.findings if finding.active}


def test_it_is_told_by_its_mark():
    data = orts.everything()
    assert REGISTRY.recognise(data[:4096], BytesReader(data), ".ort").formats == ("ort",)
    assert not REGISTRY.recognise(b"\xff\xff\xff\xffORTM" + bytes(99), BytesReader(b"\xff" * 4), ".ort").formats


def test_operators_of_inner_graphs_are_told():
    ops = of(Op, orts.everything())
    assert [(op.domain, op.type) for op in ops] == [("x.y", "Run"), ("x.y", "Run"), ("", "If"), ("", "Op")]
    assert ops[0].graph_path == "graph/n/then_branch"
    assert ops[3].attributes == {"s": "a text of some length", "n": "7", "l": "a, b", "t": "", "ts": ""}


def test_tensors_metadata_and_texts_are_told():
    data = orts.everything()
    tensors = {tensor.name: tensor for tensor in of(Tensor, data)}
    assert (tensors["w"].dtype, tensors["w"].shape, tensors["w"].nbytes) == ("FLOAT", (2,), 8)
    assert {"c", "v", "i", "x", "words"} < set(tensors)
    assert [(one.key, one.value) for one in of(Metadata, data)] == [("doc_string", "about the model"), ("k", "v")]
    assert {one.value for one in of(Text, data)} >= {"one\ntwo", "about", "a text of some length"}
    assert {one.name: one.value for one in of(Property, data)}["producer"] == "builder"
    assert not of(Defect, data)


@pytest.mark.parametrize(
    ("tensor", "code"),
    [
        (orts.tensor(b"w", (3,)), "tensor-size"),
        (orts.tensor(b"w", type=99), "unknown-dtype"),
        (orts.tensor(b"w", (-1,)), "bad-shape"),
        (orts.tensor(b"w", (2**40, 2**40)), "bad-shape"),
    ],
)
def test_tensors_are_held_against_their_bytes(tensor, code):
    assert [one.code for one in of(Defect, orts.model(orts.graph(tensors=(tensor,))))] == [code]


def test_bytes_in_another_file_are_not_missed_here():
    outside = orts.tensor(b"w", (999,), raw=b"", _6=Number("q", 64))
    assert not of(Defect, orts.model(orts.graph(tensors=(outside,))))


@pytest.mark.parametrize(
    "data", [build(Table({0: b"6"}), b"ORTM"), orts.model(), orts.everything()[:300], b"\4\0\0\0ORTM" + b"\xff" * 40]
)
def test_what_is_malformed_is_a_defect(data):
    assert of(Defect, data)


def test_a_vector_that_is_too_long_is_a_defect():
    lying = Table({0: b"w", 2: Numbers("q", 1, count=2**30), 3: Number("i", 1)})
    assert [one.code for one in of(Defect, orts.model(orts.graph(tensors=(lying,))))] == ["bad-length"]


def test_graphs_in_graphs_end_with_a_limit():
    body = orts.graph()
    for _ in range(80):
        body = orts.graph(orts.node(b"If", orts.attribute(b"g", 7, body)))
    assert [one.what for one in of(Limit, orts.model(body))] == ["nesting"]


def test_a_pickle_in_an_attribute_is_told_and_read():
    data = orts.model(orts.graph(orts.node(b"Op", orts.attribute(b"s", 5, PICKLE))))
    assert [(one.kind, one.region) for one in of(Blob, data)] == [("pickle", "literal")]


def test_a_compiled_graph_in_another_file_is_a_reference():
    place = orts.attribute(b"ep_cache_context", 5, b"../x.bin")
    data = orts.model(orts.graph(orts.node(b"EPContext", orts.attribute(b"embed_mode", 4, Number("q", 0)), place)))
    assert [(one.target, one.path_class) for one in of(Reference, data)] == [("../x.bin", {"parent"})]


@pytest.mark.parametrize(
    ("node", "rule"),
    [
        (orts.node(b"Run", domain=b"evil.ops"), "MA4110"),
        (orts.node(b"PyOp", domain=b"ai.onnx.contrib"), "MA4111"),
        (orts.node(b"ATen", domain=b"com.microsoft"), "MA4112"),
    ],
)
def test_operators_from_elsewhere_are_findings(tmp_path, node, rule):
    assert rule in found(tmp_path, orts.model(orts.graph(node)))


def test_a_sound_model_is_clean_and_a_broken_one_is_not(tmp_path):
    assert not found(tmp_path, orts.model(orts.graph(orts.node(b"Gelu", domain=b"com.microsoft"))))
    assert "MA4120" in found(tmp_path, orts.everything()[:300])


def test_mutants_never_raise():
    rnd = random.Random(3)
    seed = orts.everything()
    for _ in range(2000):
        data = bytearray(seed)
        for _ in range(rnd.randint(1, 4)):
            data[rnd.randrange(len(data))] = rnd.choice((0, 1, 127, 128, 255, rnd.randrange(256)))
        read(bytes(data))
