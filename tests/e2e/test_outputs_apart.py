"""What is written never takes the place of what is read."""

import pytest

from fixtures import pickles


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "m.pkl"
    path.write_bytes(pickles.harmless())
    return path


def test_facts_never_take_the_place_of_the_model(modelaudit, model):
    before = model.read_bytes()
    done = modelaudit("facts", str(model), "-o", str(model))
    assert done.returncode == 2
    assert "is one of the files to read" in done.stderr
    assert model.read_bytes() == before


def test_a_baseline_never_takes_the_place_of_the_model(modelaudit, model):
    before = model.read_bytes()
    done = modelaudit("policy", "baseline", str(model), "-o", str(model))
    assert done.returncode == 2
    assert model.read_bytes() == before


def test_a_decision_log_is_never_appended_to_the_model(modelaudit, model, tmp_path):
    link = tmp_path / "log.jsonl"
    link.symlink_to(model)
    before = model.read_bytes()
    for log in (model, link):
        done = modelaudit("scan", str(model), "--decision-log", str(log))
        assert done.returncode == 2
        assert "is one of the files to read" in done.stderr
        assert model.read_bytes() == before


def test_a_decision_log_is_never_appended_to_stored_facts(modelaudit, model, tmp_path):
    facts = tmp_path / "facts.jsonl"
    assert modelaudit("facts", str(model), "-o", str(facts)).returncode == 0
    before = facts.read_bytes()
    assert modelaudit("scan", "--facts", str(facts), "--decision-log", str(facts)).returncode == 2
    assert facts.read_bytes() == before
