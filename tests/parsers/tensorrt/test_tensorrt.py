"""TensorRT: programs, plugins and words in a plan, and what must not be taken for them."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures import engines
from fixtures.engines import described, plan
from modelaudit.engine.facts import Blob, Fact, Op, Reference, Text
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.parsers.base import Context, Input, Nested, Property
from modelaudit.parsers.reader import WINDOW, BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.tensorrt import parse
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()


def read(data):
    return list(parse(Input("m.engine", BytesReader(data), "tensorrt"), Context()))


def of(kind, data):
    return [item for item in read(data) if isinstance(item, kind)]


@pytest.mark.parametrize("data", [plan(), described(), plan().replace(b"ftrt", b"ptrt")])
def test_plans_are_told_by_their_mark(data):
    assert REGISTRY.recognise(data[:4096], BytesReader(data), ".engine").formats == ("tensorrt",)


def test_numbers_alone_say_nothing():
    assert read(plan(size=400_000)) == []


def test_the_text_before_a_plan_is_read():
    (text,) = of(Text, described())
    assert text.role == "metadata"
    assert '"a toy"' in text.value


def test_libraries_for_the_host_are_programs():
    (blob,) = of(Blob, plan(engines.elf()))
    assert (blob.kind, blob.validated) == ("elf", True)
    (blob,) = of(Blob, plan(engines.pe()))
    assert blob.kind == "pe"


def test_code_for_the_gpu_is_told_once():
    assert [blob.kind for blob in of(Blob, plan(engines.elf(190), engines.elf(190)))] == ["cubin"]


@pytest.mark.parametrize("part", [b"\x7fELF" + bytes(100), engines.elf(9999), b"MZ" + bytes(90), b"PE\0\0" + bytes(90)])
def test_marks_without_a_sound_header_are_no_programs(part):
    assert of(Blob, plan(part)) == []


def test_plugins_are_operators():
    found = [op.type for op in of(Op, plan(b"EfficientNMS_TRT", b"MinePlugin", b"x_TRTy", b"PluginV2"))]
    assert found == ["EfficientNMS_TRT", "MinePlugin"]


def test_words_that_lead_outside_are_references():
    words = (
        b"/tmp/libevil.so.1",
        b"dlopen",
        b"https://example.org/x",
        b"#!/bin/sh",
        b"/home/me/model.onnx",
        b"C:\\Users\\x\\y",
    )
    found = {(r.kind, r.target) for r in of(Reference, plan(*words))}
    assert ("engine-library", "/tmp/libevil.so.1") in found
    assert {kind for kind, _ in found} == {
        *("engine-library", "engine-loader", "engine-address", "engine-script", "engine-path"),
    }


@pytest.mark.parametrize("shift", [-700, -500, -20, -3, 0, 3, 500, 700])
def test_words_on_the_border_of_two_windows_are_seen_once(shift):
    data = b"ftrt" + bytes(WINDOW + shift - 4) + b"EfficientNMS_TRT" + bytes(5000) + engines.elf() + bytes(9)
    assert [op.type for op in of(Op, data)] == ["EfficientNMS_TRT"]
    assert len(of(Blob, data)) == 1


def findings(tmp_path, data):
    (tmp_path / "m.engine").write_bytes(data)
    document = scan([str(tmp_path)], load_ruleset())
    return {finding.rule for finding in document.findings if finding.active}, document.decision.exit_code


def test_an_ordinary_engine_is_opaque_and_nothing_else(tmp_path):
    assert findings(tmp_path, described(b"EfficientNMS_TRT", b"/model.22/Concat_5", engines.elf(190))) == (
        {"MA4403"},
        0,
    )


def test_a_library_in_an_engine_is_critical(tmp_path):
    assert findings(tmp_path, plan(engines.elf())) == ({"MA4400", "MA4403"}, 1)


def test_plugins_and_words_are_told(tmp_path):
    assert findings(tmp_path, plan(b"Mine_TRT", b"libmine.so")) == ({"MA4401", "MA4402", "MA4403"}, 1)


SEEDS = [plan(engines.elf(), engines.pe(), b"Mine_TRT", b"https://a.b/c", size=3000), described(engines.elf(190))]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32))
def test_changed_files_neither_raise_nor_run_away(data, number):
    rng = random.Random(number)
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    for item in read(bytes(changed)):
        assert isinstance(item, Fact | Nested | Property)
