"""Tensors of PyTorch fit the storage that they ask for, or it is a defect that a rule tells."""

import pytest

from fixtures import archives, vectors
from fixtures import pickles as p
from fixtures.reading import Read
from fixtures.ruling import builtin
from modelaudit.pipeline.scan import scan


def numbers(values) -> bytes:
    """A tuple of numbers, also of long ones."""
    return b"(" + b"".join(b"L%dL\n" % value for value in values) + b"t"


def tensor(count, offset, size, stride, kind="FloatStorage", name="_rebuild_tensor_v2") -> bytes:
    storage = b"(" + p.text("storage", 2) + p.glob("torch", kind) + p.text("0", 2) + p.text("cpu", 2)
    storage += b"L%dL\ntQ" % count
    made = (
        storage
        + b"L%dL\n" % offset
        + numbers(size)
        + numbers(stride)
        + b"\x89"
        + p.glob("collections", "OrderedDict")
        + b")R"
    )
    return p.stream(p.glob("torch._utils", name), b"(", made, b"tR", protocol=2)


FITTING = {
    "row": (8, 0, (8,), (1,)),
    "matrix": (8, 0, (2, 4), (4, 1)),
    "transposed": (8, 0, (4, 2), (1, 4)),
    "view at an offset": (8, 4, (4,), (1,)),
    "every second": (7, 0, (4,), (2,)),
    "expanded": (1, 0, (1000, 1000), (0, 0)),
    "overlapping": (4, 0, (3, 2), (1, 1)),
    "number": (1, 0, (), ()),
    "empty": (0, 0, (0, 5), (5, 1)),
    "empty in a long storage": (8, 8, (0,), (1,)),
}


@pytest.mark.parametrize("name", FITTING)
def test_what_fits_is_no_defect(name):
    assert Read(tensor(*FITTING[name])).defects == []


WRONG = {
    "one too many": ((8, 0, (9,), (1,)), "need 9 elements of 8"),
    "offset": ((8, 5, (4,), (1,)), "at 5 need 9 elements of 8"),
    "strides": ((8, 0, (2, 4), (5, 1)), "need 9 elements of 8"),
    "number beyond the end": ((0, 0, (), ()), "need 1 elements of 0"),
    "huge": ((8, 0, (2**40, 2**40), (2**40, 1)), "elements of 8"),
    "negative offset": ((8, -1, (1,), (1,)), "negative"),
    "negative size": ((8, 0, (-1,), (1,)), "negative"),
    "negative stride": ((8, 7, (4,), (-1,)), "negative"),
    "fewer strides": ((8, 0, (2, 4), (1,)), "2 sizes and 1 strides"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("call", ["_rebuild_tensor_v2", "_rebuild_tensor", "_rebuild_qtensor"])
def test_what_does_not_fit_is_a_defect(name, call):
    given, words = WRONG[name]
    (defect,) = Read(tensor(*given, name=call)).all("defect")
    assert defect.code == "tensor-bounds"
    assert words in defect.detail


def test_a_storage_that_counts_bytes_says_nothing_of_elements():
    assert Read(tensor(32, 0, (8,), (4,), kind="UntypedStorage")).defects == []


def test_it_is_looked_at_when_nothing_is_worked_out_any_more(monkeypatch):
    monkeypatch.setattr("modelaudit.parsers.pickle.calling.FOLDS_MAX", 0)
    assert Read(tensor(*WRONG["offset"][0])).defects == ["tensor-bounds"]


def test_a_checkpoint_with_such_a_tensor_is_a_warning(tmp_path):
    ruleset = builtin()
    found = []
    for given in (FITTING["view at an offset"], WRONG["offset"][0]):
        path = tmp_path / "m.pt"
        path.write_bytes(vectors.zipped(vectors.data(tensor(*given)), archives.Entry("archive/data/0", bytes(32))))
        result = scan([str(path)], ruleset)
        found.append([f.rule for f in result.findings if f.severity in ("warning", "critical")])
    assert found == [[], ["MA3323"]]
