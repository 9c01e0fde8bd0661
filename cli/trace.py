"""`modelaudit trace`."""

from __future__ import annotations

import click

from modelaudit.cli.values import Seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelaudit.engine.authoring.trace import ArtifactTrace
    from modelaudit.engine.document import ScanError

INCOMPLETE = 2  # exit code when not everything could be read


@click.command(short_help="Show why a rule matched a model or did not.")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option("--rule", metavar="RULE", required=True, help="The rule, by its id or name.")
@click.option("--rules", metavar="PATH", multiple=True, help="More rules. May be repeated.")
@click.option("--policy", metavar="FILE|NAME", help="Policy whose lists count: a built-in name or a file.")
@click.option(
    "--limit", "-n", type=click.IntRange(1), default=5, show_default=True, help="Facts shown of each artifact."
)
@click.option("--timeout", "-t", type=Seconds(), metavar="SECONDS", help="Time for all models.  [default: 300]")
@click.option(
    "--format", "-f", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the trace."
)
def trace(
    models: tuple[str, ...],
    rule: str,
    rules: tuple[str, ...],
    policy: str | None,
    limit: int,
    timeout: float | None,
    format: str,
) -> int:
    """Show what every part of a rule's condition said of every fact of a model, and which one decided.

    ✓ is true, ✗ false, ? unknown. Behind the dash stands the value that was looked at. Matches come first.

    \b
    Examples:
      modelaudit trace --rule MA1001 model.pkl
      modelaudit trace --rule internal-host --rules acme-rules/ model.safetensors

    Exit codes: 0 a trace was printed, 2 a path could not be read.
    """
    from modelaudit.cli.console import complain, write_stdout
    from modelaudit.engine.authoring.trace import trace as trace_rule
    from modelaudit.engine.packs.load import load_ruleset
    from modelaudit.pipeline.scan import Options, facts

    ruleset = load_ruleset(policy, rules)
    found = ruleset.rule(rule)
    if found is None:
        raise click.UsageError(_unknown(rule, [word for each in ruleset.rules for word in (each.id, each.name)]))
    errors: list[ScanError] = []
    for tree in facts(models, Options(timeout, None), errors=errors):
        traces = trace_rule(found, ruleset.lists, tree)
        write_stdout(_shown(format, found.id, found.kind, traces, limit))
    for error in errors:
        complain(error.message)
    return INCOMPLETE if errors else 0


def _shown(format: str, rule: str, kind: str, traces: Sequence[ArtifactTrace], limit: int) -> str:
    if format == "json":
        import json
        from dataclasses import asdict

        lines = [{"rule": rule, **asdict(each)} for each in traces]
        return "".join(json.dumps(line) + "\n" for line in lines)
    from modelaudit.reports.trace import render_trace

    return render_trace(traces, kind, limit)


def _unknown(rule: str, known: list[str]) -> str:
    from modelaudit.engine.yaml_tree import suggestion

    near = suggestion(rule, known)
    return f"there is no rule `{rule}`; {near or '`modelaudit rules list` shows them all, --rules adds your own'}"
