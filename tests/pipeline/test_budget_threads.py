"""A budget may be asked from any thread; signs of life come from the one that reads."""

from threading import Thread
from time import monotonic

import pytest

from modelaudit.parsers.base import BudgetSpent
from modelaudit.pipeline.budget import Budget


def test_signs_of_life_come_from_the_thread_that_reads() -> None:
    signs = []
    budget = Budget()
    budget.pulse = lambda: signs.append(1)
    budget._next = 0.0
    other = Thread(target=budget.check)
    other.start()
    other.join()
    assert not signs
    budget.check()
    assert signs == [1]


def test_the_end_of_the_time_is_told_in_all_threads() -> None:
    budget = Budget(deadline=monotonic() - 1, timeout=1)
    raised = []

    def ask() -> None:
        with pytest.raises(BudgetSpent):
            budget.check()
        raised.append(1)

    other = Thread(target=ask)
    other.start()
    other.join()
    assert raised
    assert budget.timed_out
