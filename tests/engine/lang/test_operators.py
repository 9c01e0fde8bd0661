"""Every operator on whole, cut, unknown and absent values."""

import pytest

from fixtures.expressions import compiled, evaluate, imported, tree
from modelaudit.engine.facts import Arg, Call, Member, Op, Reference, Stats, Tensor, Text

T, F, U = True, False, None


def text(value, cut=False):
    return Text("m", value=value, cut=frozenset(["value"] if cut else ()))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('import.qualname == "os.system"', T),
        ('import.qualname != "os.system"', F),
        ('import.qualname < "os.t"', T),
        ('import.qualname <= "os.system"', T),
        ('import.qualname > "os.system"', F),
        ('import.qualname >= "os.system"', T),
        ('import.qualname == "OS.system"', F),
        ('import.qualname in ["os.system", "x"]', T),
        ('import.qualname not in ["os.system", "x"]', F),
        ('"os.system" in import.names', T),
        ('"x" not in import.names', T),
        ('import.names overlaps ["os.system", "x"]', T),
        ('import.names overlaps ["y", "x"]', F),
        ('import.names within ["os.system", "posix.system", "x"]', T),
        ('import.names within ["os.system"]', F),
        ("import.names overlaps import.segments", F),
        ("import.segments within import.segments", T),
        ('import.qualname glob "os.*"', T),
        ('import.qualname glob ["x.*", "os.**"]', T),
        ('import.qualname not glob "os.*"', F),
        ('import.qualname matches "sys.em$"', T),
        ('import.qualname matches "(?i)OS"', T),
        ('import.qualname matches ["^x", "^os[.]"]', T),
        ('import.qualname not matches r"^\\w+$"', T),
        ('import.qualname contains "sys"', T),
        ('import.qualname contains ["x", "sys"]', T),
        ('import.qualname not contains "sys"', F),
        ('import.qualname startswith "os."', T),
        ('import.qualname startswith ["x", "os."]', T),
        ('import.qualname endswith "tem"', T),
        ('import.qualname not endswith ["tem", "x"]', F),
        ("import.computed", F),
        ("not import.computed", T),
        ("import.computed == false", T),
        ('(import.name == "system") == true', T),
        ("import.n == 3", T),
        ("import.n in [1, 2, 3]", T),
        ("artifact.size < 4KiB", T),
        ("artifact.size >= 0x10", F),
        ("artifact.depth > -1", T),
        ("import.qualname glob $exec", T),
        ("import.qualname not glob $exec", F),
        ("import.qualname in $deny", T),
        ("import.names overlaps $deny", T),
        ("import.names within $deny", F),
        ("import.name in $names", F),
        ("import.name matches $words", F),
        ("import.name contains $names", T),  # the list has an empty entry
    ],
)
def test_operators_on_an_import(line, expected):
    names = frozenset(["os.system", "posix.system"])
    fact = imported("os.system", names=names, segments=frozenset(["os", "system"]), n=3)
    assert evaluate(line, fact=fact) is expected


def test_bytes_are_compared_with_bytes():
    assert evaluate(r'b"a\xff" == b"a\xff" and b"abc" contains b"b" and b"\xff" matches b"\xff"') is T


def test_keys_of_a_map_and_the_values_under_them():
    op = Op("m", attributes={"code": "x"})
    assert evaluate('"code" in op.attributes', fact=op) is T
    assert evaluate('"other" in op.attributes', fact=op) is F
    assert evaluate('get(op.attributes, "code") == "x"', fact=op) is T
    assert evaluate('get(op.attributes, "other") == "x"', fact=op) is F
    assert evaluate('get(op.attributes, "other") != "x"', fact=op) is F
    assert evaluate("len(op.attributes) == 1", fact=op) is T


