import pytest

from modelaudit.engine.packs import read


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes files below the working folder, which is empty at first."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODELAUDIT_CACHE_DIR", str(tmp_path / ".cache"))

    def put(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    return put


@pytest.fixture
def alone(monkeypatch):
    """No built-in pack takes part: a rule set is compiled in a moment."""
    monkeypatch.setattr(read, "builtin_folders", list)
