"""The type of `--format`: our reports, and those of plug-ins, which are only looked for when a name is not ours."""

from __future__ import annotations

import click

from modelaudit.reports import FORMATS, is_known


class ReportFormat(click.Choice):  # type: ignore[type-arg]  # generic in some versions only
    """The name of a report."""

    def __init__(self) -> None:
        super().__init__(FORMATS)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name; refused when neither we nor a plug-in has it."""
        name = str(value)
        if name not in FORMATS and is_known(name):
            return name
        return str(super().convert(name, param, ctx))
