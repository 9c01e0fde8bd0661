"""What stands in a workspace is held against the digests of DVC's pointers."""

import hashlib
import json
import os

import pytest

from modelaudit.pipeline.tracked import tracked_digest

DATA = b"a\r\nb\r\n" * 100


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def digest(path, described="md5:x", root=None):
    return tracked_digest(str(path), described, str(root or path.parent), lambda: None)


def test_a_file_has_the_digest_of_its_bytes_and_an_old_text_that_of_unix_line_ends(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(DATA)
    assert digest(path) == f"md5:{md5(DATA)}"
    assert digest(path, "md5-dos2unix:x") == f"md5-dos2unix:{md5(DATA.replace(bytes([13, 10]), bytes([10])))}"
    path.write_bytes(b"\0" + DATA)
    assert digest(path, "md5-dos2unix:x") == f"md5-dos2unix:{md5(bytes(1) + DATA)}"


def test_a_folder_has_the_digest_of_the_list_of_its_files(tmp_path):
    folder = tmp_path / "d"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "x").write_bytes(b"1")
    (folder / "a.txt").write_bytes(b"2")
    rows = [{"md5": md5(b"2"), "relpath": "a.txt"}, {"md5": md5(b"1"), "relpath": "b/x"}]
    assert digest(folder) == f"md5:{md5(json.dumps(rows, sort_keys=True).encode())}.dir"


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_what_cannot_be_told_is_not_compared(tmp_path):
    folder = tmp_path / "d"
    folder.mkdir()
    assert digest(tmp_path / "none") is None
    (folder / "l").symlink_to("x")
    assert digest(folder) is None
    (folder / "l").unlink()
    (tmp_path / ".dvcignore").write_text("*.tmp\n")
    assert digest(folder) is None


def test_the_time_that_is_left_ends_the_reading(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(DATA)

    def spent():
        raise LookupError

    with pytest.raises(LookupError):
        tracked_digest(str(path), "md5:x", str(tmp_path), spent)
