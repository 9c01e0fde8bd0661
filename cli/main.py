"""The `modelaudit` command: answers `--version` at once, and hands everything else to the command group."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import NoReturn

CRASHED = 2  # never 1, which would say that a model has findings


def main() -> NoReturn:
    """Run the command line of this process and exit with its code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from modelaudit import __version__

        sys.stdout.write(f"modelaudit, version {__version__}\n")
        sys.exit(0)
    import gc

    from modelaudit.cli import interrupt

    gc.set_threshold(100_000, 50, 50)  # facts are many and hold few cycles
    interrupt.install()
    sys.excepthook = _mistake_of_ours
    from modelaudit.cli.run import run

    code = run(arguments)
    gc.freeze()  # the process ends: garbage is not looked for once more
    sys.exit(code)


def _mistake_of_ours(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> NoReturn:
    """What the interpreter calls for an exception that nothing caught: say so and end with `CRASHED`."""
    import os

    sys.__excepthook__(kind, error, trace)
    sys.stderr.write("error: modelaudit made a mistake; nothing is known about the models. Please report it.\n")
    sys.stderr.flush()
    os._exit(CRASHED)
