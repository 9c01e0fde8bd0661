"""Arrays of chunks in new files, data sets that may grow, and numbers with their highest byte first."""

from __future__ import annotations

import numpy as np
import pytest

from fixtures import hdf5s
from fixtures.mutants import mutant
from modelaudit.parsers.base import Context, Input, Values
from modelaudit.parsers.hdf5 import parse
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline.facts import facts


def weights(shape: tuple[int, ...], kind: str = "<f4"):
    return (np.random.default_rng(3).standard_normal(shape) * 0.02).astype(kind)


def read(data: bytes) -> list[Values]:
    given = Input("m.h5", BytesReader(data), "hdf5", formats=frozenset({"hdf5"}))
    return [item for item in parse(given, Context()) if isinstance(item, Values)]


def saved(whole, **options) -> bytes:
    return hdf5s.made(lambda file: file.create_dataset("w", data=whole, **options), libver="latest")


CASES = {
    "few": ((10, 4), (None, 4), (5, 4)),
    "blocks of the index": ((300, 4), (None, 4), (5, 4)),
    "secondary blocks": ((3000, 2), (None, 2), (1, 2)),
    "pages": ((40_000,), (None,), (2,)),
    "the last dimension grows": ((6, 500), (6, None), (4, 3)),
    "one in the middle grows": ((3, 90, 5), (8, None, 9), (2, 2, 2)),
    "fixed, and may grow": ((20, 30), (50, 70), (3, 4)),
    "fixed in pages": ((4000, 3), (9000, 5), (2, 2)),
}


@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}], ids=["plain", "gzip"])
@pytest.mark.parametrize("case", CASES)
def test_values_come_out_as_they_went_in(case: str, options) -> None:
    shape, most, chunks = CASES[case]
    whole = weights(shape)
    (found,) = read(saved(whole, maxshape=most, chunks=chunks, **options))
    assert found.reader.read_at(0, whole.nbytes) == whole.tobytes()


def test_data_sets_that_grew_later() -> None:
    whole = weights((900, 6))

    def made(file) -> None:
        stored = file.create_dataset("w", data=whole[:7], maxshape=(None, 6), chunks=(4, 3))
        stored.resize(900, axis=0)
        stored[7:] = whole[7:]

    (found,) = read(hdf5s.made(made, libver="latest"))
    assert found.reader.read_at(0, whole.nbytes) == whole.tobytes()


def test_chunks_that_are_not_stored_are_not_made_up() -> None:
    def made(file) -> None:
        stored = file.create_dataset("w", (4000, 4), "f4", maxshape=(None, 4), chunks=(10, 4))
        stored[3000:] = 1

    (found,) = read(hdf5s.made(made, libver="latest"))
    assert found.reader.read_at(0, 64) == b""
    assert found.reader.read_at(3000 * 16, 16) == np.ones(4, "<f4").tobytes()


def test_changed_arrays_are_read_within_bounds() -> None:
    data = saved(weights((3000, 2)), maxshape=(None, 2), chunks=(1, 2))
    for seed in range(40):
        for found in read(mutant(data, seed)):
            found.reader.read_at(0, 4096)


@pytest.mark.parametrize(
    "options", [{}, {"chunks": (50, 8)}, {"chunks": (50, 8), "shuffle": True, "compression": "gzip"}]
)
@pytest.mark.parametrize("kind", [">f4", ">f8", ">f2", ">i4"])
def test_numbers_with_the_highest_byte_first_are_measured(tmp_path, kind: str, options) -> None:
    whole = (weights((200, 64), "<f8") * 1000).astype(kind)
    (tmp_path / "m.h5").write_bytes(saved(whole, **options))
    (tree,) = facts([str(tmp_path / "m.h5")], errors=[])
    (tensor,) = tree.facts["tensor"]
    assert tensor.measured == "yes"
    assert tensor.stats.max == pytest.approx(float(whole.max()), rel=1e-6)
    assert tensor.stats.mean == pytest.approx(float(whole.astype("f8").mean()), abs=1e-6)


def test_whole_numbers_of_attributes_in_both_orders(tmp_path) -> None:
    def made(file) -> None:
        file.attrs["a"] = np.array(258, ">u2")
        file.attrs["b"] = np.array(-2, "<i4")

    (tmp_path / "m.h5").write_bytes(hdf5s.made(made))
    (tree,) = facts([str(tmp_path / "m.h5")], errors=[])
    assert {fact.key: fact.value for fact in tree.facts["metadata"]} == {"a": "258", "b": "-2"}
