"""The ONNX parser: what a sound model gives, each defect, and files about which everything is a lie."""

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import onnxes as ox
from fixtures.protobufs import field, message, opened, varint
from modelaudit.engine.facts import Blob, Defect, Fact, Limit, Metadata, Op, Reference, Relation, Tensor, Text
from modelaudit.parsers.base import Context, Input, Nested, Property, Values
from modelaudit.parsers.onnx import parse, recognise
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline.scan import scan

IMPORTS_NOTHING = b"cbuiltins\nprint\n(S'x'\ntR."  # a pickle whose call is harmless


def read(data: bytes, **more):
    return list(parse(Input("m.onnx", BytesReader(data), "onnx"), Context(**more)))


def of(kind, data, **more):
    return [item for item in read(data, **more) if isinstance(item, kind)]


def codes(data):
    return [defect.code for defect in of(Defect, data)]


def recognised(data):
    return recognise(data[:4096], BytesReader(data))


def ops(data):
    return [(op.domain, op.type, op.graph_path) for op in of(Op, data)]


def test_a_sound_model_has_no_defects():
    assert codes(ox.model()) == []
    assert recognised(ox.model())


def test_the_model_says_who_made_it():
    properties = {item.name: item.value for item in of(Property, ox.model())}
    assert properties == {"version": "10", "producer": "pytest", "producer_version": "1.0"}
    found = {item.key: item.value for item in of(Metadata, ox.model(properties=(("author", "me"),)))}
    assert found["author"] == "me"
    assert found["opset:"] == "21"


def test_nodes_are_operators_with_attributes():
    attributes = (
        ox.attribute("i", 3, -2),
        ox.attribute("f", 2, 0.5),
        ox.attribute("s", 4, "same"),
        message((1, "ints"), (8, varint(1) + varint(2))),
    )
    (op,) = of(Op, ox.model(ox.graph(ox.node("Pad", *attributes, name="p"))))
    assert (op.domain, op.type, op.name, op.graph_path, op.local) == ("", "Pad", "p", "graph", False)
    assert op.attributes == {"i": "-2", "f": "0.5", "s": "same", "ints": "1, 2"}
    assert op.places[0].node == "p"


def test_the_written_standard_domain_is_the_standard_one():
    assert ops(ox.model(ox.graph(ox.node("Add", domain="ai.onnx")))) == [("", "Add", "graph")]


def test_graphs_in_attributes_functions_and_training_are_read():
    inner = ox.graph(ox.node("Run", domain="x.y"), tensors=(ox.external("w", location="../w"),))
    branch = ox.node("If", ox.attribute("then_branch", 6, inner), name="if")
    data = ox.model(
        ox.graph(branch),
        functions=(ox.function("F", "f.d", ox.node("InF")),),
        training=(message((1, ox.graph(ox.node("Init"))), (2, ox.graph(ox.node("Step"))), (3, ox.entry("a", "b"))),),
    )
    assert [(domain, type) for domain, type, _ in ops(data)] == [
        ("x.y", "Run"),
        ("", "If"),
        ("", "Init"),
        ("", "Step"),
        ("", "InF"),
    ]
    assert ops(data)[0][2] == "graph/if/then_branch"
    assert of(Reference, data)[0].path_class == {"parent"}
    assert codes(data) == []


def test_a_call_of_a_function_of_the_model_is_local():
    data = ox.model(ox.graph(ox.node("F", domain="my"), ox.node("G", domain="my")), functions=(ox.function("F", "my"),))
    assert [(op.type, op.local) for op in of(Op, data)] == [("F", True), ("G", False)]


def test_tensors_are_facts():
    (tensor,) = of(Tensor, ox.model())
    assert (tensor.name, tensor.dtype, tensor.shape, tensor.nbytes, tensor.storage_size) == (
        "w",
        "FLOAT",
        (2, 2),
        16,
        16,
    )


def test_tensors_in_attributes_and_sparse_ones_are_facts():
    sparse = message((1, ox.tensor("values", (1,))), (2, ox.tensor("", (1,), bytes(8), ox.INT64)), (3, varint(4)))
    node = ox.node("Constant", ox.attribute("value", 5, ox.tensor("")), name="c")
    data = ox.model(ox.graph(node, more=field(15, sparse)))
    assert [tensor.name for tensor in of(Tensor, data)] == ["graph/c/value", "values", "sparse_initializer.indices"]
    assert codes(data) == []


