"""`modelaudit rules`: list and show are here, the other commands in modules beside this one."""

from __future__ import annotations

import click

from modelaudit.cli import rules_bench, rules_check, rules_write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.packs.catalogue import RuleText

EXTRA = click.option("--rules", "extra", metavar="PATH", multiple=True, help="More rules. May be repeated.")


@click.group(short_help="List, show, test and write detection rules.")
def rules() -> None:
    """Rules say what is dangerous, how grave it is, why, and what to do. They are YAML files in packs.

    \b
    Examples:
      modelaudit rules list
      modelaudit rules show MA1001
      modelaudit rules test acme-rules/
      modelaudit rules lint acme-rules/
      modelaudit rules new ACME-R2 --for metadata -o acme-rules/rules/new.yaml
    """


@rules.command("list", short_help="List all rules.")
@EXTRA
@click.option(
    "--format", "-f", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the list."
)
def list_rules(extra: tuple[str, ...], format: str) -> int:
    """List the built-in rules and those given: id, severity, name and title.

    \b
    Examples:
      modelaudit rules list
      modelaudit rules list --rules acme-rules/
      modelaudit rules list -f json
    """
    from modelaudit.cli.console import complain, say, write_stdout
    from modelaudit.engine.packs import catalogue
    from modelaudit.reports.diagnostics.text import number

    listing = catalogue.list_rules(extra)
    if format == "json":
        import json
        from dataclasses import asdict

        write_stdout(json.dumps([asdict(line) for line in listing.rules], indent=2) + "\n")
    else:
        widest = max((len(line.id) for line in listing.rules), default=0)
        for line in listing.rules:
            say(f"{line.id:<{widest}}  {line.severity:<8}  {line.name}: {line.title}", hang=widest + 12)
        say(f"\n{number(len(listing.rules), 'rule')}; `modelaudit rules show ID` explains one")
    for notice in listing.notices:
        complain(notice, level="warning")
    return 0


@rules.command(short_help="Show a rule by its id or name.")
@click.argument("rule", metavar="RULE")
@EXTRA
def show(rule: str, extra: tuple[str, ...]) -> int:
    """Show a rule: what it looks for, why that matters, and what to do about a finding.

    \b
    Examples:
      modelaudit rules show MA1001
      modelaudit rules show internal-host --rules acme-rules/
    """
    return show_rule(rule, extra)


def show_rule(name: str, extra: tuple[str, ...]) -> int:
    """Print everything that a person wants to know of one rule; an unknown one is refused as a usage error."""
    from modelaudit.cli.console import say
    from modelaudit.engine.packs import catalogue

    text = catalogue.show_rule(name, extra)
    say(f"{text.line.id} {text.line.name}\n{text.line.title}\n")
    for label, words in _described(text):
        say(f"{label:<11} {words}", hang=12)
    return 0


def _described(text: RuleText) -> Iterator[tuple[str, str]]:
    """Label and text of each row; an empty label continues the row above."""
    from modelaudit.reports.diagnostics.text import number

    data, line = text.data, text.line
    raised = ", may be raised" if data.get("raise") else ""
    yield "Severity", f"{line.severity}, confidence {line.confidence}{raised}"
    yield "Judges", f"{line.kind} facts of {', '.join(data.get('formats', ())) or 'every format'}"
    for key, label in (("when", "When"), ("unless", "Unless")):
        written = data.get(key, ())
        for index, condition in enumerate([written] if isinstance(written, str) else written):
            yield "" if index else label, condition
    for label, value in (
        ("Why", data.get("why")),
        ("Fix", data.get("fix")),
        ("Lists", text.lists),
        ("Absorbs", data.get("absorbs")),
        ("CWE", data.get("cwes")),
        ("Tags", data.get("tags")),
        ("Was named", data.get("aliases")),
    ):
        if value:
            yield label, " ".join(value.split()) if isinstance(value, str) else ", ".join(map(str, value))
    for index, reference in enumerate(data.get("references", ())):
        yield "" if index else "See", reference
    yield "Status", f"{line.status}, version {data['version']}, {number(len(text.tests), 'test')}"
    yield "Pack", f"{line.pack} {text.pack_version}, {line.place}"


for command in (
    *(rules_check.test, rules_check.lint, rules_check.coverage),
    *(rules_write.fmt, rules_write.new),
    rules_bench.bench,
):
    rules.add_command(command)
