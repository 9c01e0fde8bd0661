"""Orbax: descriptions, Zarr arrays, and folders of both."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.engine.facts import Defect, Fact, Limit, Metadata, Reference, Tensor, Text
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.parsers.base import Context, Input, Nested, Property
from modelaudit.parsers.bundle import recognise_folder
from modelaudit.parsers.orbax import parse
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()
STANDARD = "orbax.checkpoint._src.handlers.standard_checkpoint_handler.StandardCheckpointHandler"
CHECKPOINT = {"item_handlers": {"state": STANDARD}, "metrics": {}, "custom_metadata": {"note": "tiny"}}
TREE = {
    "tree_metadata": {
        "('w',)": {
            "key_metadata": [{"key": "w", "key_type": 2}],
            "value_metadata": {"value_type": "jax.Array", "write_shape": [4, 8]},
        }
    },
    "use_ocdbt": False,
}
ZARR = {
    "chunks": [4, 8],
    "compressor": {"id": "zstd", "level": 1},
    "dtype": "<f4",
    "filters": None,
    "shape": [4, 8],
    "zarr_format": 2,
}
ZARR3 = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [4],
    "data_type": "float32",
    "codecs": [{"name": "sharding_indexed", "configuration": {"codecs": [{"name": "bytes"}, {"name": "zstd"}]}}],
}


def read(document, format="orbax-metadata"):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return list(parse(Input("_METADATA", BytesReader(data), format), Context()))


def of(kind, document):
    return [item for item in read(document) if isinstance(item, kind)]


def recognised(document):
    data = json.dumps(document).encode()
    return REGISTRY.recognise(data[:4096], BytesReader(data), "").formats


def test_descriptions_are_told_by_their_keys():
    assert recognised(CHECKPOINT) == recognised(TREE) == ("orbax-metadata",)
    assert recognised(ZARR) == recognised(ZARR3) == ("zarr-metadata",)
    assert recognised({"a": "zarr_format"}) == ("text",)


def test_names_of_classes_are_metadata():
    assert [(m.key, m.value, m.type) for m in of(Metadata, CHECKPOINT)] == [("item_handlers", STANDARD, "name")]
    assert [(m.key, m.value, m.type) for m in of(Metadata, TREE)] == [("value_type", "jax.Array", "name")]
    assert [text.role for text in of(Text, TREE)] == ["config"]


def test_arrays_have_their_codecs():
    (two,), (three,) = of(Tensor, ZARR), of(Tensor, ZARR3)
    assert (two.dtype, two.shape, two.filters) == ("<f4", (4, 8), {"zstd"})
    assert (three.dtype, three.filters) == ("float32", {"sharding_indexed", "bytes", "zstd"})


def test_places_are_references():
    spec = {
        "tree_metadata": {},
        "kvstore": {"driver": "file", "path": "/etc/"},
        "x": {"base": "gs://b/c"},
        "path": "a/b",
    }
    assert [(r.target, r.key) for r in of(Reference, spec)] == [("/etc/", "path"), ("gs://b/c", "base")]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b'{"tree_metadata": {', "bad-json"),
        (b'{"zarr_format": 2, "shape": [1], "shape": [2]}', "duplicate-keys"),
        ({**ZARR, "shape": [-1]}, "bad-shape"),
        ({**ZARR, "shape": [1] * 99}, "bad-shape"),
    ],
)
def test_each_lie_is_a_defect(document, code):
    assert code in [defect.code for defect in of(Defect, document)]


def test_depth_without_end_is_a_limit():
    assert of(Limit, b'{"tree_metadata": ' + b"[" * 100_000)


def folder(tmp_path, **files):
    for name, content in {"_CHECKPOINT_METADATA": CHECKPOINT, "_METADATA": TREE, "_sharding": {}, **files}.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    document = scan([str(tmp_path)], load_ruleset())
    return {finding.rule for finding in document.findings if finding.active}, document.decision.exit_code


def test_a_sound_folder_is_a_checkpoint_and_clean(tmp_path):
    assert folder(tmp_path, **{".zarray": ZARR, "zarr.json": ZARR3}) == (set(), 0)
    assert recognise_folder(["_METADATA", "manifest.ocdbt"]) == "orbax-checkpoint"
    assert recognise_folder(["_METADATA", "x"]) is None


def test_pickles_as_a_codec_are_critical(tmp_path):
    found, code = folder(tmp_path, **{".zarray": {**ZARR, "dtype": "|O", "filters": [{"id": "pickle", "protocol": 5}]}})
    assert (found, code) == ({"MA4610"}, 1)


def test_handlers_functions_and_places_are_told(tmp_path):
    more = {"item_handlers": {"x": "evil.Handler"}, "restore_fn": "os.system", "base_path": "file:///etc"}
    found, _ = folder(tmp_path, _CHECKPOINT_METADATA={**CHECKPOINT, **more})
    assert found == {"MA4611", "MA4612", "MA4613", "MA5407"}


def test_a_pickle_in_the_folder_is_judged(tmp_path):
    found, _ = folder(tmp_path, **{"state.pkl": b"cos\nsystem\n(S'true'\ntR."})
    assert "MA1021" in found


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([CHECKPOINT, TREE, ZARR, ZARR3]), st.integers(0, 2**32))
def test_changed_files_neither_raise_nor_run_away(document, number):
    rng = random.Random(number)
    changed = bytearray(json.dumps(document).encode())
    for _ in range(rng.randint(1, 4)):
        changed[rng.randrange(len(changed))] = rng.choice(b'{}[]",:0-\\\xff')
    for item in read(bytes(changed)):
        assert isinstance(item, Fact | Nested | Property)
