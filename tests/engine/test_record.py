"""Records behave like frozen data classes."""

import pickle

import pytest

from modelaudit.engine.document import ArtifactSummary, ScanError
from modelaudit.engine.finding import Inconclusive, Suppression
from modelaudit.engine.record import record, replace


@record
class Point:
    """A point."""

    x: int
    y: int = 2
    tags: tuple[str, ...] = ()

    @property
    def sum(self) -> int:
        return self.x + self.y


def test_fields_are_given_by_place_by_name_or_by_default():
    assert (Point(1).y, Point(1, 5).y, Point(x=1, y=6).y, Point(1, tags=("a",)).tags) == (2, 5, 6, ("a",))
    assert Point(1, 5).sum == 6
    assert Point.__doc__ == "A point."


@pytest.mark.parametrize(
    ("args", "given"), [((), {}), ((1, 2, (), 4), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((), {"y": 1})]
)
def test_a_wrong_call_is_refused(args, given):
    with pytest.raises(TypeError):
        Point(*args, **given)


def test_records_are_compared_hashed_and_shown_by_their_fields():
    assert Point(1) == Point(1, 2)
    assert len({Point(1), Point(1, 2), Point(2)}) == 2
    assert Point(1) != Inconclusive("a", "b", "c", "d")
    assert repr(Point(1)) == "Point(x=1, y=2, tags=())"


def test_a_record_never_changes():
    point = Point(1)
    for change in (lambda: setattr(point, "x", 3), lambda: delattr(point, "x"), lambda: setattr(point, "z", 3)):
        with pytest.raises(AttributeError):
            change()
    assert replace(point, x=3) == Point(3)
    assert point == Point(1)


def test_records_travel_between_processes():
    for item in (Suppression("allow", "why"), ScanError("crash", "why"), ArtifactSummary("a", "f", "r", 1, 0, "full")):
        assert pickle.loads(pickle.dumps(item)) == item
