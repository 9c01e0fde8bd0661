"""Patterns of `--blacklist`."""

import re

import pytest

from modelaudit.engine.errors import UsageError
from modelaudit.engine.policy.blacklist import blocked_lists, expression


def test_words_are_parts_and_everything_else_is_an_expression() -> None:
    assert blocked_lists(()) == {}
    made = blocked_lists(("Acme", "old-*", "re:^x+$"))
    assert made["blocked_names"] == ("acme",)
    assert made["blocked_patterns"] == ("(?is)^old\\-.*$", "^x+$")


@pytest.mark.parametrize(
    ("glob", "name", "fits"),
    [
        ("old-*", "OLD-model.bin", True),
        ("old-*", "new-old-model", False),
        ("v?.pkl", "v1.pkl", True),
        ("v?.pkl", "v10.pkl", False),
        ("v[12].pkl", "v2.pkl", True),
        ("v[!12].pkl", "v2.pkl", False),
        ("acme/*", "acme/a/b", True),
        ("a[b", "a[b", True),
        ("a.b*", "axb", False),
    ],
)
def test_a_glob_covers_the_whole_name(glob: str, name: str, fits: bool) -> None:
    assert bool(re.search(expression(glob), name)) is fits


@pytest.mark.parametrize("pattern", ["", "  ", "re:", "re:(", "re:(?=x)"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match=r"^blacklist( '|:)"):
        blocked_lists((pattern,))


@pytest.mark.parametrize(
    ("word", "name", "fits"),
    [
        ("acmecorp", "Acme-Corp/base", True),
        ("acmecorp", "x/a.c_m-e corp", True),
        ("acme-corp", "acmecorp/base", True),
        ("acmecorp", "acme-corporation/base", False),
        ("sicatt", "basic-attention", False),
        ("a+mecorp", "acme-corp", False),
    ],
)
def test_separators_do_not_hide_a_word(word: str, name: str, fits: bool) -> None:
    (pattern,) = blocked_lists((word,))["blocked_patterns"]
    assert bool(re.search(pattern, name)) is fits


def test_short_words_are_found_as_they_are() -> None:
    assert blocked_lists(("ca-t", "evil")).get("blocked_patterns") == ()
