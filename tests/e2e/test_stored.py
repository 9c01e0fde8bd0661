"""Stored facts and the fact store as processes."""

import json

import pytest

from fixtures import pickles, tensors


@pytest.fixture
def fleet(tmp_path):
    folder = tmp_path / "fleet"
    folder.mkdir()
    (folder / "evil.pkl").write_bytes(pickles.reduce_call("os", "system", "echo hi"))
    tensors.write_large(folder / "big.safetensors", layers=10, width=200)
    return folder


def report(done):
    """The JSON report without its times."""
    out = json.loads(done.stdout)
    del out["start_time"], out["duration"]
    for issue in [*out["issues"], *out["checks"], *out["suppressed"]]:
        issue.pop("timestamp", None)
    return out


def test_facts_are_judged_without_the_models(modelaudit, fleet, tmp_path) -> None:
    scanned = modelaudit("scan", "fleet", "-f", "json")
    done = modelaudit("facts", "fleet", "-o", "facts.jsonl")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    fleet.rename(tmp_path / "elsewhere")
    judged = modelaudit("scan", "--facts", "facts.jsonl", "-f", "json")
    assert judged.returncode == scanned.returncode == 1
    assert judged.stderr == ""
    assert report(judged) == report(scanned)


def test_a_document_on_stdout_is_the_same(modelaudit, fleet) -> None:
    modelaudit("facts", "fleet", "-o", "facts.jsonl")
    done = modelaudit("facts", "fleet", "-o", "-")
    assert done.stdout == (fleet.parent / "facts.jsonl").read_text()


def test_paths_and_facts_together_are_refused(modelaudit, fleet) -> None:
    done = modelaudit("scan", "fleet", "--facts", "facts.jsonl")
    assert done.returncode == 2
    assert "--facts takes the place of paths" in done.stderr


def test_a_broken_document_is_said_on_stderr(modelaudit, tmp_path) -> None:
    (tmp_path / "facts.jsonl").write_text('{"schema": "something else"}\n')
    done = modelaudit("scan", "--facts", "facts.jsonl")
    assert done.returncode == 2
    assert "error: facts.jsonl:1: no facts" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_cache_is_filled_counted_and_cleared(modelaudit, fleet, tmp_path) -> None:
    cache = {"MODELAUDIT_CACHE_DIR": str(tmp_path / "cache")}
    first = modelaudit("scan", "--no-cache", "fleet", "-f", "json", **cache)
    stats = json.loads(modelaudit("cache", "stats", "-f", "json", **cache).stdout)
    assert stats["facts"]["entries"] == 0
    assert stats["packs"]["entries"] >= 1
    for _ in range(2):
        assert report(modelaudit("scan", "fleet", "-f", "json", **cache)) == report(first)
    stats = json.loads(modelaudit("cache", "stats", "-f", "json", **cache).stdout)
    assert stats["facts"]["entries"] == 1
    assert 0 < stats["facts"]["bytes"] <= stats["facts"]["limit"]
    done = modelaudit("cache", "clear", "--packs", **cache)
    assert "Facts" not in done.stdout
    stats = json.loads(modelaudit("cache", "stats", "-f", "json", **cache).stdout)
    assert (stats["packs"]["entries"], stats["facts"]["entries"]) == (0, 1)
    modelaudit("cache", "clear", **cache)
    stats = json.loads(modelaudit("cache", "stats", "-f", "json", **cache).stdout)
    assert (stats["packs"]["entries"], stats["facts"]["entries"]) == (0, 0)
    assert "Packs   0 entries" in modelaudit("cache", "stats", **cache).stdout
