"""Facts in columns: the same facts, decoded only when somebody asks, and a mistake in them is said with its line."""

import hashlib
import json

import pytest

from fixtures import archives, pickles, tensors
from modelaudit.cli.run import run
from modelaudit.engine.facts import Arg, Call, Import, Member, Place, Stats, Tensor
from modelaudit.engine.facts.columns import BadFactsError, Columns, Memory, columns_of, split
from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline import rejudge, stored
from modelaudit.pipeline.rejudge import read_facts, scan_facts
from modelaudit.pipeline.scan import scan
from modelaudit.pipeline.store import codec
from modelaudit.pipeline.store.codec import dump

FACTS = {
    "import": [
        Import("m", qualname="os.system", names=frozenset({"os.system", "posix.system"}), places=(Place(offset=2),)),
        Import("m", qualname="b", n=3, unknown=frozenset({"names"}), lossy=True),
        Import("m", computed=True),
    ],
    "call": [
        Call(
            "m", id=1, target="a", args=(Arg(type="str", value="x"), Arg(type="import", qualname="q", source="GLOBAL"))
        ),
        Call("m", id=2, target="a", args=(Arg(type="str", value="x"),), flows_from=frozenset({"b"})),
    ],
    "member": [
        Member("m", name="a", crc_ok=False, ratio=1.5),
        Member("m", name="b", ratio=2.0, cut=frozenset({"name"})),
    ],
    "tensor": [Tensor("m", name="w", shape=(2, 3), stats=Stats(count=1, mean=0.5)), Tensor("m", name="v")],
}
HEADER = {"schema": stored.SCHEMA, "tool": "1", "facts": "1.0", "parsers": "p", "paths": ["m"], "computed": {}}
FILE = {"file": "m.pkl", "size": 1, "named": True, "read": True, "late": False, "errors": []}
ARTIFACT = {"fact": "artifact", "path": "m.pkl", "name": "m.pkl", "format": "pickle", "coverage": "full"}


