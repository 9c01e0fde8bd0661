"""Pickles and programs in constants, however they are encoded; ordinary encoded data says nothing."""

import base64
import bz2
import gzip
import hashlib
import json
import lzma
import os
import pickle
import zlib

import pytest

from fixtures import executables, pickles
from modelaudit.engine.facts import Blob, Limit
from modelaudit.parsers import encodings
from modelaudit.parsers.base import Context, Input, Nested
from modelaudit.parsers.pickle import base85, literals, parse
from modelaudit.parsers.pickle.literals import magics
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.wordings import openings
from modelaudit.pipeline.scan import scan

EVIL = pickles.reduce_call("os", "system", "echo hi")
OLD = pickles.reduce_call("os", "system", "echo hi", protocol=0)
ENCODINGS = {
    "base64": base64.b64encode,
    "base64 in lines": base64.encodebytes,
    "base64 for addresses": base64.urlsafe_b64encode,
    "base64 without padding": lambda data: base64.b64encode(data).rstrip(b"="),
    "base85": base64.b85encode,
    "ascii85": base64.a85encode,
    "ascii85 of Adobe": lambda data: base64.a85encode(data, adobe=True, wrapcol=60),
    "z85": lambda data: base64.b85encode(data).translate(bytes.maketrans(base85.GIT, base85.ZEROMQ)),
    "base85 of zlib": lambda data: base64.b85encode(zlib.compress(data)),
    "hex": lambda data: data.hex().encode(),
    "HEX": lambda data: data.hex().upper().encode(),
    "zlib": zlib.compress,
    "zlib, stored": lambda data: zlib.compress(data, 0),
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}


def facts(data: bytes, kind: type):
    given = Input("m.pkl", BytesReader(data), "pickle")
    return [item for item in parse(given, Context()) if isinstance(item, kind)]


def holder(data: bytes, *, text: bool = False) -> bytes:
    return pickle.dumps({"payload": data.decode("latin-1") if text else data, "more": 1})


def verdict(ruleset, tmp_path, data):
    path = tmp_path / "m.pkl"
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    return {f.severity for f in result.findings if f.active}, result.decision.exit_code


@pytest.mark.parametrize("payload", [EVIL, OLD], ids=["framed", "text"])
@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("text", [False, True], ids=["bytes", "text"])
def test_an_encoded_pickle_is_read(name, payload, text):
    data = holder(ENCODINGS[name](payload), text=text)
    (nested,) = facts(data, Nested)
    assert nested.reader.read_at(0, nested.reader.size) == payload
    blob = facts(data, Blob)[-1]
    assert (blob.kind, blob.region, blob.validated) == ("pickle", "literal", True)
    assert blob.sha256 == hashlib.sha256(payload).hexdigest()


@pytest.mark.parametrize("name", ENCODINGS)
def test_an_encoded_pickle_is_judged(ruleset, tmp_path, name):
    assert verdict(ruleset, tmp_path, holder(ENCODINGS[name](EVIL)))[0] >= {"critical"}


def test_layers_are_peeled():
    data = EVIL
    for name in ("zlib", "base64", "gzip", "hex", "xz", "base64"):
        data = ENCODINGS[name](data)
    (blob,) = [blob for blob in facts(holder(data), Blob) if blob.kind == "pickle"]
    assert blob.method == "base64+xz+hex+gzip+base64+zlib"


@pytest.mark.parametrize("how", ["raw", "base64", "zlib"])
def test_eight_levels_of_pickles_are_read(ruleset, tmp_path, how):
    data = EVIL
    for _ in range(8):
        data = holder(data if how == "raw" else ENCODINGS[how](data))
    assert "critical" in verdict(ruleset, tmp_path, data)[0]


def test_deeper_ones_are_never_called_clean(ruleset, tmp_path):
    data = EVIL
    for _ in range(12):
        data = holder(data)
    assert verdict(ruleset, tmp_path, data)[1] == 1


def test_a_program_in_base64_is_found():
    program = executables.elf()
    (blob,) = facts(holder(base64.b64encode(program), text=True), Blob)
    assert (blob.kind, blob.method, blob.validated) == ("elf", "base64", True)


def test_a_long_constant_is_decoded_whole():
    inner = pickles.stream(pickles.literal(bytes(300_000)), pickles.POP, EVIL[2:-1])
    (nested,) = facts(holder(base64.b64encode(inner), text=True), Nested)
    assert nested.reader.size == len(inner)


def test_a_long_compressed_constant_in_text_is_read():
    inner = pickles.stream(pickles.literal(os.urandom(200_000)), pickles.POP, EVIL[2:-1])
    (nested,) = facts(holder(zlib.compress(inner), text=True), Nested)
    assert nested.reader.size == len(inner)


