import pytest

from fixtures.packs import MANIFEST, RULE, changed
from modelaudit.cli.rules_check import _show_run
from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.errors import UsageError
from modelaudit.engine.facts import Artifact, Import, Place
from modelaudit.engine.factset import FactSet
from modelaudit.engine.packs.testing import run_tests

pytestmark = pytest.mark.usefixtures("alone")

HIT = "- {name: hit, facts: {imports: [{qualname: acme.run}]}, expect: match}"


def run(write, *changes, fixtures=None, only=None):
    write({"rules.yaml": changed(RULE, *changes)})
    return run_tests(["rules.yaml"], fixtures=fixtures, only=only)


def problems(write, *changes):
    return [result.problems for result in run(write, *changes).results]


def test_the_tests_of_a_good_rule_pass(write):
    found = run(write)
    assert found.ok
    assert [(r.rule, r.name, r.outcome) for r in found.results] == [
        ("ACME-1", "hit", "match"),
        ("ACME-1", "miss", "no-match"),
    ]


def test_only_the_rules_of_the_given_packs_are_tested(write):
    assert {result.pack for result in run(write).results} == {"rules"}


def test_the_built_in_packs_are_tested_when_no_path_is_given(monkeypatch):
    monkeypatch.undo()
    found = run_tests()
    assert found.rules > 0
    assert {result.pack for result in found.results} == {"core"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("acme.run}]}, expect: match", "acme.walk}]}, expect: match", "expected match, got no-match"),
        ("acme.walk}]}, expect: no-match", "acme.run}]}, expect: no-match", "expected no-match, got match"),
        ("expect: match}", "expect: {match: 2}}", "expected 2 findings, got 1"),
        ("expect: match}", "expect: {severity: critical}}", "expected severity critical, got warning"),
        ("expect: match}", "expect: {confidence: proved}}", "expected confidence proved, got likely"),
        ("expect: match}", "expect: {message: x}}", "expected message `x`, got `acme.run is imported`"),
        ("expect: match}", "expect: {at: ['model@0x4']}}", "expected a finding at model@0x4, got model"),
        ("acme.run}]}, expect: match", "acme.run}]}, expect: inconclusive", "expected inconclusive, got match"),
    ],
)
def test_what_differs_is_said(write, old, new, said):
    found = [p for test in problems(write, (old, new)) for p in test]
    assert found == [said]


@pytest.mark.parametrize(
    "expect",
    [
        "{match: 1, severity: warning, confidence: likely}",
        "{message: acme.run is imported}",
        "{at: ['model@0x4', model]}",
    ],
)
def test_details_that_agree_pass(write, expect):
    there = "qualname: acme.run, places: [{offset: 4}]"
    assert problems(write, ("qualname: acme.run", there), ("expect: match}", f"expect: {expect}}}")) == [(), ()]


def test_a_failed_test_shows_what_every_part_of_the_rule_said_of_its_facts(write, capsys):
    found = run(write, ("expect: no-match}", "expect: match}"))
    assert [len(result.traces) for result in found.results] == [0, 1]
    _show_run(found, verbose=False, quiet=False)
    shown = """
      expected match, got no-match
      model (pickle)
        import acme.walk: no-match, `import.qualname == "acme.run"` said no
          when   ✗ import.qualname == "acme.run"  — "acme.walk"
"""
    assert shown in capsys.readouterr().out


def test_groups_are_compared(write):
    grouped = (
        ("    for: import", "    group: [import.module]\n    for: import"),
        ("import.qualname ==", "import.module =="),
        ('"acme.run"', '"acme"'),
        ("{imports: [{qualname: acme.run}]}", "{imports: [{qualname: acme.run}, {qualname: acme.jump}]}"),
        ("acme.walk}]}", "other.walk}]}"),
    )
    assert problems(write, *grouped, ("expect: match}", "expect: {match: 1, group: [acme]}}")) == [(), ()]
    assert problems(write, *grouped, ("expect: match}", "expect: {group: [other]}}"))[0]


def test_no_match_can_be_written_as_a_count(write):
    assert problems(write, ("expect: no-match}", "expect: {match: 0}}")) == [(), ()]


def test_incomplete_facts_are_inconclusive(write):
    third = "\n      - {name: cut, facts: {incomplete: [imports]}, expect: inconclusive}\n"
    assert problems(write, ("expect: no-match}\n", f"expect: no-match}}{third}")) == [(), (), ()]


@pytest.mark.parametrize(("old", "lacking"), [("expect: match", "match"), ("expect: no-match", "no-match")])
def test_a_rule_needs_a_match_and_a_no_match(write, old, lacking):
    found = run(write, (old + "}", "expect: inconclusive}"))
    assert not found.ok
    assert [(d.code, d.span.line) for d in found.diagnostics] == [("E130", 3)]
    assert f"`{lacking}`" in found.diagnostics[0].message


def test_mistakes_in_facts_fail_the_test_and_are_told(write):
    found = run(write, ("qualname: acme.run", "qualnam: acme.run"))
    assert not found.ok
    assert [d.code for d in found.diagnostics] == ["E131"]
    assert found.failed[0].problems == ("its facts have mistakes",)


def test_mistakes_in_rules_are_refused(write):
    with pytest.raises(DiagnosticsError, match="E203"):
        run(write, ("import.qualname ==", "import.qualnam =="))


def test_one_rule_can_be_chosen_by_id_or_name(write):
    assert len(run(write, only="ACME-1").results) == 2
    assert len(run(write, only="acme-one").results) == 2
    with pytest.raises(UsageError, match="did you mean `ACME-1`"):
        run(write, only="ACME-l")


FIXTURE = (HIT, HIT + "\n      - {name: file, fixture: pickle/acme, expect: {match: 1, at: ['data.pkl@0x2']}}")


def test_fixtures_are_scanned_by_the_caller(write):
    def scan(name):
        assert name == "pickle/acme"
        path = "acme.pt!archive/data.pkl"
        found = Import(artifact=path, qualname="acme.run", places=(Place(offset=2),))
        return FactSet(Artifact(path=path, format="pickle"), {"import": [found]})

    found = run(write, FIXTURE, fixtures=scan)
    assert found.ok
    assert found.skipped == []


def test_fixtures_are_skipped_without_a_scanner(write):
    found = run(write, FIXTURE)
    assert found.ok
    assert [result.name for result in found.skipped] == ["file"]


def test_leaves_that_no_test_sees_both_ways_are_told(write):
    condition = "when: 'import.qualname == \"acme.run\" or import.computed'"
    found = run(write, ("when: 'import.qualname == \"acme.run\"'", condition))
    assert [(leaf.text, leaf.seen_true, leaf.seen_false) for leaf in found.coverage] == [
        ('import.qualname == "acme.run"', True, True),
        ("import.computed", False, True),
    ]


def test_a_rule_that_is_too_new_is_not_tested(write):
    write({"p/pack.yaml": MANIFEST, "p/rules/a.yaml": RULE})
    write({"p/rules/b.yaml": changed(RULE, ("version: 1", "version: 1\n    engine: '>=9'"), ("ACME-1", "ACME-2"))})
    found = run_tests(["p"])
    assert found.ok
    assert found.rules == 1
    assert found.notices == ("rule ACME-2 is left out: it needs modelaudit >=9, this is 1.0.0",)
