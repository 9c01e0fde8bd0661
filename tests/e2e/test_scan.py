"""`modelaudit scan` as a process: reports, streams, modules, a detection that is one YAML file."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from fixtures import pickles, small

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
# Clients of services, and what they speak with.
CLIENTS = {"fsspec", "s3fs", "gcsfs", "adlfs", "botocore", "aiohttp", "huggingface_hub", "mlflow", "urllib3"}
HEAVY = {
    "numpy",
    "rich",
    "fsspec",
    "jsonschema",
    "lark",
    "yaml",
    "onnx",
    "h5py",
    "re2",
    "concurrent.futures",
    "cyclonedx",
}
SPARSE = 16 * 1024**3  # bytes of a file without blocks on disk
RULE = """\
schema: modelaudit/rules@1
rules:
  - id: ACME-7
    name: legacy-ranker
    version: 1
    title: Model needs the retired ranking package
    status: stable
    severity: critical
    confidence: proved
    for: import
    when: 'import.qualname glob "acme_legacy.**"'
    message: '{import.qualname} is gone since March'
    why: The package is retired.
    fix: Export again with acme_models.
    references: ['https://acme.example/ranking']
    tests:
      - {name: ranker, facts: {imports: [{qualname: acme_legacy.ranker.Tree}]}, expect: match}
      - {name: models, facts: {imports: [{qualname: acme_models.ranker.Tree}]}, expect: no-match}
