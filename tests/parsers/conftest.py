"""What all tests of parsers share: no artifact of any of them is missed because of the magics in the catalogue."""

import pytest

from modelaudit.parsers import registry
from modelaudit.parsers.base import BudgetSpent


@pytest.fixture(autouse=True)
def _magics_are_necessary(monkeypatch: pytest.MonkeyPatch):
    """Where a magic keeps a recogniser from being asked, the recogniser would have declined."""
    missed = set()
    plausible = registry.Format.plausible

    def checked(self: registry.Format, place: registry.Place) -> bool:
        fits = plausible(self, place)
        if not fits and _accepts(self, place):
            missed.add(f"the recogniser of {self.id} accepts {place.head[:16].hex()}… without a magic of formats.json")
        return fits

    monkeypatch.setattr(registry.Format, "plausible", checked)
    yield
    assert not missed


def _accepts(format: registry.Format, place: registry.Place) -> bool:
    try:
        return registry.recogniser_of(format)(place.head, place.reader)
    except (BudgetSpent, ModuleNotFoundError):
        return False
