"""What is found under the paths that a user names, and what is left alone."""

import os
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.sources.errors import SourceError
from modelaudit.sources.local import SourceFile, SourceFolder, SourceLink, Walk, discover

as_root = pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")


def tree(root, **files):
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def files(*paths):
    return [entry.path for entry in discover([str(p) for p in paths]) if isinstance(entry, SourceFile)]


def relative(root, found):
    return [os.path.relpath(path, root) for path in found]


def errors(*paths):
    return [entry for entry in discover([str(p) for p in paths]) if isinstance(entry, SourceError)]


def links(*paths):
    return [entry for entry in discover([str(p) for p in paths]) if isinstance(entry, SourceLink)]


def test_files_come_in_the_order_of_their_names_at_every_level(tmp_path):
    tree(tmp_path, b=b"", a__z=b"", a__b__c=b"", c__x=b"", B=b"")
    assert relative(tmp_path, files(tmp_path)) == ["B", "a/b/c", "a/z", "b", "c/x"]


def test_paths_keep_the_order_and_the_spelling_of_the_user(tmp_path, monkeypatch):
    tree(tmp_path, one=b"", sub__two=b"")
    monkeypatch.chdir(tmp_path)
    assert files("sub", "./one") == ["sub/two", "./one"]


def test_dot_files_are_scanned_and_version_control_is_not(tmp_path):
    tree(tmp_path, **{".hidden": b"", ".git__objects__x": b"", "sub__.hg__y": b"", ".cache__z": b"", ".gitignore": b""})
    assert relative(tmp_path, files(tmp_path)) == [".cache/z", ".gitignore", ".hidden"]


def test_version_control_that_is_named_is_scanned(tmp_path):
    tree(tmp_path, **{".git__objects__x": b""})
    assert relative(tmp_path, files(tmp_path / ".git")) == [".git/objects/x"]


def test_a_file_that_several_paths_reach_comes_once(tmp_path):
    tree(tmp_path, sub__a=b"", b=b"")
    (tmp_path / "alias").symlink_to(tmp_path / "b")
    assert files(tmp_path / "sub" / "a", tmp_path, tmp_path / "b", tmp_path / "alias") == [
        str(tmp_path / "sub" / "a"),
        str(tmp_path / "b"),
    ]


def test_a_file_knows_whether_it_was_named(tmp_path):
    tree(tmp_path, sub__a=b"", b=b"")
    named = {
        e.path: e.named for e in discover([str(tmp_path / "b"), str(tmp_path / "sub")]) if isinstance(e, SourceFile)
    }
    assert named == {str(tmp_path / "b"): True, str(tmp_path / "sub" / "a"): False}


def test_a_link_that_is_named_is_followed(tmp_path):
    tree(tmp_path, real__a=b"")
    (tmp_path / "link").symlink_to("real/a")
    (tmp_path / "folder").symlink_to("real")
    assert files(tmp_path / "link") == [str(tmp_path / "link")]
    assert files(tmp_path / "folder") == [str(tmp_path / "folder" / "a")]


def test_links_inside_the_root_are_passed_over_since_their_targets_come(tmp_path):
    tree(tmp_path, sub__a=b"")
    (tmp_path / "again").symlink_to("sub/a")
    (tmp_path / "sub" / "self").symlink_to("..")
    (tmp_path / "zfolder").symlink_to("sub")
    assert relative(tmp_path, files(tmp_path)) == ["sub/a"]
    assert links(tmp_path) == []
    assert errors(tmp_path) == []


def test_links_out_of_the_root_are_named_and_not_followed(tmp_path):
    tree(tmp_path, outside__secret=b"", root__a=b"")
    (tmp_path / "root" / "file").symlink_to("../outside/secret")
    (tmp_path / "root" / "folder").symlink_to(tmp_path / "outside")
    (tmp_path / "root" / "hop").symlink_to("file")
    assert relative(tmp_path, files(tmp_path / "root")) == ["root/a"]
    found = links(tmp_path / "root")
    assert [(link.target, link.escapes) for link in found] == [
        ("../outside/secret", True),
        (str(tmp_path / "outside"), True),
        ("file", True),
    ]


def test_a_sibling_whose_name_starts_like_the_root_is_outside(tmp_path):
    tree(tmp_path, root__a=b"", **{"root-evil__b": b""})
    (tmp_path / "root" / "l").symlink_to("../root-evil/b")
    assert links(tmp_path / "root")[0].escapes


def test_links_that_lead_nowhere_are_named(tmp_path):
    (tmp_path / "gone").symlink_to("nothing")
    (tmp_path / "loop").symlink_to("loop")
    assert [(link.target, link.escapes) for link in links(tmp_path)] == [("nothing", False), ("loop", False)]


def test_a_link_into_version_control_is_followed_once(tmp_path):
    tree(tmp_path, **{".git__annex__data": b"x"})
    (tmp_path / "one").symlink_to(".git/annex/data")
    (tmp_path / "two").symlink_to(".git/annex/data")
    assert relative(tmp_path, files(tmp_path)) == ["one"]


