"""The fact store: a second scan reads nothing and says the same, and no copy inherits what belongs to a place."""

import contextlib
import multiprocessing
import os
import pickle
import shutil
import sqlite3

import pytest

from fixtures import archives, pickles, tensors
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.limits import Options
from modelaudit.pipeline.read import TreeReader
from modelaudit.pipeline.scan import scan
from modelaudit.pipeline.store import database, shared, versions
from modelaudit.pipeline.store.database import Database
from modelaudit.pipeline.store.shared import FactStore

PROBE = "10:abc"
TIMES = {"started", "duration"}


@pytest.fixture(scope="module")
def rules(cache_folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELAUDIT_CACHE_DIR", str(cache_folder))
        return load_ruleset()


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A cache of the test's own, and a store that serves every file."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("MODELAUDIT_CACHE_DIR", str(folder))
    monkeypatch.setattr(shared, "LARGE", 1)
    return folder


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "evil.pkl").write_bytes(pickles.reduce_call("os", "system", "echo hi"))
    (folder / "model.pt").write_bytes(archives.checkpoint())
    (folder / "model.safetensors").write_bytes(tensors.model())
    (folder / "liar.safetensors").write_bytes(pickles.harmless())
    return folder


def said(document):
    """Everything in a scan but the times."""
    return {name: getattr(document, name) for name in document.__slots__ if name not in TIMES}


def scanned(rules, *paths, store=None, **options):
    return scan([str(path) for path in paths], rules, Options(**options), store=store)


def parsed(monkeypatch):
    """The names of the files that are read from now on."""
    read, found = TreeReader.read, []

    def noted(self, path, reader, digest=None):
        found.append(os.path.basename(path))
        return read(self, path, reader, digest)

    monkeypatch.setattr(TreeReader, "read", noted)
    return found


def test_a_second_scan_says_the_same_and_parses_nothing(rules, models, monkeypatch):
    plain = said(scanned(rules, models))
    assert said(scanned(rules, models, store=FactStore())) == plain
    found = parsed(monkeypatch)
    store = FactStore()
    assert said(scanned(rules, models, store=store)) == plain
    assert (found, store.hits) == ([], 4)
    assert plain["findings"]


def test_a_changed_file_is_read_again(rules, models, monkeypatch):
    scanned(rules, models, store=FactStore())
    (models / "model.safetensors").write_bytes(pickles.reduce_call("os", "system", "echo there"))
    found = parsed(monkeypatch)
    document = scanned(rules, models, store=FactStore())
    assert found == ["model.safetensors"]
    assert any(finding.artifact.endswith("model.safetensors") for finding in document.findings)


def test_a_large_file_is_hashed_first_only_when_its_like_is_known(rules, tmp_path, monkeypatch):
    from modelaudit.pipeline.store import recall

    monkeypatch.setattr(recall, "WHOLE", 0)
    path = tmp_path / "large.safetensors"
    tensors.write_large(path, layers=8, width=600)
    assert path.stat().st_size > 8 * 1024 * 1024
    asked, get = [], Database.get
    monkeypatch.setattr(Database, "get", lambda self, key: asked.append(key) or get(self, key))
    plain = said(scanned(rules, path, store=FactStore()))
    assert asked == []
    store = FactStore()
    assert said(scanned(rules, path, store=store)) == plain
    assert (len(asked), store.hits) == (1, 1)


def test_a_copy_elsewhere_has_its_own_path(rules, models, tmp_path):
    scanned(rules, models, store=FactStore())
    copy = tmp_path / "copy"
    shutil.copytree(models, copy)
    store = FactStore()
    assert said(scanned(rules, copy, store=store)) == said(scanned(rules, copy))
    assert store.hits == 4


