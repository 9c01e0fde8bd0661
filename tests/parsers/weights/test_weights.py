"""Statistics of tensors and files in their low bits."""

import io
import json
import pickle
import struct
import zipfile

import numpy as np
import pytest

from fixtures import executables
from modelaudit.engine.facts import Tensor
from modelaudit.parsers.base import Context
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.weights import element_of, role_of
from modelaudit.parsers.weights.lowbits import hidden
from modelaudit.parsers.weights.statistics import statistics
from modelaudit.pipeline.weights import Weights

F32 = "F32"


def nothing() -> None:
    """No budget."""


def normal(rows: int = 200, columns: int = 64, seed: int = 0):
    return (np.random.default_rng(seed).standard_normal((rows, columns)) * 0.02).astype("<f4")


def measured(data: bytes, shape: tuple[int, ...], dtype: str):
    element = element_of(dtype)
    assert element is not None
    return statistics(BytesReader(b"head" + data), 4, shape, element, nothing)


@pytest.mark.parametrize(
    ("dtype", "spelling"),
    [
        ("F32", "<f4"),
        ("F16", "<f2"),
        ("float64", "<f8"),
        (">f4", ">f4"),
        ("<i8", "<i8"),
        ("I8", "i1"),
        ("INT64", "<i8"),
    ],
)
def test_statistics_agree_with_numpy(dtype: str, spelling: str) -> None:
    values = (normal() * 1000).astype(spelling)
    stats = measured(values.tobytes(), values.shape, dtype)
    wide = values.astype("f8")
    assert stats.count == values.size
    assert (stats.nan, stats.inf) == (0, 0)
    assert stats.mean == pytest.approx(float(wide.mean()), abs=1e-6)
    assert stats.std == pytest.approx(float(wide.std()), rel=1e-6)
    assert (stats.min, stats.max) == (float(wide.min()), float(wide.max()))


def test_bfloat16_is_the_upper_half_of_single_precision() -> None:
    values = normal()
    upper = (values.view("u4") >> 16).astype("<u2")
    kept = (upper.astype("u4") << 16).view("f4")
    stats = measured(upper.tobytes(), values.shape, "BF16")
    assert (stats.min, stats.max) == (float(kept.min()), float(kept.max()))


def test_values_that_are_no_numbers_are_counted_and_left_out() -> None:
    values = normal()
    values[0, :3] = np.nan
    values[1, :2] = np.inf
    stats = measured(values.tobytes(), values.shape, F32)
    assert (stats.nan, stats.inf) == (3, 2)
    assert stats.max == float(values[np.isfinite(values)].max())


def test_rows() -> None:
    values = normal(2000, 16)
    values[5] = 0.5
    values[7] = values[8] = values[9]
    stats = measured(values.tobytes(), values.shape, F32)
    assert (stats.constant_rows, stats.duplicate_rows) == (1, 2)
    values = normal(2000, 16)
    values[3] *= 100
    stats = measured(values.tobytes(), values.shape, F32)
    assert stats.row_norm_z_max > 12
    assert stats.outlier_share == pytest.approx(1 / 2000)
    assert measured(normal(2000, 16).tobytes(), (2000, 16), F32).outlier_share == 0
    assert measured(normal(10, 16).tobytes(), (10, 16), F32).row_norm_z_max is None


def test_large_tensors_are_read_in_blocks() -> None:
    values = normal(3000, 500)
    stats = measured(values.tobytes(), values.shape, F32)
    assert stats.count == values.size
    assert stats.std == pytest.approx(float(values.astype("f8").std()), rel=1e-9)
    whole = measured(values.tobytes(), (2, 750_000), F32)  # a row is longer than a block
    assert whole.std == pytest.approx(stats.std)
    assert whole.constant_rows is None


def test_elements_and_roles() -> None:
    assert element_of("Q4_K") is None
    assert element_of("string") is None
    assert element_of("|V2") is None
    assert (element_of("<i8").size, element_of("I8").size) == (8, 1)
    assert role_of("model.embed_tokens.weight") == "embedding"
    assert role_of("lm_head.weight") == role_of("fc.weight") == "classifier"
    assert role_of("layers.0.mlp.fc1.weight") is None


