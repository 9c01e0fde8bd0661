"""Types of option values."""

from __future__ import annotations

import re

import click

from modelaudit.pipeline.limits import UNLIMITED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from click.shell_completion import CompletionItem

UNITS = {"": 0, "B": 0, "K": 1, "KB": 1, "KIB": 1, "M": 2, "MB": 2, "MIB": 2, "G": 3, "GB": 3, "GIB": 3}
UNITS |= {"T": 4, "TB": 4, "TIB": 4}


class Size(click.ParamType):  # type: ignore[type-arg]  # generic in some versions only
    """A number of bytes, with or without a unit (`500MB`, `1.5 GiB`; K = 1024); 0 means no limit."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        """Bytes; `None` for no limit."""
        if value is None or isinstance(value, int):
            return value or None
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(value))
        if match is None or match[2].upper() not in UNITS:
            self.fail(f"{value!r} is not a size; write bytes or 500MB, 1.5GiB, 2TB", param, ctx)
        return int(float(match[1]) * 1024 ** UNITS[match[2].upper()]) or UNLIMITED


class Seconds(click.ParamType):  # type: ignore[type-arg]  # generic in some versions only
    """A number of seconds above zero."""

    name = "seconds"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        try:
            seconds = float(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds", param, ctx)
        if not 0 < seconds < float("inf"):
            self.fail(f"{value!r} is not a number of seconds above 0", param, ctx)
        return seconds


class Place(click.ParamType):  # type: ignore[type-arg]  # generic in some versions only
    """A path, or one of some words; taken as it is, and completed by the shell. What is wrong with it is said later."""

    name = "path"

    def __init__(self, *words: str) -> None:
        self.words = words

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The words that begin so; else the shell looks for files."""
        from click.shell_completion import CompletionItem

        words = [CompletionItem(word) for word in self.words if incomplete and word.startswith(incomplete)]
        return words or [CompletionItem(incomplete, type="file")]


class Words(click.ParamType):  # type: ignore[type-arg]  # generic in some versions only
    """One word or several with commas, taken as they are; the shell completes the last one."""

    name = "text"

    def __init__(self, known: Callable[[], Iterable[str]]) -> None:
        self.known = known

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The known words that begin like the last one."""
        from click.shell_completion import CompletionItem

        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(f"{before}{comma}{word}") for word in self.known() if word.startswith(last)]


def scanner_ids() -> list[str]:
    """The ids of our parsers."""
    from modelaudit.pipeline.selection import registry_with

    return list(registry_with(()).formats)


def rule_ids() -> list[str]:
    """The ids of the built-in rules."""
    from modelaudit.engine.packs.load import load_ruleset

    return [rule.id for rule in load_ruleset().rules]
