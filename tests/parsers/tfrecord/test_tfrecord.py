"""Files of records: logs of TensorBoard and training data."""

import random
import zlib

import pytest

from fixtures import tensorflows as tf
from fixtures import tfrecords
from fixtures.protobufs import field
from modelaudit.engine.facts import Blob, Defect, Fact, Limit, Metadata, Op, Text
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.parsers.base import Context, Input, Nested, Property
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.tfrecord import masked, parse, records
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()


def formats(data, extension=""):
    return REGISTRY.recognise(data[:4096], BytesReader(data), extension).formats


def of(kind, data):
    return [
        item for item in parse(Input("m", BytesReader(data), formats(data)[0]), Context()) if isinstance(item, kind)
    ]


def test_the_sum_is_the_one_of_the_standard():
    # RFC 3720, appendix B.4: the sum of 32 bytes of zeros is 0x8A9136AA
    crc = 0x8A9136AA
    assert masked(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_a_log_is_told_by_its_first_record_and_other_records_by_the_sum_of_a_length():
    assert formats(tfrecords.log()) == ("tensorboard-events",)
    assert formats(tfrecords.examples()) == ("tfrecord",)
    assert "tfrecord" not in formats(b"\xff" + tfrecords.examples()[1:])


def test_graphs_of_a_log_are_read_wherever_they_stand():
    ops = of(Op, tfrecords.log())
    assert {(op.type, op.graph_path) for op in ops} >= {
        ("PyFunc", "graph_def"),
        ("WriteFile", "graph_def/f"),
        ("MatMul", "meta_graph_def"),
        ("PyFunc", "run_metadata/partition_graphs"),
        ("PyFunc", "run_metadata/function_graphs/pre_optimization_graph"),
    }


def test_texts_tensors_and_what_plugins_keep_are_told():
    data = tfrecords.log()
    values = {text.value for text in of(Text, data)}
    assert {"a text that was logged", "about this value", "a message of the log"} <= values
    assert any("a text of hparams" in value for value in values)
    assert ("plugin", "hparams") in {(one.key, one.value) for one in of(Metadata, data)}
    assert [(blob.kind, blob.region) for blob in of(Blob, data)] == [("pickle", "literal")]
    assert {(p.name, p.value) for p in of(Property, data)} >= {("version", "2"), ("producer", "tensorflow")}
    assert not of(Defect, data)


def test_values_of_training_data_are_looked_at():
    assert [(blob.kind, blob.region) for blob in of(Blob, tfrecords.examples())] == [("pickle", "content")] * 2
    record = tfrecords.record(tfrecords.PICKLE)
    assert [blob.kind for blob in of(Blob, record)] == ["pickle"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (tfrecords.begin() + bytes(40), "bad-record"),
        (tfrecords.log()[:-1], "record-cut"),
        (tfrecords.begin() + b"\x01", "record-cut"),
        (tfrecords.log(tfrecords.event(field(4, b"\x0a\x7f"))), "truncated"),
    ],
)
def test_what_is_wrong_is_a_defect_and_the_rest_is_looked_at(data, code):
    assert {defect.code for defect in of(Defect, data)} == {code}
    assert len(of(Nested, data)) >= (code != "truncated")


def test_more_records_than_are_read_are_a_limit(monkeypatch):
    monkeypatch.setattr(records, "RECORDS_MAX", 2000)
    data = tfrecords.record(b"") * 3000
    assert [limit.what for limit in of(Limit, data)] == ["records"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    bad = tf.graph(tf.node("PyFunc"), tf.const("p", "/etc/x"), tf.node("ReadFile", inputs=("p",)))
    (folder / "events.out.tfevents.1.host").write_bytes(tfrecords.log(tfrecords.event(field(4, bad))))
    (folder / "good.tfevents").write_bytes(tfrecords.log(tfrecords.value("loss", (2, 0.5))))
    (folder / "good.tfrecord").write_bytes(zlib.compress(tfrecords.examples(b"x" * 30)))
    (folder / "wrong.tfevents").write_bytes(tfrecords.begin() + bytes(40))
    found = {}
    for finding in scan([str(folder)], load_ruleset()).findings:
        found.setdefault(finding.artifact.rpartition("/")[2], []).append((finding.rule, finding.severity))
    return found


def test_graphs_in_a_log_are_no_more_than_an_info_and_ordinary_files_are_silent(results):
    assert results.pop("events.out.tfevents.1.host") == [("MA4240", "info")]
    assert results.pop("wrong.tfevents") == [("MA4241", "warning")]
    assert not results


def test_changed_files_are_read_without_an_error():
    rng = random.Random(1)
    for seed in (tfrecords.log(), tfrecords.examples()):
        for _ in range(150):
            data = bytearray(seed)
            for _ in range(rng.randint(1, 6)):
                data[rng.randrange(20, len(data))] = rng.randrange(256)
            items = list(parse(Input("m", BytesReader(bytes(data)), formats(seed)[0]), Context()))
            assert all(isinstance(item, Fact | Nested | Property) for item in items)
