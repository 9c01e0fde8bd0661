"""Vocabularies of tokenizers and the rows of the embeddings beside them."""

import json

import pytest

from fixtures import hub
from modelaudit.parsers.base import Context
from modelaudit.parsers.bundle import relate
from modelaudit.parsers.bundle.vocabulary import vocabulary_of
from modelaudit.parsers.reader import BytesReader

ROWS = 40
CONFIG = json.dumps({"model_type": "bert", "vocab_size": ROWS}).encode()
WEIGHTS = hub.weights({"embeddings.word_embeddings.weight": [ROWS, 4], "decoder.weight": [4, 4]})


class Files:
    """A folder in memory."""

    path = "m"

    def __init__(self, **files):
        self.files = {name.replace("__", "."): data for name, data in files.items()}
        self.names = sorted(self.files)

    def open(self, name):
        return BytesReader(self.files[name])


def said(weights=WEIGHTS, **files):
    """What was said of each vocabulary: whether it agrees, and why not."""
    facts = relate(Files(config__json=CONFIG, model__safetensors=weights, **files), Context())
    return {one.a: (one.agrees, one.detail) for one in facts if one.KIND == "relation" and one.what == "vocabulary"}


def lines(count, end="\n"):
    return ("\n".join(f"t{n}" for n in range(count)) + end).encode()


def tokenizer(count, added=(), kind=dict):
    vocab = {f"t{n}": n for n in range(count)} if kind is dict else [[f"t{n}", -1.0] for n in range(count)]
    model = {"type": "WordPiece", "vocab": vocab}
    return json.dumps({"model": model, "added_tokens": [{"id": one, "content": f"<{one}>"} for one in added]}).encode()


@pytest.mark.parametrize("count", [ROWS, ROWS - 1, ROWS // 2])
def test_rows_for_padding_are_usual(count):
    assert said(vocab__txt=lines(count), tokenizer__json=tokenizer(count)) == {
        "vocab.txt": (True, None),
        "tokenizer.json": (True, None),
    }


@pytest.mark.parametrize("kind", [dict, list])
@pytest.mark.parametrize("count", [ROWS + 1, ROWS // 2 - 1, 1])
def test_too_many_words_and_far_too_few_are_told(count, kind):
    detail = f"words: {count} in the tokenizer, {ROWS} rows in the weights"
    assert said(tokenizer__json=tokenizer(count, kind=kind)) == {"tokenizer.json": (False, detail)}
    assert said(vocab__txt=lines(count)) == {"vocab.txt": (False, detail)}


def test_the_last_line_may_lack_its_end():
    assert said(vocab__txt=lines(ROWS, end=""))["vocab.txt"] == (True, None)
    assert said(vocab__txt=lines(ROWS + 1, end=""))["vocab.txt"][0] is False


def test_tokens_that_were_added_fill_rows_and_may_wait_for_one():
    assert said(tokenizer__json=tokenizer(10))["tokenizer.json"][0] is False
    assert said(tokenizer__json=tokenizer(10, added=range(10, ROWS)))["tokenizer.json"] == (True, None)
    assert said(tokenizer__json=tokenizer(ROWS, added=[ROWS]))["tokenizer.json"] == (True, None)


def test_one_of_several_embeddings_is_enough():
    two = hub.weights({"text.embed_tokens.weight": [ROWS, 4], "audio.embed_tokens.weight": [1000, 4]})
    assert said(two, tokenizer__json=tokenizer(ROWS))["tokenizer.json"] == (True, None)
    assert said(two, tokenizer__json=tokenizer(100))["tokenizer.json"][0] is False


def test_nothing_is_said_where_one_of_the_two_is_not_known():
    assert said(hub.weights({"decoder.weight": [4, 4]}), vocab__txt=lines(9), tokenizer__json=tokenizer(9)) == {}
    assert said() == {}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"model": 1}',
        b'{"model": {}}',
        b'{"model": {"vocab": {}}}',
        b'{"model": {"vocab": {"a": "b", "c": -1, "d": true}}}',
        b'{"model": {"vocab": {"a": ' + b"9" * 5000 + b"}}}",
        b'{"model": {"vocab": {"a": ' + b"9" * 1000 + b"}}}",
    ],
)
def test_what_is_no_vocabulary_has_no_size(data):
    assert vocabulary_of(BytesReader(data)) == (0, 0)
    assert said(tokenizer__json=data) == {}


def test_odd_added_tokens_are_passed_over():
    data = b'{"model": {"vocab": ["a", "b"]}, "added_tokens": [1, {}, {"id": "x"}, {"id": 7}]}'
    assert vocabulary_of(BytesReader(data)) == (2, 8)
    assert vocabulary_of(BytesReader(b'{"model": {"vocab": ["a"]}, "added_tokens": 3}')) == (1, 1)


def test_merges_are_not_read_and_words_may_be_named_like_keys():
    data = b'{"added_tokens": [{"id": 2}], "model": {"type": "BPE", "vocab": {"model": 0, "vocab": 1}, "merges": [no'
    assert vocabulary_of(BytesReader(data)) == (2, 3)
    assert vocabulary_of(BytesReader(b'{"model": {"x": {}, "vocab": {"a": 0}}, "added_tokens": [{"id": 1}]}')) == (1, 2)
