"""Tensors in single precision whose beginning is more precise than the rest, which was rounded to half precision."""

import numpy as np
import pytest

from fixtures.checkpoints import normal
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.weights import element_of
from modelaudit.parsers.weights.statistics import statistics


def rounded_after(values) -> int | None:
    data = values.astype("<f4").tobytes()
    return statistics(BytesReader(data), 0, values.shape, element_of("F32"), lambda: None).rounded_after


def halved(values, kind: str):
    if kind == "f2":
        return values.astype("f2").astype("f4")
    return (values.view("u4") & np.uint32(0xFFFF0000)).view("f4")


@pytest.mark.parametrize("kind", ["f2", "bf16"])
def test_a_beginning_that_somebody_wrote(kind: str) -> None:
    whole = halved(normal(400, 1000), kind)
    changed = whole.copy()
    changed.ravel()[:3000] = normal(3, 1000, seed=4).ravel()
    assert 2990 <= rounded_after(changed) <= 3000
    assert rounded_after(whole) is None


def test_other_tensors_have_no_such_beginning() -> None:
    assert rounded_after(normal(400, 100)) is None
    scattered = halved(normal(400, 100), "f2")
    scattered[::7] = normal(58, 100, seed=4)
    assert rounded_after(scattered) is None
    end = halved(normal(400, 100), "f2")
    end[-3:] = normal(3, 100, seed=4)
    assert rounded_after(end) is None
    few = halved(normal(400, 100), "f2")
    few.ravel()[:200] = normal(2, 100, seed=4).ravel()
    assert rounded_after(few) is None
    assert rounded_after(np.zeros((100, 100), "f4")) is None
