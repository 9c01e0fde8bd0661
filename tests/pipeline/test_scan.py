"""A whole scan: what is listed, what is an error, and that nothing found is lost."""

import gc
import hashlib
import json
import os
import pickle
import time
from pathlib import Path

import pytest

from fixtures import toys
from fixtures.rulesets import empty
from fixtures.toys import member, toy
from modelaudit.parsers.registry import Registry
from modelaudit.pipeline.events import FileDone, FileStarted, ScanDone, ScanStarted, nobody
from modelaudit.pipeline.facts import IncompleteError, facts, stream
from modelaudit.pipeline.limits import Limits, Options
from modelaudit.pipeline.one import Plan, scan_one
from modelaudit.pipeline.scan import FACTS_VERSION, scan
from modelaudit.sources import file
from modelaudit.sources.errors import SourceError
from modelaudit.sources.file import FileReader
from modelaudit.sources.local import SourceFile, discover


def run(*paths, options=None, limits=None, observer=nobody):
    return scan([str(p) for p in paths], empty(**(limits or {})), options, observer, toys.registry())


def codes(document):
    return [error.code for error in document.errors]


def listed(document, root):
    return {os.path.relpath(a.path, root): (a.format, a.coverage) for a in document.artifacts}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def test_every_file_of_a_folder_is_listed_with_format_coverage_and_digest(tmp_path):
    (tmp_path / "a.toy").write_bytes(toy("import a b"))
    (tmp_path / "b").write_bytes(b"\0")
    (tmp_path / "c.txt").write_bytes(b"")
    document = run(tmp_path)
    assert listed(document, tmp_path) == {
        "a.toy": ("toy", "full"),
        "b": ("unknown", "none"),
        "c.txt": ("empty", "full"),
    }
    assert [a.sha256 for a in document.artifacts] == [sha256(toy("import a b")), sha256(b"\0"), sha256(b"")]
    assert (document.files_scanned, document.bytes_scanned) == (3, len(toy("import a b")) + 1)
    assert (document.decision.exit_code, codes(document)) == (0, [])


def test_members_are_listed_and_not_counted(tmp_path):
    data = toy(member("x.toy", toy(member("y", b"\0"))))
    (tmp_path / "a.toy").write_bytes(data)
    document = run(tmp_path / "a.toy")
    assert [(a.depth, a.coverage, a.sha256 is None) for a in document.artifacts] == [
        (0, "full", False),
        (1, "full", True),
        (2, "none", True),
    ]
    assert (document.files_scanned, document.bytes_scanned) == (1, len(data))


def test_a_missing_path_loses_nothing_that_was_found(tmp_path):
    (tmp_path / "a.toy").write_bytes(toy())
    document = run(tmp_path / "nope", tmp_path / "a.toy")
    assert codes(document) == ["missing-path"]
    assert "no such file" in document.errors[0].message
    assert document.files_scanned == 1
    assert document.decision.exit_code == 2


def test_an_unreadable_file_is_an_error_and_the_rest_is_scanned(tmp_path, monkeypatch):
    (tmp_path / "a.toy").write_bytes(toy())
    (tmp_path / "b.toy").write_bytes(toy())
    opened = os.open

    def refuse(path, flags, *rest):
        if str(path).endswith("a.toy"):
            raise PermissionError(13, "no")
        return opened(path, flags, *rest)

    monkeypatch.setattr(os, "open", refuse)
    document = run(tmp_path)
    assert [(e.code, e.path) for e in document.errors] == [("unreadable", str(tmp_path / "a.toy"))]
    assert "permission denied" in document.errors[0].message
    assert document.files_scanned == 1


def test_a_pipe_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.toy").write_bytes(toy())
    document = run(tmp_path, tmp_path / "pipe")
    assert codes(document) == ["unreadable", "unreadable"]


def test_an_unknown_file_named_alone_is_an_error(tmp_path):
    (tmp_path / "a").write_bytes(b"\0")
    document = run(tmp_path / "a")
    assert (codes(document), document.decision.exit_code) == (["unknown-format"], 2)


def test_an_unknown_file_beside_a_known_one_is_only_listed(tmp_path):
    (tmp_path / "a").write_bytes(b"\0")
    (tmp_path / "b.toy").write_bytes(toy())
    for paths in ([tmp_path], [tmp_path / "a", tmp_path / "b.toy"]):
        document = run(*paths)
        assert (codes(document), document.decision.exit_code) == ([], 0)
        assert ("unknown", "none") in [(a.format, a.coverage) for a in document.artifacts]


