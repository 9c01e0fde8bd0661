"""Words in TensorRT plans: all marks are looked for together, and nothing hides behind what is repeated."""

from fixtures.engines import plan
from modelaudit.engine.facts import Limit, Reference
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.reader import WINDOW, BytesReader
from modelaudit.parsers.tensorrt import parse
from modelaudit.parsers.tensorrt.plan import FINDS


def read(data, kind):
    return [
        item for item in parse(Input("m.engine", BytesReader(data), "tensorrt"), Context()) if isinstance(item, kind)
    ]


def test_marks_that_overlap_are_all_found():
    found = {(r.kind, r.target) for r in read(plan(b"#!/usr/bin/env x"), Reference)}
    assert ("engine-script", "#!/usr/bin/env x") in found
    found = {(r.kind, r.target) for r in read(plan(b"file:///tmp/libx.so"), Reference)}
    assert ("engine-address", "file:///tmp/libx.so") in found


def test_words_that_are_repeated_hide_nothing():
    data = plan(b"libfine.so\0" * (FINDS + 10), b"/opt/libother.so")
    assert [r.target for r in read(data, Reference) if r.kind == "engine-library"] == ["libfine.so", "/opt/libother.so"]
    assert read(data, Limit) == []


def test_more_different_words_than_are_told_are_a_limit():
    data = plan(b"\0".join(b"lib%d.so" % n for n in range(FINDS + 10)))
    (limit,) = read(data, Limit)
    assert (limit.what, limit.budget, limit.by) == ("finds", FINDS, "file")


def test_a_mark_on_the_edge_of_a_window_is_told_once():
    for shift in range(0, 1200, 97):
        data = b"ftrt" + bytes(WINDOW - 1000 + shift) + b"/tmp/libevil.so.1" + bytes(WINDOW)
        assert [r.target for r in read(data, Reference) if r.kind == "engine-library"] == ["/tmp/libevil.so.1"]
