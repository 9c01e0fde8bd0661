"""A thousand findings of one rule in one artifact, and one for all the others."""

from modelaudit.engine.facts import Artifact, Import, Place
from modelaudit.engine.factset import FactSet
from modelaudit.engine.judge import judge
from modelaudit.engine.judging.findings import MAX_FINDINGS
from modelaudit.engine.packs.load import load_ruleset


def found(*names: str):
    imports = [
        Import("a.pkl", module=n.rpartition(".")[0], name=n.rpartition(".")[2], qualname=n, names=frozenset([n]),
               opcode="GLOBAL", uses=frozenset(["called"]), places=(Place(offset=at),))
        for at, n in enumerate(names)
    ]  # fmt: skip
    artifact = Artifact(path="a.pkl", name="a.pkl", format="pickle", formats=frozenset(["pickle"]), coverage="full")
    return judge(load_ruleset(), FactSet(artifact, {"import": imports})).findings


def test_what_is_beyond_a_thousand_is_one_finding_with_their_number():
    findings = found(*[f"acme.n{number}" for number in range(MAX_FINDINGS + 500)])
    assert len(findings) == MAX_FINDINGS + 1
    assert findings[-1].n == 500
    assert findings[-1].message.endswith("(and 499 more of this rule)")
    assert {finding.severity for finding in findings} == {"warning"}


def test_another_rule_is_not_hidden_by_them():
    findings = found(*[f"acme.n{number}" for number in range(MAX_FINDINGS + 500)], "os.system")
    assert [finding.subject for finding in findings if finding.severity == "critical"] == ["os.system"]


def test_its_id_does_not_depend_on_their_number():
    few, many = (found(*[f"acme.n{n}" for n in range(MAX_FINDINGS + more)])[-1] for more in (2, 9))
    assert few.id == many.id
