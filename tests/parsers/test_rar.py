"""RAR archives are recognised, and said not to be read."""

import pytest

from modelaudit.engine.facts import Defect
from modelaudit.parsers.base import Context, Input, Property
from modelaudit.parsers.rar import parse
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry


@pytest.mark.parametrize(("magic", "version"), [(b"Rar!\x1a\x07\0", "4"), (b"Rar!\x1a\x07\1\0", "5")])
def test_both_layouts_are_recognised(magic, version):
    data = magic + bytes(60)
    assert Registry.load().recognise(data, BytesReader(data), ".rar").formats == ("rar",)
    found = list(parse(Input("x", BytesReader(data), "rar"), Context()))
    assert [item.value for item in found if isinstance(item, Property)] == [version]
    assert [item.code for item in found if isinstance(item, Defect)] == ["rar-not-read"]
