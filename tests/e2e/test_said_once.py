"""What is wrong with a path is said once, in words that fit, and a link that was not followed was not read."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from fixtures import small

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")


def on_a_terminal(folder, *arguments):
    """The exit code of a command, and what stands on the one terminal that it writes to."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "modelaudit", *arguments]
    process = subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:  # Linux says so when the other side is closed
        pass
    os.close(ours)
    return process.wait(), shown.decode()


@POSIX
def test_a_missing_path_is_said_once_on_a_terminal(tmp_path):
    code, shown = on_a_terminal(tmp_path, "scan", "gone.pkl")
    assert (code, shown.count("no such file")) == (2, 1)


@POSIX
def test_of_several_missing_paths_each_is_said_once(tmp_path):
    code, shown = on_a_terminal(tmp_path, "scan", "one.pkl", "two.pkl")
    assert (code, shown.count("one.pkl"), shown.count("two.pkl")) == (2, 1, 1)
    assert "2 errors, see above." in shown


@POSIX
def test_a_report_for_a_machine_leaves_the_errors_on_the_terminal(tmp_path):
    code, shown = on_a_terminal(tmp_path, "scan", "gone.pkl", "-f", "json")
    assert (code, shown.count("error: gone.pkl: no such file or directory")) == (2, 1)


def test_in_a_pipe_errors_stand_on_stderr_and_in_the_report(modelaudit, tmp_path):
    done = modelaudit("scan", str(tmp_path / "gone.pkl"))
    assert done.returncode == 2
    assert done.stderr.count("no such file") == " ".join(done.stdout.split()).count("no such file") == 1


@pytest.mark.parametrize(
    ("word", "said"),
    [("", "'': the path is empty")],
)
def test_a_word_that_is_no_path_is_said_to_be_none(modelaudit, word, said):
    done = modelaudit("scan", word)
    assert (done.returncode, done.stderr) == (2, f"error: {said}\n")


@pytest.fixture
def junk(tmp_path):
    """A folder with nothing but a file that no parser knows."""
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / "a.xyz").write_bytes(small.UNKNOWN)
    return tmp_path / "junk"


@pytest.mark.parametrize(("word", "code"), [("report", 0), ("error", 2), ("fail", 1)])
def test_a_folder_of_junk_is_as_the_policy_says(modelaudit, junk, word, code):
    policy = junk.parent / "policy.yaml"
    policy.write_text(
        "schema: modelaudit/policy@1\npolicy: acme\nversion: 1\nextends: ['builtin:default']\n"
        f"gate: {{on_unknown_format: {word}}}\n",
        encoding="utf-8",
    )
    done = modelaudit("scan", str(junk), "--policy", str(policy), "-f", "json")
    assert done.returncode == code
    assert [each["coverage"] for each in json.loads(done.stdout)["artifacts"]] == ["none"]


def test_the_same_file_named_alone_is_incomplete(modelaudit, junk):
    assert modelaudit("scan", str(junk / "a.xyz")).returncode == 2


def test_an_empty_folder_is_nothing_scanned(modelaudit, tmp_path):
    done = modelaudit("scan", str(tmp_path))
    assert (done.returncode, done.stderr) == (2, "error: nothing was scanned: there is no file under the paths\n")


@POSIX
def test_a_link_that_was_not_followed_is_not_called_read(modelaudit, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "good.pkl").write_bytes(small.GOOD_PICKLE)
    (tmp_path / "models" / "out").symlink_to("../elsewhere")
    done = modelaudit("scan", str(tmp_path / "models"), "--verbose")
    assert "models/out · link · not followed" in " ".join(done.stdout.split())
    report = json.loads(modelaudit("scan", str(tmp_path / "models"), "-f", "json").stdout)
    assert not [c for c in report["checks"] if c["name"] == "File was read in full" and c["location"].endswith("out")]


def test_links_alone_are_nothing_scanned(modelaudit, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "out").symlink_to("../elsewhere")
    done = modelaudit("scan", str(tmp_path / "models"), "--quiet")
    words = "error: nothing was scanned: there are only links that are not followed under the paths\n"
    assert (done.returncode, done.stderr) == (2, words)
