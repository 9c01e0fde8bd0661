"""Rules that could not be decided in a tree: a rule in many artifacts is told for the first ones, then by number.

A file may hold a thousand others that are cut short, in each of which a hundred rules cannot be decided. A report with
a line for each is read by nobody and takes gigabytes to write.
"""

from __future__ import annotations

from modelaudit.engine.finding import Inconclusive
from modelaudit.engine.record import replace
from modelaudit.engine.verdict import is_reason

TOLD = 50  # artifacts of a tree in which a rule is told one by one
UNKNOWN, NONE = "unknown", "none"  # format and coverage of an artifact that is not held against a scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.facts import Artifact
    from modelaudit.engine.ruleset import Rule


class Undecided:
    """The records of one tree, in the order in which they came."""

    __slots__ = ("_records", "_seen")

    def __init__(self) -> None:
        self._records: list[Inconclusive] = []
        self._seen: dict[tuple[str, bool], tuple[int, int]] = {}  # artifacts of a rule, and its last record

    def add(self, rule: Rule, artifact: Artifact, cause: str, severity: str) -> None:
        """Note a rule that could not be decided in an artifact. Reasons of verdicts are told for each artifact.

        Artifacts that nothing is known of are counted apart, since they do not make a scan incomplete.
        """
        record = Inconclusive(rule.id, artifact.path, cause, severity)
        if is_reason(rule):
            self._records.append(record)
            return
        key = rule.id, artifact.format == UNKNOWN and artifact.coverage == NONE
        count, last = self._seen.get(key, (0, 0))
        if count <= TOLD:
            last = len(self._records)
            self._records.append(record)
        self._seen[key] = count + 1, last

    def records(self) -> tuple[Inconclusive, ...]:
        """All of them; the last of a rule that has too many says in how many further artifacts it is so."""
        records = self._records
        for count, last in self._seen.values():
            more = count - TOLD - 1
            if more > 0:
                cause = f"{records[last].cause}, as in {more} further artifacts within the file"
                records[last] = replace(records[last], cause=cause)
        return tuple(records)
