"""Waits between attempts: longer each time, drawn at random, at least what the service asks for."""

from __future__ import annotations

import pytest

from fixtures.services import Memory
from modelaudit.sources.errors import SourceError
from modelaudit.sources.remote import line
from modelaudit.sources.remote.line import ASKED, ATTEMPTS, LONGEST, Line, Meter, pause


class Highest:
    @staticmethod
    def uniform(_: float, most: float) -> float:
        return most


@pytest.mark.parametrize(("attempt", "most"), [(1, 0.25), (2, 0.5), (3, 1.0), (4, 2.0), (9, LONGEST)])
def test_a_wait_is_drawn_from_a_range_that_doubles(attempt: int, most: float) -> None:
    drawn = [pause(attempt, None) for _ in range(200)]
    assert len(set(drawn)) > 100
    assert min(drawn) < most / 4 < most / 2 < max(drawn) <= most


def test_a_service_is_believed_up_to_a_bound() -> None:
    assert 3.0 <= pause(1, 3.0) <= 3.25
    assert pause(1, 3600.0) == ASKED


def test_a_file_that_stays_broken_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(line, "_random", Highest)
    monkeypatch.setattr(line, "wait", lambda seconds, _: waits.append(seconds))
    monkeypatch.setattr(line, "pause", lambda attempt, _: pause(attempt, None))
    service = Memory({"m.pkl": b"\x80\x04}."}, broken=ATTEMPTS)
    meter = Meter()
    with pytest.raises(SourceError, match="5 times"):
        Line(service, meter).read(service.files()[0], 0, 4, "m.pkl")
    assert waits == [0.25, 0.5, 1.0, 2.0]
    assert (meter.requests, meter.retries) == (5, 4)
