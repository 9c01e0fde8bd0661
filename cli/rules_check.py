"""`modelaudit rules test|lint|coverage`: what can be said of rules without a model."""

from __future__ import annotations

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelaudit.engine.diagnostics import Diagnostic
    from modelaudit.engine.document import ScanError
    from modelaudit.engine.factset import FactSet
    from modelaudit.engine.packs.coverage import LeafCoverage
    from modelaudit.engine.packs.testing import TestRun
    from modelaudit.engine.packs.testing_result import TestResult

FAILED = 1  # exit code when a test fails, lint has doubts or a leaf is not covered
MISTAKES = 2  # exit code when a file cannot be used
TRACED = 3  # facts of each artifact that are shown of a test that failed
PATHS = click.argument("paths", metavar="[PATH...]", nargs=-1)
FORMAT = click.option(
    "--format",
    "-f",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="Form of the mistakes.",
)
FIXTURES = click.option(
    "--fixtures",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False),
    help="Where the files of `fixture:` tests are; tests/fixtures below the pack when absent.",
)


@click.command(short_help="Run the tests that rules carry.")
@PATHS
@click.option("--rule", "only", metavar="RULE", help="Only the tests of this rule, by its id or name.")
@FIXTURES
@FORMAT
@click.option("--verbose", "-v", is_flag=True, help="Name every test.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing when all tests pass.")
def test(
    paths: tuple[str, ...], only: str | None, fixtures: str | None, format: str, verbose: bool, quiet: bool
) -> int:
    """Run the tests inside rule files: those of the packs given, else those of the built-in packs.

    Every rule needs a test that matches and one that does not. A test with `fixture: DIR/NAME` scans the file
    of that name. A test that failed is shown with what every part of the rule said of its facts, as `modelaudit
    trace` does: ✓ true, ✗ false, ? unknown. At the end stands how many of the leaf conditions the tests have seen
    both true and false.

    \b
    Examples:
      modelaudit rules test
      modelaudit rules test acme-rules/
      modelaudit rules test acme-rules/ --fixtures tests/models
      modelaudit rules test acme-rules/rules/metadata.yaml --rule ACME-R1 -v

    Exit codes: 0 all tests passed, 1 a test failed or is missing, 2 a file has mistakes.
    """
    from modelaudit.engine.diagnostics import DiagnosticsError
    from modelaudit.engine.packs.testing import run_tests

    try:
        run = run_tests(paths, only=only, fixtures=_fixtures(fixtures, paths))
    except DiagnosticsError as error:
        if format == "text":
            raise
        _deliver(error.diagnostics, format)
        return MISTAKES
    if format == "text":
        _show_run(run, verbose=verbose, quiet=quiet)
    else:
        from modelaudit.engine.authoring.failures import as_diagnostics

        _deliver(as_diagnostics(run), format)
    return 0 if run.ok else FAILED


def _fixtures(folder: str | None, paths: Sequence[str]) -> Callable[[str], FactSet] | None:
    """What scans a fixture by its name, None when there is no folder of fixtures."""
    from modelaudit.engine.authoring.fixtures import find, folders

    places = [folder] if folder is not None else folders(paths)
    return (lambda name: _scanned(find(name, places))) if places else None


def _scanned(path: str) -> FactSet:
    """The facts of a fixture; one that cannot be read is a `UsageError`."""
    from modelaudit.engine.errors import UsageError
    from modelaudit.pipeline.scan import Options, facts

    errors: list[ScanError] = []
    tree = next(iter(facts([path], Options(None, None), errors=errors)), None)
    if tree is None or errors:
        raise UsageError(errors[0].message if errors else f"{path} holds no model")
    return tree


def _show_run(run: TestRun, *, verbose: bool, quiet: bool) -> None:
    from modelaudit.cli.console import complain, say, show_result
    from modelaudit.reports.diagnostics.text import number

    _deliver(run.diagnostics, "text")
    for result in run.results:
        show_result(f"{result.rule} {result.name}", result, verbose=verbose)
        if result.traces:
            _show_traces(result)
    for notice in run.notices:
        complain(notice, level="warning")
    if not (quiet and run.ok):
        skipped = f", {len(run.skipped)} skipped" if run.skipped else ""
        say(f"{number(run.rules, 'rule')}, {number(len(run.results), 'test')}, {len(run.failed)} failed{skipped}")
        say(_covered(run.coverage))


