"""Ordinary functions and methods that a pickle keeps are silent; calling them, or reaching for others, is not."""

import email.message
import email.mime.multipart
import email.mime.text
import inspect
import json
import operator
import pickle
import re

import pytest

from fixtures import pickles as p
from modelaudit.pipeline.scan import scan


def verdict(ruleset, tmp_path, data):
    path = tmp_path / "m.pkl"
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    found = {finding.severity for finding in result.findings if finding.active}
    return found & {"critical", "warning"}, result.decision.exit_code


def message():
    made = email.mime.multipart.MIMEMultipart()
    made["Subject"] = "hello"
    made.attach(email.mime.text.MIMEText("text"))
    return made


VALUES = {
    "method of a text": "abc".lower,
    "join": ", ".join,
    "method of bytes": b"a".strip,
    "method of a list": [1].index,
    "methodcaller": operator.methodcaller("lower"),
    "attrgetter": operator.attrgetter("a.b"),
    "attrgetter of two": operator.attrgetter("a", "b"),
    "dumps": json.dumps,
    "match": re.match,
    "error": json.JSONDecodeError("a", "b", 1),
    "message": email.message.Message(),
    "message of parts": message(),
    "signature": inspect.signature(verdict),
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", VALUES)
def test_what_is_only_kept_is_silent(ruleset, tmp_path, name, protocol):
    assert verdict(ruleset, tmp_path, pickle.dumps(VALUES[name], protocol)) == (set(), 0)


CRITICAL = {
    "format of a text": p.reduce_call("builtins", "getattr", "abc", "format"),
    "class of a text": p.reduce_call("builtins", "getattr", "abc", "__class__"),
    "method of what is not known": p.reduce_call("builtins", "getattr", p.imported("acme", "f") + b")R", "lower"),
    "method of a module": p.reduce_call("operator", "methodcaller", "system", "echo hi"),
    "joined name": p.stream(
        p.imported("builtins", "getattr"), p.args("", "join"), b"R](", p.text("o"), p.text("s"), b"e\x85R",
        p.text("system"), p.STACK_GLOBAL, p.args("echo hi"), b"R",
    ),
}  # fmt: skip


@pytest.mark.parametrize("data", CRITICAL.values(), ids=CRITICAL)
def test_what_reaches_further_is_critical(ruleset, tmp_path, data):
    found, exit_code = verdict(ruleset, tmp_path, data)
    assert ("critical" in found, exit_code) == (True, 1)


CALLS = {
    "loads": p.reduce_call("json", "loads", "[]"),
    "match": p.reduce_call("re", "match", "a", "b"),
    "another method": p.reduce_call("operator", "methodcaller", "replace", "a", "b"),
}


@pytest.mark.parametrize("data", CALLS.values(), ids=CALLS)
def test_a_call_is_at_least_a_warning(ruleset, tmp_path, data):
    found, exit_code = verdict(ruleset, tmp_path, data)
    assert (bool(found), exit_code) == (True, 1)
