"""Lists of call shapes: entries, mistakes at their places, and what they say of calls, imports and state."""

import json

import pytest

from fixtures.expressions import compiled as program
from fixtures.expressions import matchers, tree
from modelaudit.engine.facts import Arg, Call, Import, Kwarg, Setattr
from modelaudit.engine.lang.evaluate import Env, link
from modelaudit.engine.lang.lists import compile_list, matcher
from modelaudit.engine.lang.shapes import shaped

OTHER = ["acme.A", "builtins.object"]


def shapes(*items):
    compiled, problems = compile_list("shapes", "dotted", "", items)
    assert not problems
    lists = {"l": matcher(compile_list("exact", "dotted", "", OTHER)[0])}
    lists["s"] = matcher(json.loads(json.dumps(compiled)))
    return lists["s"].bind(lists)


def call(target, *args, kind="reduce", **more):
    return Call("x", target=target, names=frozenset((target,)), kind=kind, args=args, **more)


def imported(name, *uses, **more):
    module, _, last = name.rpartition(".")
    fields = {"names": frozenset((name,)), "segments": frozenset(), "opcode": "GLOBAL", "computed": False}
    return Import("x", module=module, name=last, qualname=name, uses=frozenset(uses), **fields, **more)


def state(target, via, target_is="instance"):
    return Setattr("x", target=target, names=frozenset((target,)), target_is=target_is, via=via)


def text(value):
    return Arg(type="str", value=value)


UNKNOWN = Arg(type="unknown")
NONE = Arg(type="none")
CLASS = Arg(type="import", qualname="acme.A")


@pytest.mark.parametrize(
    ("item", "args", "said"),
    [
        ('f.g/reduce(str,"latin1")', [text("a"), text("latin1")], True),
        ('f.g/reduce(str,"latin1")', [text("a"), text("rot13")], False),
        ('f.g/reduce(str,"latin1")', [text("a"), UNKNOWN], None),
        ('f.g/reduce(str,"latin1")', [text("a"), Arg(type="str")], None),
        ('f.g/reduce(str,"latin1")', [text("a")], False),
        ('f.g/reduce(str,"latin1")', [UNKNOWN, text("rot13")], False),
        ("f.g/reduce(@l,none)", [CLASS, NONE], True),
        ("f.g/reduce(@l,none)", [Arg(type="import", qualname="acme.B"), NONE], False),
        ("f.g/reduce(@l,none)", [Arg(type="result"), NONE], None),
        ("f.g/reduce(@l,none)", [text("acme.A"), NONE], False),
        ("f.g/reduce(int|str)", [text("a")], True),
        ("f.g/reduce(int|str)", [NONE], False),
        ("f.g/reduce(int|1.5)", [Arg(type="float", value="1.5")], True),
        ("f.g/reduce(true)", [Arg(type="bool", value="false")], False),
        ("f.g/reduce(-3)", [Arg(type="int", value="-3")], True),
        ('f.g/reduce(b"\\x00a")', [Arg(type="bytes", value="\x00a")], True),
        ("f.g/reduce(any)", [UNKNOWN], True),
        ("f.g/reduce()", [], True),
        ("f.g/reduce()", [NONE], False),
        ("f.g/reduce(str,*)", [text("a"), UNKNOWN, UNKNOWN], True),
        ("f.g/reduce(str)", [text("a"), text("b")], False),
        ("f.g(str)", [text("a")], True),
        ("f.g", [UNKNOWN], True),
        ("f.**/reduce", [UNKNOWN], True),
        ("**.g/reduce", [], True),
        ("*.g/newobj", [], False),
        ("f.h/reduce", [], False),
    ],
)
def test_the_arguments_of_a_call_decide(item, args, said):
    assert shaped(call("f.g", *args), shapes(item)) is said


def test_entries_for_one_name_add_up():
    made = shapes("f.g/reduce(str)", "f.g/newobj", "f.**/inst")
    assert [shaped(call("f.g", kind=kind), made) for kind in ("reduce", "newobj", "inst", "obj")] == [
        *(False, True, True, False),
    ]


def test_keywords_and_what_was_cut_are_more_arguments():
    made = shapes("f.g/reduce(str)", "f.h/reduce(str,*)")
    keyword = (Kwarg(name="k", type="none"),)
    assert shaped(call("f.g", text("a"), kwargs=keyword), made) is False
    assert shaped(call("f.h", text("a"), kwargs=keyword), made) is True
    assert shaped(call("f.g", unknown=frozenset(("args",))), made) is None
    assert shaped(call("f.g", cut=frozenset(("args",))), made) is None


@pytest.mark.parametrize(
    ("item", "uses", "said"),
    [
        ("f.g/ref", ["ref"], True),
        ("f.g/ref", ["stored"], True),
        ("f.g/ref", ["called"], False),
        ("f.g/reduce", ["called"], True),
        ("f.g/reduce", ["called", "stored"], False),
        ("f.g/newobj|build", ["called", "ref"], True),
        ("f.g/build", ["built"], False),
        ("f.g", ["ref", "called"], True),
        ("f.g", ["built"], False),
        ("f.h", ["ref"], False),
    ],
)
def test_every_use_of_an_import_has_to_be_allowed(item, uses, said):
    assert shaped(imported("f.g", *uses), shapes(item)) is said


def test_uses_that_nobody_followed_leave_it_open():
    assert shaped(imported("f.g", "ref", unknown=frozenset(("uses",))), shapes("f.g/ref")) is None


