"""The one form of rule files."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fixtures.packs import RULE, changed
from modelaudit.engine import yaml_tree
from modelaudit.engine.authoring import format as module
from modelaudit.engine.authoring.format import FormatRefusedError, formatted
from modelaudit.engine.diagnostics import DiagnosticsError

ROOT = Path(__file__).parents[3]

LOOSE = """\ufeffschema: modelaudit/rules@1   \r
# about the file
x-note: 1


rules:
# about the rule
- name: acme-one
  # about the id
  id: ACME-1

  x-own: [a]
  why: "several

    lines"
  # about the condition
  when: |
    import.name == "a"

    # not a comment
    or import.name == "b"
  for: import
  # the end of the first
# about the second
-   id: ACME-2
    version: 1
# the end of the file
"""

TIGHT = """schema: modelaudit/rules@1
# about the file
x-note: 1

rules:
  # about the rule
  # about the id
  - id: ACME-1
    name: acme-one
    for: import
    # the end of the first
    # about the condition
    when: |
      import.name == "a"

      # not a comment
      or import.name == "b"
    why: "several

      lines"
    x-own: [a]

  # about the second
  - id: ACME-2
    version: 1
  # the end of the file
"""


def test_keys_are_ordered_and_comments_move_with_them():
    one, two = LOOSE.split("-   id: ACME-2")
    text = one + "- id: ACME-2" + two.replace("    version", "  version")
    assert formatted(text, "rules.yaml") == TIGHT


def test_rules_at_different_indentations_are_only_tidied():
    made = formatted(LOOSE, "rules.yaml")
    assert "\r" not in made
    assert "x-note: 1\n\nrules:\n" in made
    assert made.index("name: acme-one") < made.index("id: ACME-1")


def test_what_is_in_form_stays_as_it_is():
    assert formatted(TIGHT, "rules.yaml") == TIGHT
    assert formatted(RULE, "rules.yaml") == RULE


@pytest.mark.parametrize("path", sorted((ROOT / "rules").rglob("*.yaml")), ids=lambda path: path.name)
def test_built_in_packs_are_in_form(path):
    text = path.read_text(encoding="utf-8")
    assert formatted(text, path.name) == text


def test_a_file_that_is_no_yaml_is_refused():
    with pytest.raises(DiagnosticsError, match="E101"):
        formatted("rules: [", "rules.yaml")


def test_a_form_that_would_change_the_content_is_refused(monkeypatch):
    monkeypatch.setattr(module, "_rules", lambda page, root: ["schema: other"])
    with pytest.raises(FormatRefusedError, match="left as it is"):
        formatted(RULE, "rules.yaml")


def test_a_form_that_would_lose_a_comment_is_refused(monkeypatch):
    monkeypatch.setattr(module, "_rules", lambda page, root: [line for line in page.lines if "#" not in line])
    with pytest.raises(FormatRefusedError):
        formatted(changed(RULE, ("rules:\n", "rules:\n# said\n")), "rules.yaml")


LINES = st.sampled_from(
    [
        *(
            "# note",
            "  # note",
            "    # note",
            "",
            "   ",
            "schema: modelaudit/rules@1",
            "rules:",
            "  - id: A",
            "- id: B",
        ),
        *("    name: x", "  name: y", "    when: |", "      a == 1", "    why: >-", "      folded", "    version: 1 "),
        *(
            "    title: 'a''b'",
            '    fix: "two',
            "    tests:",
            "      - {name: a}",
            "      - name: b",
            "        facts: {}",
        ),
    ]
)


@given(st.lists(LINES, max_size=14))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(["rules:", "# note", "  # note", "- id: B"])
def test_whatever_is_formatted_says_the_same_and_is_in_form(lines):
    text = "\n".join(lines)
    nodes, problems = yaml_tree.parse(text, "rules.yaml")
    if problems:
        return
    try:
        made = formatted(text, "rules.yaml")
    except FormatRefusedError:
        return
    assert [node.plain() for node in yaml_tree.parse(made, "rules.yaml")[0]] == [node.plain() for node in nodes]
    assert formatted(made, "rules.yaml") == made
