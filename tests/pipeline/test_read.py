"""Reading a tree of artifacts: routing, budgets, coverage, and parsers that break."""

from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import toys
from fixtures.toys import member, toy
from modelaudit.engine.facts import Limit
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline import budget as budgets
from modelaudit.pipeline.budget import Budget
from modelaudit.pipeline.read import ALL, TreeReader, extension_of, reasons

TAIL = b"TAIL"


def read(data, path="m.toy", budget=None):
    reader = TreeReader(toys.registry(), budget or Budget())
    return reader.read(path, BytesReader(data)), reader.errors


def tree(data, path="m.toy", budget=None):
    return read(data, path, budget)[0]


def limits(node):
    return [(limit.what, limit.by) for limit in node.facts.get("limit", ())]


def nested(depth, inner):
    data = inner
    for _ in range(depth):
        data = toy(member("m.toy", data))
    return data


def test_facts_are_folded_under_their_artifact():
    node = tree(toy("import os system", "import os system", "text hello"))
    (found,) = node.facts["import"]
    assert (found.qualname, found.n, [p.offset for p in found.places]) == ("os.system", 2, [4, 21])
    assert node.facts["text"][0].value == "hello"
    assert (node.artifact.coverage, node.artifact.incomplete) == ("full", frozenset())


def test_a_member_is_routed_by_its_content_with_a_path_of_its_own():
    node = tree(toy(member("sub/inner.bin", toy("import a b")), "text after"))
    (child,) = node.children
    assert child.artifact.path == "m.toy!sub/inner.bin"
    assert (child.artifact.name, child.artifact.extension, child.artifact.depth) == ("inner.bin", ".bin", 1)
    assert (child.artifact.format, child.artifact.role) == ("toy", "model")
    assert child.parent is node
    assert child.artifact.sha256 is None
    assert "text" in node.facts


@pytest.mark.parametrize(
    ("name", "written"),
    [("a!b", "m.toy!a%21b"), ("50%", "m.toy!50%25"), ("%21", "m.toy!%2521"), ("ü/é", "m.toy!ü/é")],
)
def test_marks_in_names_are_escaped(name, written):
    (child,) = tree(toy(member(name, toy()))).children
    assert child.artifact.path == written


def test_the_path_on_disk_is_escaped_too():
    assert tree(toy(), "dir/50%!.toy").artifact.path == "dir/50%25%21.toy"


@given(st.text(max_size=10), st.text(max_size=10))
def test_different_names_never_share_a_path(a, b):
    from modelaudit.engine.facts import quote_member

    paths = {f"m!{quote_member(a)}!{quote_member(b)}", f"m!{quote_member(b)}!{quote_member(a)}"}
    assert len(paths) == (1 if a == b else 2)
    assert all(path.count("!") == 2 for path in paths)


@pytest.mark.parametrize(
    ("name", "extension"),
    [("a.PKL", ".pkl"), ("a.tar.gz", ".gz"), (".gitignore", ""), ("a", ""), ("..", ""), ("a.", "."), ("..x", "")],
)
def test_the_extension_of_a_name(name, extension):
    assert extension_of(name) == extension


def test_a_polyglot_gives_the_facts_of_all_its_formats():
    node = tree(toy("import a b") + TAIL)
    assert node.artifact.formats == {"toy", "tail"}
    assert node.artifact.families == {"toy-family", "tail-family"}
    assert [d.code for d in node.facts["defect"]] == ["polyglot"]
    assert "import" in node.facts


def test_an_unknown_format_has_no_coverage_and_no_kind_is_called_incomplete():
    node = tree(b"\0\1", "m.bin")
    assert (node.artifact.format, node.artifact.coverage, node.artifact.incomplete) == ("unknown", "none", frozenset())
    assert list(reasons(node)) == ["no parser knows this format"]
    node.facts["limit"] = [Limit(node.artifact.path, what="ratio", by="file")]  # says nothing about what is missing
    assert list(reasons(node)) == ["no parser knows this format"]


