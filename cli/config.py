"""The user's own config file: values that options of `modelaudit scan` have when the command line does not say them.

It is read from the user's config folder or from where `--config` says, never from the current folder or a scanned one.
"""

from __future__ import annotations

import os

from modelaudit.engine.errors import OptionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import click

SCHEMA = "modelaudit/config@1"
NAME = "config.yaml"
NOTHING = "none"
PATHS = ("rules",)  # keys whose values are relative to the file


def configure(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    """Let the values of the config file stand in for options that are not given; what click calls for `--config`."""
    if context.resilient_parsing or value == NOTHING:
        return
    path = value or user_file()
    if path is not None:
        context.default_map = {**(context.default_map or {}), **options_of(path)}


def user_file() -> str | None:
    """The config file of this user, None when there is none."""
    from modelaudit.engine.distribution import places

    path = os.path.join(places.config_folder(), NAME)
    return path if os.path.isfile(path) else None


def options_of(path: str) -> dict[str, Any]:
    """The options that a config file says, by the names that the command gives them.

    `OptionError` for a file that cannot be read, `DiagnosticsError` with the places of all mistakes in it.
    """
    data = _checked(path)
    data.pop("schema")
    folder = os.path.dirname(os.path.abspath(path))
    for key in PATHS:
        if key in data:
            data[key] = [os.path.join(folder, item) for item in data[key]]
    if "policy" in data and set(data["policy"]) & {"/", ".", os.sep}:
        data["policy"] = os.path.join(folder, data["policy"])
    if "severity" in data:
        data["severity"] = [f"{rule}={level}" for rule, level in data["severity"].items()]
    return data


def _checked(path: str) -> dict[str, Any]:
    """The content of the file, when the schema accepts it."""
    from modelaudit.engine import yaml_tree
    from modelaudit.engine.diagnostics import Diagnostic, DiagnosticsError, Span

    try:
        with open(path, "rb") as stream:
            content = stream.read(yaml_tree.MAX_BYTES + 1)
    except OSError as error:
        raise OptionError(f"cannot read config file {path}: {error.strerror}") from error
    nodes, problems = yaml_tree.decode(content, path)
    data: dict[str, Any] = {}
    if not nodes and not problems:
        problems = [Diagnostic("E111", "the file is empty: `schema` is missing", Span(path, 1, 1))]
    if not problems:
        data, problems = yaml_tree.validate(nodes[0], "config")
    if problems:
        raise DiagnosticsError(tuple(problems))
    return data
