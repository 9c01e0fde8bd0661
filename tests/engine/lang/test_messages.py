"""Messages: what each field prints, and what is refused."""

import pytest

from fixtures.expressions import imported, message, message_mistakes, tree
from modelaudit.engine.facts import Arg, Artifact, Call, Member, Place, Stats, Tensor, Text


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain text", "plain text"),
        ("{import.qualname}", "os.system"),
        ("{{import}} }} {import.opcode}", "{import} } GLOBAL"),
        ("{import.names}", "a, os.system"),
        ("{import.names|join: / }", "a / os.system"),
        ("{import.names|limit:1}", "a, …"),
        ("{import.names|limit:2|join:;}", "a;os.system"),
        ("{import.places[0].offset:#x} {import.places[0].offset:x} {import.places[0].offset:d}", "0x11 11 17"),
        ("{import.places[3].offset:x}", "?"),
        ("{import.computed}", "false"),
        ("{n} {import.n}", "4 4"),
        ("{n|noun:node}, {import.n|noun:entry/entries}", "4 nodes, 4 entries"),
        ("{import.places[0].offset|noun:byte:x}", "11 bytes"),
        ("{artifact.size:size} {artifact.version}", "1.5 MiB ?"),
        ("{parent.path}", "?"),
        ("{root.path}", "model.pkl"),
        ("{import.artifact.path}", "model.pkl"),
    ],
)
def test_fields_print_values(template, expected):
    fact = imported(names=frozenset(["os.system", "a"]), opcode="GLOBAL", n=4, places=(Place(offset=17),))
    node = tree(fact, artifact=Artifact(path="model.pkl", name="model.pkl", size=3 << 19))
    assert message(template, fact=fact, node=node) == expected


def test_numbers_are_formatted():
    tensor = Tensor("m", name="fc.w", nbytes=100, stats=Stats(row_norm_z_max=19.1234, mean=float("nan")))
    assert message("{tensor.name}: z={tensor.stats.row_norm_z_max:.1f}", fact=tensor) == "fc.w: z=19.1"
    assert message("{tensor.stats.row_norm_z_max} {tensor.stats.mean:.2f}", fact=tensor) == "19.1234 nan"
    assert message("{tensor.nbytes:size} {tensor.nbytes:.1f}", fact=tensor) == "100 B 100.0"


def test_the_count_of_a_group_is_what_the_judge_says():
    assert message("{n} nodes", fact=imported(n=2), n=41) == "41 nodes"
    assert message("{n|noun:entry/entries}", fact=imported(n=2), n=1) == "1 entry"


def test_terminal_controls_and_bidi_characters_are_escaped():
    fact = Text("m", value="a\x1b[31m\u202eb\nc\x00\u200b\x9b\U000e0001é漢")
    assert message("{text.value}", fact=fact) == r"a\x1b[31m\u202eb\nc\x00\u200b\x9b\U000e0001é漢"


def test_a_value_has_at_most_200_characters():
    assert message("{text.value}", fact=Text("m", value="x" * 500)) == "x" * 199 + "…"
    assert len(message("{text.value}", fact=Text("m", value="\x00" * 500))) == 200


def test_cut_and_unknown_values_say_so():
    assert message("{text.value}", fact=Text("m", value="abc", cut=frozenset(["value"]))) == "abc…"
    assert message("{tensor.rows}", fact=Tensor("m", unknown=frozenset(["rows"]))) == "?"


def test_a_variable_holds_the_first_five_that_satisfied():
    facts = [imported(f"os.n{i}") for i in range(9)] + [imported("sys.x")]
    node = tree(*facts)
    when = 'any i in imports: (i.module == "os" and i.name != "n1")'
    assert message("{i.qualname}", node=node, when=when) == "os.n0, os.n2, os.n3, os.n4, os.n5"
    assert message("{i.module|distinct}: {i.name|limit:2}", node=node, when=when) == "os: n0, n2, …"
    assert message("{i.artifact.path|distinct}", node=node, when=when) == "model.pkl"
    names = imported("x", names=frozenset(["os.system", "b"]))
    assert message("{n}", fact=names, when='any n in import.names: (n startswith "os")') == "os.system"


