"""A rule that is selected by its name or tag applies whatever its status."""

from types import SimpleNamespace

import pytest

from modelaudit.engine.policy import standing


@pytest.mark.parametrize(
    ("selected", "suppressed"), [(["*"], True), (["core/*"], True), (["tag:weights"], False), (["MA5803"], False)]
)
def test_named_rules_decide(selected: list, suppressed: bool) -> None:
    rule = {"id": "MA5803", "name": "constant-rows", "pack": "core", "tags": ["weights"], "status": "experimental"}
    rule |= {"aliases": [], "severity": "info"}
    policy = SimpleNamespace(
        diagnostics=[],
        select=[SimpleNamespace(value=value) for value in selected],
        ignore=[],
        maturity=["stable"],
        ident="p",
        severity={},
        chain=SimpleNamespace(files=[]),
    )
    made = standing.stand(policy, [rule], [])
    assert [("suppression" in one["standing"]) for one in made] == [suppressed]
