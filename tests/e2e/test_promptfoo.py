"""What promptfoo's client asks of the command that it calls, as its schema and its code say it."""

import json
import re

import pytest

from fixtures import small

SEVERITIES = {"critical", "error", "warning", "info", "debug"}
STATES = {"passed", "failed", "skipped"}
WIRE = ("--format", "json", "--timeout", "300", "--max-size", " 1.5 TB ")
ALL = (
    "--blacklist",
    "nothing-like-it",
    "--verbose",
    "--quiet",
    "--strict",
    "--progress",
    "--no-cache",
    "--stream",
    "--exclude-scanner",
    "GgufScanner",
)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    (folder / "evil.pkl").write_bytes(small.EVIL_PICKLE)
    (folder / "note.txt").write_text("plain", encoding="utf-8")
    return folder


def is_accepted(said) -> None:
    """What the client's schema and its page need."""
    assert isinstance(said["has_errors"], bool)
    for key in ("total_checks", "passed_checks", "failed_checks", "files_scanned", "bytes_scanned", "duration"):
        assert said[key] >= 0
    for issue in said["issues"]:
        assert issue["severity"] in SEVERITIES
        assert isinstance(issue["message"], str)
        assert None not in issue.values()
    for check in said["checks"]:
        assert check["status"] in STATES
        assert check["severity"] in SEVERITIES
        assert isinstance(check["name"], str)
        assert isinstance(check["message"], str)
    keys = [(c["timestamp"], c["name"], c.get("location"), c["message"]) for c in said["checks"]]
    assert len(set(keys)) == len(keys)
    assert said["failed_checks"] == sum(check["status"] == "failed" for check in said["checks"])
    assert said["total_checks"] == len(said["checks"])


def counted(said) -> dict[str, int]:
    """The findings that the page counts for each file, by the beginning of their location."""
    return {
        path: sum(issue["location"].startswith(path) for issue in said["issues"]) for path in said["scannedFilesList"]
    }


@pytest.mark.parametrize("name", ["evil.pkl", "."])
def test_with_an_output_file_its_content_is_the_report_and_stdout_is_for_people(modelaudit, models, name) -> None:
    modelaudit.cwd = models
    done = modelaudit("scan", name, *WIRE, "--output", models.parent / "out.json", PROMPTFOO_DELEGATED="true")
    assert done.returncode == 1
    assert done.stdout.startswith("Files ")
    said = json.loads((models.parent / "out.json").read_text(encoding="utf-8"))
    is_accepted(said)
    assert re.fullmatch("[0-9a-f]{64}", said["content_hash"])
    assert sum(counted(said).values()) == len(said["issues"]) > 0


def test_without_one_stdout_is_the_report_alone(modelaudit, models) -> None:
    done = modelaudit("scan", models, *WIRE, *ALL)
    said = json.loads(done.stdout)
    is_accepted(said)
    assert done.returncode == 1
    assert sum(counted(said).values()) == len(said["issues"])


def test_the_version_line_and_the_list_of_scanners_are_understood(modelaudit) -> None:
    line = re.search(r"modelaudit,?\s+version\s+(\S+)", modelaudit("--version").stdout, re.IGNORECASE)
    assert line
    assert tuple(map(int, line[1].split("."))) >= (0, 2, 20)
    said = json.loads(modelaudit("scan", "--format", "json", "--list-scanners").stdout)["scanners"]
    assert len(said) >= 10
    assert all(set(row) == {"id", "class", "description", "extensions", "dependencies"} for row in said)
    assert modelaudit("scan", "--format", "text", "--list-scanners").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "word", "words_of_others"),
    [
        (("nowhere.pkl",), "no such file", ("permission denied", "access denied")),
        (("x.pkl", "--scanners", "nobody"), "usage:", ("invalid", "unsupported", "memory", "network", "connection")),
        (("x.pkl", "--no-option"), "no such option", ("invalid", "unsupported", "memory")),
    ],
)
def test_errors_have_the_words_that_it_looks_for(modelaudit, tmp_path, arguments, word, words_of_others) -> None:
    (tmp_path / "x.pkl").write_bytes(b"")
    done = modelaudit("scan", *arguments)
    said = done.stderr.lower()
    assert done.returncode == 2
    assert word in said
    assert not [other for other in words_of_others if other in said]