@pytest.mark.parametrize(
    ("line", "kept", "expected"),
    [
        ('text.value contains "evil"', "an evil text", T),
        ('text.value contains "evil"', "text, evil", U),
        ('text.value contains "evil"', "text", U),
        ('text.value not contains "evil"', "an evil text", F),
        ('text.value not contains "evil"', "text", U),
        ('text.value contains ["x", "evil"]', "an evil text", T),
        (r'text.value matches r"ev\w"', "an evil text", T),
        (r'text.value matches r"ev\w+"', "an evil", U),
        ('text.value matches "evil$"', "an evil", U),
        (r'text.value matches r"\bx"', "evil", U),
        (r'text.value not matches r"ev\w"', "an evil text", F),
        ('text.value startswith "an "', "an evil", T),
        ('text.value startswith "evil"', "an evil", F),
        ('text.value startswith "an evil text"', "an evil", U),
        ('text.value not startswith "evil"', "an evil", T),
        ('text.value startswith ["x", "an"]', "an evil", T),
        ('text.value matches "^an"', "an evil", T),
        ('text.value endswith "evil"', "an evil", U),
        ('text.value not endswith "evil"', "an evil", U),
        ('text.value == "an evil text"', "an evil", U),
        ('text.value == "an evil"', "an evil", U),
        ('text.value == "an"', "an evil", F),
        ('text.value == "other text"', "an evil", F),
        ('text.value != "other text"', "an evil", T),
        ('text.value != "an evil text"', "an evil", U),
        ('text.value in ["other", "x"]', "an evil", F),
        ('text.value in ["other", "an evil text"]', "an evil", U),
        ('text.value not in ["other"]', "an evil", T),
        ("text.value in $names", "an evil", U),
        ('text.value glob "an**x?"', "an evil", U),
        ('text.value < "b"', "an evil", U),
        ("len(text.value) > 3", "an evil", U),
        ('lower(text.value) contains "evil"', "an EVIL text", T),
        ("text.value == text.owner", "an evil", F),
    ],
)
def test_cut_text_is_decided_by_what_was_kept(line, kept, expected):
    assert evaluate(line, fact=text(kept, cut=True)) is expected


def test_cut_sets_decide_what_they_can():
    fact = imported("x", names=frozenset(["a", "b"]), cut=frozenset(["names"]))
    assert evaluate('"a" in import.names', fact=fact) is T
    assert evaluate('"c" in import.names', fact=fact) is U
    assert evaluate('"c" not in import.names', fact=fact) is U
    assert evaluate('import.names overlaps ["a"]', fact=fact) is T
    assert evaluate('import.names overlaps ["c"]', fact=fact) is U
    assert evaluate('import.names within ["a"]', fact=fact) is F
    assert evaluate('import.names within ["a", "b"]', fact=fact) is U
    assert evaluate("len(import.names) == 2", fact=fact) is U


UNARY = [
    'import.name == "a"',
    'import.name != "a"',
    'import.name < "a"',
    'import.name in ["a"]',
    'import.name not in ["a"]',
    "import.name in $names",
    "import.name in import.names",
    'import.name glob "a*b*c"',
    'import.name not matches "a+"',
    'import.name contains "a"',
    "import.name matches $words",
    "import.name contains $names",
    "len(import.name) > 1",
    "import.name == import.qualname",
    "import.qualname == import.name",
]


@pytest.mark.parametrize("line", UNARY)
def test_a_leaf_with_an_unknown_operand_is_unknown(line):
    fact = imported("a.a", unknown=frozenset(["name"]))
    assert evaluate(line, fact=fact) is U
    assert evaluate(f"not ({line})", fact=fact) is U


@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">="])
def test_a_comparison_with_nan_is_false(op):
    tensor = Tensor("m", stats=Stats(mean=float("nan")))
    line = f"tensor.stats.mean {op} 1"
    assert evaluate(line, fact=tensor, requires=["tensor.stats"]) is F
    assert evaluate(f"not ({line})", fact=tensor, requires=["tensor.stats"]) is T
    assert evaluate("tensor.stats.mean in [1]", fact=tensor, requires=["tensor.stats"]) is F
    assert evaluate("tensor.stats.mean not in [1]", fact=tensor, requires=["tensor.stats"]) is F


