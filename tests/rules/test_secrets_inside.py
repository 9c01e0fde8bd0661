"""Secrets in strings of pickles and behind the beginning of long texts."""

import json
import pickle
import random
import subprocess
import sys

import pytest

from fixtures.tokens import github_token
from modelaudit.engine.derived.keywords import SMALL, Keywords
from modelaudit.pipeline.scan import scan

WORDS = [f"word {number} of many" for number in range(40_000)]


def found(ruleset, path):
    document = scan([str(path)], ruleset)
    assert {artifact.coverage for artifact in document.artifacts} == {"full"}
    return [(finding.rule, finding.message) for finding in document.findings if finding.rule.startswith("MA53")]


TOKEN = [("MA5300", "a github-token stands here: ghp_…")]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("words", [[], WORDS[:2000], WORDS], ids=["small", "a window", "many"])
def test_a_token_in_a_string_of_a_pickle_is_found(ruleset, tmp_path, words, protocol):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps([*words, {"token": github_token()}, *words], protocol))
    assert found(ruleset, path) == TOKEN


@pytest.mark.parametrize("at", [0, 300, 70_000])
def test_a_token_in_a_long_string_of_a_pickle_is_found(ruleset, tmp_path, at):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(" " * at + "\n" + github_token() + "\n" + "." * 300_000))
    assert found(ruleset, path) == (TOKEN if at < 65_000 else [])


def test_a_pickle_without_a_keyword_tells_no_texts(ruleset, tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(WORDS * 2 + ["asia", "hf_hub", "eyjafjallajökull"]))
    document = scan([str(path)], ruleset)
    assert not document.findings
    assert not ruleset.wants("text.literal")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
@pytest.mark.parametrize("at", [65_500, 65_536, 200_000, 1_000_000])
def test_a_token_far_behind_in_a_configuration_is_found_once(ruleset, tmp_path, at, encoding):
    path = tmp_path / "config.json"
    path.write_bytes(
        (json.dumps("ü" + "x " * (at // 2)) + "\n" + github_token() + "\n" + "y\n" * 50_000).encode(encoding)
    )
    assert [rule for rule, _ in found(ruleset, path)] == ["MA5300"]


def test_a_long_vocabulary_is_not_searched(ruleset, tmp_path):
    path = tmp_path / "vocab.txt"
    path.write_text("x\n" * 100_000 + github_token())
    assert found(ruleset, path) == []


@pytest.mark.parametrize("size", [10, SMALL, SMALL + 1, 100_000])
def test_keywords_are_found_where_they_stand(size):
    rng = random.Random(size)
    data = bytes(rng.choices(b"abcdefgh_", k=size))
    keywords = Keywords(["ghp_", "HF_", "zz"])
    at = size // 2
    data = data.replace(b"h", b"i")[:at] + b"Hf_" + data.replace(b"h", b"i")[at:]
    assert keywords.find(data) == at
    assert keywords.find(data, at + 1) == -1


def test_a_small_pickle_needs_no_regular_expressions(tmp_path):
    path = tmp_path / "small.pkl"
    path.write_bytes(pickle.dumps({"weights": "some words of a text", "b": [1, 2, 3]}))
    code = f"""
import sys
from modelaudit.cli.main import main
try:
    sys.argv = ["modelaudit", "scan", {str(path)!r}]
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
    lazy = 'assert "re2" not in sys.modules and "modelaudit.engine.lang.encodings" not in sys.modules'
    subprocess.run([sys.executable, "-c", code], check=True)  # compiles the rules where that is needed
    subprocess.run([sys.executable, "-c", code + lazy], check=True)
