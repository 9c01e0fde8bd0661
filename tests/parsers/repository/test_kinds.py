"""What a text is taken for that has the marks of several kinds of file."""

import pytest

from modelaudit.engine.facts import Code
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.repository import parse, recognise_python, recognise_template

PAGE = b'import os\nPAGE = """{% extends "base.html" %}{% for m in messages %}{{ m }}{% endfor %}"""\n'
TEMPLATE = b"{% for message in messages %}{{ message['role'] }}{% endfor %}"


@pytest.mark.parametrize(("data", "template", "python"), [(PAGE, False, True), (TEMPLATE, True, False)])
def test_python_source_that_holds_a_template_is_no_template(data, template, python):
    reader = BytesReader(data)
    assert recognise_template(data[:4096], reader) is template
    assert recognise_python(data[:4096], reader) is python


def test_what_is_named_as_a_template_is_read_as_one_all_the_same():
    given = Input("m/chat_template.jinja", BytesReader(PAGE), "python-source", extension=".jinja")
    languages = {fact.language for fact in parse(given, Context()) if isinstance(fact, Code)}
    assert languages == {"python", "jinja"}
