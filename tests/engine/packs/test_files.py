import os

import pytest

from modelaudit.engine.packs.files import digest, escapes, matching


@pytest.fixture
def folder(tmp_path):
    for path in (
        "pack.yaml",
        "rules/a.yaml",
        "rules/deep/er/b.yaml",
        "rules/a.txt",
        "rules/.hidden.yaml",
        "other/c.yaml",
    ):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    return str(tmp_path)


@pytest.mark.parametrize(
    ("glob", "found"),
    [
        ("rules/**/*.yaml", ["rules/a.yaml", "rules/deep/er/b.yaml"]),
        ("rules/*.yaml", ["rules/a.yaml"]),
        ("rules/?.yaml", ["rules/a.yaml"]),
        ("**/*.yaml", ["other/c.yaml", "pack.yaml", "rules/a.yaml", "rules/deep/er/b.yaml"]),
        ("rules/a.yaml", ["rules/a.yaml"]),
        ("rules/**", ["rules/a.txt", "rules/a.yaml", "rules/deep/er/b.yaml"]),
        ("nothing/*.yaml", []),
        ("*", ["pack.yaml"]),
    ],
)
def test_globs_cover_files_by_whole_segments(folder, glob, found):
    assert matching(folder, [glob]) == found


def test_links_to_folders_are_not_followed(folder):
    os.symlink(folder, os.path.join(folder, "rules", "loop"))
    assert matching(folder, ["rules/**/*.yaml"]) == ["rules/a.yaml", "rules/deep/er/b.yaml"]


def test_the_digest_changes_with_content_and_with_new_files(folder):
    first = digest(folder, ["rules/**/*.yaml"])
    with open(os.path.join(folder, "rules", "new.yaml"), "w") as stream:
        stream.write("x")
    second = digest(folder, ["rules/**/*.yaml"])
    with open(os.path.join(folder, "rules", "new.yaml"), "w") as stream:
        stream.write("y")
    third = digest(folder, ["rules/**/*.yaml"])
    os.unlink(os.path.join(folder, "rules", "new.yaml"))
    assert len({first, second, third}) == 3
    assert digest(folder, ["rules/**/*.yaml"]) == first


@pytest.mark.parametrize("glob", ["../x.yaml", "/etc/*.yaml", "~/x.yaml", "a/../../b.yaml", "c:x.yaml", "a\\b.yaml"])
def test_a_glob_that_leaves_the_folder_is_seen(glob):
    assert escapes(glob)
