"""What the first values of a tensor rule out, all that is looked at later rules out too."""

import random

import pytest

from modelaudit.parsers.weights import Element, lowbits

ELEMENTS = [Element("f4", 4, big=False), Element("f8", 8, big=True), Element("f2", 2, big=False)]


def test_no_beginning_is_longer_than_what_is_looked_at_first() -> None:
    assert max(lowbits.PREFIXES) + max(map(len, lowbits._magics())) <= lowbits.START


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.spelling)
@pytest.mark.parametrize("values", [16, 40, 300, 3000])
def test_each_way_begins_with_its_first_bytes(element: Element, values: int) -> None:
    data = random.Random(values).randbytes(values * element.size)
    first = data[: lowbits.START * 8 * element.size]
    begun = dict(lowbits._ways(first, element, None, lowbits.START))
    whole = dict(lowbits._ways(data, element, None, lowbits.LOOK))
    assert begun.keys() == whole.keys()
    for method, start in begun.items():
        assert start[: lowbits.START] == whole[method][: lowbits.START], method
