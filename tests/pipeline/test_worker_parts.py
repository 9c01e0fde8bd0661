"""What worker processes are made of, tried without one: their wire, their bounds, their jobs."""

import os
import pickle
import sys

import pytest

from fixtures import toys
from fixtures.rulesets import empty
from modelaudit.pipeline.isolation import Loss
from modelaudit.pipeline.limits import Limits, Options
from modelaudit.pipeline.one import FileResult, Plan
from modelaudit.pipeline.workers import wire
from modelaudit.pipeline.workers.bounds import Bounds
from modelaudit.pipeline.workers.work import Job, Work


def test_a_result_with_anything_else_in_it_is_refused():
    assert isinstance(wire.load_result(wire.dump(FileResult("a"))), FileResult)
    for value in (os.system, Bounds(), ValueError()):
        with pytest.raises(wire.WireError):
            wire.load_result(pickle.dumps(value))
    with pytest.raises(wire.WireError):
        wire.load_result(b"\x80\x05nonsense")


def test_frames_come_out_whole_however_they_come_in():
    data = wire.frame(b"R", b"abc") + wire.frame(b"L") + wire.frame(b"P", b"12")
    frames = wire.Frames()
    found = [got for n in range(len(data)) for got in frames.feed(data[n : n + 1])]
    assert found == [(b"R", b"abc"), (b"L", b""), (b"P", b"12")]
    with pytest.raises(wire.WireError):
        list(frames.feed(b"\xff\xff\xff\xffR"))


def test_the_bounds_say_what_they_are_and_who_keeps_them():
    rows = {name: (value, by) for name, value, by in Bounds(memory=512 * 1024**2).described()}
    assert rows["memory"][0] == "512 MiB"
    assert rows["no sign of life"] == ("60 s", "main process")
    if sys.platform == "linux":
        assert rows["open files"] == ("256", "operating system")


def test_a_job_is_tried_again_only_as_long_as_that_is_of_use():
    job = Job(None)
    loss = Loss("crash", "died")
    again = job.again(loss, None)
    assert (again.careful, again.lost) == (True, {})
    assert again.again(loss, None) is None
    third = again.again(loss, ("a", "toy"))
    assert third.lost == {("a", "toy"): loss}
    assert third.again(loss, ("b", "toy")).again(loss, ("c", "toy")) is None


def test_a_registry_and_a_plan_travel(tmp_path):
    plan = Plan(toys.registry(), Limits(Options()), empty())
    there = pickle.loads(pickle.dumps(Work(plan))).plan
    assert there.registry.formats.keys() == plan.registry.formats.keys()
    assert there.limits.deadline == plan.limits.deadline
