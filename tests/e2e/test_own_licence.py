"""A licence that a pack and a policy make known without a line of code, as docs/reference/licences.md shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modelaudit.engine.packs.load import load_ruleset
from modelaudit.pipeline.scan import scan

PAGE = Path(__file__).parents[2] / "docs/reference/licences.md"
HEAD = "schema: modelaudit/policy@1\npolicy: acme\nversion: 1\nextends: ['builtin:default']\n"
PACK = (
    "schema: modelaudit/pack@1\npack: acme\nversion: 2026.12.0\nengine: '>=1.0,<2'\n"
    "rules: rules.yaml\npatterns: patterns.yaml\n"
)
RULE = """schema: modelaudit/rules@1
rules:
  - {id: ACME-1, name: acme-name, version: 1, title: A name, status: stable, severity: info, confidence: likely,
     for: artifact, when: 'artifact.name == "acme"', message: named so, why: It is ours., fix: Nothing.,
     tests: [{name: a, facts: {artifact: {name: acme}}, expect: match},
             {name: b, facts: {artifact: {name: b}}, expect: no-match}]}
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("acme")
    first, second, lists = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    for name, text in {
        "pack.yaml": PACK,
        "rules.yaml": RULE,
        "patterns.yaml": first + second,
        "policy.yaml": HEAD + lists,
    }.items():
        (folder / name).write_text(text, "utf-8")
    return load_ruleset(str(folder / "policy.yaml"), [str(folder)], cache=False)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("LICENSE", "Acme Community License Agreement\n\nYou may use this.\n", {"MA5701"}),
        ("LICENSE.md", "# Licence\n\nWe do not use the Acme Community License.\n", set()),
        ("README.txt", "Acme Community License\n\nis what others use.\n", set()),
    ],
)
def test_the_title_of_a_licence_file_names_what_the_policy_knows(rules, tmp_path, name, text, found) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    assert {one.rule for one in scan([str(tmp_path / name)], rules).findings if one.rule.startswith("MA57")} == found
