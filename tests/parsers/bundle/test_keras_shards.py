"""Weights that Keras writes in several files, beside the index that names them."""

import json

import pytest

from fixtures import hdf5s
from fixtures.ruling import builtin
from modelaudit.pipeline.scan import scan

WHOLE = hdf5s.weights()


def index(**shards):
    return json.dumps(
        {"metadata": {"total_size": 9.0}, "weight_map": {f"/layers/{k}/vars": v for k, v in shards.items()}}
    )


def found(folder, text, files=("m_00000.weights.h5", "m_00001.weights.h5")):
    (folder / "m.weights.json").write_text(text)
    for name in files:
        (folder / name).write_bytes(WHOLE)
    return sorted(
        (finding.rule, finding.message) for finding in scan([str(folder)], builtin()).findings if finding.rule < "MA5"
    )


def test_an_index_that_fits_is_silent(tmp_path):
    assert found(tmp_path, index(a=["m_00000.weights.h5"], b=["m_00000.weights.h5", "m_00001.weights.h5"])) == []


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        (index(a=["m_00000.weights.h5"]), "MA3202", "the index does not name this file"),
        (index(a=["m_00000.weights.h5", "m_00001.weights.h5", "m_00002.weights.h5"]), "MA3202", "the shard is missing"),
        (index(a=["../m_00000.weights.h5"]), "MA3203", "names ../m_00000.weights.h5"),
        (index(a=[3]), "MA3201", "is no name"),
    ],
)
def test_what_does_not_fit_is_a_finding(tmp_path, text, rule, words):
    assert any(rule == one and words in message for one, message in found(tmp_path, text))


@pytest.mark.parametrize("text", ['{"a": [1, 2]}', "[1, 2, 3]", "no JSON"])
def test_other_files_of_such_a_name_are_no_index(tmp_path, text):
    assert found(tmp_path, text, ("other.h5",)) == []
