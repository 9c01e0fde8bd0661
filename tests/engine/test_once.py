"""Findings that are told once in a scan: which one stands, and what becomes of those of other files."""

from fixtures.documents import finding
from modelaudit.engine.finding import Judgement, Suppression
from modelaudit.engine.judging.once import unite

RULES = ["MA1001"]


def judged(*findings) -> Judgement:
    return Judgement(findings, ())


def test_the_first_stands_and_the_others_are_related_to_it() -> None:
    files = [judged(finding(artifact=name)) for name in ("a", "b", "c")]
    first, *rest = unite(files, RULES)
    (stands,) = first.findings
    assert stands.artifact == "a"
    assert [other.artifact for other in stands.related] == ["b", "c"]
    assert not any(other.active for other in stands.related)
    assert [one.findings for one in rest] == [(), ()]


def test_the_gravest_stands() -> None:
    one, two = unite([judged(finding(severity="warning")), judged(finding(artifact="b"))], RULES)
    assert not one.findings
    assert two.findings[0].severity == "critical"


def test_what_is_waived_for_its_file_hides_nothing_in_another() -> None:
    waived = judged(finding(artifact="a", suppression=Suppression("waiver", "reviewed")))
    files = [waived, judged(finding(artifact="b"))]
    assert unite(files, RULES) == files


def test_other_ids_and_other_rules_stay() -> None:
    files = [judged(finding()), judged(finding(id="ff" * 8)), judged(finding(rule="MA9", artifact="c"))]
    assert unite(files, RULES) == files
