"""Files beside a model that other programs act on."""

import time

import pytest

from fixtures import hub, mutants
from fixtures.projects import ATTACKS, TASKS
from modelaudit.engine.facts import Fact
from modelaudit.parsers.base import Context, Input
from modelaudit.parsers.project import RECOGNISERS, parse
from modelaudit.parsers.project.commands import plain_json
from modelaudit.parsers.reader import BytesReader
from modelaudit.parsers.registry import Registry

REGISTRY = Registry.load()
OWN = set(RECOGNISERS)


def formats(data):
    return OWN.intersection(REGISTRY.recognise(data[:4096], BytesReader(data), "").formats)


def facts(data, format):
    return [fact for fact in parse(Input("m", BytesReader(data), format), Context()) if isinstance(fact, Fact)]


def said(data, format, kind="metadata"):
    return [fact for fact in facts(data, format) if kind == fact.KIND]


@pytest.mark.parametrize("name", ATTACKS)
def test_each_kind_of_file_is_recognised_by_its_content(name):
    data, file, _ = ATTACKS[name]
    by_name = file == "setup.py" or "behind" in name
    assert bool(formats(data)) is not by_name


@pytest.mark.parametrize(
    "data",
    [
        b"torch\ntransformers\neval\n",
        b"A text about pip.\n\ntorch==2.0 is needed, and numpy>=1 too.\n",
        b'{"scripts": {"build": "x"}}',
        b'{"cells": 3}',
        b"[section]\nkey = value\n",
        b"a = 1\nb = 2\n",
        b"name,filter=1,2\n",
        hub.card(),
        hub.TRAIN.encode(),
        b"-----BEGIN CERTIFICATE-----\nMIIB\n",
        b"a" + b" " * 5000 + b"!\n",
    ],
)
def test_other_texts_are_none_of_them(data):
    assert not formats(data)


def test_lines_of_a_shell_and_magics_are_no_python():
    data = hub.notebook(
        "x = !ls -la\n%load_ext a\n%%time is no first line\nobj?\nif x:\n    !pwd\n", "%%html\n<b>import</b>"
    )
    assert [fact.value for fact in said(data, "notebook")] == ["ls -la", "pwd"]
    assert [fact.code for fact in said(data, "notebook", "defect")] == []


def test_old_notebooks_have_sheets_and_names_of_one_cell_hold_in_the_next():
    cell = b'{"cell_type": "code", "input": ["import os as o\\n", "o.getpid()"]}'
    old = b'{"nbformat": 3, "worksheets": [{"cells": [' + cell + b"]}]}"
    assert "os.getpid" in said(old, "notebook", "code")[0].calls
    assert "os.getpid" in said(hub.notebook("import os as o", "o.getpid()"), "notebook", "code")[0].calls


def test_every_way_to_ask_for_a_package_is_told():
    data = (
        b"\xef\xbb\xbf-i https://a.example/simple\nx_Y[z]==1 ; python_version > '3'\n-e ../lib\n-e git+ssh://git@b.example/c@v\n"
        b"d @ file:///e.whl\n./f.whl # here\ng \\\n  >=1\n--find-links=https://h.example\n-r other.txt\n"
    )
    assert formats(data) == {"python-requirements"}
    assert [(fact.kind, fact.key, fact.target) for fact in said(data, "python-requirements", "reference")] == [
        ("package-index", "index-url", "https://a.example/simple"),
        ("package", "editable", "../lib"),
        ("package", "editable", "git+ssh://git@b.example/c@v"),
        ("package", "direct", "file:///e.whl"),
        ("package", "direct", "./f.whl"),
        ("package-index", "find-links", "https://h.example"),
    ]
    assert [fact.value for fact in said(data, "python-requirements")] == ["x-y", "d", "g"]


def test_comments_and_commas_of_settings_are_left_out_but_not_in_texts():
    assert plain_json('{"a": "//,}", /* x */ "b": [1, 2, // y\n ], }') == '{"a": "//,}",  "b": [1, 2 \n ] }'
    assert plain_json('["\\"//", 1]') == '["\\"//", 1]'
    assert [fact.value for fact in said((TASKS % "c").encode(), "tool-settings")] == ["c -x y"]


@pytest.mark.parametrize("part", ["/*", '"\\"', "//", ",", "[1,", "a ", '{"a":', "= ", "[core]\n", "!x\n", "? ", "\t"])
def test_texts_made_to_cost_cost_little(part):
    data = (part * (300_000 // len(part))).encode()
    begin = time.process_time()
    for format in OWN:
        RECOGNISERS[format](data[:4096], BytesReader(data))
        facts(data, format)
        facts(
            b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": ' + repr([part * 9000]).encode() + b"}]}",
            format,
        )
    assert time.process_time() - begin < 20


@pytest.mark.parametrize("seed", range(3))
def test_changed_files_neither_raise_nor_hang(seed):
    for data, _, _ in ATTACKS.values():
        for n in range(6):
            changed = mutants.mutant(data, 6 * seed + n)
            for format in OWN:
                RECOGNISERS[format](changed[:4096], BytesReader(changed))
                assert facts(changed, format) is not None
