"""State that BUILD sets is known however much a stream has kept before; what else it keeps stays bounded."""

import argparse
import pickle

import pytest

from fixtures import pickles as p
from fixtures.reading import Read
from fixtures.ruling import builtin
from modelaudit.parsers.base import Context
from modelaudit.parsers.pickle import state
from modelaudit.parsers.pickle.machine import Machine
from modelaudit.parsers.pickle.tape import Tape
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline.scan import scan


def record(n):
    return argparse.Namespace(id=n, inner={"a": str(n), "b": [{"c": (n, {"d": n})}]}, other=[str(n)])


def records(count):
    return [record(n) for n in range(count)]


@pytest.mark.parametrize("protocol", [2, 4])
def test_keys_of_every_object_are_known(monkeypatch, protocol):
    monkeypatch.setattr(state, "KEPT_MAX", 20)
    facts = Read(pickle.dumps(records(200), protocol)).setattrs
    assert {fact.keys for fact in facts} == {frozenset(["id", "inner", "other"])}
    assert [fact.unknown for fact in facts if fact.unknown] == []


def test_a_large_file_of_objects_is_decided(monkeypatch, tmp_path):
    monkeypatch.setattr(state, "KEPT_MAX", 20)
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(records(200)))
    result = scan([str(path)], builtin())
    assert result.decision.exit_code == 0


def test_a_method_among_much_else_is_planted(monkeypatch):
    monkeypatch.setattr(state, "KEPT_MAX", 2)
    many = b"".join(p.dictionary({"k": n}) + p.POP for n in range(3 * state.RECENT))
    planted = p.planted_setstate("os", "system", "echo hi")
    read = Read(p.stream(many, planted[2:-1]))
    assert ("os.system", "build") in [(call.target, call.kind) for call in read.calls]


def test_dictionaries_are_forgotten_but_for_the_last_ones_and_for_what_matters(monkeypatch):
    monkeypatch.setattr(state, "KEPT_MAX", 0)
    body = p.dictionary({"f": p.imported("m", "f"), "k": 1}) + b"".join(
        p.dictionary({"k": n}) for n in range(state.RECENT)
    )
    machine = Machine("m", Tape(BytesReader(p.stream(body))), Context(), 0)
    machine.run()
    assert [len(value) for value in machine.stack] == [2] + [2] * (state.RECENT - 1)
    assert machine.stack[0].more
