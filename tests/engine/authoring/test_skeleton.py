"""First versions of rules, for every kind of fact."""

import pytest

from modelaudit.engine.authoring.format import formatted
from modelaudit.engine.authoring.lint import lint
from modelaudit.engine.authoring.skeleton import skeleton
from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs.checks import kinds
from modelaudit.engine.packs.testing import run_tests


@pytest.mark.parametrize("kind", kinds())
def test_a_skeleton_is_valid_tested_in_form_and_without_doubts(write, alone, kind):
    text = skeleton("ACME-1", kind)
    write({"new.yaml": text})
    run = run_tests(["new.yaml"])
    assert run.ok
    assert len(run.results) == 2
    assert all(leaf.full for leaf in run.coverage)
    assert [d.code for d in lint(["new.yaml"]).diagnostics if d.code != "W310"] == []
    assert formatted(text, "new.yaml") == text


def test_a_skeleton_lists_the_fields_that_can_be_read():
    assert "#   import.qualname" in skeleton("ACME-1", "import")


@pytest.mark.parametrize(
    ("id", "kind", "said"),
    [
        ("ACME-1", "imports", "did you mean `import`"),
        ("ACME 1", "import", "cannot be a rule id"),
        ("MA77", "import", "reserved"),
    ],
)
def test_what_cannot_be_a_rule_is_refused(id, kind, said):
    with pytest.raises(UsageError, match=said):
        skeleton(id, kind)
