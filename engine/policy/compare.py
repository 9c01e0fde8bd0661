"""Two policies over the same facts: which decisions would change."""

from __future__ import annotations

from modelaudit.engine.judge import Judge
from modelaudit.engine.policy.acceptance import Acceptance, one_by_one
from modelaudit.engine.policy.gate import decide
from modelaudit.engine.policy.testing import summaries
from modelaudit.engine.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelaudit.engine.document import Decision
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.finding import Finding
    from modelaudit.engine.ruleset import Ruleset


@record
class FindingChange:
    """A finding that stands differently: `before` and `after` say how, empty where it is not found."""

    rule: str
    artifact: str
    subject: str
    before: str  # such as `critical`, or `waiver`, the step that took it out
    after: str


@record
class Comparison:
    """What two policies say of one model."""

    path: str
    before: Decision
    after: Decision
    changes: tuple[FindingChange, ...]

    @property
    def decides_differently(self) -> bool:
        """Whether the decision is another one."""
        return self.before.outcome != self.after.outcome


class _Side:
    """One of the two policies, made ready for many models."""

    def __init__(self, ruleset: Ruleset, today: str | None) -> None:
        self.ruleset = one_by_one(ruleset)
        self.judge = Judge(self.ruleset)
        self.acceptance = Acceptance(self.ruleset, today)

    def decide(self, tree: FactSet) -> tuple[tuple[Finding, ...], Decision]:
        artifacts = summaries(tree)
        [judgement], uses = self.acceptance.apply([self.judge.tree(tree)], artifacts)
        return judgement.findings, decide(self.ruleset, [judgement], artifacts=artifacts, waivers=uses)


def compare(old: Ruleset, new: Ruleset, trees: Iterable[FactSet], today: str | None = None) -> Iterator[Comparison]:
    """What both policies say of each model, judged on the same day. A model is decided on by itself."""
    before, after = _Side(old, today), _Side(new, today)
    for tree in trees:
        found_before, decided_before = before.decide(tree)
        found_after, decided_after = after.decide(tree)
        changes = tuple(_changes(found_before, found_after))
        yield Comparison(tree.artifact.path, decided_before, decided_after, changes)


def _changes(before: Iterable[Finding], after: Iterable[Finding]) -> Iterator[FindingChange]:
    old, new = _standing(before), _standing(after)
    for key in {**old, **new}:
        was, now = old.get(key), new.get(key)
        said = (was[1] if was else "", now[1] if now else "")
        if said[0] != said[1]:
            finding = (now or was or ((None, "")))[0]
            assert finding is not None  # noqa: S101 - the key comes from one of the two
            yield FindingChange(finding.rule, finding.artifact, finding.subject, *said)


def _standing(findings: Iterable[Finding]) -> dict[tuple[str, str, int], tuple[Finding, str]]:
    """How each finding stands, by its id; allowed and standing ones of one id are told apart by their order."""
    found: dict[tuple[str, str, int], tuple[Finding, str]] = {}
    for finding in findings:
        number = 0
        while (finding.artifact, finding.id, number) in found:
            number += 1
        word = finding.suppression.step if finding.suppression else finding.severity
        found[(finding.artifact, finding.id, number)] = (finding, word)
        for other in finding.related:
            found.setdefault((other.artifact, other.id, 0), (other, "absorb"))
    return found
