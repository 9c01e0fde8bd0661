"""Whatever is wrong with a request or a file: a clear message, the right exit code, nothing found is lost."""

import json
import os
import subprocess

import pytest

from fixtures import small

RULE = """\
schema: modelaudit/rules@1
rules:
  - id: ACME-1
    name: any-import
    version: 1
    title: Something is imported
    status: stable
    severity: warning
    confidence: likely
    for: import
    when: 'import.modul == "os"'
    message: '{import.qualname}'
    tests:
      - {name: os, facts: {imports: [{qualname: os.system}]}, expect: match}
      - {name: none, facts: {imports: []}, expect: no-match}
"""
POLICY = """\
schema: modelaudit/policy@1
policy: acme/x
version: 1
owner: me
extends: [builtin:default]
gate: {fail_on: sometimes}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "evil.pkl").write_bytes(small.EVIL_PICKLE)
    (tmp_path / "good.pkl").write_bytes(small.GOOD_PICKLE)
    return tmp_path


def test_a_missing_path_does_not_hide_what_is_found_elsewhere(modelaudit, folder) -> None:
    done = modelaudit("scan", "nope.pkl", "evil.pkl", "-f", "json")
    assert done.returncode == 1
    assert "nope.pkl: no such file" in done.stderr
    out = json.loads(done.stdout)
    assert [e["code"] for e in out["errors"]] == ["missing-path"]
    assert out["has_errors"]
    assert [i for i in out["issues"] if i["severity"] == "critical"]


def test_a_missing_path_alone_is_incomplete(modelaudit, folder) -> None:
    done = modelaudit("scan", "nope.pkl", "good.pkl")
    assert done.returncode == 2
    assert "nope.pkl: no such file" in done.stderr
    assert "INCOMPLETE" in done.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named_and_the_rest_is_scanned(modelaudit, folder) -> None:
    (folder / "secret.pkl").write_bytes(small.GOOD_PICKLE)
    (folder / "secret.pkl").chmod(0)
    done = modelaudit("scan", "secret.pkl", "good.pkl")
    assert done.returncode == 2
    assert "permission denied" in done.stderr.lower()


def test_a_link_to_itself_is_unreadable(modelaudit, folder) -> None:
    (folder / "loop.pkl").symlink_to("loop.pkl")
    done = modelaudit("scan", "loop.pkl", "evil.pkl", "-f", "json")
    assert done.returncode == 1
    assert "loop.pkl: " in done.stderr
    assert [e["code"] for e in json.loads(done.stdout)["errors"]] == ["unreadable"]


def test_a_loop_of_folders_ends(modelaudit, folder) -> None:
    (folder / "models").mkdir()
    (folder / "models" / "again").symlink_to(".")
    (folder / "models" / "up").symlink_to("../models")
    (folder / "models" / "evil.pkl").write_bytes(small.EVIL_PICKLE)
    done = modelaudit("scan", "models", "-f", "json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["files_scanned"] == 1


def test_an_empty_file_is_covered_and_noted(modelaudit, folder) -> None:
    (folder / "empty.pkl").write_bytes(b"")
    done = modelaudit("scan", "empty.pkl", "-f", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    out = json.loads(done.stdout)
    assert [i["severity"] for i in out["issues"]] == ["info"]
    assert out["failed_checks"] == 0
    assert out["artifacts"][0]["coverage"] == "full"


def test_an_unknown_format_is_incomplete_when_it_was_all_that_was_named(modelaudit, folder) -> None:
    (folder / "thing.xyz").write_bytes(small.UNKNOWN)
    done = modelaudit("scan", "thing.xyz")
    assert done.returncode == 2
    assert "thing.xyz" in done.stderr


def test_an_unknown_format_inside_a_folder_is_listed_and_changes_nothing(modelaudit, folder) -> None:
    (folder / "models").mkdir()
    (folder / "models" / "thing.xyz").write_bytes(small.UNKNOWN)
    (folder / "models" / "good.pkl").write_bytes(small.GOOD_PICKLE)
    done = modelaudit("scan", "models", "-f", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    coverage = {a["path"]: a["coverage"] for a in json.loads(done.stdout)["artifacts"]}
    assert coverage == {"models/thing.xyz": "none", "models/good.pkl": "full"}


def test_a_truncated_file_is_a_finding_and_no_error_of_ours(modelaudit, folder) -> None:
    (folder / "cut.pkl").write_bytes(small.CUT_PICKLE)
    done = modelaudit("scan", "cut.pkl", "-f", "json")
    assert done.returncode == 1, done.stdout + done.stderr
    out = json.loads(done.stdout)
    assert out["issues"][0]["severity"] in {"warning", "critical"}
    assert not out["has_errors"]


def test_a_broken_rule_is_shown_with_its_place_before_any_model_is_read(modelaudit, folder) -> None:
    (folder / "rule.yaml").write_text(RULE)
    done = modelaudit("scan", "evil.pkl", "--rules", "rule.yaml")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "error[E203]" in done.stderr
    assert "rule.yaml:11:19" in done.stderr
    assert "^^^^^" in done.stderr
    assert "module" in done.stderr


def test_a_broken_policy_is_shown_with_its_place(modelaudit, folder) -> None:
    (folder / "policy.yaml").write_text(POLICY)
    done = modelaudit("scan", "evil.pkl", "--policy", "./policy.yaml")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "policy.yaml:6:17" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("scan", "evil.pkl", "--policy", "strikt"), "strict"),
        (("scan", "evil.pkl", "--policy", "./nope.yaml"), "nope.yaml"),
        (("scan", "evil.pkl", "--rules", "nope"), "nope"),
        (("scan",), "PATH"),
        (("scan", "evil.pkl", "--nope"), "No such option"),
        (("scan", "evil.pkl", "--fail-on", "sometimes"), "critical"),
        (("scan", "evil.pkl", "-f", "pdf"), "json"),
        (("scan", "evil.pkl", "-t", "0"), "above 0"),
        (("scan", "evil.pkl", "-o", "no/such/folder/out.json"), "cannot write no/such/folder/out.json"),
        (("scan", "evil.pkl", "-o", "."), "it is a folder"),
        (("skan", "evil.pkl"), "did you mean 'scan'?"),
        (("rules", "show", "MA0"), "there is no rule"),
        (("facts", "nope.pkl"), "nope.pkl"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(modelaudit, folder, arguments, said: str) -> None:
    done = modelaudit(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "invalid" not in done.stderr.lower()
    assert sorted(os.listdir(folder)) == ["evil.pkl", "good.pkl"]


def test_a_report_that_cannot_be_written_in_the_end_is_shown_instead(modelaudit, folder) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    done = modelaudit("scan", "evil.pkl", "-f", "json", "-o", "/dev/full")
    assert done.returncode == 2
    assert "cannot write /dev/full: No space left on device" in done.stderr
    assert "[CRITICAL]" in done.stdout


def test_a_reader_that_goes_away_is_no_error(modelaudit, folder) -> None:
    process = modelaudit.start("scan", "evil.pkl")
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=30) == 1


def test_a_closed_stdout_is_said_on_stderr(modelaudit, folder) -> None:
    program = '"$0" -m modelaudit scan evil.pkl >&-'
    import sys

    done = subprocess.run(
        ["sh", "-c", program, sys.executable],
        cwd=folder,
        env=modelaudit.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "standard output is closed" in done.stderr


@pytest.mark.parametrize("name", ["evil.pkl", "./evil.pkl"])
def test_a_report_never_takes_the_place_of_the_model(folder, modelaudit, name):
    before = (folder / "evil.pkl").read_bytes()
    done = modelaudit("scan", str(folder / "evil.pkl"), "-f", "json", "-o", f"{folder}/{name}")
    assert done.returncode == 2
    assert "is one of the files to read" in done.stderr
    assert (folder / "evil.pkl").read_bytes() == before
