"""The functions of the language: one table with types, cost and a line of documentation each.

A function is total: an argument that is unknown makes the result unknown, an absent one makes it absent, and a
result that does not exist is absent. Types are written as in the language; `strings` is a `$list` or a set or
list of texts, a `?` after a parameter makes it optional, and one after a result says that it may be absent.
"""

from __future__ import annotations

import re
from functools import cache

from modelaudit.engine.lang import distance, spdx
from modelaudit.engine.lang.values import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType
    from typing import Any, Protocol

    class Strings(Protocol):
        """A list of the pack, or a set of texts."""

        items: Sequence[str]

        def contains(self, value: str) -> bool:
            """Whether an entry covers the value."""


class Function:
    """An entry of the table."""

    __slots__ = ("call", "cost", "doc", "keeps_cut", "name", "params", "result")

    def __init__(
        self,
        name: str,
        params: str,
        result: str,
        cost: str,
        doc: str,
        call: Callable[..., Any],
        keeps_cut: bool = False,
    ) -> None:
        self.name = name
        self.params = tuple(params.split())
        self.result = result
        self.cost = cost  # constant | linear | search | pairs: what one call takes
        self.doc = doc
        self.call = call
        self.keeps_cut = keeps_cut  # the result for the beginning of a text is the beginning of the result

    @property
    def signature(self) -> str:
        """The function as documentation writes it."""
        return f"{self.name}({', '.join(self.params)}) → {self.result}"


MAX_EDITS = 8  # that `near` allows at most
COSTS: Mapping[str, int] = {"constant": 1, "linear": 4, "search": 20, "pairs": 100}


def _basename(path: str) -> str:
    return re.split(r"[/\\!]", path)[-1]


def _dirname(path: str) -> str | None:
    name = _basename(path)
    return path[: -len(name) - 1] if len(name) < len(path) else None


def _ext(path: str) -> str:
    name = _basename(path)
    at = name.rfind(".")
    return name[at:].lower() if at > 0 else ""


def _entropy(data: str | bytes) -> float:
    from collections import Counter
    from math import log2

    total = len(data)
    return -sum(n / total * log2(n / total) for n in Counter(data).values()) if total else 0.0


def _hex(data: str | bytes) -> str:
    return (data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data).hex()


def _get(values: Mapping[str, str], key: str) -> str | None:
    return values.get(key)


_RUNS = re.compile(r"[-_.]+")


def normalize_name(name: str) -> str:
    """The name in lower case, with each run of `-`, `_` and `.` as one `-`."""
    return _RUNS.sub("-", name).lower()


@cache
def _unicode() -> ModuleType:
    from modelaudit.engine.lang import unicode

    return unicode


def _fold(text: str) -> str:
    folded: str = _unicode().fold(text)
    return folded


def _skeleton(text: str) -> str:
    skeleton: str = _unicode().skeleton(text)
    return skeleton


def _path_class(path: str) -> frozenset[str]:
    from modelaudit.engine.facts.text import path_class

    return path_class(path)


_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#\\@]*@)*(\[[0-9A-Fa-f:.]+\]|[^/?#:\\@\[\]]+)")


def _url_host(url: str) -> str | None:
    match = _HOST.match(url.strip())
    return match.group(1).strip("[]").rstrip(".").lower() if match else None


