"""Marshalled code objects of each Python, as its own interpreter wrote them."""

import base64
import marshal

import pytest

from fixtures import keras_models, mutants
from modelaudit.engine.facts import Place
from modelaudit.parsers.keras.code import code_fact, decoded
from modelaudit.parsers.keras.marshalled import MarshalError, read_code

# `lambda x: __import__('os').getpid() or tf.io.read_file(x) or [K.sum(y) for y in x]`
WRITTEN = {
    "2.7": (
        "YwEAAAACAAAABAAAAEMAAABzRAAAAHQAAGQBAIMBAGoBAIMAAHBDAHQCAGoDAGoEAHwAAIMBAHBDAGcAAHwAAERdFQB9AQB0BQBq"
        "BgB8AQCDAQBeAgBxKwBTKAIAAABOdAIAAABvcygHAAAAdAoAAABfX2ltcG9ydF9fdAYAAABnZXRwaWR0AgAAAHRmdAIAAABpb3QJ"
        "AAAAcmVhZF9maWxldAEAAABLdAMAAABzdW0oAgAAAHQBAAAAeHQBAAAAeSgAAAAAKAAAAAB0AQAAAG10CAAAADxsYW1iZGE+AQAA"
        "AHQAAAAA"
    ),
    "3.6": (
        "4wEAAAAAAAAAAQAAAAIAAABDAAAAcyYAAAB0AGQBgwFqAYMAcCR0AmoDagR8AIMBcCRkAmQDhAB8AEQAgwFTACkETtoCb3NjAQAA"
        "AAAAAAACAAAABAAAAFMAAABzFgAAAGcAfABdDn0BdABqAXwBgwGRAnEEUwCpACkC2gFL2gNzdW0pAtoCLjDaAXlyAgAAAHICAAAA"
        "2gFt+go8bGlzdGNvbXA+AQAAAHMCAAAABgB6HDxsYW1iZGE+Ljxsb2NhbHM+LjxsaXN0Y29tcD4pBdoKX19pbXBvcnRfX9oGZ2V0"
        "cGlkWgJ0ZtoCaW9aCXJlYWRfZmlsZSkB2gF4cgIAAAByAgAAAHIHAAAA2gg8bGFtYmRhPgEAAABzAAAAAA=="
    ),
    "3.7": (
        "4wEAAAAAAAAAAQAAAAMAAABDAAAAcyYAAAB0AGQBgwGgAaEAcCR0AmoDoAR8AKEBcCRkAmQDhAB8AEQAgwFTACkETtoCb3NjAQAA"
        "AAAAAAACAAAABQAAAFMAAABzFgAAAGcAfABdDn0BdACgAXwBoQGRAnEEUwCpACkC2gFL2gNzdW0pAtoCLjDaAXlyAgAAAHICAAAA"
        "2gFt+go8bGlzdGNvbXA+AQAAAHMCAAAABgB6HDxsYW1iZGE+Ljxsb2NhbHM+LjxsaXN0Y29tcD4pBdoKX19pbXBvcnRfX9oGZ2V0"
        "cGlkWgJ0ZtoCaW9aCXJlYWRfZmlsZSkB2gF4cgIAAAByAgAAAHIHAAAA2gg8bGFtYmRhPgEAAADzAAAAAA=="
    ),
    "3.8": (
        "4wEAAAAAAAAAAAAAAAEAAAADAAAAQwAAAHMmAAAAdABkAYMBoAGhAHAkdAJqA6AEfAChAXAkZAJkA4QAfABEAIMBUwApBE7aAm9z"
        "YwEAAAAAAAAAAAAAAAIAAAAFAAAAUwAAAHMWAAAAZwB8AF0OfQF0AKABfAGhAZECcQRTAKkAKQLaAUvaA3N1bSkC2gIuMNoBeXIC"
        "AAAAcgIAAADaAW3aCjxsaXN0Y29tcD4BAAAAcwQAAAAGAAIAehw8bGFtYmRhPi48bG9jYWxzPi48bGlzdGNvbXA+KQXaCl9faW1w"
        "b3J0X1/aBmdldHBpZFoCdGbaAmlvWglyZWFkX2ZpbGUpAdoBeHICAAAAcgIAAAByBwAAANoIPGxhbWJkYT4BAAAA8wAAAAA="
    ),
    "3.9": (
        "4wEAAAAAAAAAAAAAAAEAAAADAAAAQwAAAHMmAAAAdABkAYMBoAGhAHAkdAJqA6AEfAChAXAkZAJkA4QAfABEAIMBUwApBE7aAm9z"
        "YwEAAAAAAAAAAAAAAAIAAAAFAAAAUwAAAHMWAAAAZwB8AF0OfQF0AKABfAGhAZECcQRTAKkAKQLaAUvaA3N1bSkC2gIuMNoBeXIC"
        "AAAAcgIAAADaAW3aCjxsaXN0Y29tcD4BAAAA8wAAAAB6HDxsYW1iZGE+Ljxsb2NhbHM+LjxsaXN0Y29tcD4pBdoKX19pbXBvcnRf"
        "X9oGZ2V0cGlkWgJ0ZtoCaW9aCXJlYWRfZmlsZSkB2gF4cgIAAAByAgAAAHIHAAAA2gg8bGFtYmRhPgEAAAByCQAAAA=="
    ),
    "3.10": (
        "4wEAAAAAAAAAAAAAAAEAAAADAAAAQwAAAHMmAAAAdABkAYMBoAGhAHASdAJqA6AEfAChAXASZAJkA4QAfABEAIMBUwApBE7aAm9z"
        "YwEAAAAAAAAAAAAAAAIAAAAFAAAAUwAAAHMWAAAAZwB8AF0HfQF0AKABfAGhAZECcQJTAKkAKQLaAUvaA3N1bSkC2gIuMNoBeXIC"
        "AAAAcgIAAADaAW3aCjxsaXN0Y29tcD4BAAAAcwIAAAAWAHocPGxhbWJkYT4uPGxvY2Fscz4uPGxpc3Rjb21wPikF2gpfX2ltcG9y"
        "dF9f2gZnZXRwaWRaAnRm2gJpb1oJcmVhZF9maWxlKQHaAXhyAgAAAHICAAAAcgcAAADaCDxsYW1iZGE+AQAAAHMCAAAAJgA="
    ),
    "3.11": (
        "4wEAAAAAAAAAAAAAAAMAAAADAAAA85oAAACXAHQBAAAAAAAAAAAAAGQBpgEAAKsBAAAAAAAAAACgAQAAAAAAAAAAAAAAAAAAAAAA"
        "AAAApgAAAKsAAAAAAAAAAABwKnQEAAAAAAAAAAAAAGoDAAAAAAAAAACgBAAAAAAAAAAAAAAAAAAAAAAAAAAAfACmAQAAqwEAAAAA"
        "AAAAAHALZAKEAHwARACmAAAAqwAAAAAAAAAAAFMAKQNO2gJvc2MBAAAAAAAAAAAAAAAFAAAAEwAAAPNCAAAAlwBnAHwAXRx9AXQA"
        "AAAAAAAAAAAAAKABAAAAAAAAAAAAAAAAAAAAAAAAAAB8AaYBAACrAQAAAAAAAAAAkQKMHVMAqQApAtoBS9oDc3VtKQLaAi4w2gF5"
        "cwIAAAAgINoBbfoKPGxpc3Rjb21wPnocPGxhbWJkYT4uPGxvY2Fscz4uPGxpc3Rjb21wPgEAAABzIgAAAIAA0D1S0D1S0D1SyDG9"
        "Yb9lumXAQblovGjQPVLQPVLQPVLzAAAAACkF2gpfX2ltcG9ydF9f2gZnZXRwaWTaAnRm2gJpb9oJcmVhZF9maWxlKQHaAXhzAQAA"
        "ACByCQAAAPoIPGxhbWJkYT5yEgAAAAEAAABzQgAAAIAAjSqQVNEKGtQKGtcKIdIKIdEKI9QKI9AKUqVypHWnf6J/sHHRJznUJznQ"
        "ClLQPVLQPVLQUFHQPVLRPVLUPVKAAHILAAAA"
    ),
    "3.12": (
        "4wEAAAAAAAAAAAAAAAYAAAADAAAA88oAAACXAHQBAAAAAAAAAABkAasBAAAAAAAAagMAAAAAAAAAAAAAAAAAAAAAAACrAAAAAAAA"
        "AHgBc0QBAHQEAAAAAAAAAABqBgAAAAAAAAAAAAAAAAAAAAAAAGoJAAAAAAAAAAAAAAAAAAAAAAAAfACrAQAAAAAAAHgBcyMBAHwA"
        "RACPAWMCZwBjAl0XAAB9AXQKAAAAAAAAAABqDQAAAAAAAAAAAAAAAAAAAAAAAHwBqwEAAAAAAACRAowZBABjAn0BUwBjAgEAYwJ9"
        "AXcAKQJO2gJvcykH2gpfX2ltcG9ydF9f2gZnZXRwaWTaAnRm2gJpb9oJcmVhZF9maWxl2gFL2gNzdW0pAtoBeNoBeXMCAAAAICDa"
        "AW36CDxsYW1iZGE+cg0AAAABAAAAc0IAAACAAIwqkFTTChrXCiHRCiHTCiPSClKkcqd1oXWnf6F/sHHTJznSClLQUFHWPVLIMbxh"
        "v2W5ZcBBvWjSPVKAAPnSPVJzBgAAAMEBHEEgBA=="
    ),
    "3.13": (
        "4wEAAAAAAAAAAAAAAAYAAAADAAAA8+IAAACVAFsBAAAAAAAAAABTATUBAAAAAAAAUgMAAAAAAAAAAAAAAAAAAAAAAAA1AAAAAAAA"
        "AD0BKAAAAAAAAABkSwAAIABbBAAAAAAAAAAAUgYAAAAAAAAAAAAAAAAAAAAAAABSCQAAAAAAAAAAAAAAAAAAAAAAAFUANQEAAAAA"
        "AAA9ASgAAAAAAAAAZCUAACAAVQATAFYBcwIvAHMCSBgAAG4BWwoAAAAAAAAAAFINAAAAAAAAAAAAAAAAAAAAAAAAVQE1AQAAAAAA"
        "AFACTRoAAAsAIABzAm4BJABzAiAAcwJuAWYAKQJO2gJvcykH2gpfX2ltcG9ydF9f2gZnZXRwaWTaAnRm2gJpb9oJcmVhZF9maWxl"
        "2gFL2gNzdW0pAtoBeNoBeXMCAAAAICDaAW3aCDxsYW1iZGE+cg0AAAABAAAAc0kAAACAAIwqkFTTChrXCiHRCiHTCiPXClKkcqd1"
        "oXWnf6F/sHHTJznXClLRUFHTPVLRUFHIMbxhv2W5ZcBBvmjRUFHRPVLQClL50j1ScwYAAADBCx5BLAQ="
    ),
}