def test_a_renamed_copy_does_not_inherit_what_its_name_promised(rules, models):
    harmless = models / "harmless.pkl"
    harmless.write_bytes(pickles.harmless())
    scanned(rules, harmless, store=FactStore())
    renamed = models / "harmless.safetensors"
    harmless.rename(renamed)
    document = scanned(rules, renamed, store=FactStore())
    assert said(document) == said(scanned(rules, renamed))
    assert any("mismatch" in finding.name for finding in document.findings)
    renamed.rename(models / "harmless.bin")
    document = scanned(rules, models / "harmless.bin", store=FactStore())
    assert not any("mismatch" in finding.name for finding in document.findings)


def test_small_files_alone_never_open_the_store(rules, models, place, monkeypatch):
    monkeypatch.setattr(shared, "LARGE", 1024 * 1024)
    scanned(rules, models, store=FactStore())
    assert not (place / "facts").exists()


def test_many_files_open_the_store_for_small_ones_too(monkeypatch):
    monkeypatch.setattr(shared, "LARGE", 1024 * 1024)
    store = FactStore()
    assert [store.serves(5000) for _ in range(shared.MANY + 2)] == [False] * shared.MANY + [True, True]
    assert not store.serves(100)


def test_facts_read_by_other_parsers_are_not_believed(rules, models, monkeypatch):
    scanned(rules, models, store=FactStore())
    monkeypatch.setattr(versions, "parsers_digest", lambda: "0" * 64)
    store = FactStore()
    scanned(rules, models, store=store)
    assert store.hits == 0


def test_the_digest_of_the_parsers_covers_their_code(monkeypatch, tmp_path):
    root = tmp_path / "modelaudit"
    for folder in (*versions.PLACES, "schemas", os.path.join("parsers", "pickle")):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name in versions.DATA:
        (root / name).write_text("{}")
    monkeypatch.setattr(versions, "__file__", str(root / "pipeline" / "store" / "versions.py"))
    digests = []
    for text in ("a = 1\n", "a = 2\n"):
        (root / "parsers" / "pickle" / "machine.py").write_text(text)
        digests.append(versions.parsers_digest.__wrapped__())
    assert digests[0] != digests[1]


WANTS = """\
schema: modelaudit/rules@1
rules:
  - id: T-1
    name: secret-word
    version: 1
    title: A word
    status: stable
    severity: warning
    confidence: proved
    for: text
    when: 'text.value contains "hidden"'
    message: 'A word is there'
    why: It should not be.
    fix: Take it out.
    references: ['https://acme.example/']
    tests:
      - {name: word, facts: {texts: [{value: a hidden word}]}, expect: match}
      - {name: other, facts: {texts: [{value: a word}]}, expect: no-match}
"""


def test_a_rule_that_wants_more_has_the_file_read_again_once(rules, models, tmp_path, monkeypatch):
    assert not rules.wants("text.literal")
    path = models / "words.pkl"
    path.write_bytes(pickle.dumps("a hidden word"))
    (tmp_path / "more.yaml").write_text(WANTS)
    more = load_ruleset(rules=[str(tmp_path / "more.yaml")])
    scanned(rules, path, store=FactStore())
    found = parsed(monkeypatch)
    document = scanned(more, path, store=FactStore())
    assert found == ["words.pkl"]
    assert [finding.rule for finding in document.findings] == ["T-1"]
    for wanting in (more, rules, more):
        scanned(wanting, path, store=FactStore())
    assert found == ["words.pkl"]


def test_what_the_users_limits_cut_is_not_kept(rules, models):
    document = scanned(rules, models, store=FactStore(), max_file_size=1)
    assert {artifact.coverage for artifact in document.artifacts} == {"none"}
    assert database.statistics()[0] == 0


def test_a_damaged_store_is_made_anew(rules, models, place):
    plain = said(scanned(rules, models, store=FactStore()))
    (place / "facts" / "facts.db").write_bytes(b"no database" * 1000)
    for hits in (0, 4):
        store = FactStore()
        assert said(scanned(rules, models, store=store)) == plain
        assert store.hits == hits


