"""The TensorFlow parsers: graphs, saved models, checkpoints, their text form, each defect, and changed files."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import tensorflows as tf
from fixtures.protobufs import field, message, opened
from modelaudit.engine.facts import Blob, Defect, Fact, Limit, Metadata, Op, Reference, Tensor, Text
from modelaudit.parsers.base import Context, Input, Nested, Property
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.tensorflow import parse
from modelaudit.pipeline.scan import scan

HARMLESS = b"cbuiltins\nprint\n(S'x'\ntR."
REGISTRY = Registry.load()


def formats(data, extension=""):
    return REGISTRY.recognise(data[:4096], BytesReader(data), extension).formats


def read(data, format=None, **more):
    format = format or formats(data)[0]
    return list(parse(Input("m", BytesReader(data), format), Context(**more)))


def of(kind, data, format=None, **more):
    return [item for item in read(data, format, **more) if isinstance(item, kind)]


def codes(data, format=None):
    return [defect.code for defect in of(Defect, data, format)]


TEXT_GRAPH = b"""# a graph
node { name: "path" op: "Const" attr { key: "value" value { tensor {
  dtype: DT_STRING tensor_shape { } string_val: "/etc/\\x68ost" "name" } } } }
node < name: "r", op: 'ReadFile'; input: [ "path", "^x" ] attr { key: "n" value: { i: -3 } } >
node { name: "w" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } } }
versions { producer: 1900 }
"""
SAMPLES = {
    "tf-graph": tf.graph(tf.node("MatMul"), functions=(tf.function("f", tf.node("Add")),)),
    "tf-meta-graph": tf.meta_graph(tf.graph(tf.node("MatMul"))),
    "tf-saved-model": tf.saved_model(
        tf.graph(
            tf.const("path", "old/vocab.txt"),
            tf.node("ReadFile", tf.attr("l", (1, message((2, "a"), (3, 1)))), inputs=("path",)),
            tf.weight("w", 8, 16),
            functions=(tf.function("f", tf.const("c", "/x"), tf.node("ReadFile", inputs=("c:output:0",))),),
        ),
        (4, message((1, "key"), (2, message((2, message((1, "a value of a collection"))))))),
        (5, message((1, "serving_default"), (2, message((3, "tensorflow/serving/predict"))))),
        (6, tf.asset("vocab.txt")),
        (7, message((1, message((4, message((1, "_tf_keras_layer"), (3, '{"class_name": "Dense"}'))))))),
    ),
    "tf-keras-metadata": tf.keras_metadata('{"class_name": "Dense"}'),
    "tf-fingerprint": tf.fingerprint(),
    "tf-checkpoint": tf.index({"a": (0, 16), "b": (16, 4)}),
    "tf-text": TEXT_GRAPH,
    "tf-checkpoint-state": b'model_checkpoint_path: "ckpt-2"\nall_model_checkpoint_paths: "ckpt-1"\n',
}


@pytest.mark.parametrize("format", SAMPLES)
def test_each_kind_of_file_is_recognised_and_sound(format):
    assert formats(SAMPLES[format]) == (format,)
    assert codes(SAMPLES[format]) == []
    assert read(SAMPLES[format])


@pytest.mark.parametrize(
    "data", [b"", b"node", b"node of a tree", b"\x0a\x00", b"version: 3", b"library: x", b"versions: {a: 1}", bytes(60)]
)
def test_other_bytes_are_none(data):
    assert not any(format.startswith("tf-") for format in formats(data))


def ops(data):
    return [(op.type, op.graph_path, op.const_inputs) for op in of(Op, data)]


def test_constants_reach_the_operators_that_take_them():
    body = tf.graph(
        tf.node("ReadFile", name="r", inputs=("same:0", "^w")),
        tf.node("Identity", name="same", inputs=("joined",)),
        tf.node("StringJoin", tf.attr("separator", (2, "/")), name="joined", inputs=("dir", "name")),
        tf.const("dir", "/etc"),
        tf.const("name", "hostname"),
        tf.node("WriteFile", name="w", inputs=("given", "number")),
        tf.node("Const", tf.attr("value", (8, tf.tensor((7, 3), dtype=tf.INT32))), name="number"),
        tf.node("Placeholder", name="given"),
    )
    found = {type: inputs for type, _, inputs in ops(body)}
    assert found["ReadFile"] == ("/etc/hostname",)
    assert found["WriteFile"] == ("?", "3")


def test_circles_and_wide_joins_end():
    names = tuple(f"j{i}" for i in range(60))
    joins = [tf.node("StringJoin", name=name, inputs=names) for name in names]
    assert ops(tf.graph(*joins, tf.node("ReadFile", inputs=("j0",))))[-1][2] == ("?",)


def test_an_asset_is_named_as_a_file_of_the_model():
    found = ops(SAMPLES["tf-saved-model"])
    assert ("ReadFile", "meta_graphs[0]", ("assets/vocab.txt",)) in found
    assert ("ReadFile", "meta_graphs[0]/f", ("/x",)) in found
    outside = tf.saved_model(
        tf.graph(tf.const("path", "/x"), tf.node("ReadFile", inputs=("path",))), (6, tf.asset("../vocab"))
    )
    assert ops(outside)[-1][2] == ("/x",)
    assert of(Reference, outside)[0].path_class == {"parent"}


def test_attributes_are_text():
    attributes = (
        tf.attr("s", (2, "x")),
        tf.attr("i", (3, -1)),
        tf.attr("f", (4, 0.5)),
        tf.attr("T", (6, tf.FLOAT)),
        tf.attr("shape", (7, tf.shape(2, -1))),
        tf.attr("f_", (10, message((1, "other")))),
        tf.attr("types", (1, message((6, bytes([1, 7]))))),
        tf.attr("names", (1, message((2, "a"), (2, "b")))),
    )
    (op,) = of(Op, tf.graph(tf.node("X", *attributes, device="/job:worker")))
    assert op.attributes == {
        "_device": "/job:worker",
        "s": "x",
        "i": "-1",
        "f": "0.5",
        "T": "DT_FLOAT",
        "shape": "[2, -1]",
        "f_": "other",
        "types": "DT_FLOAT, DT_STRING",
        "names": "a, b",
    }


def test_a_node_that_calls_a_function_of_the_library_is_local():
    found = of(Op, tf.graph(tf.node("f"), tf.node("g"), functions=(tf.function("f", tf.node("Add")),)))
    assert [(op.type, op.local) for op in found] == [("f", True), ("g", False), ("Add", False)]


def test_functions_that_call_themselves_are_a_defect():
    def calls(name, other):
        return tf.function(name, tf.node("PartitionedCall", tf.attr("f", (10, message((1, other))))))

    circle = tf.graph(tf.node("a"), functions=(calls("a", "b"), calls("b", "c"), tf.function("c", tf.node("a"))))
    assert codes(circle) == ["function-recursion"]
    assert codes(tf.graph(tf.node("a"), functions=(calls("a", "b"), calls("b", "c"), calls("d", "b")))) == []
    assert codes(tf.graph(tf.node("a"), functions=(calls("a", "a"),))) == ["function-recursion"]


def test_weights_are_tensors():
    (tensor,) = of(Tensor, tf.graph(tf.weight("w", 8, 16)))
    assert (tensor.name, tensor.dtype, tensor.shape, tensor.nbytes) == ("w", "DT_FLOAT", (8, 16), 512)


def test_a_saved_model_says_what_it_is():
    data = SAMPLES["tf-saved-model"]
    assert {p.name: p.value for p in of(Property, data)} == {
        "version": "1",
        "producer": "tensorflow",
        "producer_version": "2.21.0",
    }
    assert {m.key: m.value for m in of(Metadata, data)} == {
        "tags": "serve",
        "collection:key": "a value of a collection",
        "signature:serving_default": "tensorflow/serving/predict",
    }
    assert ("metadata", "collection:key") in {(text.role, text.owner) for text in of(Text, data)}


@pytest.mark.parametrize("format", ["tf-saved-model", "tf-keras-metadata"])
def test_configurations_of_keras_are_artifacts_of_their_own(format):
    (nested,) = of(Nested, SAMPLES[format])
    assert nested.reader.read_at(0, 100) == b'{"class_name": "Dense"}'
    assert nested.name.endswith(".json")


def test_a_pickle_in_a_constant_or_a_collection_is_one():
    collection = message((1, "key"), (2, message((2, message((1, HARMLESS))))))
    for data in (tf.graph(tf.const("c", HARMLESS)), tf.meta_graph(tf.graph(tf.node("Add")), (4, collection))):
        assert [(blob.kind, blob.validated) for blob in of(Blob, data)] == [("pickle", True)]
        assert of(Nested, data)[0].reader.read_at(0, 100) == HARMLESS


def test_the_text_form_says_the_same():
    assert ops(TEXT_GRAPH) == [
        ("Const", "graph", ()),
        ("ReadFile", "graph", ("/etc/hostname",)),
        ("Const", "graph", ()),
    ]
    found = of(Op, TEXT_GRAPH)
    assert found[1].attributes == {"n": "-3"}
    assert found[2].attributes == {"dtype": "DT_FLOAT"}
    assert TEXT_GRAPH[found[1].places[0].offset :].lstrip().startswith(b"name")


def test_comments_do_not_hide_a_text():
    assert formats(b"# a comment\n" * 10_000 + b"version: 21\n" + TEXT_GRAPH) == ("tf-text",)


def test_checkpoints_are_references():
    found = of(Reference, SAMPLES["tf-checkpoint-state"])
    assert [(r.kind, r.target, r.key) for r in found] == [
        ("checkpoint", "ckpt-2", "model_checkpoint_path"),
        ("checkpoint", "ckpt-1", "all_model_checkpoint_paths"),
    ]


def test_the_index_of_a_checkpoint_gives_tensors():
    found = of(Tensor, SAMPLES["tf-checkpoint"])
    assert [(t.name, t.dtype, t.shape, t.storage_size) for t in found] == [
        ("a", "DT_FLOAT", (4,), 16),
        ("b", "DT_FLOAT", (1,), 4),
    ]


def test_a_compressed_block_is_expanded():
    plain = tf.block([(b"", message((1, 1))), (b"w", message((1, 1), (5, 4)))])[:-5]
    packed = bytes([len(plain), (len(plain) - 1) << 2]) + plain
    assert [t.name for t in of(Tensor, tf.table([], 1, packed))] == ["w"]
    repeated = b"\x0c" + b"\x08abc" + bytes([(9 - 4) << 2 | 1, 3])  # abc, then nine bytes from three before
    from modelaudit.parsers.tensorflow.table import _snappy

    assert _snappy(repeated) == b"abc" * 4


def test_a_table_of_tensorflow_1_gives_tensors():
    meta = message((1, message((1, "w"), (2, tf.shape(2, 3)), (3, tf.FLOAT))))
    data = tf.table([(b"", field(1, meta)), (b"\x00w", message((2, message((1, "w")))))])
    assert [(t.name, t.shape) for t in of(Tensor, data)] == [("w", (2, 3))]


@pytest.mark.parametrize(
    ("data", "format", "code"),
    [
        (tf.graph(tf.node("A") + field(90, 1)), None, "unknown-field"),
        (tf.graph(tf.node("A") + opened(5, 99)), "tf-graph", "truncated"),
        (message((1, 1)), "tf-saved-model", "no-graph"),
        (tf.graph(tf.weight("w", 8, 16, content=bytes(300))), None, "tensor-size"),
        (tf.graph(tf.weight("w", -8, content=bytes(300))), None, "bad-shape"),
        (tf.graph(tf.weight("w", 2**62, 4, content=bytes(300))), None, "bad-shape"),
        (b'node { name: "a" op: "b" ', None, "bad-text"),
        (b'node { name: "a" op: "b" } }', None, "bad-text"),
        (b'node { name "a" }', None, "bad-text"),
        (b"node { name: }", None, "bad-text"),
        (b"node { nonsense: 1 }", "tf-text", "unknown-field"),
        (tf.table([(b"a", b"")])[:-48] + bytes(40) + tf.MAGIC, None, "bad-table"),
        (bytes(40) + tf.MAGIC, None, "bad-table"),
        (tf.table([(b"b", message((1, 1))), (b"a", message((1, 1)))]), None, "bad-table"),
        (tf.table([(b"a", b"")], 9), None, "bad-table"),
        (tf.table([], 1, b"\x05\x00"), None, "bad-table"),
        (tf.index({"a": (-4, 16)}), None, "bad-entry"),
    ],
)
def test_each_defect_is_reported(data, format, code):
    assert code in codes(data, format)


def test_deep_text_is_a_defect():
    data = b"node { attr { value { list { func {" + b" attr { value { func {" * 60
    data += b"}" * data.count(b"{")
    assert "nesting" in codes(data, "tf-text")


def test_a_large_text_is_a_limit(monkeypatch):
    monkeypatch.setattr("modelaudit.parsers.protobuf.text.READ_MAX", 10)
    (limit,) = of(Limit, TEXT_GRAPH)
    assert (limit.what, limit.by) == ("text", "file")


def test_too_many_braces_are_a_limit(monkeypatch):
    monkeypatch.setattr("modelaudit.parsers.protobuf.text.BRACES_MAX", 3)
    assert [limit.what for limit in of(Limit, TEXT_GRAPH)] == ["fields"]


def test_too_many_fields_are_a_limit(monkeypatch):
    monkeypatch.setattr("modelaudit.parsers.tensorflow.saved.FIELDS_MAX", 100)
    assert [limit.what for limit in of(Limit, tf.graph(*[tf.node("Add")] * 500))] == ["fields"]


def check(data, format):
    """Nothing is raised, and what comes is bounded by the file."""
    items = read(data, format)
    assert all(isinstance(item, (Fact, Nested, Property)) for item in items)
    assert len(items) <= 100 + 2 * len(data)
    formats(data)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_changed_files_are_read_without_raising(format, changes):
    data = bytearray(SAMPLES[format])
    for at, byte in changes:
        data[at % len(data)] = byte
    check(bytes(data), format)


def test_cut_and_spliced_files_are_read_without_raising():
    rng = random.Random(1)
    for format, seed in SAMPLES.items():
        for _ in range(150):
            a, b = sorted(rng.randrange(len(seed)) for _ in range(2))
            check(seed[:a], format)
            check(seed[:a] + seed[b:], format)
            check(seed[:b] + seed[a:], format)


# What the scan says


def found(tmp_path, ruleset, data, name="saved_model.pb"):
    (tmp_path / name).write_bytes(data)
    document = scan([str(tmp_path)], ruleset)
    rules = {finding.rule for finding in document.findings if finding.active}
    assert {a.coverage for a in document.artifacts} == {"full"}
    return rules, document.decision.exit_code


@pytest.mark.parametrize("format", SAMPLES)
def test_sound_files_pass(tmp_path, ruleset, format):
    data = SAMPLES[format] if format not in ("tf-saved-model", "tf-text") else tf.saved_model(tf.graph(tf.node("Add")))
    assert found(tmp_path, ruleset, data, "file") == (set(), 0)


def suspicious(*nodes):
    body = tf.graph(*nodes)
    inside = tf.graph(tf.node("Add"), functions=(tf.function("f", *nodes),))
    return {
        "frozen": body,
        "saved": tf.saved_model(body),
        "library": tf.saved_model(inside),
        "meta": tf.meta_graph(inside),
    }


READ = (tf.const("p", "/etc/hostname"), tf.node("ReadFile", name="r", inputs=("p",)))
WRITE = (tf.const("p", "/tmp/x"), tf.node("WriteFile", name="w", inputs=("p", "p")))


@pytest.mark.parametrize("where", ["frozen", "saved", "library", "meta"])
@pytest.mark.parametrize(
    ("nodes", "rule"),
    [
        (READ, "MA4200"),
        ((tf.node("ReadFile", inputs=("x",)),), "MA4201"),
        (WRITE, "MA4202"),
        ((tf.node("EagerPyFunc"),), "MA4204"),
        ((tf.node("LoadLibrary"),), "MA4207"),
    ],
)
def test_operators_are_found_wherever_they_stand(tmp_path, ruleset, where, nodes, rule):
    assert found(tmp_path, ruleset, suspicious(*nodes)[where], "m.pb") == ({rule}, 1)


def test_the_text_form_is_judged_alike(tmp_path, ruleset):
    assert found(tmp_path, ruleset, TEXT_GRAPH, "graph.pbtxt")[0] == {"MA4200"}


@pytest.mark.parametrize("text", [b'name: "x"\nplatform: "tensorflow_savedmodel"\n', b"item { id: 1 name: 'a' }\n"])
def test_other_texts_of_this_form_are_texts(tmp_path, ruleset, text):
    assert found(tmp_path, ruleset, text, "config.pbtxt") == (set(), 0)


def test_checkpoints_and_their_data_agree(tmp_path, ruleset):
    (tmp_path / "v.data-00000-of-00001").write_bytes(b"\x80\x3f" * 10)
    assert found(tmp_path, ruleset, tf.index({"a": (0, 16)}), "v.index") == (set(), 0)
    assert found(tmp_path, ruleset, tf.index({"a": (8, 16)}), "v.index") == ({"MA3202"}, 1)
    assert found(tmp_path, ruleset, tf.index({"a": (0, 16)}, number=2), "v.index")[0] == {"MA3202"}


def test_paths_that_lead_out(tmp_path, ruleset):
    assert found(tmp_path, ruleset, b'model_checkpoint_path: "/x/ckpt"\n', "checkpoint")[0] == {"MA4212"}
    data = tf.saved_model(tf.graph(tf.node("Add")), (6, tf.asset("../x")))
    assert found(tmp_path, ruleset, data)[0] >= {"MA4212"}
