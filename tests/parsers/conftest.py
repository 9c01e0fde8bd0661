"""What all tests of parsers share: no artifact of any of them is missed because of the magics in the catalogue."""

import pytest

from modelaudit.parsers import registry
from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.candidates import Candidates


@pytest.fixture(autouse=True)
def _magics_are_necessary(monkeypatch: pytest.MonkeyPatch):
    """Where a magic keeps a recogniser from being asked, the recogniser would have declined."""
    missed = set()
    plausible = registry.Look.plausible

    def checked(self: registry.Look, candidates: Candidates) -> list[registry.Format]:
        found = plausible(self, candidates)
        for format in candidates.formats:
            if format not in found and _accepts(format, self.place):
                head = self.place.head[:16].hex()
                missed.add(f"the recogniser of {format.id} accepts {head}… without a magic of formats.json")
        return found

    monkeypatch.setattr(registry.Look, "plausible", checked)
    yield
    assert not missed


def _accepts(format: registry.Format, place: registry.Place) -> bool:
    try:
        return registry.recogniser_of(format)(place.head, place.reader)
    except (BudgetSpent, ModuleNotFoundError):
        return False
