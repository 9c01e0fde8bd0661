"""Large pickles of ordinary values, each of which is made by a call of its own: told in few facts, and read in full."""

import pickle
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath

import pytest

from fixtures import pickles
from modelaudit.engine.judge import judge
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.parsers.pickle.repeats import ALIKE
from modelaudit.pipeline.facts import facts

MANY = 3 * ALIKE
VALUES = {
    "dates": ([datetime(2000, 1, 1) + timedelta(seconds=977 * n) for n in range(MANY)], 4),
    "decimals": ([Decimal(n) / 7 for n in range(MANY)], 4),
    "paths": ([PurePosixPath(f"/data/train/{n}.png") for n in range(MANY)], 4),
    "bytes of protocol 2": ([f"{n}!".encode() * 5 for n in range(MANY)], 2),
    "complex": ([complex(n, n) for n in range(MANY)], 4),
}


def read(tmp_path, data):
    (tmp_path / "m.pkl").write_bytes(data)
    (tree,) = facts([str(tmp_path / "m.pkl")])
    return tree


def calls(tree):
    return [fact for fact in tree.facts.get("call", ()) if fact.kind == "reduce"]


@pytest.mark.parametrize("name", VALUES)
def test_many_values_are_silent(tmp_path, name):
    tree = read(tmp_path, pickle.dumps(*VALUES[name]))
    assert tree.artifact.coverage == "full"
    assert len(calls(tree)) <= ALIKE + 2
    assert sum(call.n for call in calls(tree)) >= MANY
    judgement = judge(load_ruleset(), tree)
    assert [finding.rule for finding in judgement.findings if finding.severity != "debug"] == []
    assert judgement.inconclusive == ()


def alike(module, name, values):
    made = b"".join(pickles.get(0) + pickles.args(*value) + b"R0" for value in values)
    return pickles.stream(pickles.stack_global(module, name), pickles.put(0), b"0", made, pickles.NONE)


def test_the_others_share_what_is_equal(tmp_path):
    tree = read(tmp_path, alike("acme", "make", [(f"text {n}", "latin1") for n in range(MANY)]))
    (last,) = [call for call in calls(tree) if call.n > 1]
    assert (last.n, [arg.value for arg in last.args], last.cut) == (MANY - ALIKE, [None, "latin1"], {"args"})


def test_what_stands_behind_many_is_not_believed(tmp_path):
    values = [(f"name{n}",) for n in range(MANY)]
    found = judge(load_ruleset(), read(tmp_path, alike("operator", "attrgetter", [*values, ("__globals__",)])))
    assert {finding.severity for finding in found.findings} >= {"critical"}


def test_another_callable_behind_many_comes_out_whole(tmp_path):
    many = alike("collections", "deque", [((n,),) for n in range(MANY)])
    tree = read(tmp_path, many[:-2] + pickles.reduce_call("os", "system", "echo hi")[2:])
    assert [call.args[0].value for call in calls(tree) if call.target == "os.system"] == ["echo hi"]


@pytest.mark.parametrize("text", ["8003280032800328003280032", "800428004280042800428004"])
def test_digits_that_decode_to_a_few_opcodes_are_no_pickle(tmp_path, text):
    assert "blob" not in read(tmp_path, pickles.stream(pickles.text(text))).facts


def test_a_name_beyond_those_that_are_followed_is_told_and_what_it_makes_is_not_known(tmp_path, monkeypatch):
    monkeypatch.setattr("modelaudit.parsers.pickle.resolving.IMPORTS_MAX", 3)
    names = b"".join(pickles.glob("acme", f"n{n}") + b"0" for n in range(3))
    tree = read(tmp_path, pickles.stream(names, pickles.glob("os", "system"), pickles.args("echo"), b"R"))
    assert "os.system" in {fact.qualname for fact in tree.facts["import"]}
    assert [call.computed for call in calls(tree)] == [True]
    assert [limit.what for limit in tree.facts["limit"]] == ["imports"]


def test_tuples_in_tuples_are_forgotten_below_a_depth(tmp_path):
    tree = read(tmp_path, pickles.stream(b"N" + b"\x85" * 1_200_000))
    assert (tree.artifact.coverage, "defect" in tree.facts) == ("full", False)
