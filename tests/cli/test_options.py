"""Options of a scan, through a real process."""

import json
import zipfile

import pytest

from fixtures import pickles, small


@pytest.fixture
def evil(tmp_path):
    path = tmp_path / "evil.pkl"
    path.write_bytes(small.EVIL_PICKLE)
    return path


@pytest.fixture
def report(modelaudit):
    """A function that scans and gives the exit code and the JSON report."""

    def scan(*arguments):
        done = modelaudit("scan", *arguments, "--format", "json")
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    return scan


def codes(report) -> set[str]:
    return {issue["rule_code"] for issue in report["issues"]}


@pytest.mark.parametrize(
    "arguments",
    [("{evil}",), ("-f", "text", "{evil}"), ("--quiet", "{evil}"), ("./evil.pkl",), ("evil.pkl", "--no-cache")],
)
def test_a_path_without_a_command_is_scanned(modelaudit, evil, arguments) -> None:
    done = modelaudit(*(word.format(evil=evil) for word in arguments))
    assert done.returncode == 1
    assert "[CRITICAL]" in done.stdout


def test_a_missing_path_without_a_command_is_missing(modelaudit) -> None:
    done = modelaudit("nowhere.pkl")
    assert done.returncode == 2
    assert "nowhere.pkl: no such file" in done.stderr


def test_a_word_that_is_neither_command_nor_path_is_refused(modelaudit) -> None:
    done = modelaudit("scam")
    assert done.returncode == 2
    assert "did you mean 'scan'?" in done.stderr


def test_a_command_goes_before_a_file_of_its_name(modelaudit, tmp_path) -> None:
    (tmp_path / "cache").write_bytes(b"x")
    assert "Usage: modelaudit cache" in modelaudit("cache", "--help").stdout


def test_strict_comes_before_the_policy_of_the_user(report, tmp_path) -> None:
    (tmp_path / "m.pkl").write_bytes(pickles.stream(pickles.imported("acme_models.ranker", "Tree")))
    (tmp_path / "p.yaml").write_text("schema: modelaudit/policy@1\npolicy: acme\nversion: 1\n")
    _, plain = report("m.pkl", "--policy", "p.yaml")
    code, strict = report("m.pkl", "--policy", "p.yaml", "--strict")
    assert code == 1
    assert strict["policy"]["policy"] == "acme"
    assert [name.split("@")[0] for name in strict["policy"]["chain"]] == ["builtin:default", "builtin:strict", "acme"]
    assert [issue["severity"] for issue in plain["issues"]] == ["warning"]
    assert [issue["severity"] for issue in strict["issues"]] == ["critical"]
    assert report("m.pkl", "--strict")[1]["policy"]["policy"] == "builtin:strict"


def test_rules_are_selected_ignored_and_graded(report, evil) -> None:
    code, whole = report(evil)
    assert code == 1
    (rule,) = codes(whole)
    every = {rule, *(each["rule_code"] for each in whole["issues"][0]["related"])}
    code, other = report(evil, "--ignore", ",".join(sorted(every)))
    assert (code, codes(other)) == (0, set())
    assert {each["suppression"]["step"] for each in other["suppressed"]} == {"ignore"}
    assert report(evil, "--select", "MA9001")[0] == 0
    code, only = report(evil, "--select", f"MA9001,{rule}")
    assert (code, codes(only)) == (1, {rule})
    code, note = report(evil, "--severity", f"{rule}=INFO")
    assert (code, [issue["severity"] for issue in note["issues"]]) == (0, ["info"])
    assert note["policy"]["policy"] == "command-line"


def test_what_a_policy_makes_final_stays(modelaudit, evil, tmp_path) -> None:
    text = "schema: modelaudit/policy@1\npolicy: acme\nversion: 1\nextends: [builtin:default]\nfinal: [ignore]\n"
    (tmp_path / "p.yaml").write_text(text)
    done = modelaudit("scan", evil, "--policy", "p.yaml", "--ignore", "MA1001")
    assert done.returncode == 2
    assert "command-line" in done.stderr


def test_a_misspelt_rule_is_told_with_its_option_and_once(modelaudit, evil) -> None:
    done = modelaudit("scan", evil, "--select", "MA1001x")
    assert done.returncode == 2
    assert 'select: ["MA1001x"]' in done.stderr
    assert "W353" not in done.stderr


