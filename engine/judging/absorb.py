"""Of several findings about one subject in one artifact, the one that stands for the others."""

from __future__ import annotations

from modelaudit.engine.finding import Suppression
from modelaudit.engine.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.finding import Finding
    from modelaudit.engine.judging.findings import Draft

    Above = dict[tuple[str, str], list[int]]  # a subject and a rule, and the findings that absorb it there
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
    above: Above = {}
    for number, draft in enumerate(drafts):
        if draft.finding.active:
            for absorbed in draft.rule.absorbs:
                for subject in draft.subjects:
                    above.setdefault((subject, absorbed), []).append(number)
    links: Links = {}
    for number in reversed(range(len(drafts))) if above else ():  # so that in a circle the first one is left
        finding = drafts[number].finding
        if finding.active and finding.source != "deny":
            found = _covering(number, drafts[number], above, links)
            if found:
                links[number] = found
    return links


def _covering(number: int, draft: Draft, above: Above, links: Links) -> list[int]:
    """Findings that together absorb a finding for every one of its subjects; none where one is left."""
    names = (draft.rule.id, draft.rule.name, *draft.rule.aliases)
    found: list[int] = []
    for subject in draft.subjects:
        candidates = (i for name in names for i in above.get((subject, name), ()))
        first = next((i for i in candidates if i != number and not _under(i, number, links)), None)
        if first is None:
            return []
        found.append(first)
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
