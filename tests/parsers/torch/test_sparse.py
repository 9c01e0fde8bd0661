"""Sparse tensors of PyTorch: their parts fit together and their indices lie inside, or rules say so."""

import struct

import pytest

from fixtures import archives
from fixtures import pickles as p
from fixtures.reading import Read
from modelaudit.engine.judge import judge
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.facts import facts


def numbers(*values: int) -> bytes:
    return b"(" + b"".join(b"L%dL\n" % value for value in values) + b"t"


def tensor(key: str, kind: str, *shape: int, strides: tuple[int, ...] | None = None) -> bytes:
    count, steps = 1, []
    for length in reversed(shape):
        steps.insert(0, count)
        count *= length
    storage = (
        b"(" + p.text("storage", 2) + p.glob("torch", kind) + p.text(key, 2) + p.text("cpu", 2) + b"L%dL\ntQ" % count
    )
    hooks = p.glob("collections", "OrderedDict") + b")R"
    made = b"(" + storage + b"K\x00" + numbers(*shape) + numbers(*(strides or steps)) + b"\x89" + hooks + b"tR"
    return p.glob("torch._utils", "_rebuild_tensor_v2") + made


def sparse(*parts: bytes, layout: str = "torch.sparse_coo") -> bytes:
    told = p.glob("torch.serialization", "_get_layout") + p.text(layout, 2) + b"\x85R"
    return p.stream(
        p.glob("torch._utils", "_rebuild_sparse_tensor"), b"(", told, b"(" + b"".join(parts) + b"ttR", protocol=2
    )


def size(*values: int) -> bytes:
    return p.glob("torch", "Size") + b"(" + numbers(*values) + b"tR"


def coordinates(
    rows: int = 2, columns: int = 3, values: tuple[int, ...] = (3,), shape: tuple[int, ...] = (2, 3)
) -> bytes:
    return sparse(
        tensor("0", "LongStorage", rows, columns), tensor("1", "FloatStorage", *values), size(*shape), b"\x89"
    )


def csr(plain: int = 3, values: int = 3, shape: tuple[int, ...] = (2, 3)) -> bytes:
    parts = (
        tensor("0", "LongStorage", 3),
        tensor("1", "LongStorage", plain),
        tensor("2", "FloatStorage", values),
        size(*shape),
    )
    return sparse(*parts, layout="torch.sparse_csr")


FITTING = {
    "coordinates": coordinates(),
    "dense dimensions": coordinates(1, 3, (3, 4), (5, 4)),
    "as older files have them": sparse(tensor("0", "LongStorage", 2, 3), tensor("1", "FloatStorage", 3), size(2, 3)),
    "empty": coordinates(2, 0, (0,)),
    "compressed rows": csr(),
}


@pytest.mark.parametrize("name", FITTING)
def test_what_fits_is_no_defect(name):
    assert Read(FITTING[name]).defects == []


WRONG = {
    "too many rows": (coordinates(3, 3), "3 rows of indices for 2 dimensions"),
    "too few values": (coordinates(2, 3, (2,)), "3 columns of indices for values of sizes (2)"),
    "dense sizes": (coordinates(1, 3, (3, 4), (5, 6)), "values of sizes (3, 4) for sizes (5, 6)"),
    "negative": (coordinates(shape=(2, -3)), "a negative number"),
    "too few compressed values": (csr(values=2), "indices of sizes (3) for values of sizes (2)"),
    "one dimension": (csr(shape=(3,)), "a compressed layout of 1 dimensions"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_a_defect(name):
    data, words = WRONG[name]
    (defect,) = Read(data).all("defect")
    assert defect.code == "sparse-bounds"
    assert words in defect.detail


def said(tmp_path, data: bytes, *storages: bytes) -> list[tuple[str, str]]:
    entries = [archives.Entry("a/data.pkl", data), archives.Entry("a/version", b"3\n")]
    entries += [archives.Entry(f"a/data/{key}", storage) for key, storage in enumerate(storages)]
    (tmp_path / "m.pt").write_bytes(archives.archive(entries))
    (tree,) = facts([str(tmp_path / "m.pt")])
    return [
        (finding.rule, finding.message)
        for finding in judge(load_ruleset(), tree).findings
        if finding.severity == "warning"
    ]


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}q", *values)


def test_indices_inside_are_silent(tmp_path):
    assert said(tmp_path, coordinates(), words(0, 1, 1, 2, 0, 2), bytes(12)) == []
    assert said(tmp_path, csr(), words(0, 1, 3), words(2, 0, 2), bytes(12)) == []


@pytest.mark.parametrize(
    ("values", "told"),
    [((0, 1, 2, 2, 0, 2), "row 0 has the index 2 of 2"), ((0, 1, 1, 2, -1, 2), "row 1 has the index -1 of 3")],
)
def test_an_index_outside_is_a_warning(tmp_path, values, told):
    ((rule, message),) = said(tmp_path, coordinates(), words(*values), bytes(12))
    assert (rule, told in message) == ("MA3327", True)


def test_an_index_outside_of_compressed_rows_is_a_warning(tmp_path):
    assert [rule for rule, _ in said(tmp_path, csr(), words(0, 1, 3), words(2, 0, 3), bytes(12))] == ["MA3327"]


def test_a_tensor_of_unsigned_numbers_is_held_against_its_bytes():
    storage = (
        b"("
        + p.text("storage", 2)
        + p.glob("torch.storage", "UntypedStorage")
        + p.text("0", 2)
        + p.text("cpu", 2)
        + b"K\x08tQ"
    )
    for count, codes in ((4, []), (5, ["tensor-bounds"])):
        rest = (
            b"K\x00"
            + numbers(count)
            + numbers(1)
            + b"\x89"
            + p.glob("collections", "OrderedDict")
            + b")R"
            + p.glob("torch", "uint16")
        )
        data = p.stream(p.glob("torch._utils", "_rebuild_tensor_v3"), b"(", storage, rest, b"tR", protocol=2)
        assert Read(data).defects == codes
