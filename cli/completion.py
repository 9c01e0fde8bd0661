"""`modelaudit completion`."""

from __future__ import annotations

import click

SHELLS = ("bash", "fish", "zsh")
VARIABLE = "_MODELAUDIT_COMPLETE"  # by which the shell asks


@click.command(short_help="Print what makes a shell complete commands and options.")
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
def completion(shell: str) -> int:
    """Print what makes bash, fish or zsh complete commands, options and their values.

    \b
    Examples:
      modelaudit completion bash > ~/.local/share/bash-completion/completions/modelaudit
      modelaudit completion zsh > ~/.zfunc/_modelaudit
      modelaudit completion fish > ~/.config/fish/completions/modelaudit.fish
    """
    from click.shell_completion import get_completion_class

    from modelaudit.cli.console import write_stdout
    from modelaudit.cli.group import cli

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click has these three
    made = kind(cli, {}, "modelaudit", VARIABLE)
    write_stdout(made.source_template % made.source_vars())
    return 0
