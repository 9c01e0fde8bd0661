"""The `modelaudit` command: answers `--version` at once, and hands everything else to the command group."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line of this process and exit with its code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from modelaudit import __version__

        sys.stdout.write(f"modelaudit, version {__version__}\n")
        sys.exit(0)
    from modelaudit.cli import interrupt

    interrupt.install()
    from modelaudit.cli.run import run

    sys.exit(run(arguments))
