"""`modelaudit policy list|check|explain`."""

from __future__ import annotations

import sys

import click

MISTAKES = 2  # exit code when a policy cannot be used


@click.group(short_help="List, check and explain policies.")
def policy() -> None:
    """Policies say which rules apply, how grave they are, what is allowed or denied, and when a scan fails.

    \b
    Examples:
      modelaudit policy list
      modelaudit policy check acme-policy.yaml
      modelaudit policy explain acme-policy.yaml
    """


@policy.command("list", short_help="Name the built-in policies.")
def list_policies() -> int:
    """Name the built-in policies, and what each is for.

    \b
    Example:
      modelaudit policy list
    """
    from modelaudit.cli.console import say
    from modelaudit.engine.policy.load import builtin_names, load_chain

    names = builtin_names()
    width = max(map(len, names))
    for name in names:
        said = str(load_chain(name).policy.data.get("description", ""))
        say(f"{name:<{width}}  {said}", hang=width + 2)
    return 0


@policy.command(short_help="Check policy files without scanning.")
@click.argument("policies", metavar="FILE|NAME...", nargs=-1, required=True)
@click.option("--rules", metavar="PATH", multiple=True, help="More rules that the policies speak of. May be repeated.")
def check(policies: tuple[str, ...], rules: tuple[str, ...]) -> int:
    """Check policies and everything that they extend: all mistakes at once, each with its place.

    \b
    Examples:
      modelaudit policy check acme-policy.yaml
      modelaudit policy check strict acme-policy.yaml --rules acme-rules/

    Exit codes: 0 all of them can be used, 2 one cannot.
    """
    from modelaudit.cli.console import complain, say
    from modelaudit.engine.policy.check import check as check_policies

    failed = False
    for checked in check_policies(policies, rules):
        failed |= not checked.ok
        if checked.ok:
            say(checked.render(), hang=4)
        elif checked.refusal:
            complain(checked.refusal)
        else:
            sys.stderr.write(f"{checked.render()}\n\n")
    return MISTAKES if failed else 0


@policy.command(short_help="Explain in which order a policy decides.")
@click.argument("name", metavar="[FILE|NAME]", required=False)
@click.option("--rules", metavar="PATH", multiple=True, help="More rules that the policy speaks of. May be repeated.")
def explain(name: str | None, rules: tuple[str, ...]) -> int:
    """Print the fixed order in which every scan is decided, with what a policy says at each step.

    \b
    Examples:
      modelaudit policy explain
      modelaudit policy explain strict
      modelaudit policy explain acme-policy.yaml --rules acme-rules/
    """
    from modelaudit.cli.console import say
    from modelaudit.engine.packs.load import load_ruleset
    from modelaudit.engine.policy.explain import policy_text

    for line in policy_text(load_ruleset(name, rules)).split("\n"):
        say(line, hang=4 if line[:2].strip().isdigit() else 0)
    return 0
