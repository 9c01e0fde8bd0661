"""One use of a service: how often it asks, and where it may go.

A service that asks more than once, or that is led elsewhere, says so before it does. What a scan lets services do goes
along to other processes.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from modelaudit.sources.errors import DENIED, SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from modelaudit.sources.remote.line import Meter


BOUNDLESS = 2**63 - 1


def _anywhere(_: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a scan lets services do. `denial` says why an address must not be gone to, empty when it may be."""

    denial: Callable[[str], str] = _anywhere
    refusal: Callable[[str], str] = _anywhere  # the same of a store, which has to be let in as well
    most: int | None = None  # bytes of the largest file that is read
    requests: int = BOUNDLESS  # of one scan
    moved: int = BOUNDLESS  # bytes of one scan


FREE = Terms()


class Trip:
    """A use that is counted once when it begins."""

    def __init__(self, meter: Meter, terms: Terms, path: str) -> None:
        self.terms = terms
        self._meter = meter
        self._path = path
        self._asked = False

    def request(self) -> None:
        """A request is about to be made; `SourceError` when there were too many."""
        if self._asked:
            self._meter.request(self._path)
        self._asked = True

    def moved(self, number: int) -> None:
        """Count bytes that came, or bytes less that are given a second time."""
        self._meter.moved(number)

    @property
    def left(self) -> int:
        """Bytes that may still come."""
        return self._meter.left[1]

    def spared(self) -> None:
        """What was wanted is here already."""
        if not self._asked:
            self._asked = True
            self._meter.spared()


TRIP: ContextVar[Trip | None] = ContextVar("trip", default=None)


def terms() -> Terms:
    """What the scan lets the service do that is used now."""
    trip = TRIP.get()
    return FREE if trip is None else trip.terms


def moved(number: int) -> None:
    """Count bytes that came and are kept; whoever gives some of them takes these away, since `Line` counts them."""
    trip = TRIP.get()
    if trip is not None:
        trip.moved(number)


def bytes_left() -> int | None:
    """Bytes that may still come in the scan; None where nobody counts them."""
    trip = TRIP.get()
    return None if trip is None else trip.left


def asking() -> None:
    """Count a request that is about to be made; `SourceError` when there were too many."""
    trip = TRIP.get()
    if trip is not None:
        trip.request()


def spared() -> None:
    """Count a request less: what was wanted is here already."""
    trip = TRIP.get()
    if trip is not None:
        trip.spared()


def admit_store(address: str, shown: str) -> None:
    """Refuse with a `SourceError` to read from a store that nobody named and that the policy does not let in."""
    said = terms().refusal(address)
    if said:
        raise SourceError(DENIED, f"not read: {said}", shown)


def admit(address: str, shown: str) -> None:
    """Refuse with a `SourceError` to go on to an address that nobody named and that the policy denies."""
    said = terms().denial(address)
    if said:
        raise SourceError(DENIED, f"not followed: {said}", shown)
