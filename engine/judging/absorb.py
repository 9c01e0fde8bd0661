"""Of several findings about one subject in one artifact, the one that stands for the others."""

from __future__ import annotations

from modelaudit.engine.finding import Suppression
from modelaudit.engine.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.finding import Finding
    from modelaudit.engine.judging.findings import Draft

    Subjects = dict[str, list[int]]  # a subject and the numbers of the findings about it
    Links = dict[int, list[int]]  # a finding's number and those of the findings that stand for it


def absorb(drafts: list[Draft]) -> list[Finding]:
    """The findings of one artifact, absorbed ones moved to `related` of the one that stands for them.

    Only findings that count absorb and are absorbed: one that is ignored, allowed or experimental hides
    nothing. No rule absorbs a deny. A finding about several subjects needs an absorber for each. In a chain
    the topmost stands for all; in a circle the first one does.
    """
    absorbers = _absorbers(drafts)
    if not absorbers:
        return [draft.finding for draft in drafts]
    related: dict[int, list[int]] = {}
    for number in sorted(absorbers):
        related.setdefault(_top(number, absorbers), []).append(number)
    found = []
    for number, draft in enumerate(drafts):
        if number in absorbers:
            continue
        under = tuple(_absorbed(drafts[i].finding, draft.finding) for i in related.get(number, ()))
        found.append(replace(draft.finding, related=under) if under else draft.finding)
    return found


def _absorbers(drafts: list[Draft]) -> Links:
    by_subject: Subjects = {}
    for number, draft in enumerate(drafts):
        if draft.finding.active:
            for subject in draft.subjects:
                by_subject.setdefault(subject, []).append(number)
    links: Links = {}
    for number in reversed(range(len(drafts))):  # so that in a circle the first one is left
        finding = drafts[number].finding
        if finding.active and finding.source != "deny":
            found = _covering(number, drafts, by_subject, links)
            if found:
                links[number] = found
    return links


def _covering(number: int, drafts: list[Draft], by_subject: Subjects, links: Links) -> list[int]:
    """Findings that together absorb a finding for every one of its subjects; none where one is left."""
    draft = drafts[number]
    names = {draft.rule.id, draft.rule.name, *draft.rule.aliases}
    found: list[int] = []
    for subject in draft.subjects:
        here = [
            i
            for i in by_subject[subject]
            if i != number and not names.isdisjoint(drafts[i].rule.absorbs) and not _under(i, number, links)
        ]
        if not here:
            return []
        found.append(here[0])
    return found


def _under(number: int, other: int, links: Links) -> bool:
    """Whether a finding is already absorbed, directly or through others, by another."""
    waiting, seen = [number], {number}
    while waiting:
        for above in links.get(waiting.pop(), ()):
            if above == other:
                return True
            if above not in seen:
                seen.add(above)
                waiting.append(above)
    return False


def _top(number: int, absorbers: Links) -> int:
    """The finding at the top of the chain above one."""
    while number in absorbers:
        number = absorbers[number][0]
    return number


def _absorbed(finding: Finding, by: Finding) -> Finding:
    reason = f"{by.rule} says it of the same subject"
    return replace(finding, suppression=Suppression("absorb", reason, by.rule))
