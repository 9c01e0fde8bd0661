"""How many bytes and requests it takes to see the structure of a file elsewhere."""

from __future__ import annotations

import io
import random
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fixtures import keras_models
from fixtures.hdf5s import made
from fixtures.services import Memory, served
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.sources.remote.line import Line, Meter
from modelaudit.sources.remote.reader import BLOCK, WHOLE, Blocks, RangeReader

if TYPE_CHECKING:
    import h5py

    from modelaudit.engine.document import ScanDocument

EVIL = b"cposix\nsystem\n(S'true'\ntR."
NUMBERS = np.random.default_rng(1)
RANDOM = random.Random(1)


def hdf5(sets: int, each: int) -> bytes:
    def write(file: h5py.File) -> None:
        for number in range(sets):
            group = file.require_group(f"model_weights/layer_{number}")
            group.create_dataset("kernel", data=NUMBERS.standard_normal(each // 4).astype("f4"))
            group.attrs["weight_names"] = [b"kernel"]

    return made(write)


def npz(arrays: int, each: int) -> bytes:
    out = io.BytesIO()
    np.savez(out, **{f"a{number}": NUMBERS.standard_normal(each // 8) for number in range(arrays)})
    return out.getvalue()


def with_objects(data: bytes) -> bytes:
    """An archive of arrays with one more, whose elements are a pickle."""
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117) + b"\n"
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + EVIL
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("z.npy", array + bytes(100_000))
    return out.getvalue()


def structure(name: str, data: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[Memory, ScanDocument]:
    with served(monkeypatch, Memory({name: data})) as service:
        return service, scan(["mem://acme/model"], load_ruleset(), Options(scope="structure"))


def reader_of(data: bytes, *, full: bool = False) -> tuple[Memory, RangeReader]:
    service = Memory({"m.bin": data})
    [listed] = service.files()
    return service, RangeReader(Line(service, Meter()), listed, Blocks(), name="m.bin", full=full)


def distinct(service: Memory) -> int:
    """Bytes that were asked for, those that were asked for twice counted once."""
    asked = [range(start, stop) for _, start, stop in service.asked]
    return len({block for span in asked for block in range(span.start // BLOCK, -(-span.stop // BLOCK))})


@pytest.mark.parametrize("size", [1, BLOCK, BLOCK + 1, WHOLE])
def test_a_small_file_comes_in_one_piece(size: int) -> None:
    data = RANDOM.randbytes(size)
    service, reader = reader_of(data)
    assert reader.read_at(size // 2, 10) == data[size // 2 : size // 2 + 10]
    assert reader.read_at(0, size) == data
    assert service.asked == [("m.bin", 0, size)]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_fetched_twice(seed: int, full: bool) -> None:
    chance = random.Random(seed)
    data = RANDOM.randbytes(WHOLE + chance.randrange(3 * WHOLE))
    service, reader = reader_of(data, full=full)
    for _ in range(60):
        at, length = chance.randrange(len(data)), chance.choice([1, 100, BLOCK, 20 * BLOCK])
        assert reader.read_at(at, length) == data[at : at + length]
    if full:
        reader.finish()
        assert not reader.changed()
    assert service.moved <= len(data)
    assert -(-service.moved // BLOCK) == distinct(service)
    assert reader.bytes_read == service.moved


def test_places_far_from_each_other_cost_little_each() -> None:
    service, reader = reader_of(bytes(64 * WHOLE))
    for at in range(0, 64 * WHOLE, WHOLE):
        reader.read_at(at, 100)
    assert service.moved < 70 * 2 * BLOCK


def test_many_data_sets_are_few_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    data = hdf5(300, 4096)
    service, document = structure("m.h5", data, monkeypatch)
    assert document.decision.exit_code == 0
    assert len(data) > WHOLE
    assert len(service.asked) <= 24
    assert service.moved <= len(data)


def test_members_that_are_weights_stay_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = keras_models.sequential(keras_models.dense())
    for name, data in {
        "m.npz": npz(10, 400_000),
        "m.keras": keras_models.archive(layers, weights=hdf5(10, 400_000)),
    }.items():
        service, document = structure(name, data, monkeypatch)
        assert document.decision.exit_code == 0, document.findings
        assert {artifact.coverage for artifact in document.artifacts if artifact.role != "bundle"} == {"full"}
        assert service.moved < 0.15 * len(data)
        assert len(service.asked) <= 16


def test_what_runs_is_found_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    data = with_objects(npz(4, 400_000))
    service, document = structure("m.npz", data, monkeypatch)
    assert {finding.rule for finding in document.findings if finding.severity == "critical"} >= {"MA1021"}
    assert service.moved < 0.4 * len(data)
