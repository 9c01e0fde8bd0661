"""How deep a JSON text may be nested: the same in every Python, brackets in texts not counted."""

import json

import pytest

from modelaudit.parsers.keras.document import DEPTH_MAX, Object, TooLarge, read_json


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"]":', "}]")])
def test_what_is_nested_too_deep_is_refused(opening, closing):
    levels = opening.count("[") + opening.count("{")
    deep = DEPTH_MAX // levels + 1
    with pytest.raises(TooLarge) as caught:
        read_json((opening * deep + "1" + closing * deep).encode())
    assert (caught.value.what, caught.value.budget) == ("depth", DEPTH_MAX)
    read_json((opening * (deep - 1) + "1" + closing * (deep - 1)).encode())


@pytest.mark.parametrize("text", ["[" * 2000, '"' * 3 + "[{" * 2000, "\\" * 5 + "[" * 2000, "]" * 2000 + "[" * 2000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_brackets_in_texts_are_no_depth(text, encoding):
    tree = read_json(json.dumps({text: [text] * 3, "many": [[]] * 2000}).encode(encoding))
    assert isinstance(tree, Object)
    assert tree.get(text) == [text] * 3
