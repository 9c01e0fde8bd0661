"""One hostile file of each kind, under its own name, none and a wrong one; bytes that two formats accept."""

import pytest

from fixtures import hostile
from fixtures.ruling import builtin
from modelaudit.pipeline.scan import scan

FILES = hostile.files()
POLYGLOTS = hostile.polyglots()
WARNED = {  # what a loader would refuse, or what needs something else to be harmful
    *("domain.onnx", "nested.onnx", "load.pb", "extension.pmml", "injection.gguf"),
    *("header.safetensors", "twice.safetensors", "overlap.safetensors", "elf.bin", "pe.bin", "macho.bin"),
}
BY_NAME = {"header.safetensors", "elf.bin", "pe.bin", "macho.bin"}  # their names say what they should be


def grades(folder):
    """The grades of what was found in each folder."""
    document = scan([str(folder)], builtin())
    found = {}
    for finding in document.findings:
        name = finding.artifact.removeprefix(f"{folder}/").partition("!")[0]
        if finding.active and finding.severity in ("critical", "warning") and finding.rule != "MA3101":
            found.setdefault(name.partition("/")[0], set()).add(finding.severity)
    return found


@pytest.mark.parametrize("extension", [None, "", ".bin"])
def test_each_is_found_whatever_its_name(tmp_path, extension):
    for name, data in FILES.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / (name if extension is None else f"file{extension}")).write_bytes(data)
    found = grades(tmp_path)
    expected = {name: "warning" if name in WARNED else "critical" for name in FILES}
    for name, grade in expected.items():
        if extension is not None and name in BY_NAME:
            continue
        assert grade in found.get(name, set()), name
    assert len(found) >= len(FILES) - len(BY_NAME)


@pytest.mark.parametrize("name", POLYGLOTS)
def test_what_two_formats_accept_is_read_as_both_and_is_a_finding(tmp_path, name):
    data, formats = POLYGLOTS[name]
    (tmp_path / "model").write_bytes(data)
    document = scan([str(tmp_path / "model")], builtin())
    assert formats <= set(document.artifacts[0].formats)
    rules = {finding.rule for finding in document.findings if finding.active}
    assert "MA3102" in rules
    assert document.decision.exit_code == 1