def test_content_that_is_not_what_was_promised_has_partial_coverage():
    node = tree(b"\0\1", "m.tail")
    assert (node.artifact.format, node.artifact.coverage, node.artifact.incomplete) == ("tail", "partial", ALL)
    assert list(reasons(node)) == ["defect: unrecognised-content"]


def test_a_member_that_is_not_understood_takes_nothing_from_its_container():
    node = tree(toy(member("x.bin", b"\0\1")))
    assert (node.artifact.coverage, node.children[0].artifact.coverage) == ("full", "none")
    assert node.children[0].artifact.role == "member"


def test_defects_and_limits_that_affect_something_make_the_coverage_partial():
    node = tree(toy("defect odd", "limit odd"))
    assert node.artifact.coverage == "full"
    node = tree(toy("defect broken import call", "limit text text"))
    assert (node.artifact.coverage, node.artifact.incomplete) == ("partial", {"import", "call", "text"})
    assert list(reasons(node)) == ["limit reached: text", "defect: broken"]


def test_what_a_parser_learns_stands_in_the_artifacts_record():
    node = tree(toy("property version 7", "property producer me", "property role weights", "property path evil"))
    record = node.artifact
    assert (record.version, record.producer, record.role, record.path) == ("7", "me", "weights", "m.toy")


@pytest.mark.parametrize("command", ["crash", "recurse", "hungry"])
def test_a_parser_that_breaks_costs_its_artifact_and_nothing_else(command):
    data = toy(member("a.toy", toy("import a b", command, "import c d")), "import e f")
    node, errors = read(data)
    (child,) = node.children
    assert [fact.qualname for fact in child.facts["import"]] == ["a.b"]
    assert limits(child) == [("memory" if command == "hungry" else "crash", "tool")]
    assert (child.artifact.coverage, child.artifact.incomplete) == ("partial", ALL)
    assert [fact.qualname for fact in node.facts["import"]] == ["e.f"]
    assert node.artifact.coverage == "full"
    (error,) = errors
    assert (error.code, error.path) == ("crash", "m.toy!a.toy")
    assert error.message.isprintable()
    assert error.message.encode()


def test_a_recogniser_that_breaks_costs_its_artifact(monkeypatch):
    def broken(head, reader):
        raise IndexError

    monkeypatch.setitem(toys.RECOGNISERS, "toy", broken)
    node, errors = read(b"TOY")
    assert (node.artifact.format, node.artifact.coverage) == ("unknown", "none")
    assert [error.code for error in errors] == ["crash"]


def test_an_interrupt_is_not_taken_for_a_crash(monkeypatch):
    def interrupted(head, reader):
        raise KeyboardInterrupt

    monkeypatch.setitem(toys.RECOGNISERS, "toy", interrupted)
    with pytest.raises(KeyboardInterrupt):
        read(b"TOY")


def test_artifacts_nested_too_deep_are_listed_and_not_read():
    node = tree(nested(10, toy("import a b")))
    nodes = list(node.walk())
    assert [n.artifact.depth for n in nodes] == list(range(10))
    deepest = nodes[-1]
    assert limits(deepest) == [("depth", "file")]
    assert (deepest.artifact.coverage, deepest.artifact.incomplete) == ("none", ALL)
    assert all(n.artifact.coverage == "full" for n in nodes[:-1])


def test_a_users_depth_is_the_users_limit():
    node = tree(nested(3, toy()), budget=Budget(max_depth=1))
    assert [limits(n) for n in node.walk()] == [[], [], [("depth", "user")]]


def test_members_are_counted_over_the_whole_tree():
    budget = Budget()
    budget.limits["members"] = 5
    inner = toy(*[member(f"{i}.toy", toy()) for i in range(3)])
    node = tree(toy(*[member(f"{i}.toy", inner) for i in range(3)], "import a b"), budget=budget)
    assert sum(1 for _ in node.walk()) - 1 == 5
    assert limits(node.children[1]) == [("members", "file")]
    assert limits(node) == [("members", "file")]


