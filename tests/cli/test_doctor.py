"""`modelaudit doctor`."""

import json
import sys

import pytest
from click.testing import CliRunner

from modelaudit.cli.doctor import doctor
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline import checkup as checkups
from modelaudit.pipeline.checkup import Part, checkup


@pytest.fixture(autouse=True)
def _own_cache(cache_folder, monkeypatch):
    monkeypatch.setenv("MODELAUDIT_CACHE_DIR", str(cache_folder))


def run(*arguments):
    """Exit code and output; the group turns the value of a command into the code."""
    done = CliRunner().invoke(doctor, arguments, standalone_mode=False)
    assert done.exception is None, done.exception
    return done.return_value, done.stdout


def test_everything_works_here() -> None:
    code, text = run()
    assert code == 0, text
    formats = len(Registry.load().formats)
    assert f"Parsers     {formats} of {formats} formats\n" in text
    assert text.rstrip().endswith("OK          Everything works.")
    assert max(map(len, text.splitlines())) <= 100


def test_the_same_as_json() -> None:
    code, text = run("--json")
    said = json.loads(text)
    assert code == 0
    assert [part["name"] for part in said["parsers"]] == list(Registry.load().formats)
    assert {pack["pack"] for pack in said["packs"]} >= {"core"}
    assert {limit["name"] for limit in said["limits"]} >= {"memory", "processor time"}
    assert said["failed"] == []
    assert {extra["name"] for extra in said["extras"]} >= {
        "all",
        "tensorflow",
        "h5",
        "pytorch",
        "cloud",
        "mlflow",
        "numpy1",
    }


def test_what_does_not_work_is_said_with_its_reason_and_advice(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "modelaudit.parsers.gguf", None)  # as if its import failed
    code, text = run()
    assert code == 1
    assert "--show-failed says why" in text
    code, text = run("--show-failed")
    assert "without gguf" in text
    assert "Failed      gguf: modelaudit.parsers.gguf cannot be imported" in text
    assert "Advice      A parser cannot be imported" in text
    assert "FAILED" in text.splitlines()[-1]


def test_broken_rules_are_no_reason_to_raise(monkeypatch) -> None:
    from modelaudit.engine.errors import UsageError

    def refuse():
        raise UsageError("no rules")

    monkeypatch.setattr(checkups, "load_ruleset", refuse)
    found = checkup({})
    assert [part for part in found.failed if part.name == "rules"] == [Part("rules", "cannot be compiled", "no rules")]


@pytest.mark.parametrize(
    ("numpy", "python", "says"),
    [
        ("1.26.4", (3, 12), "NumPy 1.26.4"),
        ("2.3.0", (3, 12), "NumPy 2.3.0; pip install 'modelaudit[numpy1]' takes NumPy 1"),
        (None, (3, 12), "NumPy is not installed, and not needed"),
        ("2.3.0", (3, 14), "there is no NumPy 1 for Python 3.14: the extra adds nothing"),
    ],
)
def test_the_extra_for_numpy_1_says_where_there_is_one(monkeypatch, numpy, python, says) -> None:
    monkeypatch.setattr(checkups, "_version", lambda name: numpy)
    monkeypatch.setattr(checkups.sys, "version_info", python)
    assert checkups._numpy_1() == says


def test_a_library_that_is_missing_or_does_not_load_is_told(monkeypatch) -> None:
    assert checkups._library("no-such-library-here").problem == "install it: pip install no-such-library-here"
    monkeypatch.setitem(sys.modules, "re2", None)
    assert "cannot be imported" in checkups._library("google-re2").problem


def test_folders_that_cannot_be_written_to_are_worth_advice_alone(monkeypatch) -> None:
    monkeypatch.setattr(checkups, "_writable", lambda path: False)
    found = checkup({})
    assert not found.failed
    assert {"MODELAUDIT_CACHE_DIR", "MODELAUDIT_DATA_DIR"} <= set(" ".join(found.advice).split())
