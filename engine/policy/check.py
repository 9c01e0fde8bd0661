"""Checking policies without a model: every mistake in every file at once, or what the policy comes to."""

from __future__ import annotations

from dataclasses import dataclass

from modelaudit.engine.diagnostics import Diagnostic, DiagnosticsError
from modelaudit.engine.errors import UsageError
from modelaudit.engine.policy import explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.ruleset import Ruleset


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of checking one policy: the rule set that it makes, or the mistakes that keep it from that."""

    policy: str  # as it was named
    ruleset: Ruleset | None
    diagnostics: tuple[Diagnostic, ...] = ()
    refusal: str = ""  # why the policy could not even be read

    @property
    def ok(self) -> bool:
        """Whether the policy can be used."""
        return self.ruleset is not None

    def render(self) -> str:
        """The mistakes with carets, or the merged policy in a few lines and what it warns of."""
        if self.refusal:
            return self.refusal
        if self.ruleset is None:
            return "\n\n".join(diagnostic.render() for diagnostic in self.diagnostics)
        return "\n".join([explain.summary(self.ruleset), *(f"  note: {n}" for n in self.ruleset.notices)])


def check(policies: Sequence[str], rules: Sequence[str] = ()) -> list[Checked]:
    """Check policies as `--policy` names them, with the packs of `--rules`; one result each, in order."""
    return [_check(policy, rules) for policy in policies]


def _check(policy: str, rules: Sequence[str]) -> Checked:
    from modelaudit.engine.packs.load import load_ruleset

    try:
        return Checked(policy, load_ruleset(policy, rules, cache=False))
    except DiagnosticsError as error:
        return Checked(policy, None, error.diagnostics)
    except UsageError as error:
        return Checked(policy, None, refusal=str(error))
