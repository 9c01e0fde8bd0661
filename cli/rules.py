"""`modelaudit rules list|show|test`."""

from __future__ import annotations

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.ruleset import Rule, Ruleset

ORDER = ("critical", "warning", "info", "debug")


@click.group(short_help="List, show and test detection rules.")
def rules() -> None:
    """Rules say what is dangerous, how grave it is, why, and what to do. They are YAML files in packs.

    \b
    Examples:
      modelaudit rules list
      modelaudit rules show MA1001
      modelaudit rules test acme-rules/
    """


@rules.command("list", short_help="List the rules that take part in a scan.")
@click.option("--policy", metavar="FILE|NAME", help="Policy that selects rules and sets severities.")
@click.option("--rules", "extra", metavar="PATH", multiple=True, help="More rules. May be repeated.")
@click.option("--format", "-f", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_rules(policy: str | None, extra: tuple[str, ...], format: str) -> int:
    """List the rules that take part in a scan: id, severity, name and title.

    \b
    Examples:
      modelaudit rules list
      modelaudit rules list --policy strict --rules acme-rules/
      modelaudit rules list -f json
    """
    from modelaudit.cli.console import say, write_stdout
    from modelaudit.engine.packs.load import load_ruleset

    ruleset = load_ruleset(policy, extra)
    if format == "json":
        import json

        write_stdout(json.dumps([_plain(rule) for rule in ruleset.rules], indent=2) + "\n")
        return 0
    widest = max((len(rule.id) for rule in ruleset.rules), default=0)
    for rule in sorted(ruleset.rules, key=lambda rule: (rule.pack, rule.id)):
        say(f"{rule.id:<{widest}}  {rule.severity:<8}  {rule.name}: {rule.title}", hang=widest + 12)
    say(f"\n{len(ruleset.rules)} rules; `modelaudit rules show ID` explains one")
    return 0


@rules.command(short_help="Show a rule by its id or name.")
@click.argument("rule", metavar="RULE")
@click.option("--policy", metavar="FILE|NAME", help="Policy whose severities and denies to show.")
@click.option("--rules", "extra", metavar="PATH", multiple=True, help="More rules. May be repeated.")
def show(rule: str, policy: str | None, extra: tuple[str, ...]) -> int:
    """Show a rule: what it looks for, why that matters, and what to do about a finding.

    \b
    Examples:
      modelaudit rules show MA1001
      modelaudit rules show acme-no-pickle --rules acme-rules/
    """
    return show_rule(rule, policy, extra)


def show_rule(name: str, policy: str | None, extra: tuple[str, ...]) -> int:
    """Print everything that a person wants to know of one rule; refuses an unknown one as a usage error."""
    from modelaudit.cli.console import say
    from modelaudit.engine.errors import UsageError
    from modelaudit.engine.packs.load import load_ruleset

    ruleset = load_ruleset(policy, extra)
    rule = ruleset.rule(name) or ruleset.rule(name.upper())
    if rule is None:
        raise UsageError(f"there is no rule {name!r}{_near(name, ruleset)}; `modelaudit rules list` names them")
    say(f"{rule.id} {rule.name}\n{rule.title}\n")
    for label, words in _described(rule):
        say(f"{label:<11} {words}", hang=12)
    return 0


def _described(rule: Rule) -> Iterator[tuple[str, str]]:
    doc: dict[str, Any] = dict(rule.doc)
    yield "Severity", f"{rule.severity}, confidence {rule.confidence}{', may be raised' if doc['raise'] else ''}"
    yield "Judges", f"{rule.kind} facts of {', '.join(sorted(rule.formats)) or 'every format'}"
    for label, value in (
        ("Why", rule.why),
        ("Fix", rule.fix),
        ("Absorbs", rule.absorbs),
        ("CWE", rule.cwes),
        ("Tags", rule.tags),
        ("See", rule.references),
        ("Was named", rule.aliases),
    ):
        words = " ".join(value.split()) if isinstance(value, str) else ", ".join(value)
        if words:
            yield label, words
    yield "Status", f"{rule.status}, version {rule.version}"
    yield "Pack", f"{rule.pack} {rule.pack_version}"


def _near(name: str, ruleset: Ruleset) -> str:
    from difflib import get_close_matches

    known = {word.lower(): word for rule in ruleset.rules for word in (rule.id, rule.name)}
    near = get_close_matches(name.lower(), known, n=1, cutoff=0.7)
    return f", did you mean {known[near[0]]}?" if near else ""


def _plain(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "title": rule.title,
        "severity": rule.severity,
        "confidence": rule.confidence,
        "status": rule.status,
        "version": rule.version,
        "for": rule.kind,
        "formats": sorted(rule.formats),
        "why": rule.why,
        "fix": rule.fix,
        "cwes": list(rule.cwes),
        "tags": list(rule.tags),
        "references": list(rule.references),
        "pack": rule.pack,
        "pack_version": rule.pack_version,
        "source": rule.source,
    }
