"""State that BUILD sets is known however much a stream has kept before; what else it keeps stays bounded."""

import argparse
import pickle

import pytest

from fixtures import pickles as p
from fixtures.reading import Read
from fixtures.ruling import builtin
from modelaudit.parsers.base import Context
from modelaudit.parsers.pickle import resolving
from modelaudit.parsers.pickle import values as v
from modelaudit.parsers.pickle.machine import Machine
from modelaudit.parsers.pickle.tape import Tape
from modelaudit.parsers.reader import BytesReader
from modelaudit.pipeline.scan import scan


def record(n):
    return argparse.Namespace(id=n, inner={"a": str(n), "b": [{"c": (n, {"d": n})}]}, other=[str(n)])


def records(count):
    return [record(n) for n in range(count)]


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_keys_of_every_object_are_known(monkeypatch, protocol):
    monkeypatch.setattr(resolving, "KEPT_MAX", 20)
    facts = Read(pickle.dumps(records(200), protocol)).setattrs
    assert {fact.keys for fact in facts} == {frozenset(["id", "inner", "other"])}
    assert [fact.unknown for fact in facts if fact.unknown] == []


def test_a_large_file_of_objects_is_decided(monkeypatch, tmp_path):
    monkeypatch.setattr(resolving, "KEPT_MAX", 20)
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(records(200)))
    result = scan([str(path)], builtin())
    assert result.decision.exit_code == 0


def test_a_method_among_much_else_is_planted(monkeypatch):
    monkeypatch.setattr(resolving, "KEPT_MAX", 2)
    many = b"".join(p.dictionary({"k": n}) + p.POP for n in range(3 * resolving.RECENT))
    planted = p.planted_setstate("os", "system", "echo hi")
    read = Read(p.stream(many, planted[2:-1]))
    assert ("os.system", "build") in [(call.target, call.kind) for call in read.calls]


def test_dictionaries_are_forgotten_but_for_the_last_ones_and_for_what_matters(monkeypatch):
    monkeypatch.setattr(resolving, "KEPT_MAX", 0)
    body = p.dictionary({"f": p.imported("m", "f"), "k": 1}) + b"".join(
        p.dictionary({"k": n}) for n in range(resolving.RECENT)
    )
    machine = Machine("m", Tape(BytesReader(p.stream(body))), Context(), 0)
    machine.run()
    assert [len(value) for value in machine.stack] == [2] + [2] * (resolving.RECENT - 1)
    assert machine.stack[0].more


def test_a_state_that_is_set_item_by_item_is_held_once(monkeypatch):
    monkeypatch.setattr(resolving, "KEPT_MAX", 20)
    names = [f"a{n}" for n in range(3 * resolving.RECENT)]
    one = argparse.Namespace(**{name: {"b": name} for name in names[:50]}, **dict.fromkeys(names[50:], 1))
    facts = Read(pickle.dumps([one, one.__class__(**vars(one))], 0)).setattrs
    assert {len(fact.keys) for fact in facts} == {len(names)}


def test_marks_of_containers_are_shared_and_stay_apart():
    first, second, third = v.DictValue(), v.DictValue(), v.ListValue()
    first.omit()
    second.omit()
    second.enliven()
    third.enliven()
    assert [(x.more, x.live) for x in (first, second, third)] == [(True, False), (True, True), (False, True)]
    third.omit()
    first.enliven()
    assert [(x.more, x.live) for x in (first, v.DictValue(), third)] == [(True, True), (False, False), (True, True)]
    assert first.__dict__ is second.__dict__ is third.__dict__


def test_dictionaries_before_the_first_import_are_forgotten(monkeypatch):
    """Nothing can have them as its state but through the memo; then what they hold is told as unknown."""
    monkeypatch.setattr(resolving, "KEPT_MAX", 0)
    machine = Machine("m", Tape(BytesReader(p.stream(p.dictionary({"k": 1}), p.dictionary({"k": 1})))), Context(), 0)
    machine.run()
    assert [(list(value), value.more) for value in machine.stack] == [([], True)]
    assert not machine.recent