def _is_ip(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _crc32_base62(token: str) -> bool:
    """The last six characters are CRC-32 of those before, after the prefix that ends in `_`, in base 62."""
    import zlib

    body = token.rpartition("_")[2]
    if len(body) < 7 or not body.isascii():
        return False
    value, digits = zlib.crc32(body[:-6].encode()), ""
    while value:
        value, digit = divmod(value, 62)
        digits = _DIGITS[digit] + digits
    return digits.rjust(6, "0") == body[-6:]


def _base64(text: str) -> bytes | None:
    from modelaudit.engine.lang import encodings

    return encodings.base64(text)


_HUB_NAME = re.compile(r"(?:https?://huggingface\.co/(?:datasets/)?)?([\w-][\w.-]*)/[\w-][\w.-]*\Z")


def _namespace(text: str) -> str | None:
    match = _HUB_NAME.match(text)
    return None if match is None else match.group(1)


_WORDS = re.compile(r"[^\W_]+(?:\.[^\W_]+)*")


def _sorted_words(text: str) -> str:
    return "-".join(sorted(_WORDS.findall(_fold(text))))


def _base64_text(text: str) -> str | None:
    from modelaudit.engine.lang import encodings

    return encodings.base64_text(text)


def _json_text(text: str, key: str) -> str | None:
    from modelaudit.engine.lang import encodings

    return encodings.json_text(text, key)


def _json_number(text: str, key: str) -> float | None:
    from modelaudit.engine.lang import encodings

    return encodings.json_number(text, key)


def _is_der(data: bytes) -> bool:
    from modelaudit.engine.lang import encodings

    return encodings.is_der(data)


def _aws_account(key_id: str) -> str | None:
    from modelaudit.engine.lang import encodings

    return encodings.aws_account(key_id)


_SEMVER = re.compile(r"[vV=]?\s*(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?(?:[.-]?([0-9A-Za-z.-]+))?(?:\+.*)?\s*\Z")


def _version(text: str) -> tuple[Any, ...] | None:
    match = _SEMVER.match(text)
    if match is None:
        return None
    numbers = tuple(int(part or 0) for part in match.groups()[:3])
    before = match.group(4)
    if not before:
        return (*numbers, (1,))
    parts = [(0, int(p), "") if p.isdigit() and len(p) < 10 else (1, 0, p) for p in before.split(".")]
    return (*numbers, (0, *parts))


def _semver_lt(left: str, right: str) -> bool | None:
    first, second = _version(left), _version(right)
    return None if first is None or second is None else first < second


def _near(value: str, names: Strings, limit: int = 1) -> bool:
    if names.contains(value):
        return False
    limit = min(limit, MAX_EDITS)
    return any(distance.within(value, name, limit) <= limit for name in names.items)


def _closest(value: str, names: Strings) -> str | None:
    return distance.closest(value, names.items)


def _edit_distance(left: str, right: str) -> Any:  # noqa: ANN401
    if max(len(left), len(right)) > distance.MAX_TEXT:
        return UNKNOWN
    return distance.within(left, right, distance.MAX_TEXT)


def _allows(expression: str, allowed: Strings) -> bool:
    return spdx.allows(expression, allowed.contains)


def _shaped(fact: Any, shapes: Any) -> Any:  # noqa: ANN401
    from modelaudit.engine.lang.shapes import shaped

    said = shaped(fact, shapes)
    return UNKNOWN if said is None else said


def _listed(name: str, shapes: Strings) -> bool:
    return shapes.contains(name)


_TABLE = (
    Function(
        *("len", "str|bytes|set|list|map", "int", "constant"),
        "Number of characters, bytes or entries.",
        len,
    ),
    Function("lower", "str", "str", "linear", "The text in lower case.", str.lower, keeps_cut=True),
    Function("basename", "str", "str", "constant", "What follows the last `/`, `\\` or `!`.", _basename),
    Function(
        *("dirname", "str", "str?", "constant"),
        "What stands before the last `/`, `\\` or `!`; absent without one.",
        _dirname,
    ),
    Function(
        *("ext", "str", "str", "constant"),
        "Extension of the base name with its dot, in lower case; empty when there is none.",
        _ext,
    ),
    Function(
        *("entropy", "str|bytes", "float", "linear"),
        "Shannon entropy in bits per character or byte; 0 when empty.",
        _entropy,
    ),
    Function("hex", "str|bytes", "str", "linear", "The bytes, or the UTF-8 bytes of a text, in hex digits.", _hex),
    Function("get", "map str", "str?", "constant", "The value under a key of a map; absent when there is none.", _get),
    Function(
        *("near", "str strings int?", "bool", "search"),
        "Whether the text is no entry, yet at most so many edits (1 unless given, never above 8) from one.",
        _near,
    ),
    Function(
        "closest",
        "str strings",
        "str?",
        "search",
        "The entry that takes the fewest edits; absent above 128 characters.",
        _closest,
    ),
    Function(
        *("edit_distance", "str str", "int", "pairs"),
        "Insertions, deletions, changes and swaps of neighbours that lead from one text to the other; "
        "unknown above 128 characters.",
        _edit_distance,
    ),
    Function(
        *("namespace", "str", "str?", "linear"),
        "Owner of a model of a hub: what stands before the `/` of `owner/name`; absent in other texts.",
        _namespace,
    ),
    Function("skeleton", "str", "str", "linear", "What the text looks like: the skeleton of UTS 39.", _skeleton),
    Function("fold", "str", "str", "linear", "The text in NFKC and without differences of case.", _fold),
    Function(
        *("normalize_name", "str", "str", "linear"),
        "The name of a Python package in its normal form (PEP 503).",
        normalize_name,
    ),
    Function(
        *("sorted_words", "str", "str", "linear"),
        "The words of a name by the alphabet, in NFKC and without differences of case, with `-` between them.",
        _sorted_words,
    ),
    Function(
        *("semver_lt", "str str", "bool?", "linear"),
        "Whether a version comes before another one; absent when one of them is no version.",
        _semver_lt,
    ),
    Function(
        *("path_class", "str", "set<str>", "linear"),
        "What is special in a path: absolute, parent, drive, unc, url, nul.",
        _path_class,
    ),
    Function("url_host", "str", "str?", "linear", "Host of a URL in lower case; absent without one.", _url_host),
    Function("is_ip", "str", "bool", "linear", "Whether the text is an IPv4 or IPv6 address.", _is_ip),
    Function(
        *("crc32_base62", "str", "bool", "linear"),
        "Whether the last six characters are the CRC-32 of the rest in base 62, as tokens of some vendors have it.",
        _crc32_base62,
    ),
    Function(
        *("base64", "str", "bytes?", "linear"),
        "What a text in base64 stands for, with either alphabet, white space and escaped line ends left out.",
        _base64,
    ),
    Function(
        *("base64_text", "str", "str?", "linear"),
        "The printable text that a text in base64 stands for; absent when it is none.",
        _base64_text,
    ),
    Function(
        *("json_text", "str str", "str?", "linear"),
        "The text under a key of an object of JSON; absent without one.",
        _json_text,
    ),
    Function(
        *("json_number", "str str", "float?", "linear"),
        "The number under a key of an object of JSON; absent without one.",
        _json_number,
    ),
    Function(
        *("is_der", "bytes", "bool", "linear"),
        "Whether bytes are one SEQUENCE of DER and nothing else, as keys are.",
        _is_der,
    ),
    Function(
        *("aws_account", "str", "str?", "constant"),
        "The account of twelve digits in an AWS key id; absent without one.",
        _aws_account,
    ),
    Function(
        *("spdx_allows", "str strings", "bool", "linear"),
        "Whether an SPDX expression can be fulfilled with allowed licences alone; F when it is none.",
        _allows,
    ),
    Function("spdx_ids", "str", "set<str>", "linear", "The licence ids of an SPDX expression.", spdx.ids),
    Function(
        *("shaped", "import|call|setattr shapes", "bool", "constant"),
        "Whether the use that the fact shows is one of the call shapes of the list; unknown where an argument is.",
        _shaped,
    ),
    Function(
        *("listed", "str shapes", "bool", "constant"),
        "Whether the name is in a list of call shapes, in whatever shape.",
        _listed,
    ),
)

FUNCTIONS: Mapping[str, Function] = {each.name: each for each in _TABLE}
LATER: Mapping[str, str] = {}  # functions that the language names and this engine version does not have
SHAPES = frozenset(("shaped", "listed"))  # functions of lists of call shapes, which look into further lists
