"""Judging by index: only candidates are evaluated, and an index that lies is found out."""

import pytest

from fixtures.expressions import LISTS
from fixtures.rulesets import compiled, rule, ruleset
from modelaudit.cli.run import run
from modelaudit.engine.facts import Artifact, Import
from modelaudit.engine.factset import FactSet
from modelaudit.engine.index.index import Index
from modelaudit.engine.index.table import Table
from modelaudit.engine.index.verify import IndexMismatchError
from modelaudit.engine.judge import judge
from modelaudit.engine.lang.lists import compile_list, matcher
from modelaudit.engine.packs.testing import run_tests
from modelaudit.engine.ruleset import Ruleset
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.limits import Limits, Options
from modelaudit.pipeline.one import Plan, scan_one
from modelaudit.sources.local import discover

MATCHERS = {name: matcher(compile_list(*parts)[0]) for name, parts in LISTS.items()}


def tree(*names: str, format: str = "pickle", incomplete=(), **fields) -> FactSet:
    facts = [Import("m", qualname=name, names=frozenset({name}), **fields) for name in names]
    artifact = Artifact(path="m", format=format, formats=frozenset({format}), incomplete=frozenset(incomplete))
    return FactSet(artifact, {"import": facts} if facts else {})


def equal(*names: str, **fields) -> Ruleset:
    """One rule for each name."""
    when = [{"op": "==", "left": {"path": ["import", "qualname"]}, "right": {"lit": name}} for name in names]
    message = {"parts": []}
    return ruleset(*({"id": f"T{at}", "when": each, "message": message, **fields} for at, each in enumerate(when)))


def built(ruleset: Ruleset) -> list[int]:
    """The numbers of the rules that were made so far."""
    return [at for at, rule in enumerate(ruleset.rules._items) if rule is not None]


@pytest.fixture
def unverified(monkeypatch):
    monkeypatch.delenv("MODELAUDIT_VERIFY_INDEX")


def test_only_candidates_are_even_built(unverified):
    rules = equal("a", "b", "c")
    trials = list(rules.index.trials(tree("b", "x"), {}))
    assert [trial.rule.id for trial in trials] == ["T1"]
    assert built(rules) == [1]


def test_rules_for_other_formats_are_not_built(unverified):
    rules = equal("a", "b", formats=["zip"])
    assert list(rules.index.trials(tree("a", "b"), {})) == []
    assert built(rules) == []
    assert [t.rule.id for t in rules.index.trials(tree("a", format="zip"), {})] == ["T0"]


def test_a_field_that_is_not_known_leaves_every_rule_about_it_open():
    rules = equal("a", "b")
    judgement = judge(rules, tree("x", unknown=frozenset({"qualname"})))
    assert [item.rule for item in judgement.inconclusive] == ["T0", "T1"]
    assert judgement.inconclusive[0].cause == "something that it reads is not known"


def test_a_kind_that_may_lack_facts_leaves_every_rule_about_it_open():
    assert [item.rule for item in judge(equal("a", "b"), tree(incomplete=["import"])).inconclusive] == ["T0", "T1"]


def test_an_index_that_lies_is_refused():
    rules = equal("a", "b")
    rules.index.doc["kinds"]["import"]["sources"][0]["eq"].pop("b")
    with pytest.raises(IndexMismatchError, match="rule T1 on m: by index 0 facts match, without it 1 fact matches"):
        judge(rules, tree("b"))
    rules.verify_index = False
    assert judge(rules, tree("b")).findings == ()


