"""What is encoded again and again, or holds itself, ends at a depth, and is never called clean behind it."""

import base64
import zlib

import pytest

from fixtures import bombs, vectors
from fixtures import pickles as p
from fixtures.reading import Read
from modelaudit.parsers.pickle.encoded import LAYERS
from modelaudit.pipeline.scan import scan


def verdict(ruleset, tmp_path, data):
    path = tmp_path / "m.pkl"
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    return {finding.severity for finding in result.findings} & {"critical", "warning"}, result.decision.exit_code


@pytest.mark.parametrize("encode", [zlib.compress, base64.b64encode], ids=["zlib", "base64"])
def test_layers_are_peeled_to_the_last_and_one_more_is_a_limit(ruleset, tmp_path, encode):
    data = vectors.WHOLE
    for _ in range(LAYERS):
        data = encode(data)
    found, exit_code = verdict(ruleset, tmp_path, p.nested_literal(data))
    assert ("critical" in found, exit_code) == (True, 1)
    read = Read(p.nested_literal(encode(data)))
    assert (read.limits, read.nested) == (["depth"], [])
    assert verdict(ruleset, tmp_path, p.nested_literal(encode(data))) == ({"warning"}, 1)


def test_an_archive_that_holds_itself_ends_at_the_depth(ruleset, tmp_path):
    assert verdict(ruleset, tmp_path, p.nested_literal(bombs.quine())) == ({"critical", "warning"}, 1)


def test_a_pickle_that_names_itself_in_its_memo_is_read_once():
    looped = b"\x80\x04]q\x00h\x00ah\x00a\x85q\x010h\x01."
    assert (Read(looped).defects, Read(looped).limits) == ([], [])


def test_text_that_is_encoded_a_few_times_says_nothing(ruleset, tmp_path):
    data = b"an ordinary text " * 20
    for _ in range(LAYERS - 1):
        data = base64.b64encode(data)
    assert verdict(ruleset, tmp_path, p.nested_literal(data)) == (set(), 0)
    assert verdict(ruleset, tmp_path, p.stream(p.text("3" * 20_000))) == (set(), 0)
