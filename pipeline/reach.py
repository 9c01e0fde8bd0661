"""What a scan reaches: folders of this machine, and services elsewhere when an address was named."""

from __future__ import annotations

from modelaudit.parsers.base import BudgetSpent
from modelaudit.pipeline.one import budget_for
from modelaudit.sources.address import is_address, without_secrets
from modelaudit.sources.errors import UNREADABLE, SourceError
from modelaudit.sources.local import discover

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from modelaudit.engine.policy.origin import Origins
    from modelaudit.pipeline.limits import Limits
    from modelaudit.pipeline.one import Plan
    from modelaudit.sources.local import Entry
    from modelaudit.sources.remote.line import Meter
    from modelaudit.sources.remote.locations import Access


def reach_of(paths: Sequence[str], plan: Plan, origins: Origins | None = None) -> Reach:
    """What is reached from paths, within the time that a plan's scan has, and its limits."""
    return Reach(paths, budget_for(plan).check, origins, plan.limits)


class Reach:
    """The paths of a scan. Nothing of another machine is imported before an address is among them.

    `origins` says from where the policy lets nothing in that something in the paths leads to.
    """

    def __init__(
        self,
        paths: Sequence[str],
        check: Callable[[], None] | None = None,
        origins: Origins | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.paths = paths
        self._origins = origins
        self._limits = limits
        self.elsewhere = any(map(is_address, paths))
        self._check = check
        self._access: Access | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    @property
    def meter(self) -> Meter | None:
        """What was moved; None when nothing could be."""
        return None if self._access is None else self._access.meter

    def revisions(self) -> tuple[str, ...]:
        """Which revision of each address was read, where its service has any."""
        return () if self._access is None else tuple(self._access.revisions)

    def entries(self) -> Iterator[Entry]:
        """Everything under the paths."""
        return discover(self.paths, self._remote)

    def close(self) -> None:
        """Give all connections back."""
        if self._access is not None:
            self._access.close()

    def _remote(self, address: str) -> Iterator[Entry]:
        if self._access is None:
            from dataclasses import replace

            from modelaudit.sources.remote.locations import Access
            from modelaudit.sources.remote.trip import Terms

            origins = self._origins
            terms = Terms()
            if (limits := self._limits) is not None:
                terms = replace(
                    terms, most=limits.max_file_size, requests=limits.max_requests, moved=limits.max_transfer
                )
            if origins is not None:
                terms = replace(terms, denial=origins.denial, refusal=origins.refusal_of_all)
            self._access = Access(refusal=None if origins is None else origins.refusal, terms=terms)
        try:
            yield from self._access.entries(address, self._check)
        except BudgetSpent:
            yield SourceError(UNREADABLE, "the time was up before everything was listed", without_secrets(address))
