"""Rows of embeddings behind the vocabulary of a tokenizer."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fixtures import tensors
from fixtures.checkpoints import normal
from modelaudit.pipeline.facts import facts

WORDS = 500


def repository(folder, values, *, words: int = WORDS, vocabulary=None) -> str:
    data = values.astype("<f4").tobytes()
    entry = tensors.entry(0, len(data), shape=list(values.shape))
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(tensors.file({"model.embed_tokens.weight": entry}, data))
    (folder / "config.json").write_text("{}")
    vocab = {f"w{n}": n for n in range(words)} if vocabulary is None else vocabulary
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"type": "BPE", "vocab": vocab, "merges": []}}))
    return str(folder)


def told(path: str):
    """The statistics of the embeddings as the folder has them."""
    found = [tree.facts.get("tensor", ()) for tree in facts([path], errors=[]) if tree.artifact.role == "bundle"]
    return [tensor.stats for group in found for tensor in group]


def test_a_row_that_is_far_from_all_words(tmp_path) -> None:
    values = normal(WORDS + 4, 64)
    values[WORDS + 1] *= 30
    (stats,) = told(repository(tmp_path / "m", values))
    assert stats.added_rows == 4
    assert stats.added_norm_z_max > 100


def test_rows_like_all_others_and_empty_ones(tmp_path) -> None:
    values = normal(WORDS + 4, 64)
    (stats,) = told(repository(tmp_path / "m", values))
    assert stats.added_norm_z_max < 5
    values[WORDS:] = 0
    (stats,) = told(repository(tmp_path / "n", values))
    assert stats.added_norm_z_max < 0


@pytest.mark.parametrize(
    ("rows", "words", "vocabulary"),
    [(WORDS, WORDS, None), (WORDS, 100, None), (WORDS, WORDS, []), (WORDS, WORDS, {"a": "b"}), (WORDS, WORDS, 3)],
)
def test_nothing_is_said_without_rows_behind_the_vocabulary(tmp_path, rows, words, vocabulary) -> None:
    assert told(repository(tmp_path / "m", normal(rows, 64), words=words, vocabulary=vocabulary)) == []


def test_a_vocabulary_that_is_a_list(tmp_path) -> None:
    pairs = [[f"w{n}", -float(n)] for n in range(WORDS)]
    (stats,) = told(repository(tmp_path / "m", normal(WORDS + 1, 64), vocabulary=pairs))
    assert stats.added_rows == 1


@pytest.mark.parametrize(
    "entry", [{}, {"dtype": "F32", "shape": [504, 64]}, {"dtype": "F32", "shape": "x"}, {"dtype": 3}]
)
def test_odd_headers_are_passed_over(tmp_path, entry) -> None:
    path = repository(tmp_path / "m", np.ones((WORDS + 4, 64)))
    (tmp_path / "m" / "model.safetensors").write_bytes(tensors.file({"model.embed_tokens.weight": entry}, b""))
    assert told(path) == []
