"""What `--blacklist` adds is told as a part of the policy: its digest, its chain, its lists."""

from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.policy.blacklist import blocked_lists
from modelaudit.engine.policy.compile import add_items

PLAIN = {"digest": "d" * 64, "chain": ["builtin:default@1"], "lists": {"blocked_names append": 2}}


def policy(*patterns: str) -> dict:
    told = {"digest": PLAIN["digest"], "chain": list(PLAIN["chain"]), "lists": dict(PLAIN["lists"])}
    add_items(told, blocked_lists(patterns))
    return told


def test_a_policy_with_other_names_is_another_policy() -> None:
    assert policy() == PLAIN
    assert len({policy(*patterns)["digest"] for patterns in ((), ("acme",), ("old-*",), ("acme", "old-*"))}) == 4
    assert policy("acme") == policy("Acme")
    assert policy("acme")["chain"] == ["builtin:default@1", "command-line@1"]


def test_it_says_how_many_items_were_added() -> None:
    assert policy("acme", "old-*")["lists"] == {
        "blocked_names append": 3,
        "blocked_patterns append": 1,
        "blocked_looks append": 1,
    }


def test_the_compiled_policy_has_it() -> None:
    told = load_ruleset(cache=False, lists=blocked_lists(("acme",))).policy.doc
    assert told["chain"] == ["builtin:default@1", "command-line@1"]
    assert told["lists"]["blocked_names append"] == 1


def test_a_name_given_twice_counts_once() -> None:
    assert blocked_lists(("Acme", "acme"))["blocked_names"] == ("acme",)
