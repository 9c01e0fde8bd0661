"""`modelaudit formats` lists the whole catalogue, and the pages that are made of it are up to date."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from modelaudit.cli.group import cli
from modelaudit.parsers.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
FORMATS = Registry.load().formats


@pytest.fixture
def run(capsys):
    """A function that runs the command and gives its code and what it wrote."""

    def call(*arguments: str):
        try:
            code = cli.main(["formats", *arguments], standalone_mode=False)
        except Exception as error:  # noqa: BLE001 - click's own, with its words
            return 2, str(error)
        return code, capsys.readouterr().out

    return call


@pytest.mark.parametrize("id", FORMATS)
def test_every_format_says_what_it_is_told_by_and_what_is_checked(id):
    assert FORMATS[id].recognised, f"{id}: add `recognised` to schemas/formats.json"
    assert FORMATS[id].checked, f"{id}: add `checked` to schemas/formats.json"


def test_the_list_is_whole_in_each_form(run):
    code, text = run()
    assert code == 0
    assert json.loads(run("--format", "json")[1])["formats"][0].keys() >= {"id", "extensions", "recognised", "checked"}
    assert {row["id"] for row in json.loads(run("-f", "json")[1])["formats"]} == set(FORMATS)
    assert all(f"({id})" in text and f"(`{id}`)" in run("-f", "markdown")[1] for id in ("pickle", "pmml", "dvc"))
    assert max(len(line) for line in text.splitlines()) <= 140


def test_a_word_finds_by_id_extension_title_and_family(run):
    assert [row["id"] for row in json.loads(run(".onnx", "-f", "json")[1])["formats"]] == ["onnx"]
    assert [row["id"] for row in json.loads(run("pmml", "-f", "json")[1])["formats"]] == ["pmml"]
    assert len(json.loads(run("tensorflow", "-f", "json")[1])["formats"]) > 5
    assert run("nothing-like-it") == (2, "no format is called 'nothing-like-it'; `modelaudit formats` lists them all")


def test_page_and_readme_agree_with_the_catalogue():
    done = subprocess.run(
        [sys.executable, "tools/generate_formats_reference.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