def test_a_folder_in_which_nothing_is_known_is_as_the_policy_says(tmp_path):
    (tmp_path / "a").write_bytes(b"\0")
    document = run(tmp_path)
    assert (codes(document), document.decision.exit_code) == ([], 0)
    assert document.decision.reasons[1:] == ("1 file of unknown format was not read.",)
    assert [(a.format, a.coverage) for a in document.artifacts] == [("unknown", "none")]


def test_a_named_file_that_is_not_known_is_an_error_beside_a_folder_of_such(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_bytes(b"\0")
    (tmp_path / "b").write_bytes(b"\0\0")
    document = run(tmp_path / "folder", tmp_path / "b")
    assert (codes(document), document.decision.exit_code) == (["unknown-format"], 2)


def test_an_empty_folder_was_not_scanned(tmp_path):
    document = run(tmp_path)
    assert (codes(document), document.decision.exit_code) == (["nothing-scanned"], 2)
    assert document.content_hash is None


def test_a_folder_with_nothing_but_links_out_of_it_was_not_scanned(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to("../x")
    assert codes(run(tmp_path / "root")) == ["nothing-scanned"]


def test_references_in_a_cached_snapshot_start_from_the_snapshot(tmp_path):
    repo = tmp_path / "models--org--name"
    (repo / "blobs").mkdir(parents=True)
    (repo / "blobs" / "1").write_bytes(toy("reference data.bin"))
    (repo / "blobs" / "2").write_bytes(b"TOY")
    snapshot = repo / "snapshots" / "rev"
    snapshot.mkdir(parents=True)
    (snapshot / "a.toy").symlink_to("../../blobs/1")
    (snapshot / "data.bin").symlink_to("../../blobs/2")
    for path in (snapshot, snapshot / "a.toy"):
        tree = next(facts([str(path)], registry=toys.registry()))
        (found,) = tree.facts["reference"]
        assert (found.exists, found.escapes_root, found.resolved) == (True, False, "blobs/2")


def test_links_out_of_the_folder_are_listed_and_noted(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.toy").write_bytes(toy())
    (tmp_path / "secret").write_bytes(b"TOY")
    (root / "link.toy").symlink_to("../secret")
    (root / "self").symlink_to(".")
    document = run(root)
    assert listed(document, root) == {"a.toy": ("toy", "full"), "link.toy": ("link", "full")}
    assert document.files_scanned == 1
    assert "leads out" in document.notices[0]


def test_a_link_gives_rules_a_reference_to_judge(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "link.toy").symlink_to("../secret")
    (root / "gone").symlink_to("gone-too")
    trees = list(facts([str(root)], registry=toys.registry()))
    assert [
        (f.kind, f.target, f.escapes_root, f.exists, sorted(f.path_class)) for t in trees for f in t.facts["reference"]
    ] == [("link", "gone-too", False, False, []), ("link", "../secret", True, None, ["parent"])]


def test_a_file_over_the_size_limit_is_listed_and_not_read(tmp_path):
    (tmp_path / "a.toy").write_bytes(toy("import a b"))
    (tmp_path / "b.toy").write_bytes(toy())
    document = run(tmp_path, options=Options(max_file_size=5))
    assert listed(document, tmp_path) == {"a.toy": ("toy", "none"), "b.toy": ("toy", "full")}
    assert [(e.code, e.path) for e in document.errors] == [("size-limit", str(tmp_path / "a.toy"))]
    assert (document.files_scanned, document.decision.exit_code) == (1, 2)
    assert document.artifacts[0].reasons == ("larger than the file size limit",)


def test_the_total_size_limit_leaves_out_what_has_no_room(tmp_path):
    for name in "abcd":
        (tmp_path / f"{name}.toy").write_bytes(toy("#" * 100))
    document = run(tmp_path, options=Options(max_total_size=250))
    assert [a.coverage for a in document.artifacts] == ["full", "full", "none", "none"]
    assert codes(document) == ["size-limit"]
    assert "2 files" in document.errors[0].message


def test_the_policys_limits_hold_and_the_users_come_first(tmp_path):
    (tmp_path / "a.toy").write_bytes(toy(member("b.toy", toy())))
    assert codes(run(tmp_path, limits={"max_file_size": 3})) == ["size-limit"]
    assert codes(run(tmp_path, limits={"max_file_size": 3}, options=Options(max_file_size=1000))) == []
    document = run(tmp_path, limits={"max_depth": 0})
    assert [a.coverage for a in document.artifacts] == ["full", "none"]
    assert Limits(Options(), {"timeout": 7}).timeout == 7
    assert Limits(Options(timeout=3), {"timeout": 7}).timeout == 3
    assert Limits(Options()).timeout == 300


def test_time_keeps_what_was_found_and_ends_the_scan(tmp_path):
    (tmp_path / "a.toy").write_bytes(toy("import a b"))
    (tmp_path / "b.toy").write_bytes(toy("import c d", "endless"))
    (tmp_path / "c.toy").write_bytes(toy())
    began = time.monotonic()
    document = run(tmp_path, options=Options(timeout=0.3))
    assert time.monotonic() - began < 1.3
    assert listed(document, tmp_path) == {"a.toy": ("toy", "full"), "b.toy": ("toy", "partial")}
    assert codes(document) == ["timeout"]
    assert document.decision.exit_code == 2
    assert document.artifacts[1].reasons == ("limit reached: time",)


def test_a_file_whose_digest_takes_too_long_has_none_and_partial_coverage(tmp_path, monkeypatch):
    monkeypatch.setattr(file, "WHOLE", 10)
    monkeypatch.setattr(file, "STEP", 10)
    monkeypatch.setattr(file, "BLOCK", 10)
    (tmp_path / "a.toy").write_bytes(toy("import a b", member("skipped", bytes(100_000))))
    read = file.pread

    def slow(*given):
        time.sleep(0.01)
        return read(*given)

    monkeypatch.setattr(file, "pread", slow)
    document = run(tmp_path, options=Options(timeout=0.3))
    found = document.artifacts[0]
    assert (found.coverage, found.sha256, found.reasons) == ("partial", None, ("limit reached: time",))
    assert codes(document) == ["timeout"]
    assert document.content_hash is None


def test_time_that_is_up_before_the_first_file_is_said(tmp_path):
    (tmp_path / "a.toy").write_bytes(toy())
    document = run(tmp_path, options=Options(timeout=1e-9))
    assert codes(document) == ["timeout"]
    assert document.decision.exit_code == 2


def test_a_crash_is_an_error_beside_what_was_found(tmp_path):
    (tmp_path / "a.toy").write_bytes(toy("import a b", "crash"))
    (tmp_path / "b.toy").write_bytes(toy())
    document = run(tmp_path)
    assert listed(document, tmp_path) == {"a.toy": ("toy", "partial"), "b.toy": ("toy", "full")}
    assert (codes(document), document.decision.exit_code) == (["crash"], 2)


def test_a_disk_that_fails_midway_keeps_what_was_found(tmp_path, monkeypatch):
    (tmp_path / "a.toy").write_bytes(toy("import a b", "walk"))

    def broken(self, offset, length=0):
        raise SourceError("unreadable", "input/output error", self.name)

    monkeypatch.setattr(FileReader, "window", broken)
    document = run(tmp_path)
    assert listed(document, tmp_path) == {"a.toy": ("toy", "partial")}
    assert codes(document) == ["unreadable"]


def test_a_file_that_changes_meanwhile_is_an_error_with_partial_coverage(tmp_path, monkeypatch):
    (tmp_path / "a.toy").write_bytes(toy())
    monkeypatch.setattr(FileReader, "changed", lambda self: True)
    document = run(tmp_path)
    assert listed(document, tmp_path) == {"a.toy": ("toy", "partial")}
    assert codes(document) == ["unreadable"]
    assert "changed while it was read" in document.errors[0].message


def test_an_interrupt_ends_the_scan(tmp_path, monkeypatch):
    (tmp_path / "a.toy").write_bytes(toy())

    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(FileReader, "finish", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)


def test_the_content_hash_depends_on_content_alone(tmp_path):
    for folder, names in (("one", "ab"), ("two", "yx")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / names[0]).write_bytes(toy())
        (tmp_path / folder / names[1]).write_bytes(toy("import a b"))
    one, two = run(tmp_path / "one"), run(tmp_path / "two")
    assert one.content_hash == two.content_hash
    assert len(one.content_hash) == 64
    assert run(tmp_path / "one" / "a").content_hash != one.content_hash


def test_each_byte_of_a_file_is_read_once(tmp_path, monkeypatch):
    data = toy(member("a.toy", toy("walk")), "walk")
    (tmp_path / "a.toy").write_bytes(data)
    read = []
    close = FileReader.close
    monkeypatch.setattr(FileReader, "close", lambda self: (read.append(self.bytes_read), close(self)))
    run(tmp_path)
    assert read == [len(data)]


def test_an_observer_hears_of_each_file(tmp_path):
    (tmp_path / "a.toy").write_bytes(toy())
    heard = []
    run(tmp_path, observer=heard.append)
    path = str(tmp_path / "a.toy")
    assert heard == [ScanStarted((str(tmp_path),)), FileStarted(path), FileDone(path, 4, 0), ScanDone(1, 4, 0)]


def test_names_that_are_no_unicode_or_hold_marks_are_written_so_that_they_can_be_read_back(tmp_path):
    names = [os.fsdecode(b"caf\xe9.toy"), "50%!.toy"]
    for name in names:
        (tmp_path / name).write_bytes(toy("crash"))
    document = run(tmp_path)
    assert [os.path.basename(a.path) for a in document.artifacts] == ["50%25%21.toy", "caf\\udce9.toy"]
    for error in document.errors:
        error.message.encode()
        error.path.encode()


def test_facts_give_one_tree_for_each_file_and_say_at_the_end_what_is_missing(tmp_path):
    (tmp_path / "a.toy").write_bytes(toy("import a b", "import a b"))
    trees = facts([str(tmp_path / "nope"), str(tmp_path)], registry=toys.registry())
    tree = next(trees)
    assert tree.facts["import"][0].n == 2
    assert tree.artifact.sha256 is not None
    with pytest.raises(IncompleteError, match="no such file"):
        next(trees)
    errors = []
    assert len(list(facts([str(tmp_path / "nope"), str(tmp_path)], registry=toys.registry(), errors=errors))) == 1
    assert [error.code for error in errors] == ["missing-path"]


def test_unfolded_facts_keep_every_record(tmp_path):
    (tmp_path / "a.toy").write_bytes(toy("import a b", "import a b"))
    (tree,) = facts([str(tmp_path)], registry=toys.registry(), folded=False)
    assert [fact.n for fact in tree.facts["import"]] == [1, 1]


def test_the_stream_of_facts_keeps_the_order_across_members(tmp_path):
    (tmp_path / "a.toy").write_bytes(toy("import a b", member("x.toy", toy("text inner")), "text outer", "import a b"))
    found = stream(str(tmp_path / "a.toy"), registry=toys.registry())
    assert [getattr(f, "qualname", None) or f.value for f in found] == ["a.b", "inner", "outer", "a.b"]
    with pytest.raises(SourceError):
        stream(str(tmp_path / "nope"))


def test_references_of_the_file_itself_are_looked_up_on_disk(tmp_path):
    (tmp_path / "a.toy").write_bytes(toy("reference b", "reference ../b", member("x.toy", toy("reference b"))))
    (tmp_path / "b").write_bytes(b"TOY")
    (tree, _) = facts([str(tmp_path)], registry=toys.registry())
    assert [(f.exists, f.escapes_root) for f in tree.facts["reference"]] == [(True, False), (None, True)]
    assert tree.children[0].facts["reference"][0].exists is None


def test_the_version_of_the_facts_is_that_of_their_schema():
    schema = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "facts.schema.json").read_text())
    assert schema["version"] == FACTS_VERSION


def test_the_result_of_one_file_travels_between_processes(tmp_path):
    (tmp_path / "a.toy").write_bytes(toy("import a b", member("x.toy", toy("text inner"))))
    (source, _) = discover([str(tmp_path)])
    result = scan_one(source, Plan(toys.registry(), Limits(Options())))
    back = pickle.loads(pickle.dumps(result))
    assert back.summaries == result.summaries
    assert [n.artifact for n in back.tree.walk()] == [n.artifact for n in result.tree.walk()]
    assert back.tree.children[0].facts == result.tree.children[0].facts
    assert back.tree.children[0].parent is back.tree


def test_what_was_read_of_a_file_is_given_back_before_the_next_one(tmp_path):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"weights": [1.0, 2.0]}))
    source = next(entry for entry in discover([str(tmp_path)]) if isinstance(entry, SourceFile))
    gc.collect()
    gc.disable()
    try:
        scan_one(source, Plan(Registry.load(), Limits(Options())))
        assert not [each for each in gc.get_objects() if isinstance(each, FileReader)]
    finally:
        gc.enable()