def test_a_cached_snapshot_reaches_the_blobs_of_its_repository_and_nothing_else(tmp_path):
    repo = tmp_path / "models--org--name"
    tree(repo, blobs__abc=b"x")
    tree(tmp_path, **{"models--org--other__blobs__def": b"y"})
    snapshot = repo / "snapshots" / "rev"
    snapshot.mkdir(parents=True)
    (snapshot / "model.bin").symlink_to("../../blobs/abc")
    (snapshot / "stolen.bin").symlink_to("../../../models--org--other/blobs/def")
    assert relative(snapshot, files(snapshot)) == ["model.bin"]
    assert [link.target for link in links(snapshot)] == ["../../../models--org--other/blobs/def"]


def test_a_folder_that_was_entered_before_is_not_entered_again(tmp_path):
    tree(tmp_path, sub__a=b"")
    walk = Walk(str(tmp_path), str(tmp_path), set())
    status = os.stat(tmp_path / "sub")
    walk.folders.add((status.st_dev, status.st_ino))
    assert [entry for entry in walk.entries() if isinstance(entry, SourceFile)] == []


def test_folders_deeper_than_the_recursion_limit_are_walked(tmp_path):
    deep = 1200
    for level in range(1, deep + 1):
        os.mkdir(str(tmp_path) + "/d" * level)
    try:
        found = list(discover([str(tmp_path)]))
        assert sum(isinstance(entry, SourceFolder) for entry in found) == deep + 1
    finally:
        for level in range(deep, 0, -1):  # `shutil.rmtree` would recurse
            os.rmdir(str(tmp_path) + "/d" * level)


def test_pipes_sockets_and_devices_are_errors_and_never_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        (tmp_path / "to-pipe").symlink_to("pipe")
        found = errors(tmp_path, tmp_path / "pipe", "/dev/null")
    words = [(os.path.basename(e.path), e.code, e.message) for e in found]
    pipe = ("unreadable", "not a regular file but a named pipe")
    assert ("pipe", *pipe) in words
    assert ("to-pipe", *pipe) in words
    assert ("null", "unreadable", "not a regular file but a device") in words
    assert ("socket", "unreadable", "not a regular file but a socket") in words


def test_a_missing_path_says_no_such_file(tmp_path):
    found = errors(tmp_path / "nope", tmp_path / "no\0pe", "")
    assert [e.code for e in found] == ["missing-path"] * 3
    assert [("no such file" in e.message, "empty" in e.message) for e in found] == [(True, False)] * 2 + [(False, True)]


def test_a_path_below_a_file_is_missing(tmp_path):
    tree(tmp_path, a=b"")
    (found,) = errors(tmp_path / "a" / "b")
    assert found.code == "missing-path"


@as_root
def test_a_folder_that_may_not_be_listed_says_permission_denied(tmp_path):
    tree(tmp_path, closed__a=b"", open__b=b"")
    (tmp_path / "closed").chmod(0)
    try:
        (found,) = errors(tmp_path)
        assert (found.code, found.message) == ("unreadable", "permission denied")
        assert relative(tmp_path, files(tmp_path)) == ["open/b"]
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_a_refused_listing_is_an_error_and_the_rest_is_found(tmp_path, monkeypatch):
    tree(tmp_path, closed__a=b"", open__b=b"")
    listing = os.scandir

    def refuse(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "no")
        return listing(path)

    monkeypatch.setattr(os, "scandir", refuse)
    (found,) = errors(tmp_path)
    assert (found.code, found.message) == ("unreadable", "permission denied")
    assert relative(tmp_path, files(tmp_path)) == ["open/b"]


def test_a_folder_comes_after_everything_in_it_with_the_files_directly_in_it(tmp_path):
    tree(tmp_path, a=b"x", sub__b=b"", sub__deep__c=b"")
    (tmp_path / "sub" / "link").symlink_to("../a")
    entries = list(discover([str(tmp_path)]))
    found = [e for e in entries if isinstance(e, SourceFolder)]
    assert [(os.path.relpath(e.path, tmp_path), list(e.files)) for e in found] == [
        ("sub/deep", ["c"]),
        ("sub", ["b", "link"]),
        (".", ["a"]),
    ]
    assert isinstance(entries[-1], SourceFolder)
    with found[1].open("link") as reader:
        assert (reader.read_at(0, 5), reader.name) == (b"x", str(tmp_path / "sub" / "link"))


def test_names_that_are_no_unicode_are_found(tmp_path):
    name = os.fsdecode(b"caf\xe9.pkl")
    (tmp_path / name).write_bytes(b"x")
    assert files(tmp_path) == [str(tmp_path / name)]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.sampled_from(["f", "l", "d"])), max_size=12)
)
def test_a_walk_always_ends_gives_each_file_once_and_stays_inside(tmp_path_factory, shape):
    root = tmp_path_factory.mktemp("walk")
    real = set()
    for outer, inner, kind in shape:
        folder = root / outer
        folder.mkdir(exist_ok=True)
        target = folder / inner
        if os.path.lexists(target):
            continue
        if kind == "f":
            target.write_bytes(b"")
            real.add(str(target))
        elif kind == "l":
            target.symlink_to(root / inner / outer)
        else:
            target.mkdir()
    found = [e for e in discover([str(root)]) if isinstance(e, SourceFile)]
    assert sorted(e.real for e in found) == sorted(real)
