"""Disguises that have hidden calls from scanners: the whole scan tells each, as critical where code would run.

The identifiers of rows are those of the table of a comparison of scanners; GHSA and CVE numbers are the advisories
that describe a disguise. Nothing is ever loaded; all operands are texts.
"""

import pytest

from fixtures import pickles as p
from fixtures import vectors
from modelaudit.pipeline.scan import scan


def severities(ruleset, tmp_path, name, data):
    """The grades of the findings of one file, and the exit code."""
    path = tmp_path / name
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    return {finding.severity for finding in result.findings if finding.active}, result.decision.exit_code


@pytest.mark.parametrize("name", vectors.DISAGREEMENTS)
def test_a_stream_on_which_readers_disagree_is_critical(ruleset, tmp_path, name):
    found, exit_code = severities(ruleset, tmp_path, "m.pkl", vectors.DISAGREEMENTS[name])
    assert ("critical" in found, exit_code) == (True, 1)


@pytest.mark.parametrize("name", vectors.STREAMS)
def test_a_disguise_is_critical_or_a_warning_where_nothing_is_known(ruleset, tmp_path, name):
    found, exit_code = severities(ruleset, tmp_path, "m.pkl", vectors.STREAMS[name])
    assert exit_code == 1
    assert ("warning" if name in vectors.WARNINGS else "critical") in found


@pytest.mark.parametrize("name", vectors.NAMES)
def test_a_callable_that_lists_have_lacked_is_critical(ruleset, tmp_path, name):
    operands = [p.imported("os", "system", 2)] if name in vectors.LATER else ["echo hi"]
    found, exit_code = severities(ruleset, tmp_path, "m.pkl", vectors.named(name, *operands))
    assert ("warning" if name in vectors.REBUILDING else "critical") in found
    assert exit_code == 1


@pytest.mark.parametrize(("module", "name"), vectors.DOTTED)
def test_a_name_that_climbs_out_of_a_module_is_critical(ruleset, tmp_path, module, name):
    found, exit_code = severities(ruleset, tmp_path, "m.pkl", p.reduce_call(module, name, "os"))
    assert ("critical" in found, exit_code) == (True, 1)


@pytest.mark.parametrize("name", vectors.ADDRESSED)
def test_a_callable_with_an_address_is_critical(ruleset, tmp_path, name):
    found, exit_code = severities(ruleset, tmp_path, "m.pkl", vectors.named(name, "https://example.org/x"))
    assert ("critical" in found, exit_code) == (True, 1)


@pytest.mark.parametrize("name", vectors.FILES)
def test_a_container_or_a_name_hides_nothing(ruleset, tmp_path, name):
    found, exit_code = severities(ruleset, tmp_path, *vectors.FILES[name])
    assert ("critical" in found, exit_code) == (True, 1)


def test_a_folder_hides_nothing(ruleset, tmp_path):
    for number, (name, data) in enumerate(vectors.FILES.values()):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / name).write_bytes(data)
    result = scan([str(tmp_path)], ruleset)
    critical = {finding.artifact.split("!")[0] for finding in result.findings if finding.severity == "critical"}
    assert len(critical) == len(vectors.FILES)


# Rows of the table, and the vectors above that are their inputs.
ROWS = {
    "1": [],
    "2": ["memo: PUT of an argument"],
    "3": ["memo: POP before PUT"],
    "4": ["memo of an earlier stream"],
    "5": ["INST", "OBJ and POP", "NEWOBJ"],
    "6": ["NEWOBJ_EX"],
    "7": ["EXT code of its own", "EXT code by the registry"],
    "8": ["persistent id"],
    "9": ["planted __setstate__"],
    "10": ["no STOP", "unknown opcode behind the call"],
    "11": ["a harmless stream before it"],
    "12": ["zeros before the stream", "text before the stream"],
    "13": ["bytes in a stream"],
    "14": ["Cyrillic letter in a module"],
    "15": [
        "importlib.import_module",
        "marshal.loads",
        "_posixsubprocess.fork_exec",
        "joblib.load",
        "pandas.eval",
        "yaml.unsafe_load",
        "numpy.load",
        "torch.hub.load",
    ],
    "16": [f"{module} {name}" for module, name in vectors.DOTTED],
    "17": ["sys.modules behind a module, then BUILD", "dotted name behind a later PROTO"],
    "18": [name for name in vectors.FILES if name.startswith("wrong extension")],
    "19": ["no extension"],
    "20": ["torch archive"],
    "21": ["bad CRC"],
    "22": ["duplicate, harmless first", "duplicate, harmless last"],
    "23": ["encryption bit on plain bytes"],
    "24": ["other name in the local header", "other name in the directory"],
    "25": ["two end records"],
    "26": ["pickle called notes.txt", "protocol 0 without extension"],
    "27": ["nested archives, three", "nested archives, eight"],
    "30": ["storage that is a pickle", "constants of TorchScript", "code of an archive"],
    "31": ["harmless stream, then an archive"],
    "33": ["joblib zlib", "joblib gzip", "joblib bz2", "joblib xz", "joblib lzma"],
    "35": ["array of objects", "archive with an array of objects", "archive with a pickle"],
}


def test_every_row_has_its_vectors():
    known = {*vectors.DISAGREEMENTS, *vectors.STREAMS, *vectors.NAMES, *vectors.FILES}
    known |= {f"{module} {name}" for module, name in vectors.DOTTED}
    assert [name for names in ROWS.values() for name in names if name not in known] == []
    assert {*ROWS} == {*map(str, range(1, 28)), "30", "31", "33", "35"}


@pytest.mark.parametrize("protocol", range(6))
def test_row_1_the_plain_call_in_every_protocol(ruleset, tmp_path, protocol):
    found, _ = severities(ruleset, tmp_path, "m.pkl", p.reduce_call("os", "system", "echo hi", protocol=protocol))
    assert "critical" in found


def test_row_28_compressed_zeros_are_at_least_a_warning(ruleset, tmp_path):
    from fixtures import archives

    data = archives.simple("zeros.bin", bytes(64 << 20))
    found, exit_code = severities(ruleset, tmp_path, "m.zip", data)
    assert found & {"warning", "critical"}
    assert exit_code == 1


def test_row_52_a_call_behind_much_data(ruleset, tmp_path):
    """The 600 MB are a file with a hole, so that nothing has to be written."""
    path = tmp_path / "large.pkl"
    size = 600 << 20
    with path.open("wb") as file:
        file.write(b"\x80\x04\x8e" + size.to_bytes(8, "little"))
        file.seek(size, 1)
        file.write(b"0" + vectors.CALL + b".")
    result = scan([str(path)], ruleset)
    assert "critical" in {finding.severity for finding in result.findings}
    path.unlink()


def test_what_rebuilds_a_function_without_calling_it_is_a_warning(ruleset, tmp_path):
    name = "cloudpickle.cloudpickle._make_function"
    assert severities(ruleset, tmp_path, "m.pkl", vectors.named(name, "echo hi")) == ({"warning"}, 1)