ORDINARY = {
    "image": base64.b64encode(b"\x89PNG\r\n\x1a\n" + os.urandom(500)),
    "digest": hashlib.sha256(b"x").hexdigest().encode(),
    "digests": b"".join(hashlib.sha256(bytes([n])).hexdigest().encode() for n in range(64)),
    "identifier": b"model_layers_attention_query_projection_weight",
    "words": b"theQuickBrownFoxJumpsOverTheLazyDogAndEverythingElse",
    "text in zlib": zlib.compress(b"ordinary words " * 100),
    "text in base64": base64.b64encode(b"ordinary words, and some more of them " * 9),
    "json in gzip": gzip.compress(json.dumps({"a": [1, 2, 3]}).encode()),
    "numbers in base64": base64.b64encode(bytes(range(256)) * 4),
    "floats in zlib": zlib.compress(b"\x00\x00\x80\x3f" * 400),
    "key": base64.b64encode(os.urandom(64)),
    # What begins by chance as a pickle does, and breaks behind an opcode or two:
    "digest that numbers an extension": (b"\x80\x02\x82\x01\x02" + b"\xee" * 27).hex().encode(),
    "key that calls an extension": base64.b64encode(b"\x80\x04\x82\x01)R\x02" + b"\xee" * 26),
    "numbers written backwards": b"A" * 1000 + b"44008",
    "signature with a number in it": base64.b64encode(b"\x80\x03J" + b"\xaa" * 253),
    "bytes with a number in them": b"\x80\x03J" + b"\xaa" * 253,
}


@pytest.mark.parametrize("name", ORDINARY)
@pytest.mark.parametrize("text", [False, True], ids=["bytes", "text"])
def test_ordinary_encoded_data_say_nothing(ruleset, tmp_path, name, text):
    assert verdict(ruleset, tmp_path, holder(ORDINARY[name], text=text)) == (set(), 0)


@pytest.mark.parametrize("module", [b"os", b"my-module"])
def test_a_stream_that_breaks_behind_its_call_is_read(module):
    data = b"\x80\x04c" + module + b"\nrun\n)R" + b"\xee" * 80
    assert len(facts(holder(base64.b64encode(data)), Nested)) == 1


def test_a_bomb_in_a_constant_is_a_limit():
    bomb = zlib.compress(pickles.stream(pickles.literal(bytes(40_000_000)), pickles.POP, pickles.NONE), 9)
    assert [limit.what for limit in facts(holder(bomb), Limit)] == ["decoded"]


def test_many_bombs_stay_within_the_budget():
    inner = zlib.compress(pickles.stream(pickles.literal(bytes(14_000_000)), pickles.POP, pickles.NONE), 9)
    data = pickle.dumps([inner + bytes([n]) for n in range(12)])
    assert [limit.what for limit in facts(data, Limit)] == ["decoded"]


SOURCE = b"import os\nos.getpid()\nprint('one')\n"
SOURCES = {
    "base64": base64.b64encode(SOURCE),
    "hex": SOURCE.hex().encode(),
    "zlib": zlib.compress(SOURCE),
    "zlib in base64": base64.b64encode(zlib.compress(SOURCE)),
    "behind a comment": base64.b64encode(b"# one\n" + SOURCE),
}


@pytest.mark.parametrize("name", SOURCES)
def test_python_in_an_encoded_constant_is_read(name):
    data = holder(SOURCES[name], text=not name.startswith("zlib") or "base64" in name)
    (nested,) = facts(data, Nested)
    assert ("python", "literal") in {(blob.kind, blob.region) for blob in facts(data, Blob)}
    assert nested.reader.read_at(0, 1000).endswith(SOURCE)


@pytest.mark.parametrize(
    "text",
    [
        b"import this text of words, which is (no) Python at all",
        b'{"import": [1, 2, 3], "b": "eval (of a model)"}',
        b"x = 1\nexecute = 2\nevaluate = [3]\n",
    ],
)
def test_other_text_in_an_encoded_constant_is_not(text):
    assert not facts(holder(base64.b64encode(text), text=True), Blob)


def test_the_table_has_the_beginnings_of_base85():
    known = [row["magic"] for rows in magics().rows.values() for row in rows if "." not in row["magic"]]
    found = {base85.FIRST}
    for magic in [bytes.fromhex(magic)[:4] for magic in known]:
        for number in range(int.from_bytes(magic.ljust(4, b"\0"), "big"), 1 << 32, 85**3):
            if not number.to_bytes(4, "big").startswith(magic):
                break
            found |= {_pair(number, alphabet) for alphabet in base85.ALPHABETS.values()}
        found |= {_pair(int.from_bytes(magic.ljust(4, b"\xff"), "big"), a) for a in base85.ALPHABETS.values()}
    assert found == magics().pairs


def test_masks_that_constants_are_looked_at_for_are_those_of_the_beginnings():
    assert literals.MASKED == encodings.PAIRS


def test_openings_are_those_of_code_in_base85():
    code = {_pair(int.from_bytes(word, "big"), a) for word in openings() for a in base85.ALPHABETS.values()}
    assert magics().openings == magics().pairs | code


def _pair(number: int, alphabet: bytes) -> bytes:
    return bytes([alphabet[number // 85**4], alphabet[number // 85**3 % 85]])


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 99, 1000])
def test_base85_is_what_python_makes_of_it(size):
    data = os.urandom(size)
    assert base85.decode(base64.b85encode(data), "base85") == data
    assert base85.decode(base64.a85encode(data, wrapcol=40, adobe=True), "ascii85") == data


@pytest.mark.parametrize(
    "text", ["c$" * 40, "cmVhZHkgdG8gcmVhZCB0aGlzIHRleHQ=" * 4, "c%1f*&" * 20, "<~model~>" * 9, "P&" * 30]
)
def test_texts_that_begin_like_base85_say_nothing(text):
    assert facts(holder(text.encode(), text=True), Blob) == []
    assert facts(holder(text.encode()), Blob) == []
