"""The search for programs is fast on every sort of data; the order of its table decides that."""

import time

import pytest

from fixtures.sorts import sorts
from modelaudit.parsers.executables.search import Search

SLOWER = 6  # than random bytes; a bad order is twenty to seventy times as slow


def seconds(data: bytes) -> float:
    """CPU of a search, the best of ten: others only ever add to it."""
    times = []
    for _ in range(10):
        search = Search(1 << 30)
        start = time.process_time()
        search.update(data)
        times.append(time.process_time() - start)
    return min(times)


@pytest.fixture(scope="module")
def blocks() -> dict[str, bytes]:
    return sorts()


@pytest.mark.parametrize("sort", [name for name in sorts() if name != "random"])
def test_no_sort_of_data_slows_the_search(blocks: dict[str, bytes], sort: str) -> None:
    assert seconds(blocks[sort]) < SLOWER * seconds(blocks["random"]), "run tools/order_signatures.py"
