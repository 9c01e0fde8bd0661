"""Nothing in the current folder is imported: it may be that of a model that nobody trusts."""

import subprocess
import sys

import pytest

from fixtures import small
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline import feed
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.scan import scan
from modelaudit.pipeline.workers import process

HOSTILE = "import os; open(os.path.join(os.path.dirname(__file__), 'pwned'), 'w').close()\n"
NAMES = ("click", "socket", "json", "yaml", "rich", "signal", "gc", "struct", "hashlib", "modelaudit_x")


@pytest.fixture
def folder(tmp_path):
    """A folder with models, and with modules named as those that are imported."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(HOSTILE, encoding="utf-8")
    for number in range(4):
        (tmp_path / f"{number}.pkl").write_bytes(small.EVIL_PICKLE)
    return tmp_path


def test_python_m_takes_no_module_from_there(modelaudit, folder) -> None:
    done = modelaudit("scan", "0.pkl", "--quiet")
    assert modelaudit.cwd == folder
    assert done.returncode == 1, done.stderr
    assert not (folder / "pwned").exists()


def test_a_worker_takes_none_either(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(process, "forks", lambda: False)
    monkeypatch.setattr(feed, "FILES", 2)  # enough for workers
    monkeypatch.setattr(feed, "DEAR", 1)
    models = [f"{number}.pkl" for number in range(4)]
    document = scan(models, load_ruleset(), Options(jobs=2))
    assert {finding.artifact for finding in document.findings} == set(models)
    assert not (folder / "pwned").exists()


def test_the_fixture_would_notice(folder) -> None:
    subprocess.run([sys.executable, "-c", "import modelaudit_x"], cwd=folder, check=True)
    assert (folder / "pwned").exists()
