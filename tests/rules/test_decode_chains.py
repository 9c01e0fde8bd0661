"""Code that a pickle decodes in any spelling and hands to `exec` is one finding: decoded and run. Nothing is loaded."""

import base64
import binascii
import codecs
import functools
import operator
import pickle
import urllib.parse
import zlib
from pathlib import Path

import pytest

from modelaudit.pipeline.scan import scan

TEXT = "print('x')"
CODE = TEXT.encode()
MASKED = [byte ^ 7 for byte in CODE]


class Call:
    """What pickles as a call of a function."""

    def __init__(self, function, *args) -> None:
        self.function = function
        self.args = args

    def __reduce__(self):
        return self.function, self.args


CHAINS = {
    "base64": Call(base64.b64decode, base64.b64encode(CODE)),
    "base85": Call(base64.b85decode, base64.b85encode(CODE)),
    "ascii85": Call(base64.a85decode, base64.a85encode(CODE)),
    "base32": Call(base64.b32decode, base64.b32encode(CODE)),
    "base16": Call(base64.b16decode, base64.b16encode(CODE)),
    "fromhex": Call(bytes.fromhex, CODE.hex(" ")),
    "unhexlify": Call(binascii.unhexlify, CODE.hex()),
    "a2b_base64": Call(binascii.a2b_base64, base64.b64encode(CODE)),
    "rot13": Call(codecs.decode, codecs.encode(TEXT, "rot13"), "rot13"),
    "codec of hex": Call(codecs.decode, CODE.hex().encode(), "hex"),
    "codec of zlib": Call(codecs.decode, zlib.compress(CODE), "zlib"),
    "utf-16": Call(codecs.decode, TEXT.encode("utf-16"), "utf-16"),
    "utf-16 as method": Call(bytes.decode, TEXT.encode("utf-16"), "utf-16"),
    "zlib": Call(zlib.decompress, zlib.compress(CODE)),
    "base64 of zlib": Call(zlib.decompress, Call(base64.b64decode, base64.b64encode(zlib.compress(CODE)))),
    "map of chr": Call(str.join, "", Call(map, chr, list(CODE))),
    "bytes of numbers": Call(bytes, list(CODE)),
    "bytearray of numbers": Call(bytearray, list(CODE)),
    "mask": Call(bytes, Call(map, operator.xor, MASKED, [7] * len(MASKED))),
    "mask in a partial": Call(bytes, Call(map, functools.partial(operator.xor, 7), MASKED)),
    "translated": Call(bytes.translate, bytes(MASKED), bytes(byte ^ 7 for byte in range(256))),
    "reversed": Call(str.join, "", Call(reversed, TEXT[::-1])),
    "slice": Call(operator.getitem, TEXT[::-1], slice(None, None, -1)),
    "replaced": Call(str.replace, "pr@int(1)", "@", ""),
    "unquoted": Call(urllib.parse.unquote, "%70rint(1)"),
}


@pytest.fixture(scope="module")
def told(builtin_rules, tmp_path_factory) -> dict[str, set[str]]:
    """The grave rules that speak of each chain."""
    folder = tmp_path_factory.mktemp("chains")
    for name, chain in CHAINS.items():
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(Call(exec, chain)))
    found: dict[str, set[str]] = {name: set() for name in CHAINS}
    for finding in scan([str(folder)], builtin_rules).findings:
        if finding.severity == "critical":
            found[Path(finding.artifact).stem].add(finding.rule)
    return found


@pytest.mark.parametrize("name", CHAINS)
def test_what_is_decoded_and_run_is_said_to_be(told, name: str) -> None:
    assert "MA1046" in told[name]
