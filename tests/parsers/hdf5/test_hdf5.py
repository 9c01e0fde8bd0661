"""The HDF5 parser: what h5py writes is found, other files are named and not opened, damage is said."""

import io
import json

import h5py
import numpy as np
import pytest

from fixtures import hdf5s, keras_models, mutants
from modelaudit.engine.facts import Code, Defect, Layer, Limit, Metadata, Reference, Relation, Tensor, Text
from modelaudit.parsers.base import Context, Input, Nested, Property, Values
from modelaudit.parsers.hdf5 import find_signature, parse, recognise, source
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry

LIBRARIES = ["earliest", "v110", "latest"]


def scan(data: bytes, *, wants=None, formats=frozenset(), **budgets):
    context = Context(wants=wants, budgets=budgets)
    items = list(parse(Input("m.h5", BytesReader(data), "hdf5", formats=formats), context))
    return [item.tensor if isinstance(item, Values) else item for item in items]


def of(kind, items):
    return [item for item in items if isinstance(item, kind)]


def defects(items) -> list[str]:
    return [defect.code for defect in of(Defect, items)]


def properties(items) -> dict[str, str]:
    return {item.name: item.value for item in of(Property, items)}


def expected(data: bytes):
    """Shapes of the data sets and names of the attributes, as h5py sees them."""
    shapes, notes, seen = {}, set(), set()

    def visit(group, path):
        for key in group:
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                continue
            item = group[key]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                continue
            seen.add(address)
            name = f"{path}/{key}".lstrip("/")
            notes.update(f"{name}@{attribute}" for attribute in item.attrs)
            if isinstance(item, h5py.Dataset):
                shapes[name] = tuple(item.shape or ())
            elif isinstance(item, h5py.Group):
                visit(item, name)

    with h5py.File(io.BytesIO(data)) as file:
        seen.add(h5py.h5o.get_info(file.id).addr)
        notes.update(file.attrs)
        visit(file, "")
    return shapes, notes


# Recognition


@pytest.mark.parametrize("offset", [0, 512, 1024, 4096, 65_536])
def test_a_file_is_recognised_behind_a_user_block(offset):
    data = bytes(offset) + hdf5s.weights()
    assert recognise(data[:4096], BytesReader(data))
    assert find_signature(data[:4096], BytesReader(data)) == offset


def test_the_catalogue_looks_behind_user_blocks():
    data = b"some text ".ljust(8192, b" ") + hdf5s.weights()
    assert "hdf5" in Registry.load().recognise(data[:4096], BytesReader(data), ".h5").formats


def test_a_signature_elsewhere_is_no_file():
    data = bytes(100) + hdf5s.weights()
    assert not recognise(data[:4096], BytesReader(data))
    assert not recognise(b"", BytesReader(b""))


# Structure


@pytest.mark.parametrize("libver", LIBRARIES)
def test_every_data_set_and_attribute_is_found_in_all_versions_of_the_format(libver):
    data = hdf5s.everything(libver)
    items = scan(data)
    shapes, notes = expected(data)
    assert defects(items) == []
    assert {tensor.name: tensor.shape for tensor in of(Tensor, items)} == shapes
    assert {metadata.key for metadata in of(Metadata, items)} == notes


def test_types_sizes_and_filters_are_facts():
    tensors = {tensor.name: tensor for tensor in of(Tensor, scan(hdf5s.everything()))}
    assert (tensors["many/set 0"].dtype, tensors["many/set 0"].nbytes, tensors["many/set 0"].storage_size) == (
        "float32",
        12,
        12,
    )
    assert tensors["chunks"].filters == {"deflate", "shuffle"}
    assert tensors["pairs"].dtype == "compound of 2"
    assert tensors["typed"].dtype == "int32"
    assert tensors["one"].shape == ()


def test_values_of_attributes_are_shown():
    found = {metadata.key: metadata.value for metadata in of(Metadata, scan(hdf5s.everything()))}
    assert found["texts"] == "a, bcd"
    assert found["noted@note 7"] == "value 7"
    assert len(found["long"]) == 65_536


@pytest.mark.parametrize("libver", LIBRARIES)
def test_other_files_are_named(libver):
    found = {(r.key, r.target, r.owner) for r in of(Reference, scan(hdf5s.everything(libver)))}
    assert found == {
        ("external-storage", "/nonexistent/values.bin", "stored"),
        ("external-link", "../other.h5", "linked"),
        ("virtual", "source.h5", "virtual"),
    }


def test_virtual_sources_of_the_newest_version_may_share_names():
    def write(file):
        layout = h5py.VirtualLayout((4, 10), "f4")
        for n in range(4):
            layout[n] = h5py.VirtualSource("a rather long name of a file.h5", "a rather long name", (4, 10))[n]
        file.create_virtual_dataset("virtual", layout)

    items = scan(hdf5s.made(write, libver="latest"))
    assert defects(items) == []
    assert [reference.target for reference in of(Reference, items)] == ["a rather long name of a file.h5"]


