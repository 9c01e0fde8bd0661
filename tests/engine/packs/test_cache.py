import json
import os
import stat

import pytest

from modelaudit.engine.distribution import places
from modelaudit.engine.packs import cache

REQUEST = {"engine": "1.0.0", "policy": "default", "rules": []}
RULESET = {"format": "modelaudit/compiled@1", "lists": {"a.b": {"items": ["x"]}}, "rules": ["é", {"id": 1}]}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("MODELAUDIT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "compiled"


@pytest.fixture
def inputs(tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text("rules")
    return [{"path": str(file), "sha256": cache.files.file_digest(str(file))}]


def entry(place):
    (path,) = place.iterdir()
    return path


def test_what_was_stored_comes_back(place, inputs):
    cache.store(REQUEST, inputs, RULESET)
    assert cache.load(REQUEST) == RULESET


def test_entries_are_private_and_no_temporary_file_stays(place, inputs):
    cache.store(REQUEST, inputs, RULESET)
    assert stat.S_IMODE(os.stat(place).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(entry(place)).st_mode) == 0o600


def test_another_request_finds_nothing(place, inputs):
    cache.store(REQUEST, inputs, RULESET)
    assert cache.load({**REQUEST, "engine": "1.0.1"}) is None
    assert cache.load({**REQUEST, "policy": "strict"}) is None


def test_a_changed_input_makes_the_entry_stale(place, inputs):
    cache.store(REQUEST, inputs, RULESET)
    with open(inputs[0]["path"], "a") as stream:
        stream.write("x")
    assert cache.load(REQUEST) is None


def test_a_vanished_input_makes_the_entry_stale(place, inputs):
    cache.store(REQUEST, inputs, RULESET)
    os.unlink(inputs[0]["path"])
    assert cache.load(REQUEST) is None


def test_a_new_file_in_a_pack_folder_makes_the_entry_stale(place, tmp_path):
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "a.yaml").write_text("a")
    digest = cache.files.digest(str(folder), ["*.yaml"])
    cache.store(REQUEST, [{"folder": str(folder), "globs": ["*.yaml"], "sha256": digest}], RULESET)
    assert cache.load(REQUEST) == RULESET
    (folder / "b.yaml").write_text("b")
    assert cache.load(REQUEST) is None


def test_a_poisoned_payload_is_ignored(place, inputs):
    cache.store(REQUEST, inputs, RULESET)
    path = entry(place)
    head, _, _ = path.read_bytes().partition(b"\n")
    path.write_bytes(head + b"\n" + json.dumps({**RULESET, "rules": []}).encode())
    assert cache.load(REQUEST) is None


def test_an_entry_moved_from_another_request_is_ignored(place, inputs):
    cache.store({**REQUEST, "policy": "permissive"}, inputs, {"lists": {}, "rules": []})
    lax = entry(place)
    cache.store(REQUEST, inputs, RULESET)
    strict = next(path for path in place.iterdir() if path != lax)
    strict.write_bytes(lax.read_bytes())
    assert cache.load(REQUEST) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{}\n{}",
        b"[]\n[]",
        b"\xff\xfe\n",
        b"[" * 100_000,
        b'{"entry": "modelaudit/cache@1"}\n{}',
        b"cos\nsystem\n(S'echo'\ntR.",
    ],
)
def test_a_broken_entry_is_ignored(place, inputs, content):
    cache.store(REQUEST, inputs, RULESET)
    entry(place).write_bytes(content)
    assert cache.load(REQUEST) is None


@pytest.mark.parametrize("broken", [{"path": 3}, {}, {"folder": None, "globs": None, "sha256": "x"}, "text"])
def test_inputs_of_another_shape_are_ignored(place, inputs, broken):
    cache.store(REQUEST, inputs, RULESET)
    path = entry(place)
    head, _, payload = path.read_bytes().partition(b"\n")
    path.write_bytes(json.dumps({**json.loads(head), "inputs": [broken]}).encode() + b"\n" + payload)
    assert cache.load(REQUEST) is None


def test_a_folder_that_others_can_write_to_is_not_used(place, inputs):
    cache.store(REQUEST, inputs, RULESET)
    os.chmod(place, 0o777)
    assert cache.load(REQUEST) is None
    os.unlink(entry(place))
    cache.store(REQUEST, inputs, RULESET)
    assert list(place.iterdir()) == []


def test_a_folder_of_another_user_is_not_used(place, inputs, monkeypatch):
    cache.store(REQUEST, inputs, RULESET)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert cache.load(REQUEST) is None


def test_a_linked_entry_or_folder_is_not_used(place, inputs, tmp_path):
    cache.store(REQUEST, inputs, RULESET)
    path = entry(place)
    moved = tmp_path / "elsewhere.json"
    os.rename(path, moved)
    os.symlink(moved, path)
    assert cache.load(REQUEST) is None
    os.unlink(path)
    os.rename(moved, path)
    os.rename(place, tmp_path / "real")
    os.symlink(tmp_path / "real", place)
    assert cache.load(REQUEST) is None


def test_a_cache_that_cannot_be_written_changes_nothing(place, inputs, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("MODELAUDIT_CACHE_DIR", str(blocked))
    cache.store(REQUEST, inputs, RULESET)
    assert cache.load(REQUEST) is None


def test_old_entries_are_dropped(place, inputs, monkeypatch):
    monkeypatch.setattr(cache, "MAX_ENTRIES", 3)
    for number in range(6):
        cache.store({**REQUEST, "n": number}, inputs, RULESET)
    assert len(list(place.iterdir())) == 3
    assert cache.load({**REQUEST, "n": 5}) == RULESET


def test_the_folder_follows_the_system(monkeypatch):
    monkeypatch.delenv("MODELAUDIT_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    monkeypatch.setattr(places.sys, "platform", "linux")
    assert places.cache_folder() == "/x/modelaudit"
