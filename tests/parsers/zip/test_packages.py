"""Shards of distributed checkpoints and packages of exports: ordinary ones are silent, what is in them is judged."""

import pytest

from fixtures import engines, pickles
from fixtures.archives import Entry, archive
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.zip.stacked import is_stacked, parts_of
from modelaudit.pipeline.scan import scan

REGISTRY = Registry.load()
HOSTILE = pickles.reduce_call("os", "system", "echo hi", protocol=2)


def part(value=b"}"):
    stream = pickles.stream(value, protocol=2) if len(value) == 1 else value
    return archive([Entry("archive/data.pkl", stream), Entry("archive/version", b"3\n")])


def found(ruleset, tmp_path, data, name):
    path = tmp_path / name
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    return {(f.rule, f.severity) for f in result.findings if f.active}, result


def formats(data):
    return REGISTRY.recognise(data[:4096], BytesReader(data), "").formats


def test_archives_from_end_to_end_are_a_shard():
    data = part() + part(b"]") + part(b")")
    assert formats(data) == ("pytorch-shard",)
    assert parts_of(BytesReader(data)) == [
        (2 * len(data) // 3, len(data)),
        (len(data) // 3, 2 * len(data) // 3),
        (0, len(data) // 3),
    ]


@pytest.mark.parametrize(
    "data",
    [
        part(),
        part() + b"x" + part(),
        b"x" + part() + part(),
        part() + part() + b"x",
        part() + archive([Entry("a.txt", b"a")]),
        archive([Entry("a.txt", b"a")]) + part(),
        part() + HOSTILE,
    ],
)
def test_anything_else_is_none(data):
    assert not is_stacked(BytesReader(data))


def test_an_ordinary_shard_is_silent_and_read_in_full(ruleset, tmp_path):
    rules, result = found(ruleset, tmp_path, part() + part(b"]") + part(b")"), "__0_0.distcp")
    assert (rules, result.decision.exit_code) == (set(), 0)
    assert {artifact.coverage for artifact in result.artifacts} == {"full"}


@pytest.mark.parametrize("place", range(3))
def test_every_part_of_a_shard_is_judged(ruleset, tmp_path, place):
    parts = [part(), part(), part()]
    parts[place] = part(HOSTILE)
    rules, result = found(ruleset, tmp_path, b"".join(parts), "__0_0.distcp")
    assert ("MA1021", "critical") in rules
    (finding,) = [f for f in result.findings if f.rule == "MA1021"]
    assert f"part@0x{sum(map(len, parts[:place])):x}" in finding.artifact


def test_a_shard_by_another_name_is_a_warning(ruleset, tmp_path):
    assert found(ruleset, tmp_path, part() + part(), "model.pt")[0] == {("MA3324", "warning")}


EXPORT = [
    Entry("m/archive_format", b"pt2"),
    Entry("m/archive_version", b"0"),
    Entry("m/byteorder", b"little"),
    Entry("m/data/weights/weight_0", bytes(24)),
    Entry("m/data/constants/tensor_0", bytes(24)),
    Entry("m/models/model.json", b'{"graph_module": {}}'),
    Entry("m/data/sample_inputs/model.pt", part()),
]


def test_an_ordinary_export_is_silent_and_read_in_full(ruleset, tmp_path):
    rules, result = found(ruleset, tmp_path, archive(EXPORT), "m.pt2")
    assert (rules, result.decision.exit_code) == (set(), 0)
    assert result.artifacts[0].format == "pytorch-zip"
    assert {artifact.coverage for artifact in result.artifacts} == {"full"}


def test_pickles_in_an_export_are_judged(ruleset, tmp_path):
    for name in ("m/data/sample_inputs/other.pt", "m/data/constants/custom_obj_0", "m/data/weights/weight_1"):
        rules, _ = found(ruleset, tmp_path, archive([*EXPORT, Entry(name, part(HOSTILE))]), "m.pt2")
        assert ("MA1021", "critical") in rules


@pytest.mark.parametrize("last", ["wrapper.so", "wrapper.dll", "wrapper.PYD"])
def test_a_compiled_library_is_a_warning_at_least(ruleset, tmp_path, last):
    library = Entry(f"m/data/aotinductor/model/{last}", engines.elf())
    rules, result = found(ruleset, tmp_path, archive([*EXPORT, library]), "m.pt2")
    assert ("MA3349", "warning") in rules
    assert result.decision.exit_code == 1