@pytest.mark.parametrize("word", ["MA1001", "MA1001=loud", "=info"])
def test_a_severity_that_is_none_is_refused(modelaudit, evil, word) -> None:
    done = modelaudit("scan", evil, "--severity", word)
    assert done.returncode == 2
    assert "RULE=LEVEL" in done.stderr


@pytest.mark.parametrize(("size", "code"), [("1.5 tb", 1), ("10B", 2), ("1 GB", 1), ("0", 1)])
def test_a_size_has_a_unit_and_zero_is_no_limit(report, evil, size, code) -> None:
    done, said = report(evil, "--max-size", size)
    assert done == code
    assert said["artifacts"][0]["coverage"] == ("none" if code == 2 else "full")


def test_the_parsers_are_listed(modelaudit) -> None:
    done = modelaudit("scan", "--format", "json", "--list-scanners")
    rows = json.loads(done.stdout)["scanners"]
    assert done.returncode == 0
    assert len(rows) >= 10
    assert {"id": "pickle", "class": "PickleScanner"}.items() <= rows[0].items()
    assert all(row["description"] for row in rows)
    text = modelaudit("scan", "--format", "text", "--list-scanners")
    assert text.returncode == 0
    assert "pickle (PickleScanner)\n  Extensions: .pkl" in text.stdout


def test_a_parser_that_was_left_out_is_skipped_and_no_gap(report, evil, tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("words\n")
    code, said = report(tmp_path, "--exclude-scanner", "PickleScanner")
    assert (code, said["has_errors"], said["issues"]) == (0, False, [])
    by_path = {each["path"].rpartition("/")[2]: each for each in said["artifacts"] if each["role"] != "bundle"}
    assert by_path["evil.pkl"]["coverage"] == "none"
    assert by_path["evil.pkl"]["reasons"] == ["skipped by request"]
    assert by_path["notes.txt"]["coverage"] == "full"
    assert said["scanner_selection"]["excluded_scanner_ids"] == ["pickle"]
    assert "pickle" not in said["scanner_selection"]["enabled_scanner_ids"]


def test_only_the_parsers_asked_for_take_part_in_nested_files_too(report, evil, tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(evil, "evil.pkl")
    code, said = report("a.zip", "--scanners", "zip")
    assert (code, said["issues"]) == (0, [])
    code, said = report("a.zip", "--scanners", "zip,PickleScanner", "--scanners", "npy")
    assert code == 1
    assert said["scanner_selection"]["requested_scanner_ids"] == ["zip", "pickle", "npy"]


def test_a_scan_that_skips_everything_scanned_nothing(report, evil) -> None:
    code, said = report(evil, "--exclude-scanner", "pickle")
    assert (code, said["has_errors"]) == (2, True)
    assert said["errors"][0]["code"] == "nothing-scanned"


def test_an_unknown_parser_is_refused_in_words_that_clients_read(modelaudit, evil) -> None:
    done = modelaudit("scan", evil, "--scanners", "pickel")
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: ")
    assert "unknown scanner 'pickel', did you mean 'pickle'?" in done.stderr
    assert "nvalid" not in done.stderr


def test_a_dry_run_reads_nothing_and_says_what_it_would(report, evil) -> None:
    code, said = report(evil, "--dry-run", "--scanners", "pickle")
    assert (code, said["issues"], said["files_scanned"], said["bytes_scanned"]) == (0, [], 0, 0)
    assert said["failed_checks"] == 0
    assert [asset["path"] for asset in said["assets"]] == [str(evil)]
    assert said["scannedFilesList"] == []


def test_a_dry_run_still_finds_mistakes(modelaudit, evil) -> None:
    done = modelaudit("scan", evil, "nowhere.pkl", "--dry-run", "-o", "r.json")
    assert done.returncode == 2
    assert "nowhere.pkl" in done.stderr
    assert modelaudit("scan", evil, "--dry-run", "--policy", "nowhere").returncode == 2


def test_streaming_deletes_nothing(modelaudit, evil) -> None:
    assert modelaudit("scan", evil, "--stream").returncode == 1
    assert evil.exists()


@pytest.mark.parametrize("flags", [("--verbose",), ("--quiet",), ("--progress",), ("--verbose", "--progress")])
def test_json_stands_alone_on_stdout(modelaudit, evil, flags) -> None:
    done = modelaudit("scan", evil, "--format", "json", *flags)
    assert done.returncode == 1
    assert json.loads(done.stdout)["failed_checks"] == 1