def test_external_data_are_references():
    data = ox.model(ox.graph(tensors=(ox.external("w", location="m.onnx_data", offset="16", length="32"),)))
    (reference,) = of(Reference, data)
    assert (reference.target, reference.owner, reference.end, reference.key) == ("m.onnx_data", "w", 48, "location")
    assert codes(data) == []


def test_a_graph_that_was_compiled_into_another_file_is_a_reference():
    attributes = (ox.attribute("embed_mode", 3, 0), ox.attribute("ep_cache_context", 4, "../x.bin"))
    data = ox.model(ox.graph(ox.node("EPContext", *attributes, domain="com.microsoft")))
    assert [(r.target, r.key) for r in of(Reference, data)] == [("../x.bin", "ep_cache_context")]
    embedded = (ox.attribute("embed_mode", 3, 1), ox.attribute("ep_cache_context", 4, "blob"))
    assert of(Reference, ox.model(ox.graph(ox.node("EPContext", *embedded)))) == []


def test_texts_have_their_roles():
    node = ox.node("Op", ox.attribute("code", 4, "a text that is long enough"), name="first")
    words = message((1, 1), (2, ox.STRING), (6, "word"), (8, "t"))
    data = ox.model(
        ox.graph(node, tensors=(words,), doc="about the graph"), properties=(("key", "value"),), doc="about"
    )
    found = {(text.role, text.owner): text.value for text in of(Text, data)}
    assert found == {
        ("doc", "model"): "about",
        ("doc", "graph"): "about the graph",
        ("metadata", "key"): "value",
        ("literal", "Op.code"): "a text that is long enough",
        ("literal", "names"): "first\ng",
        ("vocabulary", "t"): "word",
    }
    assert of(Text, data, wants=lambda name: name != "text") == []


def test_long_texts_are_cut():
    data = ox.model(properties=(("key", "x" * 300_000),))
    assert [(len(t.value), t.cut) for t in of(Text, data) if t.owner == "key"] == [(65_536, {"value"})]


@pytest.mark.parametrize("where", ["metadata", "attribute", "tensor", "gap"])
def test_a_file_in_a_field_is_read_as_one(where):
    data = {
        "metadata": lambda: ox.model(properties=(("key", IMPORTS_NOTHING),)),
        "attribute": lambda: ox.model(ox.graph(ox.node("Op", ox.attribute("s", 4, IMPORTS_NOTHING)))),
        "tensor": lambda: ox.model(
            ox.graph(tensors=(ox.tensor("w", (len(IMPORTS_NOTHING),), IMPORTS_NOTHING, ox.UINT8),))
        ),
        "gap": lambda: ox.model(more=field(900, IMPORTS_NOTHING)),
    }[where]()
    (blob,) = of(Blob, data)
    assert (blob.kind, blob.validated, blob.size) == ("pickle", True, len(IMPORTS_NOTHING))
    (nested,) = of(Nested, data)
    assert nested.reader.read_at(0, 1000) == IMPORTS_NOTHING


def one(tensor):
    return ox.model(ox.graph(tensors=(tensor,)))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (ox.model(more=field(900, 1)), "unknown-field"),
        (ox.model(ox.graph(more=field(1, 5))), "unknown-field"),
        (ox.model(ox.graph(more=opened(1, 99))), "truncated"),
        (message((1, 10), (8, ox.opset())), "no-graph"),
        (ox.model()[:-3], "truncated"),
        (one(ox.tensor("w", (2, 2), bytes(15))), "tensor-size"),
        (one(ox.tensor("w", (2, 2), b"") + field(4, bytes(12))), "tensor-size"),
        (one(message((1, 4), (2, ox.FLOAT), (4, bytes(12)))), "tensor-size"),
        (one(message((1, 4), (2, ox.FLOAT), (8, "w"))), "tensor-size"),
        (one(ox.tensor("w") + field(4, bytes(16))), "tensor-twice"),
        (one(ox.external("w", location="a") + field(9, bytes(16))), "tensor-twice"),
        (one(ox.tensor("w", (-1, 2), b"")), "bad-shape"),
        (one(ox.tensor("w", (2**40, 2**40), b"")), "bad-shape"),
        (one(ox.tensor("w", (1,) * 65, bytes(4))), "bad-shape"),
        (one(ox.tensor("w", (1,), b"1234", 99)), "unknown-dtype"),
        (one(ox.external("w")), "bad-external-data"),
        (one(ox.external("w", location="a", offset="-1")), "bad-external-data"),
        (one(ox.external("w", location="a", length="x")), "bad-external-data"),
        (one(ox.external("w", location="a", __class__="x")), "bad-external-data"),
    ],
)
def test_each_defect_is_reported(data, code):
    assert code in codes(data)


