"""The truth tables, each cell of them, through compiled programs."""

import itertools

import pytest

from fixtures.expressions import evaluate, imported, tree
from modelaudit.engine.facts import Arg, Artifact, Call, Layer
from modelaudit.engine.lang import logic

T, F, U = True, False, None
ALL = (T, F, U)
LEAF = {
    T: 'import.name == "name"',
    F: 'import.name == "other"',
    U: 'import.opcode == "x"',
}
FACT = imported("module.name", unknown=frozenset(["opcode"]))


def test_leaves_have_the_values_that_the_tables_below_take():
    assert [evaluate(LEAF[value], fact=FACT) for value in ALL] == [T, F, U]


@pytest.mark.parametrize(("a", "b"), list(itertools.product(ALL, ALL)))
def test_and_is_false_if_any_is_else_unknown_if_any_is_else_true(a, b):
    expected = F if F in (a, b) else U if U in (a, b) else T
    assert evaluate(f"{LEAF[a]} and {LEAF[b]}", fact=FACT) is expected
    assert evaluate(LEAF[a], LEAF[b], fact=FACT) is expected
    assert logic.conjunction((a, b)) is expected


@pytest.mark.parametrize(("a", "b"), list(itertools.product(ALL, ALL)))
def test_or_is_true_if_any_is_else_unknown_if_any_is_else_false(a, b):
    expected = T if T in (a, b) else U if U in (a, b) else F
    assert evaluate(f"{LEAF[a]} or {LEAF[b]}", fact=FACT) is expected
    assert logic.disjunction((a, b)) is expected


@pytest.mark.parametrize(("a", "b", "c"), list(itertools.product(ALL, ALL, ALL)))
def test_three_operands_follow_the_same_tables(a, b, c):
    both = evaluate(f"{LEAF[a]} and {LEAF[b]} and {LEAF[c]}", fact=FACT)
    one = evaluate(f"{LEAF[a]} or {LEAF[b]} or {LEAF[c]}", fact=FACT)
    assert both is (F if F in (a, b, c) else U if U in (a, b, c) else T)
    assert one is (T if T in (a, b, c) else U if U in (a, b, c) else F)


@pytest.mark.parametrize(("a", "expected"), [(T, F), (F, T), (U, U)])
def test_not_swaps_true_and_false_and_keeps_unknown(a, expected):
    assert evaluate(f"not {LEAF[a]}", fact=FACT) is expected
    assert evaluate(f"not not not {LEAF[a]}", fact=FACT) is expected
    assert logic.negation(a) is expected


@pytest.mark.parametrize(("a", "b"), list(itertools.product(ALL, ALL)))
def test_negations_pushed_inside_mean_the_same(a, b):
    left = evaluate(f"not ({LEAF[a]} and not {LEAF[b]})", fact=FACT)
    assert left is logic.negation(logic.conjunction((a, logic.negation(b))))


# Has


def test_has_is_true_when_present_false_when_absent_unknown_when_not_computed_or_cut_away():
    def has(**fields):
        return evaluate("layer has code", fact=Layer("m", **fields))

    assert has(code="x") is T
    assert has() is F
    assert has(unknown=frozenset(["code"])) is U
    assert has(cut=frozenset(["code"])) is U
    assert has(code="x", cut=frozenset(["code"])) is T


def test_an_index_out_of_range_is_absent():
    call = Call("m", args=(Arg(type="str"),))
    assert evaluate("call has args[0]", fact=call) is T
    assert evaluate("call has args[1]", fact=call) is F
    assert evaluate('call.args[1].type == "str"', fact=call) is F
    assert evaluate('call.args[1].type != "str"', fact=call) is F
    assert evaluate('not (call.args[1].type == "str")', fact=call) is T
    assert evaluate('not (call.args[1].type != "str")', fact=call) is T


def test_the_parent_of_an_outermost_artifact_is_absent():
    child = tree(artifact=Artifact(path="a.zip!b", name="b"))
    outer = tree(artifact=Artifact(path="a.zip", name="a.zip", format="zip"), children=[child])
    line = 'parent has format and parent.format == "zip" and root.format == "zip"'
    assert evaluate(line, node=child) is T
    assert evaluate(line, node=outer) is F


# Quantifiers

ITEMS = {T: imported("a.yes"), F: imported("a.no"), U: imported("a.maybe", unknown=frozenset(["name"]))}
COUNTS = [(t, f, u, c) for t in (0, 1, 2) for f in (0, 1) for u in (0, 1, 2) for c in (False, True)]


