"""Sequences whose items are made when they are looked at."""

import gc
import pickle

import pytest

from modelaudit.engine.lazy import MANY, Lazy, lazy


def test_items_are_made_once_and_only_when_they_are_looked_at():
    made = []
    items = Lazy(3, lambda number: made.append(number) or number * 10)
    assert (items[1], items[1], items[-1], made) == (10, 10, 20, [1, 2])
    assert list(items) == [0, 10, 20]
    assert made == [1, 2, 0]


def test_it_behaves_like_a_tuple():
    items = lazy("abc", str.upper)
    assert items == ("A", "B", "C")
    assert items != ("A",)
    assert (len(items), items[1:], "B" in items) == (3, ("B", "C"), True)
    assert hash(items) == hash(("A", "B", "C"))
    assert pickle.loads(pickle.dumps(lazy([1, 2], float))) == (1.0, 2.0)
    with pytest.raises(IndexError):
        items[3]


def test_many_items_are_made_together_with_garbage_left_alone():
    seen = []
    items = Lazy(MANY + 1, lambda number: seen.append(gc.isenabled()) or number)
    assert next(iter(items)) == 0
    assert len(seen) == MANY + 1
    assert not any(seen)
    assert gc.isenabled()