def test_numbers_may_stand_one_by_one():
    unpacked = message((1, 2), (2, ox.FLOAT), (8, "w"), (4, 0.5), (4, 0.5))
    assert codes(one(unpacked)) == []


@pytest.mark.parametrize("data", [b"", b"\x08", bytes(100), b"\x80\x04N.", b'{"a": 1}' * 10, ox.graph(ox.node("Add"))])
def test_other_bytes_are_no_model(data):
    assert not recognised(data)


def test_a_model_in_another_order_with_junk_is_recognised():
    group = varint(500 << 3 | 3) + varint(500 << 3 | 4)
    data = field(900, b"junk") + group + field(8, ox.opset()) + field(7, ox.graph(ox.node("Add"))) + field(1, 10)
    assert recognised(data)
    assert ops(data) == [("", "Add", "graph")]


def test_two_graphs_are_both_read():
    data = ox.model(ox.graph(ox.node("A"))) + field(7, ox.graph(ox.node("B")))
    assert [type for _, type, _ in ops(data)] == ["A", "B"]


def test_deep_graphs_end_as_a_defect():
    body = ox.graph(ox.node("Leaf"))
    for _ in range(60):
        body = ox.graph(ox.node("If", ox.attribute("g", 6, body)))
    assert "nesting" in codes(ox.model(body))


SEEDS = [
    ox.model(),
    ox.model(
        ox.graph(
            ox.node("If", ox.attribute("then_branch", 6, ox.graph(ox.node("Run", domain="x"))), name="if"),
            ox.node("Op", ox.attribute("s", 4, "a text that is long enough"), ox.attribute("t", 5, ox.tensor("c"))),
            tensors=(ox.tensor("w"), ox.external("e", location="d", offset="1", length="2")),
            doc="doc",
        ),
        properties=(("key", "value"),),
        functions=(ox.function("F", "f.d", ox.node("InF")),),
        training=(message((1, ox.graph(ox.node("Init"))), (3, ox.entry("a", "b"))),),
    ),
]


def check(data):
    """Nothing is raised, and what comes is bounded by the file."""
    items = read(data)
    assert all(isinstance(item, (Fact, Nested, Property, Values)) for item in items)
    assert len(items) <= 40 + 2 * len(data)
    recognised(data)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6))
def test_changed_models_are_read_without_raising(seed, changes):
    data = bytearray(seed)
    for at, byte in changes:
        data[at % len(data)] = byte
    check(bytes(data))


def test_cut_and_spliced_models_are_read_without_raising():
    rng = random.Random(1)
    for seed in SEEDS:
        for _ in range(300):
            a, b = sorted(rng.randrange(len(seed)) for _ in range(2))
            check(seed[:a])
            check(seed[:a] + seed[b:])
            check(seed[:b] + seed[a:])


def test_too_many_fields_are_a_limit(monkeypatch):
    monkeypatch.setattr("modelaudit.parsers.onnx.model.FIELDS_MAX", 100)
    (limit,) = of(Limit, ox.model(ox.graph(*[ox.node("Add")] * 1000)))
    assert (limit.what, limit.by) == ("fields", "file")


# What the scan says


def found(tmp_path, ruleset, data, name="m.onnx"):
    (tmp_path / name).write_bytes(data)
    document = scan([str(tmp_path)], ruleset)
    summary = next(a for a in document.artifacts if a.path.endswith(name))
    return {finding.rule for finding in document.findings if finding.active}, summary, document.decision


def test_a_sound_model_passes(tmp_path, ruleset):
    rules, summary, decision = found(tmp_path, ruleset, ox.model())
    assert (rules, summary.format, summary.coverage, decision.exit_code) == (set(), "onnx", "full", 0)


