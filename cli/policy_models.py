"""`modelaudit policy explain|diff|baseline`: what a policy makes of models."""

from __future__ import annotations

import os

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelaudit.engine.document import Decision, ScanDocument, ScanError
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.policy.compare import Comparison
    from modelaudit.engine.policy.trace import Traced
    from modelaudit.engine.ruleset import Ruleset

CHANGED = 1  # exit code when decisions change
INCOMPLETE = 2  # exit code when not everything could be read
SHOWN = 5  # changes of findings that are named for each model without --verbose
RULES = click.option("--rules", metavar="PATH", multiple=True, help="More rules that the policy speaks of. Repeatable.")
POLICY = click.option("--policy", metavar="FILE|NAME", help="The policy; `default` when absent.")


@click.command(short_help="Explain how a policy decides, or decided about models.")
@click.argument("models", metavar="[MODEL...]", nargs=-1)
@POLICY
@RULES
def explain(models: tuple[str, ...], policy: str | None, rules: tuple[str, ...]) -> int:
    """Tell for each finding of the models which step of the fixed order decided, and what the steps before it said.

    Without a model, print the order itself with what the policy says at each step. A policy may then be given in
    place of the model.

    \b
    Examples:
      modelaudit policy explain
      modelaudit policy explain strict
      modelaudit policy explain model.pt --policy acme-policy.yaml --rules acme-rules/

    Exit codes: 0 all was explained, 2 something could not be read.
    """
    from modelaudit.cli.console import say
    from modelaudit.engine.packs.load import load_ruleset

    if policy is None and len(models) == 1 and _is_policy(models[0]):
        policy, models = models[0], ()
    ruleset = load_ruleset(policy, rules)
    if not models:
        from modelaudit.engine.policy.explain import policy_text

        for line in policy_text(ruleset).split("\n"):
            say(line, hang=4 if line[:2].strip().isdigit() else 0)
        return 0
    from modelaudit.engine.policy.trace import trace
    from modelaudit.pipeline.scan import scan

    document = scan(models, ruleset)
    for number, traced in enumerate(trace(ruleset, document), 1):
        _show_trace(number, traced)
    return _closing(document)


def _is_policy(word: str) -> bool:
    """Whether an argument names a built-in policy or a policy file and no model."""
    from modelaudit.engine.policy.load import BUILTIN, SCHEMA, builtin_names

    if word.startswith(BUILTIN) or (word in builtin_names() and not os.path.exists(word)):
        return True
    if not word.endswith((".yaml", ".yml")):
        return False
    try:
        with open(word, "rb") as stream:
            return SCHEMA.encode() in stream.read(64 * 1024)
    except OSError:
        return True  # said better by the one who reads policies


def _show_trace(number: int, traced: Traced) -> None:
    from modelaudit.cli.console import say
    from modelaudit.reports import digest

    finding = traced.finding
    say(f"{number}. {digest.location(finding.artifact, finding.places)}: {finding.rule} {finding.name}", hang=3)
    for said in traced.steps[:-1]:
        say(f"   {said.step}: {said.words}", hang=2)
    last = traced.steps[-1]
    say(f"   {last.step} decided: {last.words}\n", hang=2)


def _closing(document: ScanDocument) -> int:
    """The decision; returns the exit code of a command that only tells."""
    from modelaudit.cli.console import complain, say

    for error in document.errors:
        complain(error.message)
    decision = document.decision
    say(f"{document.policy.policy}: {decision.outcome}. {' '.join(decision.reasons)}")
    return INCOMPLETE if document.errors else 0


@click.command(short_help="Show which decisions change between two policies.")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.argument("models", metavar="[MODEL...]", nargs=-1)
@click.option(
    "--facts",
    "stored",
    metavar="FILE|DIR",
    multiple=True,
    help="Stored facts, as `modelaudit facts -o FILE` writes them, in place of models. May be repeated.",
)
@RULES
@click.option(
    "--format", "-f", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the answer."
)
@click.option("--verbose", "-v", is_flag=True, help="Name every finding that stands differently.")
def diff(
    old: str,
    new: str,
    models: tuple[str, ...],
    stored: tuple[str, ...],
    rules: tuple[str, ...],
    format: str,
    verbose: bool,
) -> int:
    """Judge models, or facts that were stored, by two policies, and show where the decision is another one.

    OLD and NEW are policies as `--policy` takes them. Every model is decided on by itself.

    \b
    Examples:
      modelaudit policy diff default acme-policy.yaml ./models
      modelaudit policy diff acme-1.yaml acme-2.yaml --facts ./facts
      modelaudit policy diff default strict model.pt -f json

    Exit codes: 0 no decision changes, 1 some do, 2 something could not be read.
    """
    from modelaudit.cli.console import complain
    from modelaudit.engine.packs.load import load_ruleset
    from modelaudit.engine.policy.compare import compare

    if not models and not stored:
        raise click.UsageError("name models, or stored facts with --facts")
    errors: list[ScanError] = []
    sides = (load_ruleset(old, rules), load_ruleset(new, rules))
    found = list(compare(*sides, _trees(models, stored, errors, sides)))
    if format == "json":
        _show_json(old, new, found)
    else:
        _show_diff(found, verbose=verbose)
    for error in errors:
        complain(error.message)
    if errors:
        return INCOMPLETE
    return CHANGED if any(one.decides_differently for one in found) else 0