def quantified(line, t, f, u, c):
    facts = [ITEMS[T]] * t + [ITEMS[F]] * f + [ITEMS[U]] * u
    return evaluate(line, node=tree(*facts, incomplete=["import"] if c else ()))


@pytest.mark.parametrize(("t", "f", "u", "c"), COUNTS)
def test_any_all_and_none_follow_their_tables(t, f, u, c):
    some = T if t else U if u or c else F
    every = F if f else U if u or c else T
    body = '(i.name == "yes")'
    for where in ("imports", "tree.imports"):
        assert quantified(f"any i in {where}: {body}", t, f, u, c) is some
        assert quantified(f"all i in {where}: {body}", t, f, u, c) is every
        assert quantified(f"none i in {where}: {body}", t, f, u, c) is logic.negation(some)
        assert quantified(f"not (all i in {where}: {body})", t, f, u, c) is logic.negation(every)
        assert quantified(f"not (any i in {where}: {body})", t, f, u, c) is logic.negation(some)
        assert quantified(f"not (none i in {where}: {body})", t, f, u, c) is some


@pytest.mark.parametrize(("t", "f", "u", "c"), COUNTS)
@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">="])
def test_count_is_decided_by_every_number_that_is_possible(t, f, u, c, op):
    compare = logic.COMPARISONS[op]
    possible = range(t, t + u + 1 + (50 if c else 0))
    for n in range(4):
        values = {compare(number, n) for number in possible}
        expected = values.pop() if len(values) == 1 else U
        assert quantified(f'count i in imports: (i.name == "yes") {op} {n}', t, f, u, c) is expected
        negated = quantified(f'not (count i in imports: (i.name == "yes") {op} {n})', t, f, u, c)
        assert negated is logic.negation(expected)


def test_empty_and_complete_collections():
    assert quantified("any i in imports: (true)", 0, 0, 0, False) is F
    assert quantified("all i in imports: (false)", 0, 0, 0, False) is T
    assert quantified("none i in imports: (true)", 0, 0, 0, False) is T
    assert quantified("count i in imports: (true) == 0", 0, 0, 0, False) is T


def test_a_tree_is_incomplete_when_anything_nested_is():
    child = tree(artifact=Artifact(path="a!b", name="b"), incomplete=["import"])
    outer = tree(imported("a.no"), children=[child])
    line = 'any i in {}: (i.name == "yes")'
    assert evaluate(line.format("imports"), node=outer) is F
    assert evaluate(line.format("tree.imports"), node=outer) is U


def test_incompleteness_is_of_one_kind_only():
    node = tree(incomplete=["call"])
    assert evaluate("any i in imports: (true)", node=node) is F
    assert evaluate("any c in calls: (true)", node=node) is U


def test_quantifiers_over_fields_know_unknown_and_cut_sets():
    def names(**fields):
        line = 'any n in import.names: (n == "a")'
        return evaluate(line, fact=imported("x", **fields)), evaluate(f"not ({line})", fact=imported("x", **fields))

    assert names(names=frozenset(["a"])) == (T, F)
    assert names(names=frozenset(["b"])) == (F, T)
    assert names(names=frozenset(["b"]), cut=frozenset(["names"])) == (U, U)
    assert names(names=frozenset(["a"]), cut=frozenset(["names"])) == (T, F)
    assert names(names=frozenset(["a"]), unknown=frozenset(["names"])) == (U, U)


def test_a_spent_budget_leaves_what_is_decided_and_makes_the_rest_unknown():
    from fixtures.expressions import compiled, matchers
    from modelaudit.engine.lang.evaluate import Env, Shared, link

    facts = [imported("a.no")] * 50
    line = 'any i in imports: (i.name == "yes")'
    for hit, budget, expected in ((49, 100, T), (49, 20, U), (5, 20, T)):
        node = tree(*facts[:hit], imported("a.yes"), *facts[hit:])
        env = Env(node, node.artifact, Shared(node, budget))
        assert link(compiled(line, kind="artifact"), matchers())(env) is expected


# When and unless


@pytest.mark.parametrize(
    ("when", "unless", "expected"),
    [
        (T, F, "match"),
        (T, U, "noted"),
        (T, T, "suppressed"),
        (U, F, "inconclusive"),
        (U, U, "inconclusive"),
        (U, T, "suppressed"),
        (F, F, "no-match"),
        (F, U, "no-match"),
        (F, T, "no-match"),
    ],
)
def test_an_unknown_exception_never_hides_a_match(when, unless, expected):
    assert logic.outcome(when, unless) == expected
