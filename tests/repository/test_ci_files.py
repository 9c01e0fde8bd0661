"""The files by which others run modelaudit: hooks, the action, examples for pipelines, the image."""

import importlib.util
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from fixtures import small

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "ci"
ACTION = ROOT / "action.yml"
SCHEMAS = {
    "vendor.github-actions": ACTION,
    "vendor.github-workflows": EXAMPLES / "github.yml",
    "vendor.gitlab-ci": EXAMPLES / "gitlab-ci.yml",
    "vendor.azure-pipelines": EXAMPLES / "azure-pipelines.yml",
}


def read(path: Path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def linter(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.mark.parametrize("schema", SCHEMAS)
def test_each_is_valid_by_the_schema_of_its_service(schema) -> None:
    if importlib.util.find_spec("check_jsonschema") is None:
        pytest.skip("check-jsonschema is not installed")
    command = [sys.executable, "-m", "check_jsonschema", "--regex-variant", "python", "--builtin-schema", schema]
    if schema == "vendor.azure-pipelines":  # whose schema wants text where YAML has numbers and truths
        command += ["--data-transform", "azure-pipelines"]
    command += [str(SCHEMAS[schema])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_hooks_see_every_extension_of_a_model() -> None:
    hooks = {hook["id"]: hook for hook in read(ROOT / ".pre-commit-hooks.yaml")}
    pattern = re.compile(hooks["modelaudit"]["files"])
    formats = json.loads((ROOT / "schemas" / "formats.json").read_text(encoding="utf-8"))["formats"].values()
    extensions = {e for f in formats if f["role"] in {"model", "weights", "container"} for e in f["extensions"]}
    names = ["model" + extension.replace("#", "0") for extension in extensions]
    assert [name for name in names if not pattern.search(name)] == []
    assert not [name for name in ("a.py", "a.md", "binary", "a.pkl.txt") if pattern.search(name)]
    for hook in hooks.values():
        assert set(hook) >= {"id", "name", "description", "entry", "language", "files"}


def test_the_examples_use_hooks_and_options_that_there_are(modelaudit) -> None:
    hooks = {hook["id"] for hook in read(ROOT / ".pre-commit-hooks.yaml")}
    (repo,) = read(EXAMPLES / "pre-commit-config.yml")["repos"]
    assert {hook["id"] for hook in repo["hooks"]} <= hooks
    said = modelaudit("scan", "--help").stdout
    for path in (EXAMPLES / "gitlab-ci.yml", EXAMPLES / "azure-pipelines.yml"):
        options = set(re.findall(r"(?<= )--[a-z-]+", path.read_text(encoding="utf-8"))) - {"--quiet"}
        assert [option for option in options if option not in said] == []


def test_every_input_of_the_action_reaches_its_script_as_a_variable_alone() -> None:
    action = read(ACTION)
    script = (ROOT / ".ci" / "action").read_text(encoding="utf-8")
    (scan,) = [step for step in action["runs"]["steps"] if step.get("id") == "scan"]
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert "uses" in step or step["shell"] == "bash"
    for name in scan["env"]:
        assert name in script
    used = set(re.findall(r"inputs\.([a-z-]+)", ACTION.read_text(encoding="utf-8")))
    assert used == set(action["inputs"])


@pytest.fixture
def action(tmp_path, cache_folder):
    """A function that runs the action's script as the service does, and gives code, outputs, summary and log."""
    shim = tmp_path / "modelaudit"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m modelaudit "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    files = {name: tmp_path / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}

    def run(**inputs):
        for path in files.values():
            path.write_text("", encoding="utf-8")
        environment = {
            **os.environ,
            "MODELAUDIT": str(shim),
            "MODELAUDIT_CACHE_DIR": str(cache_folder),
            "RUNNER_TEMP": str(tmp_path / "temp"),
            **{name: str(path) for name, path in files.items()},
            **{f"SCAN_{name.upper()}": value for name, value in inputs.items()},
        }
        (tmp_path / "temp").mkdir(exist_ok=True)
        done = subprocess.run(
            [linter("bash"), ROOT / ".ci" / "action"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert list((tmp_path / "temp").glob("*")) == []
        return done, *(path.read_text(encoding="utf-8") for path in files.values())

    run.folder = tmp_path
    return run


def test_the_action_scans_says_its_result_and_writes_sarif(action) -> None:
    models = action.folder / "my models"
    models.mkdir()
    (models / "evil.pkl").write_bytes(small.EVIL_PICKLE)
    done, output, summary = action(paths="my models\n\n", sarif="out.sarif", arguments="--quiet\n--jobs=1")
    assert done.returncode == 1
    assert output == "exit-code=1\n"
    assert summary.startswith("## modelaudit: failed")
    assert "[CRITICAL]" in done.stdout
    sarif = json.loads((action.folder / "out.sarif").read_text(encoding="utf-8"))
    assert sarif["runs"][0]["results"]


def test_the_action_takes_no_path_for_an_option_and_no_input_for_a_command(action) -> None:
    done, output, _ = action(paths="--help\n$(touch pwned)", summary="false", policy="`touch pwned`")
    assert done.returncode == 2
    assert output == ""  # nothing was scanned, so that nothing is uploaded
    assert not (action.folder / "pwned").exists()


def test_the_script_of_the_action_is_lintable_and_can_be_run() -> None:
    path = ROOT / ".ci" / "action"
    assert path.stat().st_mode & stat.S_IXUSR
    done = subprocess.run([linter("shellcheck"), path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def stages() -> dict[str, list[tuple[str, str]]]:
    """The instructions of the image by its stages; the last one has no name."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, list[tuple[str, str]]] = {}
    lines: list[tuple[str, str]] = []
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            lines = found[name] = [("FROM", base)]
        elif word.isupper() and found:
            lines.append((word, rest))
    return found


def test_the_image_has_its_targets_is_slim_and_not_run_by_root() -> None:
    found = stages()
    assert set(found) >= {"base", "full", "tensorflow"}
    assert ("FROM", "base") in found[""]  # what is built when no target is named
    for name in ("base", "full", "tensorflow"):
        assert found[name][0] == ("FROM", "runtime")
        assert found[name][-1] == ("USER", "10001")
        (install,) = [rest for word, rest in found[name] if word == "RUN"]
        assert "--no-index" in install  # what is not in the wheels that were built is not fetched
    assert ("ENTRYPOINT", '["modelaudit"]') in found["runtime"]
    assert found["runtime"][0][1].endswith("-slim")


def test_the_image_is_given_everything_that_the_wheel_is_built_from() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if line.startswith("!")}
    assert kept >= {"src", "cli", "engine", "parsers", "pipeline", "policies", "reports", "rules", "schemas", "sources"}
    assert kept >= {"pyproject.toml", "README.md", "LICENSE"}


def test_the_image_has_nothing_to_mend() -> None:
    done = subprocess.run([linter("hadolint"), ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