def test_the_extension_decides_nothing(tmp_path, ruleset):
    body = ox.graph(tensors=(ox.external("w", location="/etc/hostname"),))
    for name in ("m.bin", "model", "m.onnx"):
        assert "MA4100" in found(tmp_path, ruleset, ox.model(body), name)[0]


def external(**keys):
    return ox.model(ox.graph(tensors=(ox.external("w", **keys),)))


@pytest.mark.parametrize(
    "location", ["../../../etc/passwd", "/etc/passwd", "C:\\x", "\\\\host\\x", "a/../../x", "https://x/y"]
)
def test_external_data_outside_are_critical(tmp_path, ruleset, location):
    rules, _, decision = found(tmp_path, ruleset, external(location=location))
    assert "MA4100" in rules
    assert "MA3203" not in rules
    assert decision.exit_code == 1


def test_external_data_by_links(tmp_path, ruleset):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "w").write_bytes(bytes(64))
    inside = tmp_path / "model"
    inside.mkdir()
    (inside / "soft").symlink_to(outside / "w")
    os.link(outside / "w", inside / "hard")
    assert "MA4100" in found(inside, ruleset, external(location="soft"))[0]
    assert "MA4101" in found(inside, ruleset, external(location="hard"))[0]


def test_external_data_beside_the_model(tmp_path, ruleset):
    assert found(tmp_path, ruleset, external(location="w.bin"))[0] == {"MA4102"}
    (tmp_path / "w.bin").write_bytes(bytes(64))
    assert found(tmp_path, ruleset, external(location="w.bin", offset="0", length="64"))[0] == set()
    assert found(tmp_path, ruleset, external(location="w.bin", offset="1", length="64"))[0] == {"MA4103"}


def test_operators_from_elsewhere(tmp_path, ruleset):
    nested = ox.graph(ox.node("If", ox.attribute("g", 6, ox.graph(ox.node("Run", domain="evil.ops")))))
    assert "MA4110" in found(tmp_path, ruleset, ox.model(nested))[0]
    python = ox.graph(ox.node("PyOp", domain="ai.onnx.contrib"))
    assert found(tmp_path, ruleset, ox.model(python))[0] == {"MA4111"}


def test_code_in_metadata(tmp_path, ruleset):
    data = ox.model(properties=(("note", "import os; os.system('true')"),))
    assert "MA4124" in found(tmp_path, ruleset, data)[0]


def test_a_pickle_in_metadata_is_judged_as_one(tmp_path, ruleset):
    data = ox.model(properties=(("note", b"cposix\nsystem\n(S'true'\ntR."),))
    rules = found(tmp_path, ruleset, data)[0]
    assert "MA4123" in rules
    assert any(rule.startswith("MA10") for rule in rules)


def test_a_tensor_in_a_file_of_its_own(tmp_path, ruleset):
    rules, summary, _ = found(tmp_path, ruleset, ox.tensor("x"), "input_0.pb")
    assert (rules, summary.format, summary.coverage) == (set(), "onnx-tensor", "full")
    rules, summary, _ = found(tmp_path, ruleset, ox.tensor("x", (2, 2), bytes(15)), "input_0.pb")
    assert summary.format != "onnx-tensor"


WORDS = tuple(ox.tensor(name, (8, 8)) for name in ("read", "inner", "given", "left"))
INNER = ox.graph(ox.node("Relu", inputs=("inner",)))
READ = (ox.node("Add", inputs=("read",)), ox.node("If", ox.attribute("then_branch", 6, INNER)))


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        (WORDS[:3], []),
        (WORDS[:2], []),
        (WORDS, [("left", "4 tensors", 0.25)]),
        (WORDS[3:], [("left", "1 tensors", 1.0)]),
    ],
)
def test_tensors_that_no_node_reads(tensors, told):
    body = ox.graph(*READ, tensors=tensors, more=field(12, ox.value("given")))
    unused = [one for one in of(Relation, ox.model(body)) if one.what == "unused"]
    assert [(one.a, one.b, one.share) for one in unused] == told
    assert of(Relation, ox.model(body), wants=lambda kind: kind != "relation.share") == []