@pytest.mark.parametrize(
    ("item", "fact", "said"),
    [
        ("f.g/build", state("f.g", "BUILD"), True),
        ("f.g/build", state("f.g", "SETITEM"), False),
        ("f.g/setitem", state("f.g", "SETITEMS", "result"), True),
        ("f.g/append", state("f.g", "APPEND"), True),
        ("f.g", state("f.g", "ADDITEMS"), True),
        ("f.g", state("f.g", "BUILD", "import"), False),
        ("f.g/newobj", state("f.g", "BUILD"), False),
    ],
)
def test_state_has_kinds_of_its_own(item, fact, said):
    assert shaped(fact, shapes(item)) is said


def test_names_may_come_from_another_list():
    made = shapes("@l/newobj", "f.g/ref")
    assert shaped(call("acme.A", kind="newobj"), made) is True
    assert shaped(call("acme.A"), made) is False
    assert made.contains("builtins.object")
    assert not made.contains("acme.B")


def test_a_list_may_hold_all_shapes_of_another():
    inner = matcher(compile_list("shapes", "dotted", "", ["f.g/reduce(str)"])[0])
    outer = matcher(compile_list("shapes", "dotted", "", ["@inner", "f.g/newobj", "@outer"])[0])
    lists = {"inner": inner, "outer": outer}
    made = outer.bind(lists)
    assert shaped(call("f.g", text("a")), made) is True
    assert shaped(call("f.g", NONE), made) is False
    assert shaped(call("f.g", kind="newobj"), made) is True
    assert not made.contains("f.h")


def test_lists_that_name_each_other_say_the_same_whichever_is_asked_first():
    for order in (("a", "b"), ("b", "a")):
        lists = {
            "a": matcher(compile_list("shapes", "dotted", "", ["@b", "f.g/newobj"])[0]),
            "b": matcher(compile_list("shapes", "dotted", "", ["@a", "@a/build"])[0]),
        }
        bound = {name: lists[name].bind(lists) for name in order}
        assert all(shaped(call("f.g", kind="newobj"), each) for each in bound.values())
        assert shaped(state("f.g", "BUILD"), bound["b"])


def test_what_is_remembered_of_names_is_bounded(monkeypatch):
    monkeypatch.setattr("modelaudit.engine.lang.shapes.KNOWN_MAX", 4)
    made = shapes("f.*/newobj")
    for name in [f"f.{n}" for n in range(10)] * 2 + ["g.g"]:
        assert made.contains(name) is name.startswith("f.")
        assert len(made._seen) <= 4


@pytest.mark.parametrize(
    ("item", "code", "said", "hint", "part"),
    [
        ("a/foo", "E228", "`foo` is no way to use a callable", "one of ref, ", "foo"),
        ("a/reduc", "E228", "`reduc` is no way to use a callable", "did you mean `reduce`?", "reduc"),
        ("a/reduce(str", "E228", "the arguments do not end with `)`", "such as", "(str"),
        ("a/reduce(st)", "E228", "`st` is no type of an argument", "did you mean `str`?", "st"),
        ("a/reduce(str,)", "E228", "an argument is missing", "an argument is", ")"),
        ("a/reduce(*,str)", "E228", "`,` cannot stand here", "an argument is", ","),
        ("a/reduce(str str)", "E228", "`str` cannot stand here", "an argument is", "str"),
        ("a/reduce(§)", "E228", "`§` cannot stand here", "an argument is", "§"),
        ('a/reduce("\\q")', "E228", "`\\q` is no escape", "escapes are", '"\\q"'),
        ("a/reduce(@nowhere)", "E209", "unknown list `@nowhere`", "an argument `@list`", "@nowhere"),
        ("a b", "E228", "`a b` is no name", "such as", "a b"),
        ("a/ref(str)", "E228", "arguments belong to a kind of call, and none is named", "one of ", "(str)"),
        ("a**/ref", "E220", "`a**`: `**` stands for whole segments and must be one by itself", "", "a**"),
        ("", "E228", "an entry is a name with the ways in which it may be used", "such as", ""),
        ("x" * 5000, "E223", "the entry is longer than 4 KiB", "", ""),
    ],
)
def test_a_malformed_entry_is_told_at_its_place(item, code, said, hint, part):
    _, (problem,) = compile_list("shapes", "dotted", "", [item], {"l": "core.l"}.get)
    assert (problem.code, problem.message) == (code, said)
    assert problem.help.startswith(hint)
    assert item[problem.start : problem.start + problem.length] == part


def test_an_entry_that_is_there_twice_is_told():
    assert [p.message for p in compile_list("shapes", "dotted", "", ["a/ref", "a/ref"])[1]] == [
        "`a/ref` is in the list twice"
    ]


@pytest.mark.parametrize(
    ("line", "fact", "said"),
    [
        ("shaped(call, $shapes)", call("acme.Net", kind="newobj"), True),
        ("shaped(call, $shapes)", call("acme.f", UNKNOWN, UNKNOWN), None),
        ("not shaped(call, $shapes)", call("acme.f", UNKNOWN, UNKNOWN), None),
        ("not shaped(call, $shapes)", call("acme.g"), True),
        ("listed(call.target, $shapes)", call("acme.f"), True),
        ("any c in calls: (shaped(c, $shapes))", call("acme.Net", kind="newobj"), True),
    ],
)
def test_conditions_ask_for_shapes(line, fact, said):
    kind = "artifact" if line.startswith("any") else "call"
    node = tree(fact)
    env = Env(node, node.artifact if kind == "artifact" else fact)
    assert link(program(line, kind=kind), matchers())(env) is said