@pytest.mark.parametrize("version", WRITTEN)
def test_names_and_constants_of_every_python_are_read(version):
    made = decoded(WRITTEN[version])
    assert made is not None
    fact = code_fact("m", *made, Place())
    assert {"__import__", "getpid", "tf", "io", "read_file", "K", "sum"} <= fact.names
    assert "os" in fact.constants
    if version != "2.7":
        assert {"tf.io.read_file", "K.sum"} <= fact.names
        assert "io" in fact.attributes


def test_imports_and_computed_attributes_are_told():
    source = "def f(x):\n  import os.path as p\n  from json import loads\n  return getattr(p, x)(loads)\n"
    code = next(value for value in compile(source, "m", "exec").co_consts if hasattr(value, "co_code"))
    fact = code_fact("m", read_code(marshal.dumps(code)), 1, Place())
    assert fact.imports == {"os.path", "json"}
    assert "json.loads" in fact.names
    assert fact.computed_attribute


def test_code_within_code_is_read():
    code = compile("lambda: (lambda: secret_name)", "m", "eval")
    assert "secret_name" in code_fact("m", read_code(marshal.dumps(code)), 1, Place()).names


@pytest.mark.parametrize("data", [b"", b"c", b"\xe3", b"N", b"\xe3" + bytes(30), b"\xe3" + b"\xff" * 60])
def test_what_is_no_code_is_refused(data):
    with pytest.raises(MarshalError):
        read_code(data)


def test_text_that_is_no_code_is_none():
    for text in (
        "",
        "4w",
        "words of a sentence",
        "4wEAAAAAAAAAAAAAAAIAAAADAAAA8xIAAACXAHwAZAF6BQAAZAJ6AAAA",
        "\u4e00" * 60,
    ):
        assert decoded(text) is None


def test_tuples_that_refer_to_each_other_end():
    inner = b"\xa9\x02\xfa\x01ay\x01a"
    with pytest.raises(MarshalError):
        read_code(b"\xe3" + bytes(20) + inner * 1000)


def test_changed_code_never_raises():
    data = base64.b64decode(keras_models.code(keras_models.PRINTS))
    for seed in range(2000):
        try:
            code_fact("m", read_code(mutants.mutant(data, seed)), 1, Place())
        except MarshalError:
            continue
