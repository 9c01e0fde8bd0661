"""Arrays of Zarr 2 beside their parts, and other files that only a model beside them tells."""

import json
import zlib

import pytest

from fixtures import onnxes
from fixtures.archives import Entry, archive
from fixtures.ruling import builtin
from modelaudit.engine.finding import NOTHING_FOUND
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.one import FileResult
from modelaudit.pipeline.scan import scan
from modelaudit.pipeline.workers.wire import clean_row

NUMBERS = bytes(range(1, 65))  # 16 values of four bytes


def blosc(data, *, size=None, packed=None):
    """A part as Blosc packs it, without what would be expanded."""
    head = b"\x02\x01\x02\x04" + (size or len(data)).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return head + (packed or len(data) + 16).to_bytes(4, "little") + data


def described(compressor=None, filters=None, dtype="<f4", shape=(8, 4), chunks=(4, 4), separator="."):
    """The description of an array."""
    codec = None if compressor is None else {"id": compressor}
    kinds = {"dtype": dtype, "compressor": codec, "filters": filters, "fill_value": 0}
    place = {"shape": shape, "chunks": chunks, "order": "C", "dimension_separator": separator}
    return json.dumps({"zarr_format": 2, **kinds, **place}).encode()


def found(folder, files, **options):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    document = scan([str(folder)], builtin(), Options(**options))
    listed = {a.path.removeprefix(f"{folder}/"): (a.format, a.coverage) for a in document.artifacts}
    return listed, sorted((finding.rule, finding.message) for finding in document.findings), document.decision.exit_code


@pytest.mark.parametrize(
    ("compressor", "part"),
    [(None, NUMBERS), ("blosc", blosc(NUMBERS)), ("lz4", b"\x40\0\0\0" + NUMBERS), ("zlib", zlib.compress(NUMBERS))],
)
def test_parts_of_an_array_are_known_by_the_description_beside_them(tmp_path, compressor, part):
    listed, findings, code = found(tmp_path, {"w/.zarray": described(compressor), "w/0.0": part, "w/1.0": part})
    assert (findings, code) == ([], 0)
    assert {coverage for _, coverage in listed.values()} == {"full"}
    assert listed["w/1.0!content" if compressor == "zlib" else "w/1.0"] == ("zarr-chunk", "full")


def test_parts_in_folders_of_their_own_are_known_too_and_other_files_are_not(tmp_path):
    files = {"w/.zarray": described(separator="/"), "w/0/0": NUMBERS, "w/0/x": NUMBERS, "v/0/0": NUMBERS}
    listed, findings, _ = found(tmp_path, files)
    assert not findings
    assert {path: listed[path][0] for path in ("w/0/0", "w/0/x", "v/0/0")} == {
        "w/0/0": "zarr-chunk",
        "w/0/x": "unknown",
        "v/0/0": "unknown",
    }


def test_parts_in_an_archive_are_known_too(tmp_path):
    stored = archive([Entry("w/.zarray", described()), Entry("w/0.0", NUMBERS), Entry("v/0.0", NUMBERS[::-1])])
    listed, findings, code = found(tmp_path, {"a.zip": stored})
    assert (findings, code) == ([], 0)
    assert listed["a.zip!w/0.0"] == ("zarr-chunk", "full")
    assert listed["a.zip!v/0.0"] == ("unknown", "none")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"w/.zarray": described(), "w/2.0": NUMBERS}, "the array has 2 x 1 parts"),
        ({"w/.zarray": described(), "w/0": NUMBERS}, "the array has 2 x 1 parts"),
        ({"w/.zarray": described(), "w/0.0": NUMBERS + b"x"}, "a part has 64 bytes, this one 65"),
        ({"w/.zarray": described("blosc"), "w/0.0": blosc(NUMBERS, packed=99)}, "99 bytes are packed, 80 are there"),
        ({"w/.zarray": described("blosc"), "w/0.0": blosc(NUMBERS, size=9)}, "a part has 64 bytes, this one 9"),
        ({"w/.zarray": described(chunks=(10**18, 4)), "w/1.0": NUMBERS}, "the array has 1 x 1 parts"),
        ({"w/.zarray": described("lz4"), "w/0.0": bytes(9)}, "a part has 64 bytes, this one 0"),
    ],
)
def test_parts_that_do_not_fit_are_a_finding(tmp_path, files, words):
    _, findings, code = found(tmp_path, files)
    assert [rule for rule, _ in findings] == ["MA3202"]
    assert words in findings[0][1]
    assert code == 1


@pytest.mark.parametrize(
    "description",
    [
        described(filters=[{"id": "delta"}]),
        described(dtype="|O"),
        described(dtype=[["a", "<f4"]]),
        described(shape=(8,)),
        described(chunks=(0, 4)),
        described(shape=(8, "x")),
        b'{"zarr_format": 2, "shape": [',
        b'[{"zarr_format": 2}]',
    ],
)
def test_what_cannot_be_told_is_not_held_against_a_part(tmp_path, description):
    _, findings, _ = found(tmp_path, {"w/.zarray": description, "w/0.0": b"x" * 9})
    assert not [rule for rule, _ in findings if rule == "MA3202"]


def test_arrays_of_pickles_are_critical(tmp_path):
    _, findings, code = found(
        tmp_path, {"w/.zarray": described("blosc", [{"id": "pickle"}], "|O"), "w/0.0": blosc(b"x")}
    )
    assert [rule for rule, _ in findings] == ["MA4610"]
    assert code == 1


@pytest.mark.parametrize("jobs", [None, 2])
def test_files_that_a_model_of_onnx_names_are_its_weights(tmp_path, jobs):
    tensors = tuple(onnxes.external(name, location=name, length="64") for name in ("w.bin", "raw", "sub/w", "gone"))
    model = onnxes.model(onnxes.graph(onnxes.node("Relu"), tensors=tensors))
    files = {"m.onnx": model, "w.bin": NUMBERS, "raw": NUMBERS, "sub/w": NUMBERS, "other": NUMBERS}
    listed, _, _ = found(tmp_path, files, jobs=jobs)
    assert {path for path, row in listed.items() if row == ("onnx-data", "full")} == {"w.bin", "raw", "sub/w"}
    assert listed["other"] == ("unknown", "none")


def test_a_file_that_is_something_else_stays_what_it_is(tmp_path):
    model = onnxes.model(onnxes.graph(onnxes.node("Relu"), tensors=(onnxes.external("w", location="w", length="9"),)))
    listed, findings, _ = found(tmp_path, {"m.onnx": model, "w": b"\x80\x04cposix\nsystem\n(S'x'\ntR."})
    assert listed["w"][0] == "pickle"
    assert findings


def test_what_a_worker_says_of_files_beside_a_model_is_not_left_behind():
    result = FileResult("m.onnx")
    result.judgement = NOTHING_FOUND
    assert clean_row(result) is not None
    result.claims = (("w.bin", "onnx-data"),)
    assert clean_row(result) is None
