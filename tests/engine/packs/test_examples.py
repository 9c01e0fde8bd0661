import pytest

from modelaudit.engine.packs.examples import Examples
from modelaudit.engine.yaml_tree import parse


def build(text, formats=(), inside=()):
    (node,), problems = parse(text, "t.yaml")
    assert problems == []
    examples = Examples(formats, inside)
    return examples.build(node), examples.diagnostics


def good(text, formats=(), inside=()):
    tree, problems = build(text, formats, inside)
    assert problems == []
    return tree


def test_a_short_import_is_filled_in():
    (found,) = good("imports: [{qualname: os.path.join}]").facts["import"]
    assert (found.module, found.name) == ("os.path", "join")
    assert found.names == {"os.path.join"}
    assert found.segments == {"os", "path", "join"}
    assert found.uses == frozenset()


def test_what_a_test_says_is_kept():
    (found,) = good("imports: [{qualname: os.system, names: [posix.system], module: os, n: 3}]").facts["import"]
    assert (found.names, found.module, found.n) == ({"posix.system"}, "os", 3)


def test_an_import_by_its_parts_has_its_qualname():
    (found,) = good("imports: [{module: os, name: system}]").facts["import"]
    assert found.qualname == "os.system"


def test_calls_and_settings_take_their_names_from_the_target():
    tree = good("calls: [{target: os.system, args: [{type: str, value: echo}]}]\nsetattrs: [{target: a.B, keys: [x]}]")
    assert tree.facts["call"][0].names == {"os.system"}
    assert tree.facts["call"][0].args[0].value == "echo"
    assert tree.facts["setattr"][0].names == {"a.B"}


def test_members_have_the_class_of_their_path():
    assert good("members: [{name: ../../x}]").facts["member"][0].path_class == {"parent"}


def test_values_are_typed_by_the_schema():
    tree = good("members: [{name: 1:30, size: 12, ratio: 2, encrypted: true, flags: [NO]}]")
    (found,) = tree.facts["member"]
    assert (found.name, found.size, found.ratio, found.encrypted) == ("1:30", 12, 2.0, True)
    assert isinstance(found.ratio, float)
    assert found.flags == {"NO"}


def test_statistics_and_nan_can_be_written():
    (found,) = good("tensors: [{name: w, shape: [2, 3], stats: {mean: .nan, count: 6}}]").facts["tensor"]
    assert found.stats.mean != found.stats.mean
    assert found.shape == (2, 3)


def test_the_format_is_the_first_of_the_rule_or_of_its_family():
    assert good("{}", ["safetensors"]).artifact.format == "safetensors"
    artifact = good("{}", ["pickle-family"]).artifact
    assert artifact.format == "pickle"
    assert artifact.families == {"pickle-family"}
    assert good("{}").artifact.format == "unknown"


def test_an_artifact_is_filled_in_from_its_path():
    artifact = good("artifact: {path: a/b.zip!c/d.PKL, format: pickle}").artifact
    assert (artifact.name, artifact.extension, artifact.depth) == ("d.PKL", ".pkl", 1)
    assert artifact.formats == {"pickle"}


def test_children_nest():
    tree = good("children: [{artifact: {path: x!y, format: pickle}, imports: [{qualname: a.b}]}]", ["zip"])
    (child,) = tree.children
    assert child.parent is tree
    assert child.facts["import"][0].artifact == "x!y"


def test_a_rule_about_nested_artifacts_gets_a_container():
    tree = good("imports: [{qualname: a.b}]", ["pickle"], ["zip-family"])
    assert "zip-family" in tree.artifact.families
    assert tree.children[0].artifact.format == "pickle"


@pytest.mark.parametrize("word", ["import", "imports"])
def test_incomplete_takes_kinds_and_collections(word):
    assert good(f"incomplete: [{word}]").artifact.incomplete == {"import"}


@pytest.mark.parametrize("word", ["tensor.stats", "tensors.stats"])
def test_unknown_marks_every_fact_that_does_not_say_the_field(word):
    tree = good(f"tensors: [{{name: a}}, {{name: b, stats: {{count: 1}}}}]\nunknown: [{word}]")
    assert [fact.unknown for fact in tree.facts["tensor"]] == [{"stats"}, frozenset()]


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("import: [{qualname: a.b}]", 1, "did you mean `imports`?"),
        ("imports: [{qualnam: a.b}]", 12, "did you mean `qualname`?"),
        ("imports: [{uses: called}]", 18, "expected a list"),
        ("imports: [{uses: [caled]}]", 18, "expected one of ref, called"),
        ("members: [{size: big}]", 18, "expected a whole number"),
        ("imports: [a.b]", 11, "expected a mapping"),
        ("incomplete: [importz]", 14, "did you mean `import"),
        ("unknown: [tensor.stat]", 11, "did you mean `tensor.stats`?"),
        ("unknown: [tensor.name]", 11, "no optional field"),
        ("calls: [{args: [{typ: str}]}]", 16, "typ"),
    ],
)
def test_mistakes_in_facts_are_told_at_their_place(text, column, said):
    _, problems = build(text)
    assert [(d.code, d.span.line, d.span.column) for d in problems] == [("E131", 1, column)]
    assert said in f"{problems[0].message} {problems[0].label}"
