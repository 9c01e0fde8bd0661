"""OCDBT stores of Orbax checkpoints: manifests, nodes, data files, and shards of Zarr."""

import json
import os
import pickle
import random

import pytest
import zstandard

from fixtures import ocdbts
from fixtures.ruling import builtin
from modelaudit.engine.facts import Blob, Defect, Limit, Metadata, Reference, Tensor, Text
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.ocdbt import parse
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()
FILE = b"d/0123456789abcdef0123456789abcdef"
CHUNK = zstandard.ZstdCompressor().compress(bytes(range(64)))
ZARRAY = {"chunks": [4], "compressor": {"id": "zstd"}, "dtype": "<f4", "filters": None, "shape": [4], "zarr_format": 2}


class Print:
    """What unpickles by a call that a scanner must see; it is never loaded."""

    def __reduce__(self):
        return os.system, ("true",)


def described(**changes):
    return json.dumps({**ZARRAY, **changes}).encode()


def read(data):
    return list(parse(Input("f", BytesReader(data), "ocdbt"), Context()))


def of(kind, data):
    return [item for item in read(data) if isinstance(item, kind)]


def recognised(data):
    return REGISTRY.recognise(data[:4096], BytesReader(data), "").formats


def test_a_manifest_names_its_data_files_and_settings():
    data = ocdbts.manifest(FILE)
    assert recognised(data) == ("ocdbt",)
    assert [one.target for one in of(Reference, data)] == [FILE.decode()]
    assert ("max_inline_value_bytes", "1024") in [(one.key, one.value) for one in of(Metadata, data)]


def test_a_manifest_whose_versions_are_numbered_names_no_files():
    assert not of(Reference, ocdbts.manifest(FILE, kind=1))


@pytest.mark.parametrize("compressed", [True, False])
def test_a_leaf_describes_its_arrays(compressed):
    data = ocdbts.leaf({b"a/.zarray": described(), b"a/0": CHUNK, b"b/0": None}, FILE, compressed=compressed)
    (tensor,) = of(Tensor, data)
    assert (tensor.name, tensor.dtype, tensor.shape, tensor.filters) == ("a", "<f4", (4,), {"zstd"})
    assert [one.owner for one in of(Text, data)] == ["a/.zarray"]
    assert not of(Defect, data)


def test_nodes_above_the_leaves_name_files():
    assert len(of(Reference, ocdbts.interior(FILE, b"d/x"))) == 2
    assert len(of(Reference, ocdbts.versions(FILE))) == 1


def test_nodes_are_found_behind_values():
    data = CHUNK + b"\x0c\xdb\x20\xde" + CHUNK + ocdbts.leaf({b"a/.zarray": described()})
    assert recognised(data) == ("ocdbt",)
    assert len(of(Tensor, data)) == 1
    assert not of(Defect, data)


def test_nodes_are_found_between_values():
    long = zstandard.ZstdCompressor(write_checksum=True).compress(random.Random(1).randbytes(700_000))
    run = zstandard.ZstdCompressor().compress(bytes(500_000))
    data = CHUNK + long + run + ocdbts.leaf({b"a/.zarray": described()}) + long
    assert recognised(data) == ("ocdbt",)
    assert len(of(Tensor, data)) == 1


@pytest.mark.parametrize("length", range(2**20 - 40, 2**20 + 3, 6))
def test_pieces_are_found_wherever_windows_end(length):
    node = ocdbts.leaf({b"a/.zarray": described()})
    data = CHUNK.ljust(length, b"\x0c") + node + node
    assert [one.name for one in of(Tensor, data)] == ["a", "a"]


def test_compressed_files_stay_what_they_are():
    assert recognised(CHUNK) == ("zstd",)
    assert recognised(CHUNK + b"\x0c\xdb" * 20) == ("zstd",)
    assert recognised(CHUNK + CHUNK) == ("zstd",)


def test_a_value_that_is_a_file_is_read_as_one():
    pickled = b"\x80\x04cbuiltins\nprint\n(tR."
    items = read(ocdbts.leaf({b"a/.zattrs": b'{"note": "x"}', b"b": pickled}))
    assert [one.kind for one in items if isinstance(one, Blob)] == ["pickle"]
    assert [one.name for one in items if isinstance(one, Nested)] == ["value/b"]


