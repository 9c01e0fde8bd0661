"""Tar archives: the header of 1979 (V7), POSIX ustar and pax, GNU.

Layout: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html and
https://www.gnu.org/software/tar/manual/html_node/Standard.html.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property
    from modelaudit.parsers.reader import Reader


def recognise_tar(head: bytes, reader: Reader) -> bool:
    """Whether the first block is a header whose checksum is right."""
    if len(head) < 512 or not head[0] or not head[148:156].strip(b"\0 ").isdigit():
        return False
    from modelaudit.parsers.tar.headers import is_header

    return is_header(head[:512])


RECOGNISERS = {"tar": recognise_tar}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property]:
    """The members, their content as nested artifacts, and what is wrong with the archive."""
    from modelaudit.parsers.tar.archive import parse_tar

    return parse_tar(artifact, context)
