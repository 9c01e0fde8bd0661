"""Files of a model repository that decide what a loader does: configurations, chat templates, Python source.

Layouts: https://huggingface.co/docs/transformers/custom_models (`auto_map`),
https://hydra.cc/docs/advanced/instantiate_objects/overview/ (`_target_`), https://yaml.org/type/ and PyYAML (tags),
https://jinja.palletsprojects.com/templates/ (chat templates).
"""

from __future__ import annotations

import re
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input, Nested, Property, Searched
    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.repository.keys import Keys

TEMPLATES = (".jinja", ".jinja2")  # that a loader takes for a template whatever stands in it
SPACE = b" \t\r\n"
BOM = b"\xef\xbb\xbf"
LOOK = 1024 * 1024  # bytes of a text that are searched at once
OVERLAP = 256
SOURCE_MAX = 1024 * 1024  # bytes of Python source that are told by parsing them
KEY = re.compile(rb"^[ \t-]*(?:[\"']?[\w./-]+[\"']?[ \t]*:(?:[ \t\r\n]|$)|\?[ \t])", re.MULTILINE)
FLOW = re.compile(rb"[{,\[][ \t\r\n]*+(?:['!]|[A-Za-z_][\w.-]*+[ \t]*+:[ \t\r\n])")  # what is no JSON
TAG = re.compile(rb"!!?<?[A-Za-z]|^%TAG", re.MULTILINE)
STATEMENT = re.compile(rb"^[ \t]*(?:import|from|def|class|async|if|try|for|with)[ \t(]|\w[ \t]*\(", re.MULTILINE)
TEMPLATE = re.compile(rb"\{[%{]")
MESSAGES = re.compile(rb"messages|bos_token|add_generation_prompt|__\w+__|\|[ \t]*attr")


def recognise_json(head: bytes, reader: Reader) -> bool:
    """Whether a JSON text has a key that loaders of model repositories know."""
    start = head.removeprefix(BOM).lstrip(SPACE)
    if 0 in head or start[:1] not in (b"{", b"["):
        return False
    return _keys().in_json(reader)


def recognise_yaml(head: bytes, reader: Reader) -> bool:
    """Whether a YAML text has such a key, or a tag that makes objects."""
    start = head.removeprefix(BOM).lstrip(SPACE)
    if 0 in head or not start:
        return False
    if start[:1] in (b"{", b"["):
        if not FLOW.search(head) or recognise_json(head, reader):
            return False
    elif not KEY.search(head) and not TAG.search(head):
        return False
    return _keys().in_yaml(reader)


@cache
def _keys() -> Keys:
    from modelaudit.parsers.repository.keys import KEYS

    return KEYS


def recognise_python(head: bytes, reader: Reader) -> bool:
    """Whether a text is Python source: it parses, and does something."""
    if 0 in head or not STATEMENT.search(head) or reader.size > SOURCE_MAX:
        return False
    from modelaudit.parsers.repository.source import is_source

    return is_source(reader)


def recognise_template(head: bytes, reader: Reader) -> bool:
    """Whether a text is a template about the messages of a chat, or one that reaches for inner names of Python."""
    if 0 in head or not TEMPLATE.search(head) or not MESSAGES.search(head):
        return False
    if head.removeprefix(BOM).lstrip(SPACE)[:1] == b"<" or recognise_json(head, reader):
        return False
    from modelaudit.parsers.repository.template import is_template

    return is_template(reader) and not recognise_python(head, reader)  # templates stand in many a Python source


RECOGNISERS = {
    "repository-json": recognise_json,
    "repository-yaml": recognise_yaml,
    "python-source": recognise_python,
    "chat-template": recognise_template,
}


def parse(artifact: Input, context: Context) -> Iterator[Fact | Nested | Property | Searched]:
    """The text itself as the plain parser gives it, and what it makes a loader do."""
    yield from _text()(artifact, context)
    if artifact.format in ("repository-json", "repository-yaml"):
        yield from _config()(artifact, context)
    elif artifact.format == "python-source" and "code" not in artifact.told:
        from modelaudit.parsers.repository.source import parse_source

        yield from parse_source(artifact, context)
    if artifact.format == "chat-template" or artifact.extension in TEMPLATES:
        from modelaudit.parsers.repository.template import parse_template

        yield from parse_template(artifact, context)


# An import statement in a function takes its time at every call, and repositories hold many configurations.
@cache
def _text() -> Callable[[Input, Context], Iterator[Fact | Property | Searched]]:
    from modelaudit.parsers.plain.text import parse_text

    return parse_text


@cache
def _config() -> Callable[[Input, Context], Iterator[Fact]]:
    from modelaudit.parsers.repository.config import parse_config

    return parse_config
