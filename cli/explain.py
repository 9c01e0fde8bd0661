"""`modelaudit explain`."""

from __future__ import annotations

import click


@click.command(short_help="Explain a rule by its id or name.")
@click.argument("rule", metavar="RULE")
@click.option("--rules", metavar="PATH", multiple=True, help="More rules. May be repeated.")
def explain(rule: str, rules: tuple[str, ...]) -> int:
    """Explain a rule: what it looks for, why that matters, and what to do about a finding.

    \b
    Examples:
      modelaudit explain MA1001
      modelaudit explain exec-import
    """
    from modelaudit.cli.rules import show_rule

    return show_rule(rule, rules)
