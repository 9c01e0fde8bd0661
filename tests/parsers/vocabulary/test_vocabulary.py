"""Vocabularies: SentencePiece models, lists of tiktoken, tokenizers as JSON, and what they rewrite."""
# ruff: noqa: E501 - expressions as they are

import base64
import time
from contextlib import suppress

import pytest

from fixtures import hub, mutants, onnxes, tensorflows, vocabularies
from fixtures.vocabularies import MAP
from modelaudit.engine.facts import Fact
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.notes import FileBudget
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry
from modelaudit.parsers.repository.backtracking import is_exponential
from modelaudit.parsers.vocabulary import parse
from modelaudit.parsers.vocabulary.charsmap import rewritten

REGISTRY = Registry.load()
RANKS = b"".join(base64.b64encode(bytes([n])) + f" {n}\n".encode() for n in range(40))


def formats(data):
    return REGISTRY.recognise(data[:4096], BytesReader(data), "").formats


def facts(data, format):
    return [fact for fact in parse(Input("m", BytesReader(data), format), Context()) if isinstance(fact, Fact)]


def said(data, format):
    return [(fact.key, fact.value, fact.type) for fact in facts(data, format) if fact.KIND == "metadata"]


def defects(data, format):
    return [fact.code for fact in facts(data, format) if fact.KIND == "defect"]


def test_vocabularies_are_recognised_by_their_content():
    assert formats(hub.sentencepiece(("a", 1))) == ("sentencepiece",)
    assert formats(RANKS) == ("tiktoken",)


@pytest.mark.parametrize(
    "data", [onnxes.model(), tensorflows.graph(), b"\n\x02\n\x00" * 9, b"abcd 1\nefgh\n", b"\n\n\n"]
)
def test_other_files_are_no_vocabularies(data):
    assert not {"sentencepiece", "tiktoken"}.intersection(formats(data))


def test_pieces_are_counted_and_those_that_were_added_are_told():
    data = hub.sentencepiece(("▁the", 1), ("<sep>", 4))
    assert said(data, "sentencepiece") == [
        ("vocabulary", "5", "int"),
        ("added_token", "<s>", "special"),
        ("added_token", "</s>", "special"),
        ("added_token", "<sep>", "plain"),
        ("model_type", "bpe", "str"),
        ("normalizer_spec.name", "nmt_nfkc", "str"),
    ]
    assert defects(data, "sentencepiece") == []


def test_pieces_and_ranks_that_stand_twice_are_told():
    assert defects(hub.sentencepiece(("a", 1), ("a", 1)), "sentencepiece") == ["token-repeated"]
    assert defects(RANKS + b"AA== 99\n", "tiktoken") == ["token-repeated"]
    assert defects(RANKS + b"/////w== 3\n", "tiktoken") == ["token-repeated"]
    assert defects(RANKS + b"no line\n", "tiktoken") == ["vocabulary-malformed"]


def test_maps_that_rewrite_text_are_told_but_not_those_that_change_case():
    assert sorted(rewritten(MAP, lambda: None)) == [("7", "1"), ("bank", "evil")]
    found = [
        row for row in said(hub.sentencepiece(charsmap=MAP), "sentencepiece") if row[0] == "normalizer.precompiled"
    ]
    assert sorted(value for _, value, _ in found) == ["7 => 1", "bank => evil"]


@pytest.mark.parametrize("data", [b"", b"\0" * 8, b"\xff" * 40, MAP[:50], b"\x04\0\0\0" + b"\xff" * 9])
def test_maps_that_are_none_say_nothing(data):
    assert list(rewritten(data, lambda: None)) == []


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "(?:a*)*b",
        "(a*|b)*",
        r"(?:\s*)*",
        r"((\w+))+",
        "(?i:(x{2,})+)",
        "([a-z]+)*$",
        r"(?:\p{L}+){2,}",
        "(a+?)+",
    ],
)
def test_expressions_that_repeat_what_repeats_are_told(pattern):
    assert is_exponential(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t)?|\p{N}{1,3}",
        r"(?:,\s*\w+)*",
        r"(?>a+)+",
        r"(a++)+",
        r"(?=a+)*",
        r"<\|startoftext\|>|<\|endoftext\|>|'s|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
        r"\(a+\)+",
        r"[(a+)+]",
        "(a{1,3})+",
        "(ab?)+",
        "((((((((",
        "))))|*+?{",
        "",
    ],
)
def test_expressions_of_ordinary_tokenizers_are_not(pattern):
    assert not is_exponential(pattern)


@pytest.mark.parametrize("part", ["(", "[", "\\", "a{", "(?", "(a*", "[^]"])
def test_expressions_made_to_cost_cost_little(part):
    begin = time.process_time()
    is_exponential(part * 20_000)
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("seed", range(60))
def test_changed_vocabularies_never_raise(seed):
    for data, format in ((hub.sentencepiece(("a", 1), charsmap=MAP[:3000]), "sentencepiece"), (RANKS, "tiktoken")):
        changed = mutants.mutant(data, seed)
        formats(changed)
        assert facts(changed, format)
    with suppress(FileBudget):
        assert list(rewritten(mutants.mutant(MAP, seed), lambda: None)) is not None


def test_a_map_in_base64_with_damage_is_left_alone():
    from modelaudit.parsers.repository import parse as read

    damaged = vocabularies.tokenizer(normalizer={"type": "Precompiled", "precompiled_charsmap": "A"})
    assert list(read(Input("m", BytesReader(damaged), "repository-json"), Context()))