def test_a_column_is_that_of_the_row_which_the_condition_found():
    fact = imported("x", names=frozenset(["a", "subprocess.Popen", "os.system"]))
    when = "any n in import.names: (n glob $deny)"
    assert message("{$deny.effect} {$deny.cve} {$deny.key}", fact=fact, when=when) == (
        "runs commands CVE-2026-1, CVE-2026-2 os.system"
    )
    fact = imported("subprocess.Popen")
    assert message("{$deny.effect} {$core.deny.cve}", fact=fact, when="import.qualname in $deny") == "starts programs ?"
    assert message("{$deny.key}", fact=fact, when="import.names overlaps $deny") == "subprocess.**"


def test_a_column_follows_the_item_that_satisfied_the_whole_condition():
    fact = imported("x", names=frozenset(["os.system", "subprocess.run"]))
    when = 'any n in import.names: (n glob $deny and n startswith "sub")'
    assert message("{$deny.effect}", fact=fact, when=when) == "starts programs"


def test_columns_of_nested_quantifiers():
    call = Call("m", target="f", args=(Arg(type="import", qualname="os.system"),))
    when = "any c in calls: (any a in c.args: (a has qualname and a.qualname in $deny))"
    assert message("{$deny.effect} {c.target}", node=tree(call), when=when) == "runs commands f"


MISTAKES = [
    ("a {import.modul} b", None, "E203", 10, 5, "unknown field `modul` on `import`"),
    ("{imprt.name}", None, "E204", 1, 5, "unknown name `imprt`"),
    ("{import.name", None, "E225", 0, 1, "`{` is not closed"),
    ("{}", None, "E225", 0, 2, "`{}` names nothing"),
    ("{import}", None, "E225", 1, 6, "`import` is import and cannot be printed"),
    ("{import.name|first}", None, "E225", 13, 5, "`|first` is no filter"),
    ("{import.name|noun:byte}", None, "E226", 12, 10, "`|noun` counts an int, and `import.name` is str"),
    ("{n|noun:}", None, "E225", 3, 5, "`|noun:` is no filter"),
    ("{import.name|limit:0}", None, "E225", 13, 7, "`|limit:0` is no filter"),
    ("{len(import.name)}", None, "E225", 1, 16, "a field is a path"),
    ("{import.name:x}", None, "E226", 12, 2, "`:x` prints int, and `import.name` is str"),
    ("{import.n:.2g}", None, "E226", 9, 4, "`:.2g` is no format"),
    ("{import.name:size}", None, "E226", 12, 5, "`:size` prints int, and `import.name` is str"),
    ("{import.name:.1f}", None, "E226", 12, 4, "`:.1f` prints float or int, and `import.name` is str"),
    ("{$deny.effekt}", "import.name in $deny", "E227", 7, 6, "list `$deny` has no column `effekt`"),
    ("{$names.effect}", "import.name in $names", "E227", 8, 6, "list `$names` has no column `effect`"),
    ("{$deny.effect}", "import.name == 'a'", "E227", 1, 12, "the condition does not look into `$deny`"),
    ("{$deny.effect}", "import.name not in $deny", "E227", 1, 12, "the condition does not look into `$deny`"),
    ("{$nothing.x}", None, "E209", 1, 8, "unknown list `$nothing`"),
    ("{a b}", None, "E201", 3, 1, "`b` is not expected here"),
]


@pytest.mark.parametrize(("template", "when", "code", "start", "length", "message_"), MISTAKES)
def test_mistakes_in_messages_have_their_place(template, when, code, start, length, message_):
    found = message_mistakes(template, when=when).splitlines()
    assert found[0] == f"error[{code}]: {message_}"
    assert found[1] == f" --> rules.yaml:3:{7 + start}"
    assert found[3].split("|", 1)[1][1:].split("^")[0] == " " * (6 + start)
    assert found[3].count("^") == length


def test_a_member_with_every_format():
    fact = Member("m", size=2048, ratio=10.5)
    assert message("{member.size:size} {member.ratio:.2f} {member.size:x}", fact=fact) == "2.0 KiB 10.50 800"
