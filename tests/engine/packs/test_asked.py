"""Paths of a command that lead to built-in packs."""

from pathlib import Path

import pytest

from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs.asked import Asked
from modelaudit.engine.packs.load import gather

ROOT = Path(__file__).parents[3]
CORE = ROOT / "rules" / "core"
OURS = ROOT / "docs" / "examples" / "acme-rules"


@pytest.fixture(scope="module")
def sources():
    return gather([str(CORE), str(OURS)])


def taken(asked, sources) -> set[str]:
    return {rule.id for rule in sources.rules if asked.takes(rule.pack, rule.span.file)}


def test_a_built_in_pack_in_a_checkout_is_no_pack_of_somebody_else(sources) -> None:
    assert [d for d in sources.diagnostics if d.level == "error"] == []
    assert [pack.builtin for pack in sources.packs] == [True, False]
    asked = Asked([str(CORE), str(OURS)])
    assert asked.own == (str(OURS),)
    assert taken(asked, sources) == {rule.id for rule in sources.rules}


def test_a_path_asks_for_its_pack_or_its_file_alone(sources) -> None:
    core = {rule.id for rule in sources.rules if rule.pack.builtin}
    assert taken(Asked([]), sources) == core
    assert taken(Asked([str(CORE / "pack.yaml")]), sources) >= core
    one = taken(Asked([str(CORE / "rules" / "secrets.yaml")]), sources) & core
    assert one == {"MA5300", "MA5301", "MA5302", "MA5303", "MA5304", "MA5305"}


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="does not exist"):
        Asked([str(CORE / "rules" / "nobody.yaml")])
