"""The lines of a YAML file, and which of them are inside a scalar."""

from __future__ import annotations

import re

_BREAKS = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def lines_of(text: str) -> list[str]:
    """The lines as YAML counts them, without their ends."""
    return _BREAKS.split(text)


def inner_lines(text: str) -> set[int]:
    """Numbers from 0 of the lines that go on with a scalar which began above: there `#` and blanks are text."""
    import yaml

    found: set[int] = set()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.ScalarEvent) and event.start_mark is not None and event.end_mark is not None:
            first, last = event.start_mark.line + 1, event.end_mark.line
            found.update(range(first, last + (event.end_mark.column > 0 and event.style not in ("|", ">"))))
    return found
