"""Every published way past scanners is told, class by class, and so is every row on which readers disagree."""

import pytest

from fixtures import bypasses, vectors
from modelaudit.pipeline.scan import scan


def grade(ruleset, path, data):
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    found = {finding.severity for finding in result.findings if finding.active}
    return ("critical" if "critical" in found else "warning" if "warning" in found else None), result.decision.exit_code


@pytest.mark.parametrize("name", bypasses.CLASSES)
def test_every_file_of_the_class_has_its_grade(ruleset, tmp_path, name):
    files = bypasses.CLASSES[name].files
    missed = []
    for number, (file, data, least) in enumerate(files):
        found, exit_code = grade(ruleset, tmp_path / file, data)
        if exit_code != 1 or found not in (least, "critical"):
            missed.append((number, file, data[:80], found))
    assert files
    assert missed == []


@pytest.mark.parametrize("row", bypasses.DISAGREEMENTS)
def test_what_one_reader_accepts_is_read(ruleset, tmp_path, row):
    found = [grade(ruleset, tmp_path / "m.pkl", vectors.DISAGREEMENTS[name]) for name in bypasses.DISAGREEMENTS[row]]
    assert found == [("critical", 1)] * len(bypasses.DISAGREEMENTS[row])


def test_every_disagreement_stands_in_one_row():
    named = [name for names in bypasses.DISAGREEMENTS.values() for name in names]
    assert sorted(named) == sorted(vectors.DISAGREEMENTS)


def test_identifiers_belong_to_one_class():
    every = [reference for each in bypasses.CLASSES.values() for reference in each.references]
    assert len(every) == len(set(every))
    assert len(every) > 90
