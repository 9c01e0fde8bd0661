"""The same key, address or call is judged by where it stands: beside a model, or in a published Python package."""

import base64
import random
import zipfile

import pytest

from modelaudit.pipeline.scan import scan


def private_key():
    """PEM around a DER SEQUENCE of random bytes."""
    body = b"\x02\x01\x00" + random.Random(7).randbytes(600)
    text = base64.encodebytes(b"\x30\x82" + len(body).to_bytes(2, "big") + body).decode()
    return f"-----BEGIN {'PRIVATE'} KEY-----\n{text}-----END {'PRIVATE'} KEY-----\n"


def place(tmp_path, name, text):
    """Write a file at a path of which `!` separates an archive from its member; returns what is scanned."""
    archive, _, member = name.partition("!")
    path = tmp_path / archive
    path.parent.mkdir(parents=True, exist_ok=True)
    if not member:
        path.write_text(text, encoding="utf-8")
    else:
        with zipfile.ZipFile(path, "w") as made:
            made.writestr(member, text)
    return path


def judged(ruleset, path):
    return [(one.rule, one.severity) for one in scan([str(path)], ruleset).findings]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("repo/server.pem", [("MA5300", "critical")]),
        ("repo/id_rsa", [("MA5300", "critical")]),
        ("repo/.env", [("MA5300", "critical")]),
        ("repo/README.md", [("MA5304", "warning")]),
        ("repo/tests/server.pem", [("MA5305", "warning")]),
        ("lib/site-packages/acme/tests/server.pem", [("MA5305", "info")]),
        ("acme-1.0-py3-none-any.whl!acme/tests/keycert.pem", [("MA5305", "info")]),
        ("acme-1.0-py3-none-any.whl!acme-1.0.dist-info/METADATA", [("MA5305", "info")]),
        ("acme-1.0-py3-none-any.whl!acme/keycert.pem", [("MA5300", "critical")]),
    ],
)
def test_a_private_key(ruleset, tmp_path, name, expected):
    path = place(tmp_path, name, private_key())
    assert judged(ruleset, path) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("repo/modeling.py", [("MA4930", "critical"), ("MA5400", "critical")]),
        ("acme-1.0-py3-none-any.whl!acme/a.py", [("MA4930", "warning"), ("MA5408", "info")]),
    ],
)
def test_source_that_reaches_out_on_import(ruleset, tmp_path, name, expected):
    text = 'import urllib.request\n\nkeys = urllib.request.urlopen("http://169.254.169.254/latest/meta-data/").read()\n'
    assert sorted(judged(ruleset, place(tmp_path, name, text))) == expected


def test_a_function_of_the_module_is_no_module(ruleset, tmp_path):
    text = (
        "import click\n\n\n@click.group()\ndef commands():\n    pass\n\n\n@commands.command()\ndef one():\n    pass\n"
    )
    assert judged(ruleset, place(tmp_path, "cli.py", text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "import os\n\n\ndef os_of():\n    pass\n\n\nos.system('true')\n",
        "os = []\nos = __import__('os')\nos.system('true')\n",
        "def os():\n    pass\n\n\nimport os\n\nos.system('true')\n",
    ],
)
def test_a_module_under_the_name_of_something_else_is_still_called(ruleset, tmp_path, text):
    assert ("MA4930", "critical") in judged(ruleset, place(tmp_path, "a.py", text))


def test_an_example_in_the_description_of_a_package_is_no_embedded_script(ruleset, tmp_path):
    text = "Metadata-Version: 2.4\nName: acme\nVersion: 1.0\n\n```\n#!/bin/sh\npip install acme\necho done\n```\n"
    assert judged(ruleset, place(tmp_path, "acme-1.0-py3-none-any.whl!acme-1.0.dist-info/METADATA", text)) == []
