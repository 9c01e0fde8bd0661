"""`modelaudit explain`."""

from __future__ import annotations

import click


@click.command(short_help="Explain a rule or a diagnostic code.")
@click.argument("word", metavar="RULE|CODE")
@click.option("--rules", metavar="PATH", multiple=True, help="More rules. May be repeated.")
def explain(word: str, rules: tuple[str, ...]) -> int:
    """Explain a rule, by its id or name: what it looks for, why that matters, and what to do about a finding.

    Or a code of a mistake in a rule or policy file: what it means, a wrong example and a right one.

    \b
    Examples:
      modelaudit explain MA1001
      modelaudit explain import-process
      modelaudit explain E203
    """
    from modelaudit.engine.authoring.codes import is_code

    if is_code(word):
        return _explain_code(word)
    from modelaudit.cli.rules import show_rule

    return show_rule(word, rules)


def _explain_code(word: str) -> int:
    from modelaudit.cli.console import say, write_stdout
    from modelaudit.engine.authoring.codes import page

    found = page(word)
    say(f"{found.level}[{found.code}]: {found.title}\n")
    say(found.text)
    for label, example in (("Wrong", found.wrong), ("Right", found.right)):
        lines = "\n".join(f"    {line}" for line in example.split("\n"))
        write_stdout(f"\n{label}:\n{lines}\n")
    return 0