@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">="])
def test_a_comparison_with_something_absent_is_false(op):
    line = f"tensor.stats.mean {op} 1"
    assert evaluate(line, fact=Tensor("m"), requires=["tensor.stats"]) is F
    assert evaluate(f"not ({line})", fact=Tensor("m"), requires=["tensor.stats"]) is T


def test_what_was_not_computed_is_unknown_at_every_level():
    line = "tensor.stats.mean > 1"
    outer = Tensor("m", unknown=frozenset(["stats"]))
    inner = Tensor("m", stats=Stats(count=1), unknown=frozenset(["stats.mean"]))
    assert evaluate(line, fact=outer, requires=["tensor.stats"]) is U
    assert evaluate(line, fact=inner, requires=["tensor.stats"]) is U
    assert evaluate("tensor has stats.mean", fact=inner) is U
    assert evaluate("tensor has stats.count", fact=inner) is T


def test_an_int_constant_may_stand_for_a_float():
    assert evaluate("member.ratio > 100", fact=Member("m", ratio=101.5)) is T
    assert evaluate("member.ratio in [1, 101.5]", fact=Member("m", ratio=101.5)) is T


def test_globs_take_the_separator_of_the_field():
    assert evaluate('member.name glob "*.pkl"', fact=Member("m", name="a/b.pkl")) is F
    assert evaluate('member.name glob "**/*.pkl"', fact=Member("m", name="a/b.pkl")) is T
    assert evaluate('reference.target glob "https://*/x"', fact=Reference("m", target="https://h/x")) is T
    assert evaluate('import.module glob "os*"', fact=imported("os.path.join")) is F
    assert evaluate('import.opcode glob "A*C"', fact=imported("x", opcode="A.B/C")) is T


def test_records_in_lists_have_fields():
    call = Call("m", args=(Arg(type="int", value="1"), Arg(type="str", value="echo")))
    assert evaluate('any a in call.args: (a has value and a.value == "echo")', fact=call) is T
    assert evaluate('all a in call.args: (a.type in ["int", "str"])', fact=call) is T
    assert evaluate('call has args[1].value and call.args[1].value == "echo"', fact=call) is T


def test_facts_in_a_tree_know_their_artifact():
    from modelaudit.engine.facts import Artifact

    child = tree(imported("os.system"), artifact=Artifact(path="a!b", name="b", format="pickle", depth=1))
    outer = tree(artifact=Artifact(path="a", name="a", format="zip"), children=[child])
    assert evaluate('any i in tree.imports: (i.artifact.format == "pickle")', node=outer) is T
    assert evaluate('any i in tree.imports: (i.artifact.format == "zip")', node=outer) is F
    assert evaluate("count a in tree.artifacts: (true) == 2", node=outer) is T
    assert evaluate("count a in artifacts: (a.depth == 0) == 1", node=outer) is T
    assert evaluate('import.artifact.format == "pickle"', fact=child.facts["import"][0], node=child) is T


def test_a_collection_of_the_rules_own_kind_is_not_hidden_by_the_fact():
    from modelaudit.engine.facts import Metadata

    fact = Metadata("m", key="a", value="b")
    assert evaluate('any m in metadata: (m.key == metadata.key and m.value == "b")', fact=fact) is T


def test_guards_hold_across_lines_connectives_and_negations():
    for line in (
        'artifact has version and artifact.version == "1"',
        'not (artifact has version) or artifact.version == "1"',
        'not (not (artifact has version) or artifact.version == "1")',
        'artifact has version and (artifact.size > 1 or artifact.version == "1")',
        '(artifact has version and artifact.size > 1) and artifact.version == "1"',
        "artifact has version and any i in imports: (i.name == artifact.version)",
    ):
        assert compiled(line, kind="artifact")
    assert compiled("artifact has version", 'artifact.version == "1"', kind="artifact")
    assert compiled('any l in layers: (l has code and l.code contains "x")', kind="artifact")
    assert compiled("tensor.stats has mean and tensor.stats.mean > 1", kind="tensor")
    assert compiled("tensor has stats.mean and tensor.stats.mean > 1", kind="tensor")