def in_low_bits(values, payload: bytes, bits: int, *, high: bool = True):
    """The values with a payload in their low bits."""
    word = {2: "u2", 4: "u4", 8: "u8"}[values.dtype.itemsize]
    whole = values.copy().view(word).ravel()
    digits = np.unpackbits(np.frombuffer(payload, "u1")).reshape(-1, 8 // bits, bits)
    parts = sum(digits[:, :, bit].astype("u8") << (bits - 1 - bit) for bit in range(bits))
    parts = (parts if high else parts[:, ::-1]).ravel()
    whole[: len(parts)] = (whole[: len(parts)] >> np.array(bits, word) << np.array(bits, word)) | parts.astype(word)
    return whole.view(values.dtype)


def look(values, dtype: str):
    data = values.tobytes()
    return hidden(BytesReader(b"head" + data), 4, len(data), element_of(dtype))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("high", [True, False])
@pytest.mark.parametrize("dtype", ["f4", "f2", "f8"])
def test_a_program_in_low_bits_is_found(bits: int, high: bool, dtype: str) -> None:
    values = normal(400, 64).astype("<" + dtype)
    found = look(in_low_bits(values, executables.elf(), bits, high=high), "<" + dtype)
    assert found is not None
    assert (found.kind, found.data[:4]) == ("elf", b"\x7fELF")
    assert found.method == ("lsb-8" if bits == 8 else f"lsb-{bits}-first-{'high' if high else 'low'}")


def archive() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as made:
        made.writestr("a.txt", "words")
    return whole.getvalue()


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("pe", executables.pe()),
        ("zip", archive()),
        ("pickle", pickle.dumps({"a": list(range(40))}, protocol=4)),
        ("pickle", pickle.dumps({"a": list(range(40))}, protocol=2)),
        ("script", executables.script()),
        ("elf", struct.pack("<I", 144) + executables.elf()),
    ],
)
def test_kinds_of_files_in_low_bits(kind: str, payload: bytes) -> None:
    found = look(in_low_bits(normal(800, 64), payload, 8), F32)
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize("order", ["little", "big"])
def test_three_of_four_bytes(order: str) -> None:
    values = normal(400, 64)
    data = executables.pe()
    data += bytes(-len(data) % 3)
    parts = np.frombuffer(data, "u1").reshape(-1, 3)
    values.view("u1").reshape(-1, 4)[: len(parts), :3] = parts if order == "little" else parts[:, ::-1]
    found = look(values, F32)
    assert found is not None
    assert (found.kind, found.method) == ("pe", f"low-bytes-{order}")


def test_ordinary_weights_hold_nothing() -> None:
    for seed in range(100):
        for dtype in ("f4", "f2", "f8"):
            assert look(normal(64, 64, seed).astype("<" + dtype), "<" + dtype) is None
    assert look(np.zeros(4096, "f4"), F32) is None
    magics = b"\x7fELF\x02\x01\x01\0" + b"PK\x03\x04" * 4 + b"\x80\x02cos"
    assert look(in_low_bits(normal(), magics, 8), F32) is None


def safetensors(path, **tensors) -> None:
    header, data = {}, b""
    for name, values in tensors.items():
        raw = values.tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def findings(modelaudit, path, *options: str) -> tuple[int, list[str]]:
    done = modelaudit("scan", str(path), "-f", "json", *options)
    return done.returncode, sorted({issue["rule_code"] for issue in json.loads(done.stdout)["issues"]})


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"tensor.stats"}, {"lm_head.weight": (True, None), "mask": (False, None), "codes": (False, None)}),
        (
            {"tensor.stats", "tensor.measured"},
            {"lm_head.weight": (True, "yes"), "mask": (True, "yes"), "codes": (False, "no")},
        ),
        (set(), {"lm_head.weight": (False, None), "mask": (False, None), "codes": (False, None)}),
    ],
)
def test_heads_are_measured_and_all_on_request(asked: set, expected: dict) -> None:
    values = normal()
    reader = BytesReader(values.tobytes())
    weights = Weights(Context(wants=lambda name: name in asked))
    found = {}
    for name, dtype in (("lm_head.weight", F32), ("mask", F32), ("codes", "Q4_K")):
        size = values.nbytes
        tensor = Tensor("m", name=name, dtype=dtype, shape=(200, 64), nbytes=size, storage_size=size, data_offset=0)
        tensor, _ = weights.told(tensor, reader)
        found[name] = (tensor.stats is not None, tensor.measured)
        assert ("measured" in tensor.unknown) == ("tensor.measured" not in asked)
    assert found == expected


def test_the_default_warns_of_a_head_that_has_no_numbers(modelaudit, tmp_path) -> None:
    broken = normal()
    broken[0, 0] = np.nan
    safetensors(tmp_path / "mask.safetensors", mask=broken)
    safetensors(tmp_path / "head.safetensors", **{"lm_head.weight": broken})
    assert findings(modelaudit, tmp_path / "mask.safetensors") == (0, [])
    assert findings(modelaudit, tmp_path / "head.safetensors") == (1, ["MA5801"])


def test_a_pickle_in_low_bits_is_read_as_one(modelaudit, tmp_path) -> None:
    payload = pickle.dumps({"a": list(range(40)), "b": print}, protocol=4)
    safetensors(tmp_path / "m.safetensors", w=in_low_bits(normal(), payload, 8).reshape(200, 64))
    code, rules = findings(modelaudit, tmp_path / "m.safetensors")
    assert code == 1
    assert "MA5800" in rules


def test_arrays_of_other_formats_have_statistics(tmp_path) -> None:
    h5py = pytest.importorskip("h5py")
    from modelaudit.pipeline.facts import facts

    values = normal()
    np.save(tmp_path / "a.npy", values)
    np.savez(tmp_path / "b.npz", w=values)
    with h5py.File(tmp_path / "c.h5", "w") as file:
        file["w"] = values
        file["big"] = values.astype(">f4")
    found = {}
    for tree in facts([str(tmp_path)], errors=[]):
        for node in tree.walk():
            for tensor in node.facts.get("tensor", ()):
                found[tree.artifact.name, tensor.name] = tensor.stats.mean if tensor.stats else None
    mean = pytest.approx(float(values.astype("f8").mean()))
    assert found == {("a.npy", ""): mean, ("b.npz", ""): mean, ("c.h5", "w"): mean, ("c.h5", "big"): mean}