def _trees(
    models: Sequence[str], stored: Sequence[str], errors: list[ScanError], sides: tuple[Ruleset, Ruleset]
) -> Iterator[FactSet]:
    """What both policies are to judge; of stored facts the kinds that one of them reads."""
    from modelaudit.pipeline.rejudge import read_facts
    from modelaudit.pipeline.scan import facts

    if models:
        yield from facts(models, errors=errors)
    if stored:
        yield from read_facts(stored, lambda name: any(side.wants(name) for side in sides))


def _show_diff(found: Sequence[Comparison], *, verbose: bool) -> None:
    from modelaudit.cli.console import say

    differing = [one for one in found if one.decides_differently]
    for one in found:
        if one.decides_differently:
            say(f"{one.path}: {one.before.outcome} -> {one.after.outcome}. {one.after.reasons[0]}", hang=2)
        elif verbose and one.changes:
            say(f"{one.path}: {one.before.outcome}, as before", hang=2)
        if one.decides_differently or verbose:
            shown = one.changes if verbose else one.changes[:SHOWN]
            for change in shown:
                said = f"{change.before or 'not found'} -> {change.after or 'not found'}"
                say(f"    {change.rule} {change.subject}: {said}", hang=2)
            if len(shown) < len(one.changes):
                say(f"    and {len(one.changes) - len(shown)} more")
    models = "1 model" if len(found) == 1 else f"{len(found)} models"
    say(f"{len(differing)} of {models} decided differently")


def _show_json(old: str, new: str, found: Sequence[Comparison]) -> None:
    import json

    from modelaudit.cli.console import write_stdout

    def side(decision: Decision) -> dict[str, object]:
        return {"outcome": decision.outcome, "exit_code": decision.exit_code, "by": list(decision.by)}

    rows = [
        {
            "path": one.path,
            "changed": one.decides_differently,
            "old": side(one.before),
            "new": side(one.after),
            "findings": [
                {"rule": c.rule, "artifact": c.artifact, "subject": c.subject, "old": c.before, "new": c.after}
                for c in one.changes
            ],
        }
        for one in found
    ]
    changed = sum(one.decides_differently for one in found)
    whole = {"schema": "modelaudit/policy-diff@1", "old": old, "new": new, "changed": changed, "models": rows}
    write_stdout(json.dumps(whole, indent=2) + "\n")


@click.command(short_help="Write down what models have today, so that only new findings count.")
@click.argument("models", metavar="MODEL...", nargs=-1, required=True)
@click.option("--output", "-o", metavar="FILE", required=True, help="The baseline; written whole or not at all.")
@POLICY
@RULES
def baseline(models: tuple[str, ...], output: str, policy: str | None, rules: tuple[str, ...]) -> int:
    """Scan models and write every finding that counts today to a baseline.

    A policy that names it (`gate: {baseline: FILE, new_only: true}`) lets these findings pass and fails on others.
    A finding is known again by its id with the path or the SHA-256 of its file. Denies are never in a baseline.

    \b
    Examples:
      modelaudit policy baseline ./models -o baseline.json
      modelaudit policy baseline ./models -o baseline.json --policy acme-policy.yaml

    Exit codes: 0 written, 2 written, but not everything could be scanned, or nothing was written.
    """
    from modelaudit.cli import deliver
    from modelaudit.cli import output as files
    from modelaudit.cli.console import complain, say
    from modelaudit.engine.packs.load import load_ruleset
    from modelaudit.engine.policy import baseline as baselines
    from modelaudit.pipeline.scan import scan
    from modelaudit.reports.digest import counted

    deliver.check(output, models)
    document = scan(models, baselines.without(load_ruleset(policy, rules)))
    files.write_whole(output, [baselines.render(document.findings, document.artifacts, output)])
    known = sum(finding.active and finding.source != "deny" for finding in document.findings)
    say(f"{counted(known, 'finding')} in {counted(document.files_scanned, 'file')} written to {output}")
    for error in document.errors:
        complain(error.message)
    return INCOMPLETE if document.errors else 0