def _show_traces(result: TestResult) -> None:
    """Show what every part of a rule said of the facts of a test that failed."""
    from modelaudit.cli.console import write_stdout
    from modelaudit.reports.trace import render_trace

    lines = render_trace(result.traces, result.kind, TRACED).splitlines()
    write_stdout("".join(f"      {line}\n" for line in lines))


def _covered(leaves: Sequence[LeafCoverage]) -> str:
    full = sum(1 for leaf in leaves if leaf.full)
    percent = 100 * full / len(leaves) if leaves else 100.0
    hint = "" if full == len(leaves) else "; `modelaudit rules coverage` names the others"
    return f"{full} of {len(leaves)} leaf conditions seen true and false ({percent:.0f} %){hint}"


@click.command(short_help="Find what rules most likely do not mean.")
@PATHS
@FORMAT
def lint(paths: tuple[str, ...], format: str) -> int:
    """Find mistakes and doubts in rules: all of them in all files at once, each with its place.

    Conditions that can never hold or that no index can look up, repeated and shadowed ones, raises that are
    never reached, missing explanations and tests, former ids, folded texts. `modelaudit explain CODE` says
    more. A rule keeps what it means to keep with `x-lint-ignore: [W310]`.

    \b
    Examples:
      modelaudit rules lint
      modelaudit rules lint acme-rules/
      modelaudit rules lint acme-rules/ -f sarif > lint.sarif

    Exit codes: 0 nothing found, 1 warnings alone, 2 a file has mistakes.
    """
    from modelaudit.cli.console import complain, say
    from modelaudit.engine.authoring.lint import lint as lint_rules
    from modelaudit.reports.diagnostics.text import counted, number

    run = lint_rules(paths)
    _deliver(run.diagnostics, format)
    for notice in run.notices:
        complain(notice, level="warning")
    if format == "text":
        say(f"{number(run.rules, 'rule')}, {counted(run.diagnostics)}")
    if run.errors:
        return MISTAKES
    return FAILED if run.diagnostics else 0


@click.command(short_help="Show which leaf conditions tests have seen.")
@PATHS
@click.option("--rule", "only", metavar="RULE", help="Only this rule, by its id or name.")
@FIXTURES
@click.option("--all", "every", is_flag=True, help="Show covered leaves too.")
@click.option(
    "--format", "-f", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the table."
)
def coverage(paths: tuple[str, ...], only: str | None, fixtures: str | None, every: bool, format: str) -> int:
    """Show which leaf conditions of `when`, `unless` and `raise` the tests have seen true (T) and false (F).

    A leaf that no test has seen both ways could be misspelt without a test noticing.

    \b
    Examples:
      modelaudit rules coverage
      modelaudit rules coverage acme-rules/ --all

    Exit codes: 0 every leaf was seen both ways, 1 one was not, 2 a file has mistakes.
    """
    from modelaudit.cli.console import say, write_stdout
    from modelaudit.engine.packs.testing import run_tests

    run = run_tests(paths, only=only, fixtures=_fixtures(fixtures, paths))
    shown = [leaf for leaf in run.coverage if every or not leaf.full]
    if format == "json":
        import json
        from dataclasses import asdict

        write_stdout(json.dumps([asdict(leaf) for leaf in shown], indent=2) + "\n")
    else:
        widest = max((len(leaf.rule) for leaf in shown), default=0)
        for leaf in shown:
            seen = ("T" if leaf.seen_true else "-") + ("F" if leaf.seen_false else "-")
            say(f"{leaf.rule:<{widest}}  {leaf.part:<6}  {seen}  {leaf.text}", hang=widest + 14)
        say(_covered(run.coverage).partition(";")[0])
    return 0 if all(leaf.full for leaf in run.coverage) else FAILED


def _deliver(diagnostics: Sequence[Diagnostic], format: str) -> None:
    from modelaudit.cli.console import write_stdout
    from modelaudit.reports.diagnostics import render_diagnostics

    write_stdout(render_diagnostics(diagnostics, format))
