"""Tokenizers that rewrite, exhaust or do not fit have their rule; ordinary ones have none."""

import pytest

from fixtures import hub
from fixtures.vocabularies import ATTACKS

SILENT = {
    "words.json": hub.tokenizer(),
    "unigram.json": hub.tokenizer("Unigram", added=("<unk>", "eng_Latn", "<|en|>", "[MASK]", "madeupword0000")),
    "tokenizer.model": hub.sentencepiece(("\u2581the", 1), ("<sep>", 4), charsmap=hub.charsmap(("A", "a"))),
    "qwen.tiktoken": b"IQ== 0\nIg== 1\nIw== 2\n",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_each_attack_has_its_rule(found, name):
    data, file, rule = ATTACKS[name]
    findings, code = found(data, file)
    assert (rule, "warning") in findings
    assert code == 1


@pytest.mark.parametrize("name", SILENT)
def test_ordinary_vocabularies_raise_nothing(found, name):
    assert found(SILENT[name], name) == (set(), 0)