@pytest.mark.parametrize("option", [[], ["--verify-index"]])
def test_a_scan_by_a_lying_index_ends_with_exit_code_2_when_it_is_verified(tmp_path, monkeypatch, capsys, option):
    monkeypatch.setenv("MODELAUDIT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("MODELAUDIT_VERIFY_INDEX")
    monkeypatch.setattr(Index, "trials", lambda *_: iter(()))
    (tmp_path / "evil.pkl").write_bytes(b"cos\nsystem\n(S'echo'\ntR.")
    code = run(["scan", str(tmp_path / "evil.pkl"), *option])
    assert code == (2 if option else 0)
    assert ("without it 1 fact matches; please report the rule" in capsys.readouterr().err) is bool(option)


def test_answers_are_kept_for_each_distinct_value():
    calls = []

    class Counted:
        items = ("a",)

        def contains(self, value):
            calls.append(value)
            return value == "a"

    table = Table({"rules": [0, 1], "lists": {"x": {"in": [0], "out": [1]}}}, {"x": Counted()})
    assert [sorted(table.find(value)) for value in ("a", "b", "a", "b")] == [[0], [1], [0], [1]]
    assert calls == ["a", "b"]


def test_long_values_are_not_kept():
    table = Table({"rules": [0], "eq": {"a": [0]}}, MATCHERS)
    table.find("x" * 2000)
    assert table._answers == {}


@pytest.mark.parametrize(
    ("doc", "value", "found"),
    [
        ({"eq": {"a": [0]}, "same": [[1.5, 1], [{"bytes": "\xff"}, 2]]}, 1.5, [1]),
        ({"eq": {"a": [0]}, "same": [[1.5, 1], [{"bytes": "\xff"}, 2]]}, b"\xff", [2]),
        ({"ne": {"rules": [0, 1], "texts": {"a": [0]}, "others": [[2, 1]]}}, "a", [1]),
        ({"ne": {"rules": [0, 1], "texts": {"a": [0]}, "others": [[2, 1]]}}, 2, [0]),
        ({"under": {"dotted": {"os": [0], "os.path": [1]}}}, "os.path.join", [0, 1]),
        ({"under": {"dotted": {"os": [0]}}}, "osx", []),
        ({"under": {"path": {"a/b": [0]}}}, "a/b!c", [0]),
        ({"below": {"dotted": {"system": [0]}}}, "os.system", [0]),
        ({"below": {"dotted": {"system": [0]}}}, "ossystem", []),
        ({"prefix": {"a": [0], "abc": [1], "abd": [2]}}, "abcd", [0, 1]),
        ({"suffix": {"d": [0], "bcd": [1], "x": [2]}}, "abcd", [0, 1]),
        ({"atoms": {"ab": [["ab", [0]]], "cdef": [["abcdef", [1]], ["xcdef", [2]]]}}, "zabcdefz", [0, 1]),
        ({"orders": [[">", 1.0, 0], [">=", 2, 1], ["<", 2, 2], ["<=", 2, 3]]}, 2, [0, 1, 3]),
        ({"regexes": {"a+b": [0], "c{2}": [1], "z": [2]}}, "aabcc", [0, 1]),
        ({"regexes": {"(?P<x>a)": [0], "(?P<x>b)": [1]}}, "b", [1]),
        ({"present": [0], "absent": [1]}, "x", [0]),
        ({"present": [0], "absent": [1]}, None, [1]),
        ({"lists": {"core.exec": {"in": [0], "out": [1]}}}, "os.system", [0]),
        ({"tests": [[{"op": "contains", "right": {"items": ["a"]}, "neg": True}, [0]]]}, "b", [0]),
    ],
)
def test_a_look_up_finds_the_rules(doc, value, found):
    assert sorted(Table({"rules": [0, 1, 2, 3], **doc}, MATCHERS).find(value)) == found


def test_many_texts_are_found_like_few():
    atoms = {f"{n:04d}": [[f"part{n:04d}", [n]]] for n in range(100)}
    table = Table({"rules": list(range(100)), "atoms": atoms}, MATCHERS)
    assert sorted(table.find("xpart0042part0017")) == [17, 42]
    assert table.find("0042") == frozenset()


def test_the_order_of_findings_is_that_of_the_rules(tmp_path):
    rules = rule("T-3", when="'import.qualname == \"b\"'") + rule("T-1", when="'import.qualname startswith \"b\"'")
    found, _ = compiled(tmp_path, rules + rule("T-2", when="'import.names overlaps [\"b\"]'"))
    assert [finding.rule for finding in judge(found, tree("b")).findings] == ["T-3", "T-1", "T-2"]


# Pushdown


TEXTS = {"for_": "text", "when": "'text.value contains \"x\"'", "message": "'m'"}


@pytest.mark.parametrize(
    ("fields", "policy", "wanted"),
    [
        ({}, "", True),
        ({"status": "experimental"}, "", False),
        ({"status": "experimental"}, "maturity: [experimental]\n", True),
        ({}, "ignore: [T-1]\n", False),
        ({}, "select: ['tag:none*']\n", False),
    ],
)
def test_only_what_a_live_rule_reads_is_wanted(tmp_path, fields, policy, wanted):
    found, _ = compiled(tmp_path, rule(**TEXTS, **fields), policy)
    assert found.wants("text") is wanted
    assert found.wants("text.value") is wanted


def test_what_only_a_message_shows_is_wanted_too(tmp_path):
    found, _ = compiled(tmp_path, rule(message="'{import.opcode}'", when="'import.computed'"))
    assert found.wants("import.opcode")
    assert not found.wants("import.module")


def test_texts_of_a_pickle_are_computed_only_for_a_live_rule(tmp_path):
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04\x8c\x11a constant string\x94.")
    (source,) = discover([str(tmp_path / "m.pkl")])
    kinds = {}
    for status in ("stable", "experimental"):
        rules, _ = compiled(tmp_path, rule(**TEXTS, status=status))
        result = scan_one(source, Plan(Registry.load(), Limits(Options(), {}), rules))
        kinds[status] = set(result.tree.facts)
    assert "text" in kinds["stable"]
    assert "text" not in kinds["experimental"]


def test_the_tests_of_rules_find_an_index_that_lies(tmp_path, monkeypatch):
    tests = "[{name: y, facts: {imports: [{qualname: a}]}, expect: match}, {name: n, facts: {}, expect: no-match}]"
    text = rule(when="'import.qualname == \"a\"'", tests=tests)
    (tmp_path / "t.yaml").write_text(f"schema: modelaudit/rules@1\nrules:\n{text}", encoding="utf-8")
    assert run_tests([str(tmp_path / "t.yaml")]).ok
    monkeypatch.setattr(Index, "trials", lambda *_: iter(()))
    (failed,) = run_tests([str(tmp_path / "t.yaml")]).failed
    assert failed.problems == ("on model: by index 0 facts match, without it 1 fact matches",)


def test_a_value_that_no_dict_takes_as_a_key_leaves_its_rules_open():
    assert Table({"rules": [0, 1], "eq": {"a": [0]}}, MATCHERS).find({"a": "b"}) == {0, 1}
