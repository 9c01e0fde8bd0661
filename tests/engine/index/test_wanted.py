"""What parsers are asked for by the rules that take part."""

import pytest

from fixtures.expressions import compiled
from modelaudit.engine.index.build import wanted


def rule(*lines, kind="text"):
    """A rule as far as what it reads goes."""
    return {
        "for": kind,
        "requires": [],
        "reads": ["text"],
        "message": None,
        "cves": [],
        "when": compiled(*lines, kind=kind),
    }


@pytest.mark.parametrize(
    ("lines", "literals"),
    [
        (['text.role == "template"', 'text.value contains "a"'], False),
        (['text.role in ["template", "config"]'], False),
        (['text.value contains "a"'], True),
        (['text.role == "literal"'], True),
        (['text.role in ["template", "literal"]'], True),
        (['text.role not in ["template"]'], True),
        (['text.role != "doc"'], True),
        (['text.role == "doc" or text.value contains "a"'], True),
    ],
)
def test_strings_of_pickles_are_asked_for_by_rules_that_may_be_about_them(lines, literals):
    assert ("text.literal" in wanted([rule(*lines)])) == literals


def test_a_rule_about_something_else_that_looks_into_texts_asks_for_them_all():
    assert "text.literal" in wanted([rule('any t in texts: (t.role == "template")', kind="artifact")])
