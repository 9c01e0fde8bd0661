"""Results travel whole, and what is no result is refused."""

import pickle

import pytest

from modelaudit.engine.document import ArtifactSummary, ScanError
from modelaudit.engine.finding import Inconclusive, Judgement
from modelaudit.pipeline.one import FileResult
from modelaudit.pipeline.workers import wire
from modelaudit.pipeline.workers.work import Job
from modelaudit.sources.local import SourceFile


def result(**fields):
    made = FileResult("a.pkl")
    made.sha256, made.size, made.read, made.judgement = "00" * 32, 7, True, Judgement((), ())
    made.summaries = (ArtifactSummary("a.pkl", "pickle", "model", 7, 0, "full", formats=("pickle",)),)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    "fields",
    [
        {"judgement": None},
        {"errors": [ScanError("crash", "words", "a.pkl")]},
        {"judgement": Judgement((), (Inconclusive("T-1", "a.pkl", "why", "warning"),))},
    ],
)
def test_a_result_arrives_as_it_was(fields):
    sent = result(**fields)
    assert wire.clean_row(sent) is None
    assert same(wire.load_result(wire.dump(sent)), sent)


def test_clean_results_travel_together_as_plain_values():
    sent = [result(), result(timed_out=True, sha256=None), result(path="b.pkl")]
    body = wire.dump([wire.clean_row(one) for one in sent])
    assert b"modelaudit" not in body
    found = wire.load_clean(body)
    assert all(map(same, found, sent))


def same(one, other):
    return all(getattr(one, name) == getattr(other, name) for name in FileResult.__slots__)


@pytest.mark.parametrize(
    "value", [None, 1, [(1, 2)], [("a", None, 1, True, False, [(1,)])], [("a", None, 1, True, False, 3)]]
)
def test_what_is_no_result_is_refused(value):
    with pytest.raises(wire.WireError):
        wire.load_clean(pickle.dumps(value))


def test_a_clean_result_names_no_class():
    with pytest.raises(wire.WireError):
        wire.load_clean(pickle.dumps([("a", None, 1, True, False, [print])]))


def test_files_to_read_arrive_as_they_were():
    fresh = Job(SourceFile("d/a", "/d/a", "/d", "/d", named=True), 7, 100)
    again = Job(fresh.source, 7)
    again.careful, again.losses = True, 1
    found = list(wire.load_jobs(wire.dump_jobs([fresh, again])))
    for sent, job in zip((fresh, again), found, strict=True):
        for name in ("careful", "losses", "lost", "room", "size"):
            assert getattr(job, name) == getattr(sent, name)
        for name in SourceFile.__slots__:
            assert getattr(job.source, name) == getattr(sent.source, name)


@pytest.mark.parametrize("name", ["os", "scan_one", "summaries"])
def test_a_result_names_no_module_or_function_that_stands_beside_its_classes(name):
    with pytest.raises(wire.WireError):
        wire.load_result(b"cmodelaudit.pipeline.one\n%b\n." % name.encode())
