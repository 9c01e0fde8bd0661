"""Denied classes by the names that packages show, and methods that state plants through a slot. Nothing is loaded."""

import pytest

from modelaudit.api import scan

STREAMS = {
    "a method by the public name of its class": (
        b"\x80\x04\x8c\x06pandas\x8c\x0eDataFrame.eval\x93(\x8c\x06pandas\x8c\tDataFrame\x93)R\x8c\x02@xtR."
    ),
    "the same below a private module": (
        b"\x80\x04\x8c\x0fpandas.core.api\x8c\x0fDataFrame.query\x93(\x8c\x06pandas\x8c\tDataFrame\x93)R\x8c\x02@xtR."
    ),
    "a class by its public name": b"\x80\x04\x8c\x08torch.fx\x8c\x0bGraphModule\x93(\x8c\x01x\x8c\x01ytR.",
    "a method that is inherited": b"\x80\x04\x8c\x05numpy\x8c\rmemmap.tofile\x93(\x8c\x01x\x8c\x01ytR.",
    "a method in the __dict__ that a slot sets": (
        b"\x80\x04\x8c\x0bcollections\x8c\x08UserDict\x93)\x81N}\x8c\x08__dict__}\x8c\x0c__setstate__"
        b"\x8c\x04json\x8c\x05loads\x93ss\x86b\x8c\x011b."
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_it_is_critical(tmp_path, name):
    path = tmp_path / "m.pkl"
    path.write_bytes(STREAMS[name])
    assert "critical" in {finding.severity for finding in scan([path]).findings if finding.active}


def test_a_class_that_frames_are_made_of_stays_silent_by_its_public_name(tmp_path):
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04\x8c\x06pandas\x8c\tDataFrame\x93.")
    assert not [finding for finding in scan([path]).findings if finding.active]
