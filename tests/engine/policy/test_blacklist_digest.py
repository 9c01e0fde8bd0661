"""What `--blacklist` adds is told as a part of the policy: its digest, its chain, its lists."""

from modelaudit.engine.packs.load import load_ruleset
from modelaudit.engine.policy.blacklist import blocked_lists


def policy(*patterns: str, cache: bool = False) -> dict[str, object]:
    return dict(load_ruleset(cache=cache, lists=blocked_lists(patterns)).policy.doc)


def test_a_policy_with_other_names_is_another_policy() -> None:
    plain, one, other = policy(), policy("acme"), policy("old-*")
    assert len({plain["digest"], one["digest"], other["digest"]}) == 3
    assert one["digest"] == policy("Acme")["digest"]
    assert plain["digest"] == policy()["digest"]
    assert "command-line" not in plain["chain"]
    assert one["chain"] == [*plain["chain"], "command-line"]


def test_it_says_how_many_items_were_added() -> None:
    assert policy("acme", "old-*")["lists"] == {
        "blocked_looks append": 1,
        "blocked_names append": 1,
        "blocked_patterns append": 1,
    }


def test_a_name_given_twice_counts_once() -> None:
    assert blocked_lists(("Acme", "acme"))["blocked_names"] == ("acme",)
