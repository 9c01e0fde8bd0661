"""What patterns find in the texts of facts, and what becomes of secrets."""

import pickle

import pytest

from modelaudit.engine.derived.deriver import Deriver, read_by
from modelaudit.engine.derived.pattern import LONGEST, MATCHES
from modelaudit.engine.facts import Arg, Call, Code, Limit, Metadata, Place, Reference, Secret, Text

ROLES = ["template", "metadata", "config", "doc", "source", "vocabulary", "literal", "argument"]


def pattern(regex, kind="secret", **said):
    doc = {"id": "acme-key", "pack": "acme", "kind": kind, "regex": regex, "keywords": [], "in": ROLES}
    return {**doc, "group": 0, "redact": 4, "where": None, "validated": False, **said}


def derive(fact, *patterns, wants=None):
    return Deriver(patterns, {}, wants).derive(fact)


KEY = pattern("akey_[a-z0-9]{8}", keywords=["akey_"])


def test_a_secret_becomes_a_fact_that_shows_only_its_beginning():
    fact, found = derive(Text("m.json", value="key: akey_12345678.", role="config", owner="m.json"), KEY)
    assert found == [Secret("m.json", kind="acme-key", value="akey…", role="config", owner="m.json")]
    assert fact.value == "key: akey…."


def test_places_of_the_text_are_places_of_the_secret():
    place = (Place(offset=12),)
    assert derive(Text("m", value="akey_12345678", places=place), KEY)[1][0].places == place


@pytest.mark.parametrize(
    ("fact", "hidden"),
    [
        (Metadata("m", key="note", value="akey_12345678"), lambda fact: fact.value == "akey…"),
        (Code("m", language="python", excerpt="x = 'akey_12345678'"), lambda fact: fact.excerpt == "x = 'akey…'"),
        (Code("m", language="python", constants=("a", "akey_12345678")), lambda fact: fact.constants == ("a", "akey…")),
        (
            Call("m", target="acme.log", args=(Arg(type="int", value="1"), Arg(type="str", value="akey_12345678"))),
            lambda fact: [arg.value for arg in fact.args] == ["1", "akey…"],
        ),
    ],
)
def test_secrets_are_taken_out_of_every_kind_of_text(fact, hidden):
    fact, found = derive(fact, KEY)
    assert hidden(fact)
    assert [secret.value for secret in found] == ["akey…"]


def test_a_pattern_looks_into_the_roles_that_it_names():
    doc = pattern("akey_[a-z0-9]{8}", **{"in": ["config"]})
    assert derive(Text(value="akey_12345678", role="doc"), doc)[1] == []
    assert len(derive(Text(value="akey_12345678", role="config"), doc)[1]) == 1


def test_a_keyword_counts_in_whatever_case():
    doc = pattern("(?i)token=([a-z]{8})", keywords=["token"], group=1, redact=2)
    fact, found = derive(Text(value="TOKEN=abcdefgh"), doc)
    assert (fact.value, found[0].value) == ("TOKEN=ab…", "ab…")
    assert derive(Text(value="TOKEN=abcdefgh"), {**doc, "keywords": ["password"]})[1] == []


def test_a_group_that_took_no_part_is_no_match():
    doc = pattern("key(?:=([a-z]{4}))?", group=1)
    assert [secret.value for secret in derive(Text(value="key key=abcdefgh"), doc)[1]] == ["abcd…"]


def test_secrets_behind_characters_of_several_bytes_are_hidden_where_they_stand():
    fact, found = derive(Text(value="äö€ akey_12345678 ü"), KEY)
    assert fact.value == "äö€ akey… ü"
    assert len(found) == 1


def test_of_secrets_that_overlap_nothing_is_left_over():
    wider = pattern("k=akey_[a-z0-9]{8}!", id="wide")
    fact, found = derive(Text(value="k=akey_12345678!"), KEY, wider)
    assert fact.value == "k=ak…"
    assert len(found) == 2


def test_a_url_becomes_a_reference_and_stays_in_the_text():
    doc = pattern(r"https?://[^\s\"']+", kind="url", id="web", keywords=["://"])
    fact, found = derive(Text("m", value="see https://acme.example/x", role="doc", owner="README.md"), doc)
    assert fact.value == "see https://acme.example/x"
    target = Reference("m", target="https://acme.example/x", kind="url", owner="README.md", key="web", role="doc")
    assert found == [target.replace(path_class=frozenset({"url"}))]


def test_a_license_tag_becomes_a_license_with_its_ids():
    doc = pattern(r"SPDX-License-Identifier: ([^\n]+)", kind="license", id="tag", group=1, validated=True)
    found = derive(Text(value="# SPDX-License-Identifier: MIT OR Apache-2.0\n"), doc)[1]
    assert (found[0].spdx, found[0].ids) == ("MIT OR Apache-2.0", frozenset({"MIT", "Apache-2.0"}))


def test_more_matches_than_are_looked_at_are_a_limit():
    _fact, found = derive(Text("m", value="akey_12345678 " * (MATCHES + 1)), KEY)
    assert len(found) == MATCHES + 1
    limit = found[-1]
    assert isinstance(limit, Limit)
    assert (limit.what, limit.affects) == ("matches", frozenset({"secret"}))


def test_a_match_of_more_than_four_kib_counts_for_nothing():
    doc = pattern("a+")
    assert derive(Text(value="a" * (LONGEST + 1)), doc)[1] == []
    assert len(derive(Text(value="a" * LONGEST), doc)[1]) == 1


def test_secrets_are_looked_for_even_when_no_rule_reads_them():
    url = pattern("https?://x", kind="url")
    fact, found = derive(Text(value="akey_12345678 https://x"), KEY, url, wants=lambda name: False)
    assert [type(each) for each in found] == [Secret]
    assert fact.value == "akey… https://x"


@pytest.mark.parametrize(
    ("roles", "wanted", "more"),
    [
        (["config"], {"secret"}, {"text"}),
        (["argument"], {"secret"}, {"call"}),
        (["literal"], {"secret"}, {"text"}),
        (["source"], {"secret"}, {"text", "code"}),
        (["config"], {"import"}, set()),
        (["config"], {"text"}, set()),
    ],
)
def test_patterns_whose_facts_are_wanted_want_texts(roles, wanted, more):
    assert read_by([{**KEY, "in": roles}], wanted) == wanted | more


def test_what_looks_for_patterns_goes_to_another_process_with_what_it_has_compiled():
    deriver = Deriver([KEY], {})
    deriver.derive(Text(value="akey_12345678"))
    copy = pickle.loads(pickle.dumps(deriver))
    assert copy.digest == deriver.digest
    assert copy.derive(Text(value="akey_12345678"))[0].value == "akey…"
