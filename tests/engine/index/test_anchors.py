"""Which anchor a condition has, and what it is kept under."""

import json
import re

import pytest

from fixtures.expressions import LISTS, compiler, span
from fixtures.rulesets import RULE
from modelaudit.engine.index.build import anchors_of, build, unanchored
from modelaudit.engine.lang.globs import glob_literal
from modelaudit.engine.lang.lists import compile_list
from modelaudit.engine.lang.literals import regex_literals

COMPILED = {name: compile_list(*parts)[0] for name, parts in LISTS.items()}


def rule(text: str, kind: str = "import", id: str = "T1", **fields):
    maker = compiler()
    program = maker.expression([(text, span(text))], kind, requires=["tensor.stats"])
    assert program is not None, [d.message for d in maker.diagnostics]
    return {**RULE, "id": id, "for": kind, "when": program, "message": [], **fields}


def anchor_of(text: str, kind: str = "import"):
    """The tests of the anchor; None when there is none."""
    (keys,) = anchors_of([rule(text, kind)], COMPILED)
    return None if keys is None else [test for _, test in keys]


@pytest.mark.parametrize(
    ("text", "anchor"),
    [
        ('import.qualname == "os.system"', [["eq", "os.system"]]),
        ('"os.system" == import.qualname', [["eq", "os.system"]]),
        ('import.qualname in ["a", "b"]', [["eq", "a"], ["eq", "b"]]),
        ('import.qualname != "a"', [["ne", ["a"]]]),
        ('import.qualname not in ["a", "b"]', [["ne", ["a", "b"]]]),
        ("import.qualname in $names", [["list", "core.names", False]]),
        ("import.qualname not in $names", [["list", "core.names", True]]),
        ("import.qualname glob $exec", [["list", "core.exec", False]]),
        ('import.qualname glob "os.**"', [["under", "dotted", "os"]]),
        ('import.qualname glob "**.system"', [["below", "dotted", "system"]]),
        ('import.qualname glob "os.*.evil_one.*"', [["contains", "evil_one"]]),
        ('import.qualname startswith "os."', [["prefix", "os."]]),
        ('import.qualname endswith [".a", ".b"]', [["suffix", ".a"], ["suffix", ".b"]]),
        ('import.qualname contains "sys"', [["contains", "sys"]]),
        (
            "import.qualname contains $names",
            [["test", {"neg": False, "op": "contains", "right": {"list": "core.names"}}]],
        ),
        ('import.qualname matches "^os[.]x"', [["prefix", "os"]]),
        ('import.qualname matches "tok_[0-9]+"', [["contains", "tok_"]]),
        ('import.qualname matches "[a-z]{9}"', [["regex", "[a-z]{9}"]]),
        ('"called" in import.uses', [["eq", "called"]]),
        ('import.uses overlaps ["called", "built"]', [["eq", "called"], ["eq", "built"]]),
        ("import.names overlaps $exec", [["list", "core.exec", False]]),
        ("any n in import.names: (n glob $exec)", [["list", "core.exec", False]]),
        ('count n in import.names: (n == "a") >= 2', [["eq", "a"]]),
        ("import.computed", [["eq", True]]),
        ("not import.computed", [["eq", False], ["absent"]]),
        ('lower(import.qualname) == "os"', [["eq", "os"]]),
        ("true", None),
        ("false", []),
        ('all n in import.names: (n == "a")', None),
        ('none n in import.names: (n == "a")', None),
        ('count n in import.names: (n == "a") <= 2', None),
        ('"called" not in import.uses', None),
        ("import.qualname == import.module", None),
        ('import.names within ["a"]', None),
    ],
)
def test_a_condition_is_anchored_by(text, anchor):
    assert anchor_of(text) == anchor


@pytest.mark.parametrize("text", ["metadata.number != 0.5", "metadata.number not in [0.5, 2.0]"])
def test_the_negation_of_an_inequality_of_numbers_has_no_anchor_because_nan_satisfies_it(text):
    assert anchor_of(f"not (metadata has number and {text})", "metadata") is None


def test_a_conjunction_takes_its_rarest_anchor():
    assert anchor_of('import.opcode != "GLOBAL" and import.qualname == "a" and import.computed') == [["eq", "a"]]
    others = [rule(f'import.opcode == "GLOBAL" and import.qualname startswith "p{n}."', id=f"T{n}") for n in range(40)]
    keys = anchors_of(others, COMPILED)
    assert [test for _, test in keys[7]] == [["prefix", "p7."]]  # forty rules share the equality


