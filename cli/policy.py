"""`modelaudit policy`: list, check, test and fetch; what needs models is in `policy_models`."""

from __future__ import annotations

import click

from modelaudit.cli.policy_models import RULES, baseline, diff, explain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.policy.testing import TestRun

LOOSER = 1  # exit code when a policy is not proved to be stricter
FAILED = 1  # exit code when a test of a policy fails
MISTAKES = 2  # exit code when a policy cannot be used


@click.group(short_help="List, check, test and explain policies.")
def policy() -> None:
    """Policies say which rules apply, how grave they are, what is allowed or denied, and when a scan fails.

    \b
    Examples:
      modelaudit policy list
      modelaudit policy check acme-policy.yaml
      modelaudit policy test acme-policy.yaml
      modelaudit policy explain model.pt --policy acme-policy.yaml
      modelaudit policy diff default acme-policy.yaml ./models
      modelaudit policy baseline ./models -o baseline.json
    """


policy.add_command(explain)
policy.add_command(diff)
policy.add_command(baseline)


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
@RULES
@click.option(
    "--stricter-than",
    "parent",
    metavar="PARENT",
    help="Also prove that each lets nothing pass that PARENT, a name or a file, does not let pass.",
)
@click.option(
    "--format",
    "-f",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="Form of the mistakes; json and sarif go to stdout and hold nothing else.",
)
def check(policies: tuple[str, ...], rules: tuple[str, ...], parent: str | None, format: str) -> int:
    """Check policies and everything that they extend: all mistakes at once, each with its place.

    \b
    Examples:
      modelaudit policy check acme-policy.yaml
      modelaudit policy check strict acme-policy.yaml --rules acme-rules/
      modelaudit policy check acme-policy.yaml --stricter-than builtin:default
      modelaudit policy check acme-policy.yaml -f sarif > policy.sarif

    Exit codes: 0 all of them can be used and what was to be proved is, 1 one is not proved to be stricter, 2 one
    cannot be used.
    """
    from modelaudit.cli.console import complain, complain_of, say
    from modelaudit.engine.policy.check import check as check_policies
    from modelaudit.reports.diagnostics.text import number

    if format != "text":
        return _mistakes(policies, rules, parent, format)
    failed = 0
    for checked in check_policies(policies, rules):
        failed += not checked.ok
        if not checked.ok:
            complain(checked.refusal) if checked.refusal else complain_of(checked.diagnostics)
        elif parent is None:
            say(checked.render(), hang=4)
    if failed or parent is None:
        say(f"{number(len(policies), 'policy', 'policies')} checked, {failed or 'none'} with mistakes")
    if failed:
        return MISTAKES
    return 0 if parent is None or _stricter(policies, parent, rules) else LOOSER


def _mistakes(policies: tuple[str, ...], rules: tuple[str, ...], parent: str | None, format: str) -> int:
    """Write the mistakes of all policies for a machine; refuses what has no place in them."""
    from modelaudit.cli.console import complain, write_stdout
    from modelaudit.engine.diagnostics import in_order
    from modelaudit.engine.policy.check import check as check_policies
    from modelaudit.reports.diagnostics import render_diagnostics

    if parent is not None:
        raise click.UsageError("--stricter-than is told as text alone")
    checked = check_policies(policies, rules)
    write_stdout(render_diagnostics(in_order([d for each in checked for d in each.diagnostics]), format))
    for each in checked:
        if each.refusal:
            complain(each.refusal)
    return 0 if all(each.ok for each in checked) else MISTAKES


def _stricter(policies: tuple[str, ...], parent: str, rules: tuple[str, ...]) -> bool:
    """Say of each policy whether it is proved to be at least as strict; returns whether all are."""
    from modelaudit.cli.console import say
    from modelaudit.engine.packs.load import load_ruleset
    from modelaudit.engine.policy.stricter import stricter

    theirs = load_ruleset(parent, rules)
    verdicts = [stricter(load_ruleset(name, rules), theirs) for name in policies]
    for verdict in verdicts:
        say(verdict.render(), hang=4)
    return all(verdict.proved for verdict in verdicts)


@policy.command(short_help="Fetch what policies extend by address.")
@click.argument("policies", metavar="FILE...", nargs=-1, required=True)
def fetch(policies: tuple[str, ...]) -> int:
    """Fetch the policies that these extend by address, and keep them by their digests.

    An item of `extends` such as `https://policies.acme.example/strict.yaml#sha256=…` says what the file must be.
    This is the one command that takes it from there; scans read what is kept, and need no network.

    \b
    Example:
      modelaudit policy fetch acme-policy.yaml

    Exit codes: 0 everything is here, 2 something was refused or a policy has mistakes.
    """
    from modelaudit.cli.console import say
    from modelaudit.engine.distribution.parents import fetch_parents

    for name in policies:
        fetched = fetch_parents(name)
        for parent in fetched:
            say(f"{parent.place}  sha256 {parent.sha256[:16]}…", hang=4)
        if not fetched:
            say(f"{name}: everything that it extends is here")
    return 0


@policy.command(short_help="Run the tests that policies carry.")
@click.argument("policies", metavar="FILE|NAME...", nargs=-1, required=True)
@RULES
@click.option("--inherited", is_flag=True, help="Run the tests of the policies that these extend, too.")
@click.option("--verbose", "-v", is_flag=True, help="Name every test.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing when all tests pass.")
def test(policies: tuple[str, ...], rules: tuple[str, ...], inherited: bool, verbose: bool, quiet: bool) -> int:
    """Run the tests inside policy files: facts or fixtures, and what the policy has to decide about them.

    Fixtures are files and folders beside the policy. `now:` sets the day on which a test takes place.

    \b
    Examples:
      modelaudit policy test acme-policy.yaml
      modelaudit policy test strict acme-policy.yaml --rules acme-rules/ -v

    Exit codes: 0 all tests passed, 1 a test failed, 2 a file has mistakes.
    """
    from modelaudit.engine.policy.testing import run_tests
    from modelaudit.pipeline.fixtures import scan_fixture

    runs = [run_tests(name, rules, inherited=inherited, scan=scan_fixture) for name in policies]
    for run in runs:
        _show(run, verbose=verbose, quiet=quiet)
    return FAILED if any(run.failed for run in runs) else 0


def _show(run: TestRun, *, verbose: bool, quiet: bool) -> None:
    from modelaudit.cli.console import say, show_result
    from modelaudit.reports.diagnostics.text import number

    for result in run.results:
        show_result(f"{result.policy} {result.name}", result, verbose=verbose)
    if run.failed or not quiet:
        say(f"{run.policy}: {number(len(run.results), 'test')}, {len(run.failed)} failed")
