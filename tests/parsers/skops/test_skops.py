"""skops files: what their tree would import, call and set, however it is written, and what rules make of it."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import archives, pickles
from fixtures import skopses as s
from modelaudit.engine.facts import Call, Defect, Fact, Import, Limit, Setattr
from modelaudit.parsers.base import Context, Input, Nested, Property, Values
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.skops import parse
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()


def formats(data, extension=""):
    return REGISTRY.recognise(data[:4096], BytesReader(data), extension).formats


def read(data):
    return list(parse(Input("m.skops!schema.json", BytesReader(data), "skops-schema"), Context()))


def of(kind, root):
    return [item for item in read(s.document(root)) if isinstance(item, kind)]


def found(ruleset, tmp_path, data, name="m.skops"):
    path = tmp_path / name
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    return {(f.rule, f.severity) for f in result.findings if f.active}, result.decision.exit_code


def test_files_and_trees_are_told_by_their_content():
    data = s.file(s.tree())
    assert formats(data, ".skops") == ("skops",)
    assert formats(s.document(s.tree()), ".json") == ("skops-schema",)
    assert formats(archives.simple("schema.json", b"{}")) == ("skops",)
    assert formats(archives.archive([archives.Entry("schema.json", b"{}"), archives.Entry("a.txt", b"a")])) == ("zip",)
    assert formats(b'{"__loader__": "x"}', ".json") == ("text",)


@pytest.mark.parametrize(
    "write",
    [
        lambda data: data.decode().encode("utf-16"),
        lambda data: data.decode().encode("utf-32-le"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: b" " * 4000 + data,
        lambda data: data.replace(b"__loader__", b"__\\u006coader__"),
        lambda data: b'{"a": "' + b"7" * (2 << 20) + b'",' + data[1:],
    ],
)
def test_a_tree_is_found_however_it_is_written(ruleset, tmp_path, write):
    data = write(s.document(s.function("os.system")))
    assert "skops-schema" in formats(data, ".json")
    assert ("MA1001", "critical") in found(ruleset, tmp_path, s.file(data))[0]


def test_an_object_is_made_and_gets_its_state():
    root = s.instance("acme.Net", f=s.function("acme.f"), x=s.plain(1))
    (call,) = of(Call, root)
    assert (call.target, call.kind, call.args) == ("acme.Net", "newobj", ())
    (state,) = of(Setattr, root)
    assert (state.target, state.keys, state.callable_values) == ("acme.Net", {"f", "x"}, {"acme.f"})
    uses = {one.qualname: one.uses for one in of(Import, root)}
    assert uses == {"acme.Net": {"called"}, "acme.f": {"ref"}, "builtins.str": {"ref"}}
    assert {one.places[0].pointer for one in of(Import, root)} >= {"", "/content/content/f"}


def test_operands_are_told():
    made = s.node(
        "ConstructorFromReduceNode",
        "acme.Net",
        content=s.sequence(
            s.plain("a"), s.plain(2), s.plain(None), s.array(), s.function("acme.f"), s.instance("acme.B")
        ),
    )
    call = next(one for one in of(Call, made) if one.target == "acme.Net")
    assert [(arg.type, arg.value, arg.qualname) for arg in call.args] == [
        ("str", "a", None),
        ("int", "2", None),
        ("none", None, None),
        ("result", None, "numpy.ndarray"),
        ("import", None, "acme.f"),
        ("instance", None, "acme.B"),
    ]


def test_what_wrote_it_is_told():
    properties = {item.name: item.value for item in read(s.document(s.tree())) if isinstance(item, Property)}
    assert properties["producer"] == "skops"
    assert (properties["producer_version"], properties["version"]) == ("0.16.0", "2")


def test_a_fitted_pipeline_is_silent(ruleset, tmp_path):
    assert found(ruleset, tmp_path, s.file(s.tree())) == (set(), 0)


SYSTEM = s.function("os.system")
HOSTILE = {
    "a function that is kept": s.instance("sklearn.svm._classes.SVC", kernel=SYSTEM),
    "an object": s.instance("subprocess.Popen", args=s.plain("echo hi")),
    "a constructor": s.node("ConstructorFromReduceNode", "subprocess.Popen", content=s.sequence(s.plain("echo hi"))),
    "a partial": s.partial(SYSTEM, s.plain("echo hi")),
    "a container": s.node("ListNode", "os.system", content=[]),
    "a dictionary": s.node("DictNode", "os.system", content={}),
    "a type": s.node("TypeNode", "os.system"),
    "an array": s.node("NdArrayNode", "os.system", type="numpy", file="1.npy"),
    "a loss": s.node("LossNode", "os.system", content=s.mapping(), __reduce__={"args": s.sequence(s.plain("echo"))}),
    "a loader that nobody knows": s.node("OtherNode", "os.system"),
    "a method": s.method("sklearn.svm._classes.SVC", s.instance("sklearn.svm._classes.SVC"), "__globals__"),
    "another class": s.method("sklearn.svm._classes.SVC", s.instance("sklearn.pipeline.Pipeline"), "fit"),
    "another module": s.operator("sklearn.svm.call", SYSTEM, s.plain("echo hi")),
    "an operator": s.operator("operator.call", SYSTEM, s.plain("echo hi")),
    "a method caller": s.operator("operator.methodcaller", s.plain("__reduce__")),
    "an item of a list": s.node("ListNode", "builtins.list", content=[s.plain(1), SYSTEM]),
    "a hidden key": {**s.plain(1), "more": {"deep": [SYSTEM]}},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_runs_or_reaches_something_is_critical(ruleset, tmp_path, name):
    rules, exit_code = found(ruleset, tmp_path, s.file(HOSTILE[name]))
    assert "critical" in {severity for _, severity in rules}
    assert exit_code == 1


def test_names_that_are_shown_only_are_the_advisories(ruleset, tmp_path):
    assert ("MA3350", "critical") in found(ruleset, tmp_path, s.file(HOSTILE["another class"]))[0]
    assert ("MA3351", "critical") in found(ruleset, tmp_path, s.file(HOSTILE["another module"]))[0]
    assert not {"MA3350", "MA3351"} & {rule for rule, _ in found(ruleset, tmp_path, s.file(HOSTILE["an operator"]))[0]}


@pytest.mark.parametrize(
    "root",
    [
        s.instance("acme.Net", x=s.plain(1)),
        s.function("acme.f"),
        s.node("OtherNode", "acme.Net"),
        s.node(
            "RandomGeneratorNode",
            "numpy.random.Generator",
            content={"bit_generator": s.mapping(bit_generator=s.plain("seed"))},
        ),
    ],
)
def test_names_on_no_list_are_warnings(ruleset, tmp_path, root):
    rules, exit_code = found(ruleset, tmp_path, s.file(root))
    assert {severity for _, severity in rules} == {"warning"}
    assert exit_code == 1


def test_a_pickle_by_the_name_of_a_skops_file_is_told(ruleset, tmp_path):
    """Callers that fall back to joblib load it (CVE-2025-54886)."""
    rules, _ = found(ruleset, tmp_path, pickles.reduce_call("os", "system", "echo hi"))
    assert ("MA1021", "critical") in rules
    rules, exit_code = found(ruleset, tmp_path, pickles.stream(pickles.EMPTY_DICT))
    assert (len(rules), exit_code) == (1, 1)


def test_a_tree_in_an_archive_of_other_things_is_read(ruleset, tmp_path):
    entries = [archives.Entry("a/schema.json", s.document(SYSTEM)), archives.Entry("a/readme.txt", b"hello")]
    assert ("MA1001", "critical") in found(ruleset, tmp_path, archives.archive(entries), "m.zip")[0]


def test_a_tree_that_is_no_json_is_a_warning_with_partial_coverage(ruleset, tmp_path):
    rules, exit_code = found(ruleset, tmp_path, s.file(s.document(s.tree())[:-5]))
    assert (rules, exit_code) == ({("MA3352", "warning")}, 1)


def test_a_deep_tree_ends_within_its_budget():
    (limit,) = [item for item in read(b'{"__loader__":1,"__module__":' + b"[" * 100_000) if isinstance(item, Limit)]
    assert limit.affects >= {"import", "call"}


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_changed_trees_never_raise(randomness: random.Random):
    data = bytearray(s.document(randomness.choice([s.tree(), *HOSTILE.values()])))
    for _ in range(randomness.randrange(1, 8)):
        data[randomness.randrange(len(data))] = randomness.choice(b'{}[]",:019ax_')
    assert all(isinstance(item, (Fact, Nested, Property, Values)) for item in read(bytes(data)))


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, [{}], {"content": 3}])
def test_nodes_that_lack_what_they_should_have_never_raise(value):
    for loader in ("ObjectNode", "MethodNode", "PartialNode", "OperatorFuncNode", "TreeNode", "RandomGeneratorNode"):
        for key in ("content", "attrs", "__reduce__", "__class__", "__module__"):
            root = {"__loader__": loader, "__class__": "a", "__module__": "b", key: value}
            assert all(isinstance(one, (Fact, Property)) for one in read(json.dumps(root).encode()))
            assert not any(
                isinstance(one, Defect) and one.code == "skops-not-json" for one in read(json.dumps(root).encode())
            )