@pytest.fixture(scope="module")
def rules(cache_folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELAUDIT_CACHE_DIR", str(cache_folder))
        return load_ruleset()


def columns(kind, facts):
    return Columns(kind, len(facts), split(line.encode() for line in columns_of(kind, facts)), "m")


def document(path, *lines, kind="import", facts=1):
    """A document with one block, whose digests fit."""
    text = "".join(f"{line}\n" for line in lines)
    data = text.encode()
    head = {"block": kind, "facts": facts, "lines": len(lines), "bytes": len(data)}
    head["sha256"] = hashlib.sha256(data).hexdigest()
    outside = [dump(line) + "\n" for line in (HEADER, {**FILE, "lines": 2}, ARTIFACT, head)]
    end = dump({"end": hashlib.sha256("".join(outside).encode()).hexdigest()}) + "\n"
    path.write_text("".join([*outside, text, end]))
    return str(path)


@pytest.mark.parametrize("kind", FACTS)
def test_columns_hold_the_same_facts(kind):
    made = columns(kind, FACTS[kind])
    assert list(made) == FACTS[kind]
    assert made == FACTS[kind]
    assert made[0] is made[0]
    assert made[1:] == tuple(FACTS[kind][1:])
    assert made != FACTS[kind][1:]


def test_a_fact_is_made_from_what_is_asked_for_and_no_more():
    raw = {"qualname": b'["a","b"]', "names": b"[broken"}
    made = Columns("import", 2, raw, "m")
    assert made.values("qualname") == ["a", "b"]
    assert made.values("opcode") == ["", ""]
    with pytest.raises(BadFactsError, match="no JSON"):
        made[0]
    with pytest.raises(BadFactsError, match="no JSON"):
        made.check()


def test_what_is_kept_stays_within_its_bounds():
    memory = Memory(1000)
    for number in range(100):
        memory.keep(number, number, 400)
        assert len(memory) <= 3
    assert memory[99] == 99


MISTAKES = {
    "an unknown field": (['{"colour":["red"]}'], "import has no field 'colour'"),
    "the field of its owner": (['{"artifact":["x"]}'], "no column"),
    "one column twice": (['{"qualname":["a"]}', '{"qualname":["b"]}'], "no column"),
    "no list": (['{"qualname":"a"}'], "no column"),
    "no object": (['["qualname"]'], "no column"),
    "a fact": (['{"fact":"import"}'], "no column"),
    "more values": (['{"qualname":["a","b"]}'], "import.qualname has not 1 values"),
    "no JSON": (['{"qualname":[nonsense]}'], "no JSON"),
    "two values in one": (['{"qualname":["a"]},["b"]}'], "no JSON: something stands after"),
    "a number for a text": (['{"qualname":[7]}'], "import.qualname has the wrong type"),
    "a truth for a text": (['{"qualname":[true]}'], "import.qualname has the wrong type"),
    "a set of lists": (['{"names":[[["x"]]]}'], "import.names has the wrong type"),
    "a set of nothing": (['{"names":[7]}'], "import.names has the wrong type"),
    "half a character": (['{"qualname":["\\ud800"]}'], "no JSON"),
    "deep nesting": ([f'{{"names":[{"[" * 100_000}]}}'], "no JSON"),
    "not a number": (['{"qualname":[NaN]}'], "no JSON"),
    "unknown of numbers": (['{"unknown":[[1]]}'], "import.unknown has the wrong type"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_column_is_an_error_with_its_line(rules, tmp_path, name):
    lines, words = MISTAKES[name]
    path = document(tmp_path / "facts.jsonl", *lines)
    result = scan_facts([path], rules)
    assert result.decision.exit_code == 2
    assert [error.code for error in result.errors] == [rejudge.CODE]
    assert result.errors[0].message.startswith(f"{path}:")
    assert words in result.errors[0].message


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("call", '{"args":[["x"]]}'),
        ("call", '{"args":[[{"x":"y"}]]}'),
        ("call", '{"args":[[{"type":7}]]}'),
        ("call", '{"args":[[{"type":["a"]}]]}'),
        ("call", '{"args":[[null]]}'),
        ("member", '{"size":["7"]}'),
        ("member", '{"size":[true]}'),
        ("member", '{"size":[1.5]}'),
    ],
)
def test_what_stands_in_a_cell_is_checked(rules, tmp_path, kind, line):
    result = scan_facts([document(tmp_path / "facts.jsonl", line, kind=kind)], rules)
    assert [error.code for error in result.errors] == [rejudge.CODE]


@pytest.mark.parametrize("facts", [0, -1, True, "1", 10**9, None])
def test_a_block_says_how_many_facts_it_has(rules, tmp_path, facts):
    result = scan_facts([document(tmp_path / "facts.jsonl", '{"qualname":["a"]}', facts=facts)], rules)
    assert [error.code for error in result.errors] == [rejudge.CODE]


def test_a_comparison_of_policies_says_it_too(rules, tmp_path, capsys):
    path = document(tmp_path / "facts.jsonl", '{"qualname":[7]}')
    assert run(["policy", "diff", "default", "strict", "--facts", path]) == 2
    assert f"{path}:5: import.qualname has the wrong type" in capsys.readouterr().err


def test_many_facts_of_a_kind_stand_in_several_blocks(rules, tmp_path, monkeypatch):
    monkeypatch.setattr(codec, "ROWS", 2)
    model = tmp_path / "model.pt"
    model.write_bytes(archives.checkpoint(data=pickles.reduce_call("os", "system", "echo hi")))
    path = tmp_path / "facts.jsonl"
    path.write_text("".join(stored.write([str(model)])))
    assert path.read_text().count('"block":"member"') > 1
    assert scan_facts([str(path)], rules).findings == scan([str(model)], rules).findings


def test_a_fleet_of_like_models_is_judged_as_it_is_scanned(rules, tmp_path):
    """What is kept of one model is not said of another: equal columns, other artifacts around them."""
    fleet = tmp_path / "fleet"
    fleet.mkdir()
    evil = pickles.reduce_call("os", "system", "echo hi")
    bodies = {"plain": pickles.harmless(), "evil": evil, "late": pickles.broken_after(pickles.harmless())}
    for name, body in bodies.items():
        for number in range(2):
            (fleet / f"{name}{number}.pkl").write_bytes(body)
            (fleet / f"{name}{number}.pt").write_bytes(archives.checkpoint(data=body))
            (fleet / f"{name}{number}.zip").write_bytes(archives.simple("data.pkl", body))
    for number in range(3):
        (fleet / f"weights{number}.safetensors").write_bytes(tensors.model(layers=number + 1))
    path = tmp_path / "facts.jsonl"
    path.write_text("".join(stored.write([str(fleet)])))
    for ruleset in (rules, load_ruleset("strict"), rules):
        again, whole = scan_facts([str(path)], ruleset), scan([str(fleet)], ruleset)
        assert again.findings == whole.findings
        assert again.inconclusive == whole.inconclusive
        assert again.artifacts == whole.artifacts
        assert again.decision == whole.decision


def test_columns_are_read_as_they_are_written(tmp_path):
    model = tmp_path / "model.pkl"
    model.write_bytes(pickles.reduce_call("os", "system", "\u20ac\x00\ud83d\ude00"))
    path = tmp_path / "facts.jsonl"
    path.write_text("".join(stored.write([str(model)])))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert any(line.get("qualname") == ["os.system"] for line in lines)
    (tree,) = read_facts([str(path)])
    assert tree.facts["call"][0].args[0].value
