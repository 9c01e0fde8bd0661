"""Magics keep parser packages from being imported, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures import toys
from modelaudit.parsers.magic import Magic, Place
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import HEAD, Registry

CATALOGUE = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "formats.json").read_text())


def fits(written, data):
    return Place(data[:HEAD], BytesReader(data)).fits(Magic(written).tests)


def test_bytes_at_an_offset():
    assert fits({"text": "TFL3", "at": 4}, b"\x1c\0\0\0TFL3")
    assert fits({"hex": "89504e47"}, b"\x89PNG\r\n")
    assert not fits({"text": "TFL3", "at": 4}, b"\x1c\0\0TFL3")
    assert not fits({"hex": "89504e47"}, b"\x89P")


def test_one_of_several_bytes():
    assert fits({"at": 1, "byte": "20 5d 7d"}, b"a]")
    assert not fits({"at": 1, "byte": "20 5d 7d"}, b"]a")
    assert not fits({"at": 2, "byte": "20 5d 7d"}, b"a]")


def test_bytes_somewhere_at_the_beginning_or_the_end():
    assert fits({"within": 10, "text": "<PMML"}, b"  \n  <PMML")
    assert not fits({"within": 9, "text": "<PMML"}, b"  \n  <PMML")
    for size in (10, HEAD, 3 * HEAD):
        assert fits({"end": 10, "text": "PK"}, bytes(size - 10) + b"PK12345678")
        assert not fits({"end": 9, "text": "PK"}, bytes(size - 10) + b"PK12345678")


def test_bytes_anywhere_in_what_is_short():
    wanted = {"anywhere": 100, "text": "nbformat"}
    assert fits(wanted, b"{" + bytes(80) + b"nbformat")
    assert not fits(wanted, b"{" + bytes(99))
    assert fits(wanted, b"{" + bytes(100))  # they may stand where nobody has looked


def test_tests_of_one_magic_hold_together():
    webp = [{"text": "RIFF"}, {"at": 8, "text": "WEBP"}]
    assert fits(webp, b"RIFF....WEBP")
    assert not fits(webp, b"RIFF....WAVE")


def test_the_end_is_read_once_however_many_ask():
    reads = []

    class Counted(BytesReader):
        def read_at(self, offset, length):
            reads.append(offset)
            return super().read_at(offset, length)

    data = bytes(3 * HEAD) + b"PK"
    place = Place(data[:HEAD], Counted(data))
    for length in (100, 50, 100):
        assert place.fits(Magic({"end": length, "text": "PK"}).tests)
    assert len(reads) == 1


def test_a_format_without_its_magic_is_not_even_imported():
    formats = {**toys.CATALOGUE["formats"]}
    formats["absent"] = {**formats["toy"], "parser": "no.such.package", "magics": [{"text": "ABSENT"}]}
    registry = Registry({**toys.CATALOGUE, "formats": formats})
    assert registry.recognise(b"TOY\n", BytesReader(b"TOY\n"), "").formats == ("toy",)
    with pytest.raises(ModuleNotFoundError):
        registry.recognise(b"ABSENT", BytesReader(b"ABSENT"), "")


def test_formats_without_fixed_bytes_stand_behind_those_with_some():
    formats = {**toys.CATALOGUE["formats"]}
    formats["tail"] = {**formats["tail"], "magics": [{"end": 4, "text": "TAIL"}]}
    registry = Registry({**toys.CATALOGUE, "formats": formats})
    data = b"TOY\nTAIL"
    assert registry.recognise(data, BytesReader(data), "").formats == ("tail", "toy")


def test_a_small_pickle_imports_only_parsers_that_its_bytes_allow(tmp_path):
    """A catalogue of many formats must not cost a small scan their packages."""
    (tmp_path / "a.pkl").write_bytes(b"\x80\x02]q\x00.")
    code = (
        "import sys; from modelaudit.pipeline.facts import stream; stream(sys.argv[1]);"
        "print(*{m.split('.')[2] for m in sys.modules if m.startswith('modelaudit.parsers.')})"
    )
    found = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.pkl")], capture_output=True, check=True)
    shared = {"base", "candidates", "executables", "magic", "reader", "registry"}  # of every file
    packages = set(found.stdout.decode().split()) - shared
    unanchored = {e["parser"].split(".")[2] for e in CATALOGUE["formats"].values() if e["magics"] is None}
    assert packages <= {"pickle", "torch", "joblib"} | unanchored - {"plain"}
