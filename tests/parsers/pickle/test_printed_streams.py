"""What the reader that only prints streams (`pickletools.genops`) sees, the facts have too, and more where it stops."""

import pickle
import pickletools
import sys

import pytest

from fixtures import containment
from fixtures.reading import Read
from fixtures.vectors import DISAGREEMENTS

SEEDS = 1500
STREAMS = [pickle.dumps([1, "x", {"a": (2.5, None)}, pickle.PickleError("y")], protocol) for protocol in range(6)]


def printed(data: bytes) -> tuple[list[tuple[str, str]], str | None]:
    """The names that it reads from lines, and with what error it stops."""
    found = []
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name in ("GLOBAL", "INST") and " " in argument:
                found.append(tuple(argument.split(" ", 1)))
    except Exception as error:  # noqa: BLE001 - whatever it raises
        return found, type(error).__name__
    return found, None


def test_every_name_that_it_prints_is_a_fact():
    missed = []
    for seed in range(SEEDS):
        data = containment.stream(seed, STREAMS)
        if b"\\" in data:  # which it takes for the start of an escape in a name
            continue
        ours = {(fact.module, fact.name) for fact in Read(data, wants=lambda _: False).imports}
        missed += [(seed, name) for name in printed(data)[0] if name not in ours]
    assert missed == []


STOPS = {"hexadecimal INT": "ValueError", "hexadecimal LONG": "ValueError"}
if sys.version_info < (3, 13):  # which reads names as UTF-8
    STOPS["GLOBAL that is not ASCII"] = "UnicodeDecodeError"


@pytest.mark.parametrize("name", STOPS)
def test_where_it_stops_the_call_behind_is_a_fact(name):
    names, error = printed(DISAGREEMENTS[name])
    assert (("os", "system") in names, error) == (False, STOPS[name])
    assert "os.system" in Read(DISAGREEMENTS[name]).targets


def test_it_takes_a_backslash_in_a_name_for_an_escape_and_the_facts_do_not():
    data = DISAGREEMENTS["backslash in a GLOBAL line"]
    assert printed(data)[0][0] == ("os", "system")
    assert Read(data).imports[0].qualname == r"o\x73.sys\x74em"


def test_it_takes_an_octal_number_of_c_for_a_decimal_one():
    data = DISAGREEMENTS["octal INT"]
    assert 10 in [argument for _, argument, _ in pickletools.genops(data)]
    assert [arg.value for arg in Read(data).calls[0].args] == ["8"]
