"""Files beside a model that other programs act on: notebooks, lists of packages, settings of editors, npm and Git.

Layouts: https://nbformat.readthedocs.io/en/latest/format_description.html,
https://pip.pypa.io/en/stable/reference/requirements-file-format/,
https://packaging.python.org/en/latest/specifications/ (PEP 508, `pyproject.toml`),
https://code.visualstudio.com/docs/editor/tasks, https://containers.dev/implementors/json_reference/,
https://docs.npmjs.com/cli/using-npm/scripts, https://git-scm.com/docs/gitattributes,
https://git-scm.com/docs/git-config.
"""

from __future__ import annotations

import re

from modelaudit.parsers.keys import keys_in, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property, Searched
    from modelaudit.parsers.reader import Reader

SPACE = b" \t\r\n\xef\xbb\xbf"
MARK = b"\xef\xbb\xbf"
SECTIONS = (b"[", b"\t", b"\n", b"\r", b" ", b"#", b";")  # how a configuration of Git begins
LOOK = 1024 * 1024  # bytes that are looked at
NOTEBOOK_MAX = 64 * 1024 * 1024
LINE_MAX = 8192
# Quantifiers give nothing back (`++`), so that no line takes long.
REQUIREMENT = re.compile(
    rb"[ \t]*+(?:#.*+"
    rb"|-{1,2}[a-z].*+"
    rb"|(?:[a-z]++\+)?(?:https?|ssh|file|git)://\S.*+"
    rb"|[\w.~-]*+/\S.*+"
    rb"|[A-Za-z0-9][A-Za-z0-9._-]*+[ \t]*+(?:\[[A-Za-z0-9., _-]*+\])?+[ \t]*+"
    rb"(?:\(?[<>=!~]=?=?[ \t]*+[\w.*+!-]++(?:[ \t]*+,[ \t]*+[<>=!~]=?=?[ \t]*+[\w.*+!-]++)*+\)?|@[ \t]*+\S++)?+"
    rb"[ \t]*+(?:[;#\\].*+|--hash=.*+)?+"
    rb")?+[ \t\r\\]*+"
)
SAYING = re.compile(
    rb"^[ \t]*+(?:[A-Za-z0-9][\w.-]*+[ \t]*+(?:\[[^\]\n]*+\])?+[ \t]*+(?:[<>~=!]=|@ )|-{1,2}[a-z]|git\+)", re.MULTILINE
)
TABLE = re.compile(rb"^[ \t]*\[(?:build-system|project|tool\.(?:poetry|uv|pdm|pip)[\w.-]*)\][ \t\r]*$", re.MULTILINE)
ATTRIBUTES = re.compile(rb"[ \t]*(?:#.*|\"?[^\s\"=]+\"?(?:[ \t]+[-!]?[A-Za-z][\w.-]*(?:=\S*)?)+)?[ \t\r]*")
ATTRIBUTE = re.compile(rb"^\S+[ \t].*\b(?:filter|diff|merge)=", re.MULTILINE)
SECTION = re.compile(
    rb"^[ \t]*+\[[ \t]*+(?:core|alias|(?:filter|diff|merge)[. \t]|credential|gpg|sendemail|include)",
    re.MULTILINE | re.IGNORECASE,
)
NOTEBOOK = (b'"nbformat"', b'"cells"', b'"worksheets"')  # the first one and another
TOOLS = re.compile(  # keys under which programs find commands; in vocabularies such words have numbers
    rb'"(?:runOn|task\.allowAutomaticTasks|postinstall|preinstall|install|prepare|postCreateCommand|postStartCommand'
    rb'|onCreateCommand|updateContentCommand|initializeCommand|postAttachCommand)"\s*:\s*(?:["\[{tf]|\Z)'
)


def recognise_notebook(head: bytes, reader: Reader) -> bool:
    """Whether a JSON text has cells and says of which version its layout is."""
    if head.lstrip(SPACE)[:1] != b"{" or reader.size > NOTEBOOK_MAX:
        return False
    found = keys_in(head, reader, NOTEBOOK, NOTEBOOK_MAX)
    return NOTEBOOK[0] in found and len(found) > 1


def recognise_requirements(head: bytes, reader: Reader) -> bool:
    """Whether every line is a requirement or an option of pip, and one of the first says more than a name."""
    return 0 not in head and bool(SAYING.search(head)) and _lines(head, reader, REQUIREMENT)


def recognise_project(head: bytes, reader: Reader) -> bool:
    """Whether a text has a table of `pyproject.toml`."""
    return b"\0" not in head and bool(TABLE.search(head))


def recognise_tools(head: bytes, reader: Reader) -> bool:
    """Whether a JSON text, with comments or without, has a key under which programs find commands to run."""
    if head.lstrip(SPACE)[:1] not in (b"{", b"/"):
        return False
    return bool(TOOLS.search(plain(_looked(head, reader))))


def recognise_git(head: bytes, reader: Reader) -> bool:
    """Whether a text is a list of attributes of Git, or a configuration of it."""
    if 0 in head:
        return False
    if head.removeprefix(MARK)[:1] in SECTIONS and SECTION.search(_looked(head, reader)):
        return True
    return bool(ATTRIBUTE.search(head)) and _lines(head, reader, ATTRIBUTES)


RECOGNISERS = {
    "notebook": recognise_notebook,
    "python-requirements": recognise_requirements,
    "python-project": recognise_project,
    "tool-settings": recognise_tools,
    "git-settings": recognise_git,
}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Searched]:
    """The text itself as the plain parser gives it, and what programs would fetch or run."""
    from modelaudit.parsers.plain.text import parse_text

    yield from parse_text(artifact, context)
    if artifact.format == "notebook":
        from modelaudit.parsers.project.notebook import parse_notebook

        yield from parse_notebook(artifact, context)
    elif artifact.format in ("python-requirements", "python-project"):
        from modelaudit.parsers.project.packages import parse_packages

        yield from parse_packages(artifact, context, project=artifact.format == "python-project")
    else:
        from modelaudit.parsers.project.commands import parse_commands

        yield from parse_commands(artifact, context)


def _looked(head: bytes, reader: Reader) -> bytes:
    return head if reader.size <= len(head) else reader.read_at(0, LOOK)


def _lines(head: bytes, reader: Reader, pattern: re.Pattern[bytes]) -> bool:
    """Whether every line fits a pattern; the last one of a long text may be cut."""
    if 0 in head or not _fit(_split(head)[:-1], pattern):
        return False
    lines = _split(_looked(head, reader))
    return _fit(lines[:-1] if reader.size > LOOK else lines, pattern)


def _split(data: bytes) -> list[bytes]:
    """The lines, those put together that go on in the next."""
    return data.removeprefix(MARK).replace(b"\\\r\n", b" ").replace(b"\\\n", b" ").split(b"\n")


def _fit(lines: list[bytes], pattern: re.Pattern[bytes]) -> bool:
    return all(len(line) <= LINE_MAX and pattern.fullmatch(line) for line in lines)
