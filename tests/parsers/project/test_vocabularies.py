"""Vocabularies have words in them that are keys of settings elsewhere: they stay vocabularies, at any size."""

import json

import pytest

from modelaudit.parsers.project import recognise_tools
from modelaudit.parsers.reader import BytesReader

WORDS = ["install", "prepare", "postinstall", "runOn", *(f"word{number}" for number in range(40_000))]


@pytest.mark.parametrize("indent", [None, 1])
def test_a_vocabulary_is_no_settings(indent: int | None) -> None:
    data = json.dumps({word: number for number, word in enumerate(WORDS)}, indent=indent).encode()
    assert not recognise_tools(data[:4096], BytesReader(data))


@pytest.mark.parametrize(
    "settings",
    [
        {"scripts": {"postinstall": "node x.js"}},
        {"postCreateCommand": ["pip", "install", "."]},
        {"tasks": [{"runOptions": {"runOn": "folderOpen"}}]},
        {"postAttachCommand": {"a": "x"}},
    ],
)
def test_settings_are_settings(settings: dict) -> None:
    for text in (json.dumps(settings), json.dumps(settings, indent=4), json.dumps(settings, separators=(",", ":"))):
        data = text.encode()
        assert recognise_tools(data[:4096], BytesReader(data))