def test_a_store_without_its_table_is_made_anew(rules, models, place):
    plain = said(scanned(rules, models, store=FactStore()))
    with contextlib.closing(sqlite3.connect(place / "facts" / "facts.db")) as store:
        store.execute("DROP TABLE entries")
        store.commit()
    for hits in (0, 0, 4):
        store = FactStore()
        assert said(scanned(rules, models, store=store)) == plain
        assert store.hits == hits


def test_pages_that_were_overwritten_lose_entries_and_nothing_else(rules, models, place):
    plain = said(scanned(rules, models, store=FactStore()))
    path = place / "facts" / "facts.db"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    for _ in range(2):
        assert said(scanned(rules, models, store=FactStore())) == plain


@pytest.mark.parametrize("column", ["body", "lacks", "key"])
def test_an_entry_that_was_tampered_with_is_not_believed(rules, models, place, column):
    scanned(rules, models, store=FactStore())
    with contextlib.closing(sqlite3.connect(place / "facts" / "facts.db")) as store:
        rows = store.execute("SELECT rowid, key, body FROM entries ORDER BY rowid").fetchall()
        other = {"body": rows[1][2], "lacks": '["text", "op"]', "key": "f" * 64}[column]
        store.execute(f"UPDATE entries SET {column} = ? WHERE rowid = ?", (other, rows[0][0]))
        store.commit()
    store = FactStore()
    plain = said(scanned(rules, models))
    assert said(scanned(rules, models, store=store)) == plain
    assert store.hits == 3


def test_a_store_that_cannot_be_written_changes_nothing(rules, models, place):
    plain = said(scanned(rules, models))
    place.write_text("a file where the folder should be")
    assert said(scanned(rules, models, store=FactStore())) == plain


def test_a_store_in_a_folder_that_others_write_to_is_not_used(rules, models, place):
    scanned(rules, models, store=FactStore())
    (place / "facts").chmod(0o777)
    store = FactStore()
    scanned(rules, models, store=store)
    assert store.hits == 0


def test_what_was_not_used_for_longest_goes_first(place, monkeypatch):
    now = iter(range(1000))
    monkeypatch.setattr(database, "time", lambda: float(next(now)))
    store = Database(limit=20_000)
    for n in range(4):
        store.put(f"k{n}", PROBE, [os.urandom(1500).hex()], [])
    assert store.get("k0") is not None
    for n in range(4, 12):
        store.put(f"k{n}", PROBE, [os.urandom(1500).hex()], [])
        assert store.get("k0") is not None
    store.close()
    entries, size, _ = database.statistics()
    assert size <= 20_000
    left = [n for n in range(12) if Database().get(f"k{n}") is not None]
    assert left[0] == 0
    assert left[1:] == list(range(12 - entries + 1, 12))


def test_an_entry_larger_than_the_store_is_not_kept(place):
    store = Database(limit=1000)
    store.put("k", PROBE, [os.urandom(2000).hex()], [])
    assert store.get("k") is None


def test_an_entry_that_expands_without_measure_is_not_read(place, monkeypatch):
    store = Database()
    store.put("k", PROBE, ["x" * 10_000], [])
    monkeypatch.setattr(database, "ENTRY", 5_000)
    assert store.get("k") is None


def _write(folder, worker, barrier):
    os.environ["MODELAUDIT_CACHE_DIR"] = folder
    barrier.wait()
    store = Database(limit=200_000)
    for n in range(60):
        store.put(f"{worker}-{n}", PROBE, [os.urandom(500).hex()], [])
        store.get(f"{n % 4}-{n}")
    ours = store.get(f"{worker}-59")
    store.close()
    os._exit(0 if ours is not None else 1)


def test_scans_at_the_same_time_share_the_store(place):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(4)
    workers = [context.Process(target=_write, args=(str(place), n, barrier)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    entries, size, _ = database.statistics()
    assert entries > 100
    assert size <= 200_000
    with contextlib.closing(sqlite3.connect(place / "facts" / "facts.db")) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_clearing_deletes_the_store(rules, models, place):
    scanned(rules, models, store=FactStore())
    assert database.statistics()[0] == 4
    assert database.remove() > 0
    assert database.statistics() == (0, 0, 0)
