"""What is kept of a budget that was spent holds no reader: an archive of many large members would keep all of them."""

from modelaudit.parsers.base import BudgetSpent
from modelaudit.parsers.registry import HEAD, Registry


class Spent:
    """A reader whose first bytes are there, and whose others are too much."""

    size = 1 << 30

    def read_at(self, offset: int, length: int) -> bytes:
        if offset + length > HEAD:
            raise BudgetSpent("ratio", at=201, budget=200, by="file")
        return bytes(length)

    window = read_at


def test_a_spent_budget_is_kept_without_its_frames() -> None:
    found = Registry.load().recognise(bytes(HEAD), Spent(), ".bin")
    assert found.spent is not None
    assert found.spent.__traceback__ is None
