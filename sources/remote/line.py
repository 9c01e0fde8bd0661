"""Patience with a service: attempts that wait longer each time, reads that go on where they broke, and budgets.

What may pass is tried again with a wait that doubles and is drawn at random, so that many clients do not come back
together; a service that says how long to wait is believed up to a bound. What was counted is reported.
"""

from __future__ import annotations

from dataclasses import replace
from random import SystemRandom
from threading import Lock
from time import monotonic, sleep

from modelaudit.sources.errors import SPENT, UNREADABLE, SourceError
from modelaudit.sources.remote.service import CHECK, Interrupted, Transient
from modelaudit.sources.remote.trip import BOUNDLESS, FREE, TRIP, Trip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from modelaudit.sources.remote.service import Listed, Service
    from modelaudit.sources.remote.trip import Terms

    T = TypeVar("T")

ATTEMPTS = 5  # for one request
FIRST = 0.25  # seconds of the first wait at most; each further one is twice as long
LONGEST = 8.0
ASKED = 30.0  # seconds that a service may ask to wait
NAP = 0.1  # seconds between two looks at the time that the scan has left
FILES = 1_000_000  # of one listing
UNEXPECTED = (LookupError, TypeError, ValueError, AttributeError)  # what comes of answers of another shape

_random = SystemRandom()


class Meter:
    """What a scan moved so far. Threads share it."""

    def __init__(self, requests: int = BOUNDLESS, moved: int = BOUNDLESS) -> None:
        self.requests = 0
        self.bytes = 0
        self.retries = 0
        self._most = requests, moved
        self._lock = Lock()

    def request(self, path: str) -> None:
        """Count a request that is about to be made; `SourceError` when there were too many, or too many bytes."""
        with self._lock:
            requests, moved = self._most
            if self.requests >= requests:
                raise SourceError(SPENT, f"not read: the limit of requests of one scan ({requests}) is spent", path)
            if self.bytes >= moved:
                raise SourceError(SPENT, f"not read: the limit of bytes moved in one scan ({moved}) is spent", path)
            self.requests += 1

    def spared(self) -> None:
        """Count a request less, which nobody had to make."""
        with self._lock:
            self.requests -= 1

    def moved(self, number: int) -> None:
        """Count bytes that came."""
        with self._lock:
            self.bytes += number

    @property
    def left(self) -> tuple[int, int]:
        """Requests and bytes that may still come."""
        with self._lock:
            return max(0, self._most[0] - self.requests), max(0, self._most[1] - self.bytes)

    def add(self, requests: int, moved: int, retries: int) -> None:
        """Count what another process moved."""
        with self._lock:
            self.requests += requests
            self.bytes += moved
            self.retries += retries

    def again(self) -> None:
        """Count a request that is made once more."""
        with self._lock:
            self.retries += 1


class Line:
    """One service, used with patience. `check` is called before each attempt and while waiting, and may raise."""

    def __init__(self, service: Service, meter: Meter, terms: Terms = FREE) -> None:
        self.service = service
        self.meter = meter
        self.terms = terms

    def files(self, check: Callable[[], None] | None = None) -> list[Listed]:
        """Everything that the service lists; `SourceError` when it cannot or when there is no end of it."""

        def listed() -> list[Listed]:
            found = []
            for file in self.service.files():
                found.append(file)
                if len(found) > FILES:
                    raise SourceError(UNREADABLE, f"more than {FILES} files are listed", self.service.address)
            server = self.service.server
            return [replace(file, server=server) for file in found] if server else found

        return self.ask(listed, self.service.address, check)

    def read(self, file: Listed, start: int, stop: int, path: str, check: Callable[[], None] | None = None) -> bytes:
        """The bytes from `start` up to `stop`, all of them; `SourceError` says why there are fewer."""
        data = b""
        broken = 0
        while len(data) < stop - start:
            at = start + len(data)
            part = self.ask(lambda at=at: self.service.read(file, at, stop), path, check)  # type: ignore[misc]
            self.meter.moved(len(part))
            if len(part) > stop - at:
                raise SourceError(UNREADABLE, "the service sends more than it was asked for", path)
            broken = 0 if part else broken + 1
            if broken >= ATTEMPTS:
                said = f"the file ends after {at} bytes, {file.size} are listed"
                raise SourceError(UNREADABLE, said, path)
            data = data + part if data else part
        return data

    def ask(self, call: Callable[[], T], path: str, check: Callable[[], None] | None) -> T:
        """What a call gives, tried again while it may pass."""
        for attempt in range(1, ATTEMPTS + 1):
            if check is not None:
                check()
            self.meter.request(path)
            token, trip = CHECK.set(check), TRIP.set(Trip(self.meter, self.terms, path))
            try:
                return call()
            except Transient as trouble:
                if attempt == ATTEMPTS:
                    words = f"{trouble.words}, {attempt} times"
                    raise SourceError(UNREADABLE, words, path) from None
                self.meter.again()
                wait(pause(attempt, trouble.after), check)
            except Interrupted as ended:
                raise ended.why from None
            except UNEXPECTED as error:
                said = f"the service's answer is not understood ({type(error).__name__})"
                raise SourceError(UNREADABLE, said, path) from None
            finally:
                CHECK.reset(token)
                TRIP.reset(trip)
        raise AssertionError("the last attempt returns or raises")


def pause(attempt: int, asked: float | None) -> float:
    """Seconds to wait after an attempt, the first being 1: drawn at random, but what a service asks for at least."""
    longest = min(LONGEST, FIRST * 2 ** (attempt - 1))
    drawn = _random.uniform(0, longest)
    return drawn if asked is None else max(drawn, min(asked, ASKED))


def wait(seconds: float, check: Callable[[], None] | None) -> None:
    """Let time pass, and look now and then whether there is any left."""
    end = monotonic() + seconds
    while (left := end - monotonic()) > 0:
        if check is not None:
            check()
        sleep(min(NAP, left))