def test_a_member_that_expands_beyond_the_ratio_is_cut_short(monkeypatch):
    monkeypatch.setattr(budgets, "RATIO_FREE", 100_000)
    data = toy("import a b", "walk")
    node = tree(toy(member("bomb.toy", data, 10_000_000), member("fine.toy", toy("import c d"))))
    bomb, fine = node.children
    assert limits(bomb) == [("ratio", "file")]
    assert [f.qualname for f in bomb.facts["import"]] == ["a.b"]
    assert fine.artifact.coverage == "full"


def test_a_look_at_the_end_of_a_bomb_is_refused_and_its_beginning_is_read(monkeypatch):
    monkeypatch.setattr(budgets, "RATIO_FREE", 100_000)
    node = tree(toy(member("bomb.toy", toy("import a b"), 10_000_000)))
    (bomb,) = node.children
    assert bomb.artifact.format == "toy"
    assert [f.qualname for f in bomb.facts["import"]] == ["a.b"]
    assert limits(bomb) == [("ratio", "file")]


def test_expanded_bytes_are_counted_over_the_whole_tree():
    budget = Budget()
    budget.limits["expanded"] = budgets.RESERVE + 30_000
    bombs = [member(f"{i}.toy", toy("walk"), 20_000) for i in range(4)]
    node = tree(toy(*bombs), budget=budget)
    assert [limits(n) for n in node.children] == [[], []]
    assert limits(node) == [("bytes", "file")]
    assert budget.expanded == 40_000


def test_what_a_huge_member_was_refused_is_left_for_others():
    budget = Budget()
    budget.limits["expanded"] = 64 * 1024 * 1024
    node = tree(toy(member("huge.bin", b"\0", 1 << 40), member("small.toy", toy("import a b"))), budget=budget)
    assert [limits(n) for n in node.children] == [[("ratio", "file")], []]


def test_stored_bytes_of_a_large_file_are_no_expansion():
    budget = Budget()
    budget.limits["expanded"] = budgets.RESERVE
    budget.allow(budgets.RESERVE)
    node = tree(toy(*[member("a.toy", toy("#" * 60_000, "walk")) for _ in range(4)]), budget=budget)
    assert [limits(n) for n in node.walk()] == [[]] * 5


def test_what_a_small_file_may_expand_to_depends_on_its_size(monkeypatch):
    monkeypatch.setattr(budgets, "FREE", budgets.RESERVE + 30_000)
    bombs = toy(*[member(f"{i}.toy", toy("walk"), 20_000) for i in range(4)])
    small, large = Budget(), Budget()
    small.allow(1000)
    large.allow(1_000_000)
    assert limits(tree(bombs, budget=small)) == [("bytes", "file")]
    assert limits(tree(bombs, budget=large)) == []
    large.allow(1 << 40)
    assert large.limits["expanded"] == 2 << 40


def test_time_ends_reading_everywhere_and_keeps_what_was_found():
    budget = Budget(deadline=monotonic() + 0.2, timeout=0.2)
    data = toy("import a b", member("a.toy", toy("import c d", "endless")), member("b.toy", toy()), "import e f")
    node = tree(data, budget=budget)
    assert [f.qualname for f in node.facts["import"]] == ["a.b"]
    assert [f.qualname for f in node.children[0].facts["import"]] == ["c.d"]
    assert limits(node) == limits(node.children[0]) == [("time", "user")]
    assert node.artifact.incomplete == ALL
    assert len(node.children) == 1
    assert budget.timed_out


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["import a b", "crash", "member a.toy 5", "member a 999999", "walk", "x"]), max_size=6))
def test_no_file_makes_reading_raise(commands):
    node = tree(toy(*commands))
    assert node.artifact.coverage in ("full", "partial")
