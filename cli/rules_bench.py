"""`modelaudit rules bench`."""

from __future__ import annotations

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.authoring.bench import RuleCost
    from modelaudit.engine.document import ScanError
    from modelaudit.engine.factset import FactSet

INCOMPLETE = 2  # exit code when a model could not be read


@click.command(short_help="Measure what each rule costs.")
@click.argument("models", metavar="[MODEL...]", nargs=-1)
@click.option("--rules", metavar="PATH", multiple=True, help="More rules. May be repeated.")
@click.option("--rule", "only", metavar="RULE", help="Only this rule, by its id or name.")
@click.option("--top", metavar="N", type=click.IntRange(1), help="Only the N dearest rules.")
@click.option(
    "--format", "-f", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the table."
)
def bench(models: tuple[str, ...], rules: tuple[str, ...], only: str | None, top: int | None, format: str) -> int:
    """Measure what the condition of each rule costs on the facts of models, the dearest rule first.

    Without models the facts are those that the tests of all rules write down. The condition is evaluated on
    every fact of its kind, as if there were no index.

    \b
    Examples:
      modelaudit rules bench --top 10
      modelaudit rules bench ./models --rules acme-rules/

    Exit codes: 0 measured, 2 a model could not be read.
    """
    from modelaudit.cli.console import complain
    from modelaudit.engine.authoring import bench as measuring
    from modelaudit.engine.packs.load import gather, load_ruleset

    errors: list[ScanError] = []
    trees = _trees(models, errors) if models else measuring.synthetic(gather(rules).rules)
    ruleset = load_ruleset(None, rules)
    chosen = [rule for rule in ruleset.rules if only in (None, rule.id, rule.name)]
    if not chosen:
        raise click.UsageError(f"there is no rule `{only}`; `modelaudit rules list` shows them all")
    costs = measuring.bench(chosen, trees)
    _show(costs[:top], format)
    for error in errors:
        complain(error.message)
    return INCOMPLETE if errors else 0


def _trees(models: Sequence[str], errors: list[ScanError]) -> list[FactSet]:
    from modelaudit.pipeline.scan import Options, facts

    return list(facts(models, Options(None, None), errors=errors))


def _show(costs: Sequence[RuleCost], format: str) -> None:
    from modelaudit.cli.console import say, write_stdout
    from modelaudit.reports.diagnostics.text import number

    if format == "json":
        import json
        from dataclasses import asdict

        lines = [{**asdict(cost), "microseconds": round(cost.microseconds, 3)} for cost in costs]
        write_stdout(json.dumps(lines, indent=2) + "\n")
        return
    idle = sum(not cost.facts for cost in costs)
    costs = [cost for cost in costs if cost.facts]
    widest = max((len(cost.rule) for cost in costs), default=len("rule"))
    say(f"{'rule':<{widest}}  {'facts':>8}  {'hits':>7}  {'ns/fact':>8}  {'total':>10}  name")
    for cost in costs:
        total = f"{cost.microseconds:,.0f} µs"
        each = f"{cost.nanoseconds:,.0f}" if cost.facts else "-"
        say(f"{cost.rule:<{widest}}  {cost.facts:>8,}  {cost.hits:>7,}  {each:>8}  {total:>10}  {cost.name}")
    if idle:
        say(f"{number(idle, 'rule')} met no fact of {'its' if idle == 1 else 'their'} kind")
