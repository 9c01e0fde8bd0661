"""What lint doubts, and what it leaves alone."""

import pytest

from fixtures.packs import RULE, changed
from modelaudit.engine.authoring.lint import lint

WHEN = "when: 'import.qualname == \"acme.run\"'"


@pytest.fixture(autouse=True)
def _alone(alone):
    pass


def doubts(write, *rules):
    head, _, _ = RULE.partition("  - ")
    write({"rules.yaml": head + "".join(rule.partition("rules:\n")[2] for rule in rules)})
    return [(d.code, d.span.line, d.span.column) for d in lint(["rules.yaml"]).diagnostics]


def other(*changes):
    return changed(RULE, ("ACME-1", "ACME-2"), ("acme-one", "acme-two"), *changes)


def test_a_good_rule_raises_no_doubt(write):
    assert doubts(write, RULE) == []


@pytest.mark.parametrize(
    "condition",
    [
        'import.name == "a" and import.name == "b"',
        'import.name == "a" and import.name in ["b", "c"]',
        "import.computed and not import.computed",
        'import.qualname glob "a.**" and import.qualname not glob "a.**"',
        '1 == 2 and import.name == "a"',
        'any n in import.names: (n == "a" and n == "b")',
        '(import.name == "a" and import.name == "b") or (import.name == "c" and import.name != "c")',
    ],
)
def test_a_condition_that_can_never_hold_is_told(write, condition):
    assert doubts(write, changed(RULE, (WHEN, f"when: '{condition}'"))) == [("W311", 12, 12)]


@pytest.mark.parametrize(
    "condition",
    [
        'import.name == "a" or import.name == "b"',
        '"a" in import.names and "b" in import.names',
        'import.name == "a" and (any n in import.names: (n == "b"))',
        'import.name in ["a", "b"] and import.name in ["b", "c"]',
    ],
)
def test_a_condition_that_can_hold_is_left_alone(write, condition):
    assert doubts(write, changed(RULE, (WHEN, f"when: '{condition}'"))) == []


def test_a_repeated_condition_is_told_at_its_second_place(write):
    twice = "when: 'import.computed and import.name == \"a\" and import.computed'"
    assert doubts(write, changed(RULE, (WHEN, twice))) == [("W313", 12, 55)]


def test_an_exception_that_never_holds_is_told(write):
    text = changed(RULE, (WHEN, WHEN + "\n    unless: ['import.n > 1 and false']"))
    assert doubts(write, text) == [("W312", 13, 15)]


def test_a_raise_after_a_wider_one_is_told(write):
    cases = (
        "raise:\n"
        "      - {when: 'import.computed', severity: critical}\n"
        "      - {when: 'import.computed and import.n > 1', confidence: proved}\n"
        "    formats: [pickle]"
    )
    assert doubts(write, changed(RULE, ("formats: [pickle]", cases))) == [("W314", 12, 17)]


def test_a_rule_that_another_one_absorbs_and_covers_is_told(write):
    wide = changed(RULE, ("formats: [pickle]", "absorbs: [ACME-2]"))
    narrow = other((WHEN, "when: ['import.qualname == \"acme.run\"', 'import.computed']"))
    assert doubts(write, wide, narrow) == [("W315", 20, 9)]
    graver = changed(narrow, ("severity: warning", "severity: critical"))
    assert doubts(write, wide, graver) == []
    assert doubts(write, changed(wide, ("absorbs: [ACME-2]", "tags: [a]")), narrow) == []


def test_a_rule_with_an_exception_does_not_shadow(write):
    wide = changed(RULE, ("formats: [pickle]", "absorbs: [ACME-2]\n    unless: ['import.computed']"))
    assert doubts(write, wide, other()) == []


def test_two_rules_for_the_same_are_told_once(write):
    assert doubts(write, RULE, other()) == [("W316", 20, 9)]
    assert doubts(write, RULE, other(("formats: [pickle]", "formats: [zip]"))) == []


def test_former_ids_and_deprecated_rules_are_told_where_they_are_named(write):
    first = changed(RULE, ("formats: [pickle]", "absorbs: [ACME-OLD, ACME-2]"))
    second = other(
        ("formats: [pickle]", "aliases: [ACME-OLD]\n    replaced_by: ACME-1"),
        ("status: stable", "status: deprecated"),
        (WHEN, "when: 'import.name == \"b\"'"),
    )
    assert doubts(write, first, second) == [("W304", 10, 15), ("W306", 10, 25)]


def test_a_deprecated_rule_says_what_replaced_it(write):
    assert doubts(write, changed(RULE, ("status: stable", "status: deprecated"))) == [("W305", 7, 13)]


def test_a_rule_keeps_what_it_means_to_keep(write):
    kept = changed(RULE, (WHEN, "when: 'len(import.qualname) > 9'"))
    assert doubts(write, kept) == [("W310", 12, 12)]
    assert doubts(write, changed(kept, ("formats: [pickle]", "x-lint-ignore: [W310]"))) == []


def test_mistakes_are_told_with_the_doubts_and_do_not_hide_them(write):
    broken = other((WHEN, "when: 'import.nam == \"a\"'"))
    doubtful = changed(RULE, ("    why: It would run.\n", ""))
    assert [code for code, _, _ in doubts(write, broken, doubtful)] == ["E203", "W301"]
