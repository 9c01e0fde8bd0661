"""The catalogue of formats says for each of them by which bytes it can be told."""

import json
from pathlib import Path

import pytest

from modelaudit.parsers.registry import HEAD

CATALOGUE = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "formats.json").read_text())


@pytest.mark.parametrize("id", CATALOGUE["formats"])
def test_every_format_says_by_which_bytes_it_can_be_told(id):
    entry = CATALOGUE["formats"][id]
    assert "magics" in entry, f"{id}: add `magics` to schemas/formats.json, see CONTRIBUTING.md, Add a format"
    for magic in entry["magics"] or ():
        for test in magic if isinstance(magic, list) else [magic]:
            if test == {"message": True}:
                continue
            assert test.keys() <= {"at", "within", "anywhere", "end", "doubling", "text", "hex", "byte"}
            assert len(test.keys() & {"text", "hex", "byte"}) == 1
            assert len(test.keys() & {"at", "within", "anywhere", "end"}) <= 1
            assert not ("byte" in test and test.keys() & {"within", "anywhere", "end"})
            assert test.get("text") or bytes.fromhex(test.get("hex") or test["byte"])
            assert test.get("within", 0) <= HEAD
