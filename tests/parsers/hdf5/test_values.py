"""The values of chunked and filtered data sets, as h5py writes them: statistics, low bits, files in bytes."""

from __future__ import annotations

import random
from contextlib import suppress

import numpy as np
import pytest

from fixtures import executables, hdf5s
from fixtures.mutants import mutant
from modelaudit.engine.facts import Blob, Tensor
from modelaudit.parsers.base import Context, Input, Nested, Values
from modelaudit.parsers.hdf5 import parse
from modelaudit.parsers.hdf5.source import Damage
from modelaudit.parsers.hdf5.values import unlzf
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline.facts import facts

OPTIONS = {
    "plain": {},
    "gzip": {"compression": "gzip"},
    "shuffled": {"compression": "gzip", "shuffle": True},
    "lzf": {"compression": "lzf", "shuffle": True},
    "summed": {"fletcher32": True, "shuffle": True, "compression": "gzip"},
}
SHAPES = {"vector": ((1003,), (100,)), "matrix": ((200, 64), (30, 20)), "cube": ((10, 9, 8), (4, 9, 3))}


def weights(shape: tuple[int, ...], kind: str = "<f4"):
    return (np.random.default_rng(3).standard_normal(shape) * 0.02).astype(kind)


def values(data: bytes) -> list[Values]:
    given = Input("m.h5", BytesReader(data), "hdf5", formats=frozenset({"hdf5"}))
    return [item for item in parse(given, Context()) if isinstance(item, Values)]


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_values_come_out_as_they_went_in(libver: str, options: str, shape: str) -> None:
    whole = weights(SHAPES[shape][0])
    chunks = SHAPES[shape][1]
    data = hdf5s.made(
        lambda file: file.create_dataset("w", data=whole, chunks=chunks, **OPTIONS[options]), libver=libver
    )
    (found,) = values(data)
    assert found.reader.read_at(0, whole.nbytes) == whole.tobytes()
    assert found.reader.read_at(101, 333) == whole.tobytes()[101:434]
    assert found.reader.size == whole.nbytes


@pytest.mark.parametrize(
    ("shape", "maxshape", "chunks"),
    [((100, 7), (None, None), (9, 3)), ((8, 8), None, (8, 8)), ((5000, 2), None, (1, 2))],
    ids=["tree of version 2", "one chunk", "array in pages"],
)
def test_other_indexes_of_new_files(shape, maxshape, chunks) -> None:
    whole = weights(shape, "<f8")
    for options in ({}, {"compression": "gzip"}):
        data = hdf5s.made(
            lambda file, options=options: file.create_dataset(
                "w", data=whole, maxshape=maxshape, chunks=chunks, **options
            ),
            libver="latest",
        )
        (found,) = values(data)
        assert found.reader.read_at(0, whole.nbytes) == whole.tobytes()


def test_what_is_not_stored_is_not_made_up() -> None:
    data = hdf5s.made(lambda file: file.create_dataset("w", (100, 4), "f4", chunks=(10, 4), fillvalue=7))
    (found,) = values(data)
    assert found.reader.read_at(0, 64) == b""


def test_too_large_rows_of_chunks_and_other_filters_are_not_read() -> None:
    data = hdf5s.made(lambda file: file.create_dataset("w", (100_000, 200), "f4", chunks=(60_000, 1)))
    assert values(data) == []
    data = hdf5s.made(lambda file: file.create_dataset("w", data=np.arange(100), chunks=(10,), scaleoffset=0))
    assert values(data) == []


def measured(tmp_path, data: bytes) -> Tensor:
    (tmp_path / "m.h5").write_bytes(data)
    (tree,) = facts([str(tmp_path / "m.h5")], errors=[])
    (tensor,) = tree.facts["tensor"]
    return tensor


def test_statistics_of_chunks(tmp_path) -> None:
    whole = weights((300, 40))
    whole[5] = 0.5
    whole[9, 9] = np.nan
    stats = measured(
        tmp_path, hdf5s.made(lambda file: file.create_dataset("fc/w", data=whole, chunks=(70, 13), compression="gzip"))
    ).stats
    assert (stats.count, stats.nan, stats.constant_rows) == (12_000, 1, 1)
    assert stats.mean == pytest.approx(float(np.nanmean(whole.astype("f8"))), abs=1e-9)


def test_damaged_chunks_have_no_statistics(tmp_path) -> None:
    data = bytearray(
        hdf5s.made(lambda file: file.create_dataset("w", data=weights((300, 40)), chunks=(70, 13), compression="gzip"))
    )
    at = data.find(b"\x78\x5e") if data.find(b"\x78\x5e") > 0 else data.find(b"\x78\x9c")
    data[at : at + 40] = bytes(40)
    tensor = measured(tmp_path, bytes(data))
    assert tensor.stats is None
    assert "stats" in tensor.unknown


def test_a_program_in_the_low_bytes_of_compressed_values(tmp_path) -> None:
    whole = weights((300, 40))
    payload = executables.elf() + bytes(200)
    whole.view("u1").reshape(-1, 4)[: len(payload), 0] = np.frombuffer(payload, "u1")
    (tmp_path / "m.h5").write_bytes(
        hdf5s.made(lambda file: file.create_dataset("w", data=whole, chunks=(70, 13), compression="gzip", shuffle=True))
    )
    (tree,) = facts([str(tmp_path / "m.h5")], errors=[])
    assert [(blob.kind, blob.region, blob.method) for blob in tree.facts["blob"]] == [("elf", "tensor", "lsb-8")]


def test_a_file_in_compressed_bytes_is_read() -> None:
    data = hdf5s.made(
        lambda file: file.create_dataset(
            "blob", data=np.frombuffer(b"\x80\x04cos\ngetcwd\n)R." + bytes(99), "u1"), chunks=(16,), compression="gzip"
        )
    )
    given = Input("m.h5", BytesReader(data), "hdf5", formats=frozenset({"hdf5"}))
    assert [item.name for item in parse(given, Context()) if isinstance(item, Nested)] == ["data set blob"]


@pytest.mark.parametrize("data", [b"\x20", b"\xff", b"\xe0\x01\x00", b"\x00a\x20\x05", b"\x1fabc"])
def test_damaged_packing(data: bytes) -> None:
    with suppress(Damage):
        assert isinstance(unlzf(data, 1000), bytes)


def test_changed_files_raise_nothing() -> None:
    choose = random.Random(11)
    for libver in ("earliest", "latest"):
        for options in ({"compression": "gzip", "shuffle": True}, {"compression": "lzf"}):
            data = hdf5s.made(
                lambda file, options=options: file.create_dataset(
                    "w", data=weights((90, 8)), chunks=(20, 3), **options
                ),
                libver=libver,
            )
            for _ in range(120):
                for found in values(mutant(data, choose.randrange(1 << 30))):
                    assert len(found.reader.read_at(0, 4096)) <= 4096


def test_blobs_of_tensors_say_where(tmp_path) -> None:
    tensor = measured(
        tmp_path, hdf5s.made(lambda file: file.create_dataset("w", data=weights((90, 8)), chunks=(20, 3)))
    )
    assert tensor.places[0].offset > 0
    assert Blob.KIND == "blob"
