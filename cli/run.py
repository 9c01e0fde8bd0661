"""Running a command: its exit code, and one place where every refusal becomes a message on stderr."""

from __future__ import annotations

import click

from modelaudit.cli.console import complain, complain_of, silence_stdout
from modelaudit.cli.group import cli
from modelaudit.engine.errors import ModelAuditError, OptionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 2  # usage error, broken rule or policy file, output that cannot be written


def run(arguments: Sequence[str]) -> int:
    """The exit code of the command line `arguments`; whatever is refused is said on stderr."""
    try:
        result = cli.main(args=list(arguments), prog_name="modelaudit", standalone_mode=False)
    except click.UsageError as error:
        _usage(error)
        return FAILED
    except click.ClickException as error:
        complain(error.format_message())
        return FAILED
    except click.Abort:
        return 130
    except BrokenPipeError:
        silence_stdout()
        return FAILED
    except OptionError as error:
        _usage(click.UsageError(str(error), click.get_current_context(silent=True)))
        return FAILED
    except ModelAuditError as error:
        _refused(error)
        return FAILED
    return result if isinstance(result, int) else 0


def _usage(error: click.UsageError) -> None:
    """The usage line, where to read more, and the mistake.

    Clients look for words in this text, so a mistake in an option is never called invalid, which they take
    for a word about the model.
    """
    context = error.ctx
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return
    if context is not None:
        click.echo(context.get_usage(), err=True)
        click.echo(f"Try '{context.command_path} --help' for help.\n", err=True)
    message = error.format_message()
    if isinstance(error, click.BadParameter):
        message = message.replace("Invalid value for ", "", 1).replace("Invalid value: ", "", 1)
    click.echo(f"Error: {message}", err=True)


def _refused(error: ModelAuditError) -> None:
    from modelaudit.engine.diagnostics import DiagnosticsError

    if isinstance(error, DiagnosticsError):
        complain_of(error.diagnostics)
        return
    complain(str(error))
