"""Lists and tables: what they find, how fast, and entries that do not fit."""

# ruff: noqa: E501 - tables read best one case a line

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelaudit.engine.lang.globs import compile_glob
from modelaudit.engine.lang.lists import compile_list, matcher


def made(kind, of, items, fold="none"):
    compiled, problems = compile_list(kind, of, fold, items)
    assert problems == []
    return matcher(json.loads(json.dumps(compiled)))


def problems(kind, of, items, fold="none"):
    return [(p.index, p.code, p.message, p.help) for p in compile_list(kind, of, fold, items)[1]]


def test_exact_lists_take_entries_as_they_are():
    found = made("exact", "plain", ["a", "", "b*"])
    assert [found.contains(value) for value in ("a", "", "b*", "bc", "A")] == [True, True, True, False, False]


def test_glob_lists_find_names_prefixes_suffixes_and_globs():
    found = made("glob", "dotted", ["os.system", "subprocess.**", "**.evil", "a.*.c", "torch.nn.**"])
    for value in ("os.system", "subprocess", "subprocess.a.b", "evil", "x.y.evil", "a.b.c", "torch.nn.Linear"):
        assert found.contains(value), value
    for value in ("os.systems", "subprocesses", "evil.x", "a.b.c.d", "torch", "torch.nnx", ""):
        assert not found.contains(value), value


DOTTED = st.lists(st.sampled_from(["a", "b", "ab", "*", "**", "a*", "?"]), min_size=1, max_size=3).map(".".join)
NAMES = st.lists(st.sampled_from(["", "a", "b", "ab", "aa"]), min_size=1, max_size=4).map(".".join)


@given(st.lists(DOTTED, unique=True, max_size=5), NAMES)
def test_a_list_has_what_one_of_its_entries_covers(items, name):
    covered = any(compile_glob(item, "dotted")(name) for item in items)
    assert made("glob", "dotted", items).contains(name) is covered
    assert made("shapes", "dotted", items).contains(name) is covered


def test_path_lists_know_both_separators():
    found = made("glob", "path", ["models/**", "**/x.pkl"])
    for value in ("models/a", "models!a", "a!x.pkl", "x.pkl"):
        assert found.contains(value), value
    assert not found.contains("model/a")


def test_regex_lists_search():
    found = made("regex", "plain", ["^a.c$", "evil", r"\.pkl$", "^pre[0-9]"])
    for value in ("abc", "an evil one", "x.pkl", "pre1x"):
        assert found.contains(value), value
    for value in ("abcd", "Evil", "x.pkls", "xpre1"):
        assert not found.contains(value), value


def test_folding_makes_case_and_look_alikes_equal():
    assert made("exact", "plain", ["MIT", "Straße"], "case").contains("mit")
    assert made("exact", "plain", ["MIT", "Straße"], "case").contains("STRASSE")
    assert made("glob", "dotted", ["NumPy.**"], "case").contains("numpy.core")
    assert made("exact", "plain", ["numpy"], "skeleton").contains("numру")  # two Cyrillic letters
    assert not made("exact", "plain", ["numpy"]).contains("Numpy")
    assert made("regex", "plain", ["^abc"], "case").contains("ABCD")


def test_the_row_of_an_exact_entry_comes_before_prefixes_the_longest_first_and_globs():
    rows = [
        {"key": "a.*.c", "n": "glob"},
        {"key": "a.**", "n": "short"},
        {"key": "a.b.**", "n": "long"},
        {"key": "a.b.c", "n": "exact"},
        {"key": "**.c", "n": "tail"},
    ]
    found = made("table", "dotted", rows)
    assert found.row("a.b.c") == {"key": "a.b.c", "n": "exact"}
    assert found.row("a.b.d")["n"] == "long"
    assert found.row("a.x")["n"] == "short"
    assert found.row("x.c")["n"] == "tail"
    assert found.row("x") is None
    assert made("exact", "plain", ["a"]).row("a") is None
    assert made("glob", "dotted", ["a.*.c"]).contains("a.b.c")


@pytest.mark.parametrize(
    ("kind", "of", "items", "expected"),
    [
        ("exact", "dotted", ["a", "a.**"], (1, "E228", "`a.**` is a glob in a list of kind exact", "make the list `kind: glob`")),
        ("exact", "plain", ["a", "b", "a"], (2, "E228", "`a` is in the list twice", "first as entry 1")),
        ("exact", "plain", ["a", {"key": "b"}], (1, "E228", "an entry of a list of kind exact is a string", "make the list `kind: table` to give columns")),
        ("table", "dotted", ["a"], (0, "E228", "an entry of a table is a row with a `key`", "write `{key: …, column: …}`")),
        ("table", "dotted", [{"x": "a"}], (0, "E228", "an entry of a table is a row with a `key`", "write `{key: …, column: …}`")),
        ("glob", "dotted", ["a.b**"], (0, "E220", "`a.b**`: `**` stands for whole segments and must be one by itself", "")),
        ("glob", "dotted", [""], (0, "E228", "the entry is empty", "")),
        ("regex", "plain", ["a(?=b)"], (0, "E221", "look-ahead `(?=` is not linear-time and not supported", "patterns are RE2: say it with two conditions, such as `matches … and not … matches …`")),
        ("regex", "plain", ["["], (0, "E222", "the pattern is not valid: a `[` is not closed", "")),
        ("exact", "plain", ["x" * 5000], (0, "E223", "the entry is longer than 4 KiB", "")),
        ("shapes", "dotted", ["a/ref", "a/rfe"], (1, "E228", "`rfe` is no way to use a callable", "did you mean `ref`?")),
    ],
)  # fmt: skip
def test_entries_that_do_not_fit_are_refused(kind, of, items, expected):
    assert problems(kind, of, items) == [expected]


def test_good_entries_stay_beside_bad_ones():
    compiled, found = compile_list("table", "dotted", "", [{"key": "a", "c": "1"}, "b", {"key": "c", "c": "2"}])
    assert [p.index for p in found] == [1]
    assert matcher(compiled).row("c") == {"key": "c", "c": "2"}


def test_a_look_up_does_not_grow_with_the_list():
    def seconds(size):
        items = [f"m{i}.**" if i % 2 else f"p.n{i}" for i in range(size)]
        found = made("glob", "dotted", items)
        values = [f"p.q{i}.x.y" for i in range(4000)]
        best = 1.0
        for _ in range(3):
            found._known.clear()
            start = time.process_time()
            for value in values:
                found.contains(value)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(20_000) < 8 * seconds(200) + 0.01


def test_a_folded_list_remembers_misses_and_hits_alike():
    found = made("exact", "plain", ["A"], "case")
    assert [found.contains("a"), found.contains("a"), found.contains("b"), found.contains("b")] == [
        *(True, True, False, False)
    ]


@pytest.mark.parametrize("fold", ["none", "case"])
def test_what_is_remembered_of_values_is_bounded(monkeypatch, fold):
    monkeypatch.setattr("modelaudit.engine.lang.lists.KNOWN_MAX", 4)
    names = made("glob", "dotted", ["f.*"], fold)
    for name in [f"f.n{n}" for n in range(10)] * 2 + ["g.g"]:
        assert names.contains(name) is name.startswith("f.")
        assert len(names._known) <= 4
