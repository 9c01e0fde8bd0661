"""Which report goes where: a format, a file, several files."""

import json
import os

import pytest

from fixtures import small
from modelaudit.cli.deliver import outputs


@pytest.fixture
def evil(tmp_path):
    path = tmp_path / "evil.pkl"
    path.write_bytes(small.EVIL_PICKLE)
    return path


@pytest.mark.parametrize(
    ("format", "paths", "expected"),
    [
        (None, (), [("text", "-")]),
        ("sarif", (), [("sarif", "-")]),
        (None, ("a.json",), [("json", "a.json")]),
        ("text", ("a.json",), [("text", "a.json")]),
        (None, ("a.txt",), [("text", "a.txt")]),
        (None, ("a",), [("text", "a")]),
        (
            "json",
            ("a.sarif", "b.txt", "c", "-"),
            [("sarif", "a.sarif"), ("text", "b.txt"), ("json", "c"), ("json", "-")],
        ),
        (None, ("A.SARIF.JSON",), [("sarif", "A.SARIF.JSON")]),
    ],
)
def test_a_lone_file_has_the_format_asked_for_and_else_its_name_decides(format, paths, expected) -> None:
    assert outputs(format, paths) == expected


def test_several_reports_of_one_scan(modelaudit, evil, tmp_path) -> None:
    done = modelaudit("scan", evil, "-o", "r.json", "-o", "r.sarif", "-o", "r.txt")
    assert (done.returncode, done.stderr) == (1, "")
    issues = json.loads((tmp_path / "r.json").read_text())["issues"]
    results = json.loads((tmp_path / "r.sarif").read_text())["runs"][0]["results"]
    assert [i["id"] for i in issues] == [r["fingerprints"]["modelaudit/finding/v1"] for r in results] != []
    assert "[CRITICAL]" in (tmp_path / "r.txt").read_text()
    assert [line for line in done.stdout.splitlines() if line.startswith("Report ")] == [
        f"Report     {name}" for name in ("r.json", "r.sarif", "r.txt")
    ]


def test_one_report_can_go_to_stdout_beside_files(modelaudit, evil, tmp_path) -> None:
    done = modelaudit("scan", evil, "-o", "r.sarif", "-o", "-", "-f", "json")
    assert json.loads(done.stdout)["failed_checks"] > 0
    assert (tmp_path / "r.sarif").exists()


@pytest.mark.parametrize("names", [("r.json", "r.json"), ("r.json", "./r.json"), ("-", "-")])
def test_a_file_that_is_named_twice_is_refused_before_the_scan(modelaudit, evil, tmp_path, names) -> None:
    done = modelaudit("scan", evil, *(word for name in names for word in ("-o", name)))
    assert (done.returncode, done.stdout) == (2, "")
    assert "named twice" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["evil.pkl"]


def test_no_report_takes_the_place_of_a_model(modelaudit, evil) -> None:
    before = evil.read_bytes()
    done = modelaudit("scan", evil, "-o", "r.json", "-o", evil)
    assert done.returncode == 2
    assert evil.read_bytes() == before