"""


@pytest.fixture
def evil(tmp_path) -> Path:
    path = tmp_path / "model.pkl"
    path.write_bytes(small.EVIL_PICKLE)
    return path


def test_the_version_line_is_what_clients_look_for(modelaudit) -> None:
    done = modelaudit("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"modelaudit, version \d+\.\d+\.\d+\n", done.stdout)


def test_a_dangerous_pickle_in_text(modelaudit, evil) -> None:
    done = modelaudit("scan", evil.name)
    assert done.returncode == 1
    assert done.stderr == ""
    assert re.search(r"^1\. model\.pkl \(pos \d+\): \[CRITICAL\] .*system.*\n {3}Why: \S", done.stdout, re.MULTILINE)
    assert "\x1b" not in done.stdout
    assert done.stdout.rstrip().endswith("(exit code 1)")


def test_a_dangerous_pickle_in_json(modelaudit, evil) -> None:
    done = modelaudit("scan", evil, "--format", "json", "--verbose")
    assert done.returncode == 1
    assert done.stderr == ""
    out = json.loads(done.stdout)
    jsonschema.validate(out, SCHEMA, jsonschema.Draft202012Validator)
    critical = [issue for issue in out["issues"] if issue["severity"] == "critical"]
    assert critical
    for issue in critical:
        assert issue["location"] == f"{evil} (pos {issue['offset']})"
    assert out["files_scanned"] == 1
    assert out["bytes_scanned"] == len(small.EVIL_PICKLE)
    assert out["failed_checks"] >= 1
    assert not out["has_errors"]
    assert re.fullmatch(r"[0-9a-f]{64}", out["content_hash"])
    assert out["artifacts"][0]["format"] == "pickle"


def test_the_same_file_gives_the_same_report_but_for_times(modelaudit, evil) -> None:
    reports = []
    for seed in ("1", "2"):
        out = json.loads(modelaudit("scan", evil, "-f", "json", PYTHONHASHSEED=seed).stdout)
        for name in ("start_time", "duration"):
            out.pop(name)
        for row in (*out["issues"], *out["checks"], *out["suppressed"]):
            row.pop("timestamp")
        reports.append(out)
    assert reports[0] == reports[1]


def test_a_harmless_pickle_passes(modelaudit, tmp_path) -> None:
    (tmp_path / "good.pkl").write_bytes(small.GOOD_PICKLE)
    done = modelaudit("scan", "good.pkl")
    assert done.returncode == 0, done.stdout
    assert "No findings" in done.stdout


def test_with_an_output_file_stdout_holds_a_summary(modelaudit, evil, tmp_path) -> None:
    done = modelaudit("scan", evil, "-f", "json", "-o", "report.json")
    assert done.returncode == 1
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["issues"]
    assert "report.json" in done.stdout
    assert "FAIL" in done.stdout
    assert "[CRITICAL]" not in done.stdout
    assert sorted(os.listdir(tmp_path)) == ["model.pkl", "report.json"]


def test_quiet_leaves_the_findings_and_the_decision(modelaudit, evil) -> None:
    done = modelaudit("scan", evil, "--quiet")
    lines = done.stdout.splitlines()
    assert all(re.match(r"\d+\. .*\[[A-Z]+\]", line) for line in lines[:-1])
    assert lines[-1].startswith("FAIL")


def test_colour_is_forced_and_refused_by_the_environment(modelaudit, evil) -> None:
    assert "\x1b[" in modelaudit("scan", evil, FORCE_COLOR="1").stdout
    assert "\x1b[" not in modelaudit("scan", evil, FORCE_COLOR="1", NO_COLOR="1").stdout


def test_the_threshold_can_be_raised(modelaudit, tmp_path) -> None:
    (tmp_path / "odd.pkl").write_bytes(pickles.reduce_call("acme", "f"))
    assert modelaudit("scan", "odd.pkl").returncode == 1
    done = modelaudit("scan", "odd.pkl", "--fail-on", "critical")
    assert done.returncode == 0
    assert "[WARNING]" in done.stdout


def test_a_raised_threshold_passes_no_file_that_was_cut_off(modelaudit, tmp_path) -> None:
    (tmp_path / "cut.pkl").write_bytes(small.CUT_PICKLE)
    assert modelaudit("scan", "cut.pkl").returncode == 1
    done = modelaudit("scan", "cut.pkl", "--fail-on", "critical")
    assert done.returncode == 2
    assert "read in part" in done.stdout


def test_a_new_detection_is_one_yaml_file(modelaudit, tmp_path) -> None:
    model = b"\x80\x04\x8c\x12acme_legacy.ranker\x8c\x04Tree\x93."
    (tmp_path / "ranker.pkl").write_bytes(model)
    (tmp_path / "rule.yaml").write_text(RULE, encoding="utf-8")
    before = json.loads(modelaudit("scan", "ranker.pkl", "-f", "json").stdout)
    assert "ACME-7" not in [issue["rule_code"] for issue in before["issues"]]
    done = modelaudit("scan", "ranker.pkl", "-f", "json", "--rules", "rule.yaml")
    assert done.returncode == 1, done.stderr
    found = {issue["rule_code"]: issue for issue in json.loads(done.stdout)["issues"]}
    assert found["ACME-7"]["message"] == "acme_legacy.ranker.Tree is gone since March"
    assert found["ACME-7"]["severity"] == "critical"
    tested = modelaudit("rules", "test", "rule.yaml")
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_a_scan_with_warm_caches_imports_nothing_heavy(modelaudit, evil) -> None:
    modelaudit("scan", evil)
    program = (
        "import sys\n"
        "from modelaudit.cli.main import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    sys.stderr.write('\\n'.join(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "scan", str(evil)],
        capture_output=True,
        text=True,
        check=False,
        env=modelaudit.environment(),
    )
    assert done.returncode == 1
    seen = set(done.stderr.split())
    assert seen & (HEAVY | CLIENTS) == set()
    assert not [name for name in seen if name.startswith("modelaudit.sources.remote")]


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_ends_a_scan_at_once(modelaudit, tmp_path, name: str, code: int) -> None:
    header = b'{"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (SPARSE, SPARSE)
    with (tmp_path / "large.safetensors").open("wb") as stream:
        stream.write(len(header).to_bytes(8, "little") + header)
        stream.truncate(8 + len(header) + SPARSE)
    process = modelaudit.start("scan", "large.safetensors", "-o", "out.txt")
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    process.send_signal(getattr(signal, name))
    sent = time.monotonic()
    stdout, stderr = process.communicate(timeout=10)
    assert time.monotonic() - sent < 1
    assert process.returncode == code
    assert stdout == ""
    assert [line.partition(":")[0] for line in stderr.splitlines()] == ["interrupted"]
    assert os.listdir(tmp_path) == ["large.safetensors"]


def test_a_terminal_without_unicode_is_no_obstacle(modelaudit, tmp_path) -> None:
    (tmp_path / "mödel漢.pkl").write_bytes(small.EVIL_PICKLE)
    done = modelaudit("scan", "mödel漢.pkl", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert done.stdout.isascii()
    assert "1. m\\xf6del\\u6f22.pkl (pos " in done.stdout
    assert "Traceback" not in done.stderr


def test_facts_are_json_lines(modelaudit, evil) -> None:
    done = modelaudit("facts", evil)
    assert done.returncode == 0, done.stderr
    facts = [json.loads(line) for line in done.stdout.splitlines()]
    assert facts[0]["fact"] == "artifact"
    assert any(fact["fact"] == "import" and "system" in fact["qualname"] for fact in facts)


def test_rules_and_policies_can_be_listed_and_explained(modelaudit) -> None:
    assert "MA1001" in modelaudit("rules", "list").stdout
    assert "Why" in modelaudit("explain", "MA1001").stdout
    assert "strict" in modelaudit("policy", "list").stdout
    assert "gate" in modelaudit("policy", "explain", "strict").stdout
    checked = modelaudit(
        "policy", "check", ROOT / "docs/examples/acme-policy.yaml", "--rules", ROOT / "docs/examples/acme-rules"
    )
    assert checked.returncode == 0, checked.stderr


def test_the_example_rules_pass_their_tests(modelaudit) -> None:
    done = modelaudit("rules", "test", ROOT / "docs/examples/acme-rules")
    assert done.returncode == 0, done.stdout + done.stderr
