"""Facts as JSON: what is written fits the schema, and reading it gives the fact back."""

import json
import math
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelaudit.engine.facts import KINDS, Arg, Call, Flow, Import, Kwarg, Member, Place, Stats, Tensor
from modelaudit.engine.facts.serial import from_json, to_json

SCHEMA = json.loads((Path(__file__).resolve().parents[3] / "schemas" / "facts.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
TEXTS = st.text(max_size=8)
RECORDS = {"place": Place, "arg": Arg, "flow": Flow, "kwarg": Kwarg, "stats": Stats}


def values(prop):
    """Any value that the schema allows for a property, as a fact holds it."""
    if "$ref" in prop:
        return records(prop["$ref"].rsplit("/", 1)[1])
    if "enum" in prop:
        return st.sampled_from(prop["enum"])
    if prop["type"] == "array":
        items = values(prop["items"])
        if prop.get("uniqueItems"):
            return st.frozensets(items, max_size=3)
        return st.lists(items, max_size=min(3, prop.get("maxItems", 3))).map(tuple)
    if prop["type"] == "object":
        return st.dictionaries(TEXTS, TEXTS, max_size=3)
    return {
        "string": TEXTS,
        "integer": st.integers(min_value=prop.get("minimum", 0), max_value=sys.maxsize),
        "number": st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans(),
    }[prop["type"]]


def fields(definition):
    """Values for the required fields, and for some of the others."""
    given = {name: values(prop) for name, prop in definition["properties"].items() if name != "fact"}
    required = {name: given[name] for name in definition.get("required", ()) if name in given}
    return st.fixed_dictionaries(required, optional={k: v for k, v in given.items() if k not in required})


def records(name):
    return fields(SCHEMA["$defs"][name]).map(lambda values: RECORDS[name](**values))


def facts(kind):
    return fields(SCHEMA["$defs"][kind]).map(lambda values: KINDS[kind](**values))


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_fact_fits_the_schema_and_comes_back(kind, data):
    fact = data.draw(facts(kind))
    text = json.dumps(to_json(fact), allow_nan=False)
    VALIDATOR.validate(json.loads(text))
    assert from_json(json.loads(text)) == fact


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_fact_with_nothing_but_defaults_fits_the_schema(kind):
    doc = to_json(KINDS[kind]())
    VALIDATOR.validate(doc)
    assert from_json(doc) == KINDS[kind]()


def test_absent_and_neutral_values_are_left_out_and_sets_are_sorted():
    fact = Import("m.pkl", module="os", name="system", qualname="os.system", names=frozenset("cab"), opcode="GLOBAL")
    assert to_json(fact) == {
        "fact": "import",
        "artifact": "m.pkl",
        "module": "os",
        "name": "system",
        "qualname": "os.system",
        "names": ["a", "b", "c"],
        "segments": [],
        "opcode": "GLOBAL",
        "stray": False,
        "computed": False,
        "uses": [],
    }


def test_records_within_records_come_back():
    call = Call(args=(Arg(type="str", value="x"),), kwargs=(Kwarg(name="k", type="int", value="1"),))
    back = from_json(to_json(call))
    assert back == call
    assert isinstance(back.args[0], Arg)
    assert isinstance(back.kwargs[0], Kwarg)


def test_numbers_that_json_has_no_word_for_are_absent():
    tensor = Tensor(name="w", stats=Stats(mean=math.nan, std=1.0, max=math.inf))
    assert to_json(tensor)["stats"] == {"std": 1.0}


@pytest.mark.parametrize(
    "doc",
    [{}, {"fact": "nonsense"}, {"fact": "member", "nam": "x"}, {"fact": "call", "args": [{"typ": "str"}]}, {"fact": 3}],
)
def test_what_describes_no_fact_is_refused(doc):
    with pytest.raises(ValueError, match=r"no such kind of fact|has no field"):
        from_json(doc)


def test_maps_come_back_frozen():
    back = from_json({"fact": "op", "attributes": {"a": "b"}})
    with pytest.raises(TypeError):
        back.attributes["a"] = "c"
    assert Member() == from_json(to_json(Member()))
