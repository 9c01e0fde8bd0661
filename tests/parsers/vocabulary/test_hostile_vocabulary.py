"""Vocabularies that are made to be slow to read, to take memory, or to have something overlooked."""

import base64
import struct

import pytest

from fixtures import hub, vocabularies
from modelaudit.engine.facts import Limit, Metadata
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.notes import FileBudget
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.repository import parse as parse_repository
from modelaudit.parsers.repository import tokens
from modelaudit.parsers.vocabulary import charsmap, parse, pieces
from modelaudit.parsers.vocabulary.charsmap import Left, rewritten

LOOP = struct.pack("<I", 1024) + b"".join(
    struct.pack("<I", n | n << 10) for n in range(256)
)  # leads to itself without end


def read(data: bytes, format: str = "sentencepiece") -> list:
    return list(parse(Input("m", BytesReader(data), format), Context()))


def limits(items: list) -> list[str]:
    return [item.what for item in items if isinstance(item, Limit) and item.by == "file"]


def test_a_map_that_leads_to_itself_takes_time_by_its_size() -> None:
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1

    with pytest.raises(FileBudget):
        list(rewritten(LOOP, look))
    assert looks <= 257


def test_maps_of_one_model_share_what_they_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charsmap, "MAP_MAX", 3000)
    left, zeros = Left(), struct.pack("<I", 1024) + bytes(1024)
    assert [list(rewritten(zeros, lambda: None, left)) for _ in range(2)] == [[], []]
    with pytest.raises(FileBudget):
        list(rewritten(zeros, lambda: None, left))


def test_a_map_that_is_not_looked_at_whole_is_a_limit() -> None:
    assert limits(read(hub.sentencepiece(charsmap=LOOP))) == ["units"]
    step = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(LOOP).decode()}
    data = vocabularies.tokenizer(normalizer=step)
    found = list(parse_repository(Input("m", BytesReader(data), "repository-json"), Context()))
    assert limits(found) == ["units"]


def test_what_is_there_once_is_told_once() -> None:
    spec = b"\x18\x02" * 2000 + b"\x18\x01"
    data = hub.sentencepiece(("a", 1)) + b"\x12" + bytes([len(spec) & 127 | 128, len(spec) >> 7]) + spec
    found = [item.value for item in read(data) if isinstance(item, Metadata) and item.key == "model_type"]
    assert found == ["unigram"]


def test_tokens_beyond_those_that_are_told_are_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "SAID_MAX", 5)
    assert limits(read(hub.sentencepiece(*[(f"<{n}>", 4) for n in range(10)]))) == ["tokens"]
    assert limits(read(hub.sentencepiece(*[(f"<{n}>", 4) for n in range(2)]))) == []
    monkeypatch.setattr(tokens, "ADDED_MAX", 5)
    added = [{"id": n, "content": f"<{n}>", "special": True} for n in range(6)]
    data = vocabularies.tokenizer(added_tokens=added)
    assert limits(list(parse_repository(Input("m", BytesReader(data), "repository-json"), Context()))) == ["tokens"]


def test_steps_beyond_those_that_are_looked_at_are_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "STEPS_MAX", 50)
    data = vocabularies.tokenizer(normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}] * 60})
    assert limits(list(parse_repository(Input("m", BytesReader(data), "repository-json"), Context()))) == ["steps"]


def test_tokens_that_are_not_counted_are_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PIECES_MAX", 5)
    assert limits(read(hub.sentencepiece(*[(f"{n}", 1) for n in range(10)]))) != []
