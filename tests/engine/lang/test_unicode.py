"""Texts of ASCII take a short way to what they look like, which leads to the same place."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from modelaudit.engine.lang import unicode

FOLDER = Path(unicode.__file__).parent
ASCII = st.text(st.characters(max_codepoint=127), max_size=60)


def test_the_table_of_ascii_is_the_part_of_the_whole_one():
    whole = json.loads((FOLDER / "confusables.json").read_text(encoding="utf-8"))["map"]
    ascii_part = {char: prototype for prototype, chars in whole.items() for char in chars if char.isascii()}
    assert json.loads((FOLDER / "confusables-ascii.json").read_text(encoding="utf-8"))["map"] == ascii_part


@given(ASCII)
def test_a_text_of_ascii_looks_the_same_beside_one_that_is_none(text):
    assert unicode.skeleton(text + "ä") == unicode.skeleton(text) + unicode.skeleton("ä")
