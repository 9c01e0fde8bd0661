"""Ordinary model repositories raise nothing, and those with code of their own just that warning."""

import pytest

from fixtures.hub_models import NOTED, SILENT

SPOKEN = ("critical", "warning")


def spoken(findings):
    return {(f.rule, f.severity, f.message) for f in findings if f.severity in SPOKEN}


def test_there_are_enough_of_them():
    assert len(SILENT) >= 60


@pytest.mark.parametrize("name", SILENT)
def test_an_ordinary_repository_raises_nothing(found_in, name):
    findings, code = found_in(SILENT[name])
    assert spoken(findings) == set()
    assert code == 0


@pytest.mark.parametrize("name", NOTED)
def test_what_deserves_a_warning_has_that_one_alone(found_in, name):
    files, rules = NOTED[name]
    findings, code = found_in(files)
    assert {f.rule for f in findings if f.severity in SPOKEN} == rules
    assert not any(f.severity == "critical" for f in findings)
    assert code == 1
