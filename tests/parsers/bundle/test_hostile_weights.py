"""Headers and indexes with numbers that no weights have."""

from modelaudit.parsers.bundle.weights import Tensors
from modelaudit.parsers.safetensors.header import entries


def taken(shape: str) -> Tensors:
    tensors = Tensors()
    for name, about in entries(f'{{"a.layers.3.embed": {{"dtype": "F32", "shape": {shape}}}}}'):
        tensors.take(name, about, ("embed",))
    return tensors


def test_shapes_of_many_or_large_numbers_are_none() -> None:
    assert taken("[4, 8]").types == {"F32": 128}
    assert (taken("[4, 8]").words, taken("[4, 8]").widths) == ({4}, {8})
    for shape in (
        "[" + "9223372036854775807," * 5000 + "1]",
        "[1" + "0" * 4000 + ", 2]",
        "[-1, 2]",
        "[true, 2]",
        '["a", 1]',
    ):
        assert taken(shape).types == {}
