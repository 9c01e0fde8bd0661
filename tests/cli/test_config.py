"""The user's own config file, and options that hold secrets."""

import json
import re
from pathlib import Path

import pytest

from fixtures import small
from modelaudit.cli.config import options_of
from modelaudit.cli.scan_options import INPUT, JUDGING, READING, RESULTS

SCHEMA = Path(__file__).parents[2] / "schemas" / "config.schema.json"


@pytest.fixture
def evil(tmp_path):
    path = tmp_path / "evil.pkl"
    path.write_bytes(small.EVIL_PICKLE)
    return path


@pytest.fixture
def config(tmp_path):
    """A function that writes the user's config file and gives its folder as environment."""

    def write(text: str) -> dict[str, str]:
        folder = tmp_path / "config"
        folder.mkdir(exist_ok=True)
        (folder / "config.yaml").write_text(f"schema: modelaudit/config@1\n{text}", encoding="utf-8")
        return {"MODELAUDIT_CONFIG_DIR": str(folder)}

    return write


def test_what_the_config_says_holds_until_the_command_line_says_otherwise(modelaudit, evil, config) -> None:
    environment = config("quiet: true\nexclude_scanner: [pickle]\ntimeout: 7\n")
    done = modelaudit("scan", evil, **environment)
    assert done.returncode == 2
    assert done.stdout.startswith("INCOMPLETE")
    assert "every file was skipped by request" in done.stderr
    assert modelaudit("scan", evil, "--exclude-scanner", "gguf", **environment).returncode == 1
    assert modelaudit("scan", evil, "--config", "none", **environment).returncode == 1


def test_severities_and_paths_become_what_the_options_take(tmp_path) -> None:
    path = tmp_path / "c.yaml"
    text = "schema: modelaudit/config@1\nseverity: {MA1021: info}\nrules: [r]\npolicy: strict\nmax_file_size: 2 GB\n"
    path.write_text(text, encoding="utf-8")
    said = options_of(str(path))
    assert said == {
        "severity": ["MA1021=info"],
        "rules": [str(tmp_path / "r")],
        "policy": "strict",
        "max_file_size": "2 GB",
    }
    path.write_text("schema: modelaudit/config@1\npolicy: ./policy.yaml\n", encoding="utf-8")
    assert options_of(str(path)) == {"policy": f"{tmp_path}/./policy.yaml"}


def test_mistakes_in_a_config_are_told_with_their_places(modelaudit, evil, config) -> None:
    done = modelaudit("scan", evil, **config("severit: {MA1021: info}\nquiet: tru\noutput: x\n"))
    assert done.returncode == 2
    assert "did you mean `severity`?" in done.stderr
    assert "config.yaml:3:8" in done.stderr
    assert "unknown key `output`" in done.stderr  # where results go is said on the command line
    assert "cannot read config file" in modelaudit("scan", evil, "--config", "nowhere.yaml").stderr


def test_no_config_is_taken_from_the_current_or_the_scanned_folder(modelaudit, evil, tmp_path) -> None:
    (tmp_path / "config.yaml").write_text("schema: modelaudit/config@1\nignore: ['core/*']\n", encoding="utf-8")
    assert modelaudit("scan", tmp_path).returncode == 1


def test_every_key_of_the_schema_is_an_option_and_no_secret_is_one() -> None:
    keys = set(json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"]) - {"schema"}

    def parameters(options):
        def command(**given):
            return 0

        for option in options:
            command = option(command)
        return {parameter.name for parameter in command.__click_params__}

    assert keys <= parameters((*INPUT, *JUDGING, *READING, *RESULTS))
    assert not [key for key in keys if "token" in key or key in {"output", "format", "sbom", "decision_log"}]


def test_tokens_are_accepted_and_stand_in_no_output(modelaudit, evil, tmp_path) -> None:
    secret = "hunter2-token-value"
    words = ("--jfrog-api-token", secret, "--jfrog-access-token", secret, "--registry-uri", f"https://u:{secret}@x")
    outputs = [word for end in ("json", "sarif", "html", "md", "xml", "txt") for word in ("-o", f"out.{end}")]
    log = ("--sbom", "bom.json", "--decision-log", "log.jsonl", "-v")
    done = modelaudit("scan", evil, *words, *outputs, *log, JFROG_API_TOKEN=secret)
    assert done.returncode == 1, done.stderr
    written = [path.read_text(encoding="utf-8") for path in tmp_path.iterdir() if path.is_file() and path != evil]
    assert len(written) == 8
    assert not [text for text in (done.stdout, done.stderr, *written) if secret in text]
    wrong = modelaudit("scan", evil, *words, "--no-such-option")
    assert secret not in wrong.stderr


def test_the_help_shows_every_option_once_in_its_section() -> None:
    import click

    from modelaudit.cli.scan import scan
    from modelaudit.cli.scan_options import SECTIONS

    text = scan.get_help(click.Context(scan, help_option_names=["-h", "--help"]))
    for title in (*SECTIONS, "Other"):
        assert f"\n{title}:\n" in text
    shown = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text, re.MULTILINE)
    options = [parameter.opts for parameter in scan.params if isinstance(parameter, click.Option)]
    assert sorted(shown) == sorted(
        [next(word for word in opts if word.startswith("--")) for opts in options] + ["--help"]
    )
