"""What one rule says of very many artifacts of a file is told for some, and counted for the others."""

import pytest

from fixtures.rulesets import compiled, rule
from modelaudit.engine.facts import Artifact, Import
from modelaudit.engine.factset import FactSet
from modelaudit.engine.judge import judge
from modelaudit.engine.judging.findings import MAX_FINDINGS
from modelaudit.engine.judging.undecided import TOLD

MANY = TOLD + 100
WHEN = "'import.qualname == \"os.system\"'"


def node(path, *children, format="pickle", coverage="partial"):
    families = frozenset(["pickle-family"])
    record = Artifact(path=path, format=format, families=families, coverage=coverage, incomplete=frozenset(["import"]))
    return FactSet(record, children=list(children))


@pytest.fixture
def undecided(tmp_path):
    def run(tree, **fields):
        ruleset, diagnostics = compiled(tmp_path, rule(when=WHEN, **fields), "")
        assert ruleset is not None, "\n".join(d.render() for d in diagnostics)
        return judge(ruleset, tree).inconclusive

    return run


def test_the_others_are_one_with_their_number(undecided):
    found = undecided(node("m.pkl", *[node(f"m.pkl!{n}") for n in range(MANY - 1)]))
    assert len(found) == TOLD + 1
    assert [item.artifact for item in found[:2]] == ["m.pkl", "m.pkl!0"]
    assert {item.cause for item in found[:TOLD]} == {"import facts may be missing"}
    assert found[-1].cause == "import facts may be missing, as in 99 further artifacts within the file"


def test_few_are_told_one_by_one(undecided):
    found = undecided(node("m.pkl", *[node(f"m.pkl!{n}") for n in range(TOLD)]))
    assert (len(found), {item.cause for item in found}) == (TOLD + 1, {"import facts may be missing"})


def test_reasons_of_a_verdict_are_told_for_each(undecided):
    found = undecided(node("m.pkl", *[node(f"m.pkl!{n}") for n in range(MANY)]), tags="['verdict:weights-only']")
    assert len(found) == MANY + 1


def test_artifacts_that_nothing_is_known_of_hide_no_others(undecided):
    strange = [node(f"m.pkl!x{n}", format="unknown", coverage="none") for n in range(MANY)]
    found = undecided(node("m.pkl", *strange, node("m.pkl!last")))
    assert [item.artifact for item in found if "!x" not in item.artifact] == ["m.pkl", "m.pkl!last"]


def test_findings_of_a_rule_in_many_artifacts_have_one_measure(tmp_path):
    ruleset, _ = compiled(tmp_path, rule(when="'import.name == \"f\"'"), "")
    count, each = 30, MAX_FINDINGS // 10
    members = [node(f"m.pkl!{n}") for n in range(count)]
    for member in members:
        path = member.artifact.path
        names = [f"acme{n}.f" for n in range(each)]
        member.facts["import"] = [Import(path, qualname=q, name="f", names=frozenset([q])) for q in names]
    found = judge(ruleset, node("m.pkl", *members)).findings
    assert MAX_FINDINGS < len(found) <= MAX_FINDINGS + 2 * count
    assert {finding.artifact for finding in found} == {member.artifact.path for member in members}
    assert sum(finding.n for finding in found) == count * each
    assert found[-1].message.endswith(f"(and {each - 2} more of this rule)")
