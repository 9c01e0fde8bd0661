"""Rules that say a thing once in a scan: the first of equal findings stands, those of other files are related to it."""

from __future__ import annotations

from modelaudit.engine.finding import CONFIDENCES, SEVERITIES, Judgement, Suppression
from modelaudit.engine.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from modelaudit.engine.finding import Finding

    Place = tuple[int, int]  # of a finding: the number of its judgement and its own in there


def unite(judgements: Sequence[Judgement], rules: Container[str]) -> list[Judgement]:
    """The judgements with the findings of these rules that have one id as one: the gravest, of equals the first.

    Only findings that count are united: one that is waived or allowed for its file hides nothing in another.
    """
    alike: dict[str, list[Place]] = {}
    for number, judgement in enumerate(judgements):
        for place, finding in enumerate(judgement.findings):
            if finding.rule in rules and finding.active:
                alike.setdefault(finding.id, []).append((number, place))
    united = [list(judgement.findings) for judgement in judgements] if alike else []
    gone: set[Place] = set()
    for places in alike.values():
        first = max(places, key=lambda place: _grade(united[place[0]][place[1]]))
        others = [place for place in places if place != first]
        stands = united[first[0]][first[1]]
        related = tuple(_united(united[number][place], stands) for number, place in others)
        united[first[0]][first[1]] = replace(stands, related=(*stands.related, *related))
        gone.update(others)
    if not gone:
        return list(judgements)
    return [
        replace(
            judgement, findings=tuple(each for place, each in enumerate(united[number]) if (number, place) not in gone)
        )
        for number, judgement in enumerate(judgements)
    ]


def _grade(finding: Finding) -> tuple[int, int]:
    return SEVERITIES.index(finding.severity), CONFIDENCES.index(finding.confidence)


def _united(finding: Finding, by: Finding) -> Finding:
    return replace(finding, suppression=Suppression("absorb", f"{by.rule} says it once, of {by.artifact}", by.rule))
