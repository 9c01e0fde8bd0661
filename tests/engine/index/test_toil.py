"""A value that has to be searched for is no anchor while anything else is: every fact would be asked for it."""

import pytest

from fixtures.expressions import LISTS, compiler, span
from fixtures.rulesets import RULE
from modelaudit.engine.index.build import anchors_of
from modelaudit.engine.lang.lists import compile_list

COMPILED = {name: compile_list(*parts)[0] for name, parts in LISTS.items()}
NEAR = "edit_distance(import.qualname, closest(import.qualname, $names)) == 1"


def sources(*conditions: str) -> list[str]:
    maker = compiler()
    program = maker.expression([(text, span(text)) for text in conditions], "import", requires=[])
    (keys,) = anchors_of([{**RULE, "for": "import", "when": program, "message": []}], COMPILED)
    return [source for source, _ in keys]


@pytest.mark.parametrize("other", ['import.opcode == "GLOBAL"', "import.computed", 'import.module != "os"'])
def test_what_is_told_by_a_plain_value_comes_first(other):
    assert not any("closest" in source for source in sources(other, NEAR))


def test_alone_it_is_one():
    assert any("closest" in source for source in sources(NEAR))
