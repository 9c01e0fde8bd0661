"""Lowering, joins and caches change the form of a condition and never its value."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.expressions import compiled, compiler, evaluate, imported, matchers, span, tree
from modelaudit.engine.facts import Artifact, Call, Import, Layer, Tensor, Text
from modelaudit.engine.facts.kinds import Arg, Stats
from modelaudit.engine.lang.evaluate import Env, Shared, link
from modelaudit.engine.lang.lower import leaves
from modelaudit.engine.lang.parse import parse
from modelaudit.engine.lang.scope import top_scope
from modelaudit.engine.lang.source import Source

LISTS = matchers()


def raw(line, kind):
    """The checked condition before it is lowered."""
    made = compiler()
    source = Source(line, span(line))
    node = parse(source, made._report)
    found = made._checker().condition(node, top_scope(source, kind))
    assert not made.diagnostics, made.diagnostics[0].render()
    return json.loads(json.dumps(found.program))


# Facts

WORD = st.sampled_from(["", "a", "b", "ab", "os", "system", "evil", "numpy"])
DOTTED = st.lists(WORD, min_size=1, max_size=3).map(".".join)
SET = st.frozensets(DOTTED, max_size=3)


def marks(*names):
    return st.frozensets(st.sampled_from(names), max_size=2)


IMPORT = st.builds(
    lambda q, names, module, computed, n, unknown, cut: Import(
        "m", qualname=q, name=q[-3:], module=module, names=names, computed=computed, n=n, unknown=unknown, cut=cut
    ),
    *(DOTTED, SET, DOTTED, st.booleans(), st.integers(1, 3)),
    marks("name", "names", "qualname"),
    marks("name", "names", "module"),
)
CALL = st.builds(
    lambda t, args, unknown: Call("m", target=t, args=tuple(args), unknown=unknown),
    DOTTED,
    st.lists(st.builds(lambda v: Arg(type="str", value=v), st.one_of(st.none(), WORD)), max_size=2),
    marks("target", "args"),
)
LAYER = st.builds(
    lambda c, u, k: Layer("m", class_name="a", code=c, unknown=u, cut=k),
    st.one_of(st.none(), WORD),
    marks("code"),
    marks("code"),
)
TENSOR = st.builds(
    lambda m, u: Tensor(
        "m", name="t", rows=m and int(m) if m == m else None, stats=None if m is None else Stats(mean=m), unknown=u
    ),
    st.sampled_from([None, 0.0, 1.5, float("nan")]),
    marks("stats", "rows"),
)
TEXT = st.builds(lambda v, c: Text("m", value=v, cut=c), DOTTED, marks("value"))


@st.composite
def trees(draw, depth=1):
    facts = [draw(IMPORT), *draw(st.lists(st.one_of(IMPORT, CALL, LAYER, TENSOR, TEXT), max_size=5))]
    children = draw(st.lists(trees(depth=depth - 1), max_size=1)) if depth else []
    incomplete = draw(st.frozensets(st.sampled_from(["import", "call", "layer"]), max_size=2))
    artifact = Artifact(path="m", name="m", version=draw(st.sampled_from([None, "1"])))
    return tree(*facts, artifact=artifact, children=children, incomplete=incomplete)


# Conditions

TEXTS = ["import.name", "import.qualname", "lower(import.module)", "artifact.path"]
CONSTANT = st.sampled_from(['"a"', '"os"', '"a.b"', '"evil"', '""'])
PATTERN = st.sampled_from(['"a"', '"a.*"', '"**.evil"', '"os.**"', '"*"', '["a", "b"]', '["a.?", "x"]'])
REGEX = st.sampled_from(['"^a"', '"a$"', '"^os$"', '"ev.l"', r'r"\bos\b"', '["a", "^b"]', '["^a", "^o"]'])
TEXT_OPERATORS = st.sampled_from(["contains", "not startswith", "endswith"])
LEAF = st.one_of(
    st.builds("{} {} {}".format, st.sampled_from(TEXTS), st.sampled_from(["==", "!=", "<", ">="]), CONSTANT),
    st.builds("{} {} [{}]".format, st.sampled_from(TEXTS), st.sampled_from(["in", "not in"]), CONSTANT),
    st.builds("{} {} {}".format, st.sampled_from(TEXTS[:3]), st.sampled_from(["glob", "not glob"]), PATTERN),
    st.builds("{} {} {}".format, st.sampled_from(TEXTS), st.sampled_from(["matches", "not matches"]), REGEX),
    st.builds("{} {} {}".format, st.sampled_from(TEXTS), TEXT_OPERATORS, CONSTANT),
    st.builds("{} {} [{}]".format, st.just("import.names"), st.sampled_from(["overlaps", "within"]), CONSTANT),
    st.sampled_from(
        [
            *("import.computed", "true", "false", "import.n > 1", "1 < 2", 'lower("A") == "a"', "artifact has version"),
            *("import.qualname glob $exec", "import.qualname in $deny", "import.names overlaps $deny"),
            *("import.name in import.names", "import.name == import.module", "(import.n == 1) == import.computed"),
            '(artifact has version and artifact.version == "1")',
            'any l in layers: (l has code and l.code contains "a")',
            "any t in tensors: (t has stats.mean and not (t.stats.mean > 1))",
            "all t in tree.tensors: (t has rows and t.rows != 0)",
            "any c in calls: (c.target == import.qualname)",
            "any c in tree.calls: (c.target in import.names)",
            "none c in tree.calls: (import.qualname == c.target and c.args[0].type == \"str\")",
            "count i in tree.imports: (import.name in i.names) >= 2",
            "count i in imports: (i.name == import.name and i.n > 1) == 1",
            "any i in tree.imports: (i.name in import.names and i.computed)",
            'any x in texts: (x.value contains "a")',
            'all n in import.names: (n matches "^a")',
            'any a in tree.calls: (any b in a.args: (b has value and b.value != "a"))',
        ]
    ),
)  # fmt: skip


def combined(inner):
    return st.one_of(
        inner.map("not ({})".format),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: "(" + " and ".join(items) + ")"),
        st.lists(inner, min_size=2, max_size=3).map(lambda items: "(" + " or ".join(items) + ")"),
    )


CONDITION = st.recursive(LEAF, combined, max_leaves=6)


@settings(max_examples=300, deadline=None)
@given(CONDITION, trees())
def test_the_normal_form_has_the_value_of_what_was_written(line, node):
    fact = node.facts["import"][0]
    program = compiled(line)
    seen = []
    env = Env(node, fact)
    written = link(raw(line, "import"), LISTS, lambda *_: None)(env)
    observed = link(program, LISTS, lambda number, value: seen.append(number))(env)
    indexed = link(program, LISTS)(Env(node, fact, Shared(node)))
    assert written is observed is indexed
    assert all(number < len(leaves(program)) for number in seen)


@settings(max_examples=60, deadline=None)
@given(st.lists(IMPORT, min_size=20, max_size=30), CALL, st.booleans())
def test_a_join_finds_what_a_walk_finds(imports, call, incomplete):
    node = tree(*imports, call, incomplete=["import"] if incomplete else ())
    for line in (
        "any i in imports: (i.qualname == call.target)",
        "none i in imports: (call.target in i.names and i.n > 1)",
        "count i in tree.imports: (i.name in call.names and i.module != call.target) >= 2",
        "count i in imports: (call.target == i.module) == 0",
    ):
        program = compiled(line, kind="call")
        walked = link(program, LISTS, lambda *_: None)(Env(node, call))
        assert link(program, LISTS)(Env(node, call, Shared(node))) is walked


def test_a_join_takes_time_in_proportion_to_its_facts():
    import time

    def seconds(n):
        node = tree(*[imported(f"m.n{i}") for i in range(n)], *[Call("m", target=f"x.n{i}") for i in range(n)])
        test = link(compiled("any i in imports: (i.qualname == call.target)", kind="call"), LISTS)
        shared = Shared(node)
        start = time.process_time()
        assert not any(test(Env(node, call, shared)) for call in node.facts["call"])
        return time.process_time() - start

    assert seconds(8_000) < 3


def test_a_quantifier_that_does_not_read_the_fact_is_decided_once():
    facts = [imported(f"m.n{i}") for i in range(300)]
    node = tree(*facts)
    shared = Shared(node, limit=1_000)
    test = link(compiled('any i in imports: (i.name == "x")'), LISTS)
    assert {test(Env(node, fact, shared)) for fact in facts} == {False}


def test_not_is_never_pushed_into_an_order_or_a_leaf_that_may_lack_an_operand():
    assert compiled("not (import.n < 3)")["op"] == "not"
    assert compiled('not (import.name == "a")')["op"] == "!="
    assert compiled('not (import.name in ["a"])') == {
        **compiled('import.name in ["a"]'),
        "neg": True,
        "src": 'import.name in ["a"]',
    }
    line = 'artifact has version and not (artifact.version == "1")'
    assert compiled(line)["of"][1]["op"] == "not"
    assert compiled("not (any i in imports: (i.n > 1))")["op"] == "none"
    assert compiled("not (all i in imports: (i.computed))")["op"] == "any"
    assert compiled("not (count i in imports: (true) > 1)")["cmp"] == "<="
    line = 'not (import.name == "a" and (import.computed or not (import.n > 1)))'
    assert [each["op"] for each in compiled(line)["of"]] == ["!=", "and"]


@pytest.mark.parametrize(
    ("line", "op", "items"),
    [
        ('import.qualname glob "os.system"', "in", ["os.system"]),
        ('import.opcode glob "os*"', "startswith", ["os"]),
        ('import.opcode glob ["*a", "*b"]', "endswith", ["a", "b"]),
        ('import.qualname matches "^os\\\\.system$"', "in", ["os.system"]),
        ('import.qualname matches "^os"', "startswith", ["os"]),
        ('import.qualname matches "os"', "contains", ["os"]),
        ('import.qualname matches ["a$", "b$"]', "endswith", ["a", "b"]),
    ],
)
def test_patterns_that_are_plain_texts_become_string_operators(line, op, items):
    program = compiled(line)
    assert (program["op"], program["right"]) == (op, {"items": items})


def test_constants_are_folded():
    assert compiled("1 < 2 and import.computed")["op"] == "is"
    assert compiled("1 > 2 and import.computed") == {"op": "const", "value": False}
    assert compiled("1 < 2 or import.computed") == {"op": "const", "value": True}
    assert compiled('not ("a" in ["a", "b"])') == {"op": "const", "value": False}
    assert compiled("import.computed and (import.n > 1 and import.n < 5)")["of"][2]["op"] == "<"


def test_leaves_are_numbered_in_the_order_in_which_they_are_written():
    line = 'import.n > 1 and (import.computed or not any n in import.names: (n == "a"))'
    program = compiled(line)
    assert [leaf["src"] for leaf in leaves(program)] == ["import.n > 1", "import.computed", 'n == "a"']
    seen = {}
    fact = imported("x", names=frozenset(["a", "b"]), n=2)
    assert evaluate(fact=fact, program=program, observe=lambda i, v: seen.setdefault(i, []).append(v)) is False
    assert seen == {0: [True], 1: [False], 2: [True]}


def test_reads_name_kinds_and_fields():
    made = compiler()

    def reads(line, kind="import", **more):
        return made.reads(compiled(line, kind=kind, **more))

    assert reads("any n in import.names: (n glob $exec)") == {"import", "import.names"}
    assert reads("tensor.stats.mean > 1", kind="tensor", requires=["tensor.stats"]) == {"tensor", "tensor.stats"}
    line = 'any c in tree.calls: (c.target == import.name and c.artifact.format == "zip") and parent has size'
    assert reads(line) == {
        *("call", "call.target", "import", "import.name", "artifact", "artifact.format", "artifact.size"),
    }
    assert made.reads(made.value("op.domain", span("op.domain"), "op")) == {"op", "op.domain"}


def test_a_program_is_plain_json():
    line = 'import.name in ["a"] and b"\\xff" == b"a" or near(import.name, $names, 2)'
    program = compiled(line)
    assert json.loads(json.dumps(program)) == program


def test_running_a_program_imports_nothing_that_only_compiling_needs():
    import subprocess
    import sys

    programs = [
        compiled('import.name in ["a"] and import.qualname glob "a.**" and any c in calls: (c.target == import.name)')
    ]
    code = (
        "import sys, json\n"
        "from modelaudit.engine.facts import Artifact, Import\n"
        "from modelaudit.engine.factset import FactSet\n"
        "from modelaudit.engine.lang.evaluate import Env, link\n"
        f"programs = json.loads({json.dumps(json.dumps(programs))})\n"
        "fact = Import('m', name='a')\n"
        "node = FactSet(Artifact(path='m'), {'import': [fact]})\n"
        "assert [link(p, {})(Env(node, fact)) for p in programs] == [False]\n"
        "heavy = {'lark', 're2', 'yaml', 'jsonschema', 'dataclasses', 'unicodedata'}\n"
        "heavy.add('modelaudit.engine.lang.compile')\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