def test_text_is_given_only_when_somebody_reads_it():
    data = hdf5s.everything()
    assert of(Text, scan(data))
    assert of(Text, scan(data, wants=lambda name: name != "text")) == []


def test_what_stands_around_the_file_is_nested():
    block = b"#!/bin/sh\necho hello\n".ljust(512, b"\0")
    data = block + hdf5s.weights() + b"more"
    names = [nested.name for nested in of(Nested, scan(data))]
    assert names == ["user-block", "trailing-data"]
    assert of(Nested, scan(data, formats=frozenset({"hdf5", "zip"}))) == []


def test_pickles_in_attributes_and_data_sets_are_nested():
    pickled = b"cos\ngetpid\n(tR."

    def write(file):
        file.attrs["text"] = np.bytes_(pickled + b" " * 8)
        file.attrs["raw"] = np.void(b"\x80\x04" + pickled + b"      ")
        file.create_dataset("bytes", data=np.frombuffer(pickled + b" " * 8, "u1"))
        file.create_dataset("weights", data=np.zeros(40, "u1"))
        file.attrs["words"] = "(some words in brackets)"

    names = {nested.name for nested in of(Nested, scan(hdf5s.made(write)))}
    assert names == {"attribute @text", "attribute @raw", "data set bytes"}


# Keras


def test_a_whole_model_has_layers_code_and_a_producer():
    config = keras_models.old_sequential(keras_models.old_lambda_layer(), keras_models.old_dense())
    items = scan(hdf5s.whole_model(config, layers=("dense",)))
    assert [layer.class_name for layer in of(Layer, items) if not layer.by_name] == ["Sequential", "Lambda", "Dense"]
    assert {"__import__", "getpid"} <= of(Code, items)[0].names
    assert properties(items) == {
        "version": "0",
        "producer": "keras",
        "producer_version": "2.12.0",
        "role": "model",
    }
    assert [relation.agrees for relation in of(Relation, items)] == [True]


def test_weights_without_a_layer_disagree():
    config = keras_models.old_sequential(keras_models.old_dense())
    (relation,) = of(Relation, scan(hdf5s.whole_model(config, layers=("dense", "other"))))
    assert (relation.agrees, relation.detail) == (False, "weights without a layer: other")


def test_weights_alone_are_no_model():
    found = properties(scan(hdf5s.weights()))
    assert found == {"version": "0", "producer": "keras"}


def test_a_configuration_in_any_attribute_is_read():
    def write(file):
        file.create_group("a").attrs["other"] = '{"class_name": "Lambda", "config": {"name": "x"}}'

    (layer,) = of(Layer, scan(hdf5s.made(write)))
    assert layer.places[0].pointer == "a@other"


def test_a_text_ends_at_its_first_nul_as_it_does_for_libraries():
    config = json.dumps(keras_models.old_sequential(keras_models.old_dense())).encode()
    data = hdf5s.whole_model(config + b" tail").replace(config + b" tail", config + b"\0tail")
    items = scan(data)
    assert defects(items) == []
    assert "Dense" in {layer.class_name for layer in of(Layer, items)}


def test_a_broken_configuration_is_a_defect():
    (defect,) = of(Defect, scan(hdf5s.whole_model("{")))
    assert defect.code == "config-not-json"
    assert "layer" in defect.affects


# Damage


def test_a_file_that_ends_early_says_so():
    data = hdf5s.everything()
    items = scan(data[: len(data) // 2])
    assert "hdf5-truncated" in defects(items)


def test_a_stated_shape_beyond_the_file_is_a_defect():
    data = hdf5s.made(lambda file: file.create_dataset("w", (10**6, 10**6), "f4", chunks=True))
    assert defects(scan(data)) == ["hdf5-shape"]


def test_no_superblock_is_a_defect():
    assert defects(scan(b"nothing")) == ["hdf5-superblock"]
    assert defects(scan(hdf5s.weights()[:8] + b"\x09" + bytes(100))) == ["hdf5-superblock"]


def test_more_objects_than_are_read_are_a_limit():
    (limit,) = of(Limit, scan(hdf5s.everything(), members=20))
    assert (limit.what, limit.by) == ("members", "file")
    assert "tensor" in limit.affects


def test_objects_that_share_their_bytes_again_and_again_are_a_limit(monkeypatch):
    monkeypatch.setattr(source, "COST_MAX", 100_000)
    (limit,) = of(Limit, scan(hdf5s.everything()))
    assert (limit.what, limit.by) == ("work", "file")
    assert "tensor" in limit.affects


@pytest.mark.parametrize("libver", LIBRARIES)
def test_changed_bytes_never_raise(libver):
    data = hdf5s.everything(libver)
    for seed in range(150):
        for item in scan(mutants.mutant(data, seed), members=2000):
            if isinstance(item, Defect):
                assert item.detail
