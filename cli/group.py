"""The command group: each command lives in a module that is imported when the command is called."""

from __future__ import annotations

import importlib
import os

import click

TYPE_CHECKING = False
if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# name: (module and attribute, one line for the list of commands)
COMMANDS = {
    "scan": ("modelaudit.cli.scan:scan", "Scan model files and folders, and decide by policy."),
    "facts": ("modelaudit.cli.facts:facts", "Print what was read from a model, as JSON lines."),
    "inspect": ("modelaudit.cli.inspect:inspect", "Show what loading a model would import, call and set."),
    "cache": ("modelaudit.cli.cache:cache", "Show or clear what is kept between scans."),
    "rules": ("modelaudit.cli.rules:rules", "List, show, test and write detection rules."),
    "policy": ("modelaudit.cli.policy:policy", "List, check, test and explain policies."),
    "packs": ("modelaudit.cli.packs:packs", "List, verify, update, pin and build rule packs."),
    "explain": ("modelaudit.cli.explain:explain", "Explain a rule or a diagnostic code."),
    "trace": ("modelaudit.cli.trace:trace", "Show why a rule matched a model or did not."),
    "formats": ("modelaudit.cli.formats:formats", "List the formats that are read, and what is checked."),
    "doctor": (
        "modelaudit.cli.doctor:doctor",
        "Say what is installed, what works, and what to do about the rest.",
    ),
    "completion": ("modelaudit.cli.completion:completion", "Print what makes a shell complete commands and options."),
    "schema": ("modelaudit.cli.schema:schema", "Print the JSON Schema of a kind of file."),
}
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class LazyGroup(click.Group):
    """A group whose commands are imported on first use; their one-line helps are in the table."""

    def __init__(self, *args: object, commands_table: dict[str, tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.table = commands_table

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments, with `scan` before a first word that is a path or an option of it."""
        if args and args[0] not in self.table and _means_scan(args[0]):
            args = ["scan", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self.table)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands that begin so, without importing them; else what `scan` takes, which may be left out."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=line) for name, (_, line) in self.table.items() if name.startswith(incomplete)
        ]
        if found or incomplete.startswith("-"):
            return found or super().shell_complete(ctx, incomplete)
        return [CompletionItem(incomplete, type="file")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now; `None` for an unknown name."""
        if cmd_name not in self.table:
            return None
        module, _, attribute = self.table[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names; for an unknown one the nearest name is suggested."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            ctx.fail(f"no such command {args[0]!r}{self._suggestion(args[0])}")
        return super().resolve_command(ctx, args)

    def _suggestion(self, word: str) -> str:
        from difflib import get_close_matches

        near = get_close_matches(word, self.table, n=1)
        return f", did you mean {near[0]!r}?" if near else ""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])


def _means_scan(word: str) -> bool:
    """Whether the first word, which is no command, begins the arguments of a scan."""
    if word.startswith("-"):
        return word not in {"-h", "--help", "--version", "--"}
    return bool({"/", os.sep, "."} & set(word)) or os.path.exists(word)


def _print_version(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from modelaudit import __version__

    click.echo(f"modelaudit, version {__version__}")
    ctx.exit()


@click.group(cls=LazyGroup, commands_table=COMMANDS, context_settings=SETTINGS)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Print the version and exit.",
)
def cli() -> None:
    """Read machine-learning model files without loading them, and say what they would do.

    \b
    Start here:
      modelaudit scan model.pt                      one file
      modelaudit scan ./models --policy strict      a folder, judged strictly
      modelaudit scan model.pt -f json -o out.json  a report for a machine
      modelaudit facts model.pkl                    everything that rules can see
      modelaudit inspect model.pkl                  what loading it would import, call and set
      modelaudit explain MA1001                     why a rule exists, and what to do

    Exit codes: 0 nothing stands and everything was read, 1 findings stand, 2 the scan is not complete or could
    not run.
    """
