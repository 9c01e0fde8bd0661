"""Waivers as a scan meets them: which are live on a day, and which finding each covers."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from modelaudit.engine.finding import Finding
    from modelaudit.engine.policy.where import Located

    Json = Any
    Test = Callable[[str], bool]

LIVE, EXPIRED, PENDING = "live", "expired", "pending"


def state_on(waiver: Mapping[str, Json], today: str) -> str:
    """Whether a waiver is live on a day (`YYYY-MM-DD`): the only place where that is decided.

    It holds from the day `created` on, and no longer on the day `expires`. `pending` is one that does not hold
    yet, so that a start far in the future cannot stretch what `max_days` allows.
    """
    expires, created = waiver.get("expires"), waiver.get("created")
    if expires and today >= expires:
        return EXPIRED
    return PENDING if created and today < created else LIVE


def day(moment: float | None = None) -> str:
    """The day in UTC of a moment in seconds since the epoch, now when absent."""
    return time.strftime("%Y-%m-%d", time.gmtime(moment))


class Waiver:
    """One waiver of a compiled policy."""

    __slots__ = ("_member", "_path", "_subject", "doc", "match", "rules")

    def __init__(self, doc: Mapping[str, Json]) -> None:
        self.doc = doc
        self.rules = frozenset(doc["rules"])
        self.match: Mapping[str, Json] = doc["match"]
        self._path: Located | None = None
        self._member: Test | None = None
        self._subject: Test | None = None

    def covers(self, finding: Finding, place: str, sha256: str | None) -> bool:
        """Whether the waiver is about a finding, of a top-level file at a place and with a digest.

        Everything that `match` says has to hold; a digest that is not known holds for nothing.
        """
        match = self.match
        return (
            finding.rule in self.rules
            and match.get("id", finding.id) == finding.id
            and match.get("format", finding.format) == finding.format
            and ("sha256" not in match or match["sha256"] == sha256)
            and self._path_fits(place)
            and self._member_fits(finding.artifact.partition("!")[2])
            and self._subject_fits(finding.subject)
        )

    def _path_fits(self, place: str) -> bool:
        if "path" not in self.match:
            return True
        if self._path is None:
            from modelaudit.engine.policy.where import Located

            self._path = Located(self.match["path"])
        return self._path.fits(place)

    def _member_fits(self, member: str) -> bool:
        if "member" not in self.match:
            return True
        if self._member is None:
            self._member = _glob(self.match["member"], "path")
        return bool(member) and self._member(member)

    def _subject_fits(self, subject: str) -> bool:
        if "subject" not in self.match:
            return True
        if self._subject is None:
            self._subject = _glob(self.match["subject"], "plain")
        return self._subject(subject)


def _glob(pattern: str, of: str) -> Test:
    from modelaudit.engine.lang.globs import compile_glob

    return compile_glob(pattern, of)