@pytest.mark.parametrize(
    "data",
    [
        ocdbts.leaf({b"b": b"1", b"a": b"2"}),
        ocdbts.piece("0cdb20de", b"\0" + ocdbts.numbers(9)),
        ocdbts.piece("0cdb20de", b"\0\0" + b"\xff" * 12),
        ocdbts.piece("0cdb20de", b"\0\0" + ocdbts.numbers(2, 9, 1, 1) + b"ab"),
        ocdbts.piece("0cdb20de", b"no zstd", compressed=False).replace(b"\0\0no", b"\0\1no"),
        ocdbts.leaf({b"a": b"1"}, size=900),
    ],
    ids=["order", "numbers", "long number", "shared", "body", "size"],
)
def test_what_is_malformed_is_a_defect(data):
    assert [one.code for one in of(Defect, data)] == ["bad-node"]


def test_a_node_of_countless_keys_is_a_limit():
    keys = ocdbts.numbers(300_000) + bytes(400_000)
    assert [one.what for one in of(Limit, ocdbts.piece("0cdb20de", b"\0\0" + keys))] in (["entries"], ["ratio"])
    shared = ocdbts.numbers(3000, *[60_000] * 2999, 60_000, *[0] * 2999) + b"k" * 60_000
    assert [one.what for one in of(Limit, ocdbts.piece("0cdb20de", b"\0\0" + shared))] == ["size"]


def test_shards_are_told_by_their_index():
    assert recognised(ocdbts.shard(b"a" * 99, b"b" * 99)) == ("zarr-shard",)
    assert recognised(ocdbts.shard(b"a" * 99, absent=3)) == ("zarr-shard",)
    assert recognised(ocdbts.shard(b"a" * 99) + b"x") == ("zstd",)
    assert recognised(CHUNK + bytes(20)) == ("zstd",)


def found(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    document = scan([str(tmp_path / name)], builtin())
    return {finding.rule for finding in document.findings if finding.active}


def test_what_a_scan_says(tmp_path):
    assert not found(tmp_path, "good", ocdbts.leaf({b"a/.zarray": described(), b"a/0": CHUNK}, FILE))
    assert not found(tmp_path, "shard", ocdbts.shard(b"a" * 99, b"b" * 99))
    pickles = described(filters=[{"id": "pickle"}], dtype="|O")
    assert "MA4610" in found(tmp_path, "pickles", ocdbts.leaf({b"a/.zarray": pickles}))
    assert "MA4613" in found(tmp_path, "outside", ocdbts.manifest(b"../../etc/x"))
    assert "MA4614" in found(tmp_path, "broken", ocdbts.leaf({b"a": b"1"}, size=900))


@pytest.mark.parametrize("size", [1, 300_000])
def test_a_compressed_pickle_cannot_hide_as_a_shard_or_store(tmp_path, size):
    pickled = pickle.dumps([Print(), b"x" * size])
    shard = ocdbts.shard(pickled)
    assert recognised(shard) == ("zarr-shard",)
    assert "MA1021" in found(tmp_path, "model.pkl.zst", shard)
    store = zstandard.ZstdCompressor().compress(pickled) + ocdbts.leaf({b"a/.zarray": described()})
    assert recognised(store) == ("ocdbt",)
    assert "MA1021" in found(tmp_path, "model.bin", store)


def test_mutants_never_raise():
    rnd = random.Random(5)
    seeds = [
        ocdbts.manifest(FILE),
        ocdbts.leaf({b"a/.zarray": described(), b"a/0": CHUNK, b"b": None}, FILE, compressed=False),
        ocdbts.versions(FILE),
        CHUNK + ocdbts.interior(FILE, b"x"),
    ]
    for _ in range(2000):
        data = bytearray(rnd.choice(seeds))
        for _ in range(rnd.randint(1, 4)):
            data[rnd.randrange(len(data))] = rnd.choice((0, 1, 127, 128, 255, rnd.randrange(256)))
        read(bytes(data))