def test_a_disjunction_unites_the_anchors_of_its_parts_or_has_none():
    assert anchor_of('import.qualname == "a" or import.opcode == "INST"') == [["eq", "a"], ["eq", "INST"]]
    assert anchor_of('import.qualname == "a" or import.qualname == import.module') is None


def test_rules_about_an_artifact_are_anchored_by_its_facts():
    (made,) = build([rule('any n in tree.imports: (n.qualname == "a")', "artifact")], COMPILED)["kinds"]["artifact"][
        "sources"
    ]
    assert made["whole"]
    assert made["eq"] == {"a": [0]}
    assert anchor_of("any n in imports: (n.qualname == n.module)", "artifact") == [["eq", True]]  # there is one at all


def test_what_has_no_anchor_is_told_apart_from_what_is_only_looked_up():
    rules = [
        rule('import.qualname == "a"', id="A"),
        rule("import.qualname == import.module", id="B"),
        rule("tensor.stats.mean > 1.0", "tensor", id="C"),
        rule("any n in import.names: (n == import.module)", id="D"),
    ]
    assert unanchored(rules, COMPILED) == ["B", "C", "D"]
    assert [kind["always"] for kind in build(rules, COMPILED)["kinds"].values()] == [[1], []]


def test_a_list_is_looked_up_once_for_all_rules_that_name_it():
    rules = [rule("import.qualname glob $exec", id=f"T{n}") for n in range(5)]
    (source,) = build(rules, COMPILED)["kinds"]["import"]["sources"]
    assert source["lists"] == {"core.exec": {"in": [0, 1, 2, 3, 4], "out": []}}


def test_texts_are_kept_under_the_part_that_fewest_share():
    rules = [rule(f'import.qualname contains "frag_{n}_end"', id=f"T{n}") for n in (17, 18, 19)]
    (source,) = build(rules, COMPILED)["kinds"]["import"]["sources"]
    assert all(len(texts) == 1 for texts in source["atoms"].values())


def test_the_index_is_plain_json():
    made = build([rule('import.qualname == "a"')], COMPILED)
    assert json.loads(json.dumps(made)) == made


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("abc", ["abc"]),
        ("ab+cde", ["cde"]),
        ("abcd?ef", ["abc"]),
        ("(?:foo1|bar2)baz", ["bar2", "foo1"]),
        (r"\bfoo\.bar\b", ["foo.bar"]),
        ("(abc)*def", ["def"]),
        ("(abc)+?x", []),
        ("(abc)+x", ["abc"]),
        ("abc|x", []),
        ("abc|xyz", ["abc", "xyz"]),
        ("[abc]+xyz[^x]", ["xyz"]),
        ("(?i)abc", []),
        ("(?i:abc)def", []),
        ("(?s)abc.def", ["abc"]),
        ("(?P<name>abcd)e", ["abcd"]),
        (r"abc\x41def", []),
        (r"\pNabc", []),
        ("[[:alpha:]]abc", []),
        ("a{3}bcd", ["bcd"]),
        ("abcd{0,3}", ["abc"]),
        ("abc{", []),
        (r"[\]]abc", ["abc"]),
        ("[]a]bcd", ["bcd"]),
        ("", []),
    ],
)
def test_the_texts_that_a_regular_expression_needs(pattern, texts):
    assert regex_literals(pattern) == texts


@pytest.mark.parametrize("pattern", ["ab(c|d)e+fgh", "(?:xyz|uvw)?abc[0-9]", "a.c(def)+", "(foo|bar|baz)(qux)?"])
def test_every_match_has_one_of_the_texts(pattern):
    needed = regex_literals(pattern)
    assert needed
    for text in ("abcefgh", "abdeefgh", "abc1", "xyzabc2", "axcdefdef", "fooqux", "baz"):
        if re.search(pattern, text):
            assert any(each in text for each in needed)


def test_the_text_that_a_glob_needs_stands_within_one_segment():
    assert glob_literal("os.*.system", "dotted") == "system"
    assert glob_literal("a.**.b", "dotted") in "ab"
    assert glob_literal("*/*", "path") == ""


def test_a_long_list_of_texts_is_tried_by_its_own_test():
    many = {**COMPILED, "core.names": {**COMPILED["core.names"], "items": [f"item{n}" for n in range(1000)]}}
    rules = [rule("import.qualname contains $names", id=f"T{n}") for n in range(3)]
    (source,) = build(rules, many)["kinds"]["import"]["sources"]
    ((test, numbers),) = source["tests"]
    assert (test["right"], numbers) == ({"list": "core.names"}, [0, 1, 2])
