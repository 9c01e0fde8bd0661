"""Plain values of every kind of the standard library."""

import array
import collections
import datetime as dt
import decimal
import enum
import fractions
import ipaddress
import itertools
import logging
import operator
import pathlib
import pickle
import random
import re
import types
import uuid
import zoneinfo
from functools import partial
from http import HTTPStatus

from tests.corpus.writing import every

LIBRARIES = ("joblib",)

VALUES = {
    "none": None,
    "bool": True,
    "int": 7,
    "large-int": 10**400,
    "float": 1.5,
    "complex": 1 + 2j,
    "text": "words",
    "long-text": "words " * 30_000,
    "bytes": b"\x00\x01\xff",
    "long-bytes": bytes(range(256)) * 1000,
    "bytearray": bytearray(b"abc"),
    "tuple": (1, (2, (3,))),
    "list": [1, 2.5, "x", None, True],
    "dict": {"lr": 0.1, "epochs": 3, "path": "/models/a.bin", "eval": True},
    "set": {1, 2, 3},
    "frozenset": frozenset({"a", "b"}),
    "range": range(1, 10, 2),
    "slice": slice(1, 5, 2),
    "ellipsis": ...,
    "not-implemented": NotImplemented,
    "ordered": collections.OrderedDict(a=1, b=2),
    "defaultdict-list": collections.defaultdict(list, {"a": [1]}),
    "defaultdict-int": collections.defaultdict(int, {"a": 1}),
    "defaultdict-dict": collections.defaultdict(dict, {"a": {}}),
    "counter": collections.Counter("abracadabra"),
    "deque": collections.deque([1, 2, 3], maxlen=5),
    "chainmap": collections.ChainMap({"a": 1}, {"b": 2}),
    "userdict": collections.UserDict(a=1),
    "namespace": types.SimpleNamespace(lr=0.1),
    "date": dt.date(2026, 1, 2),
    "time": dt.time(3, 4, 5),
    "moment": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    "zone": dt.datetime(2026, 1, 2, 3, tzinfo=zoneinfo.ZoneInfo("UTC")),
    "timedelta": dt.timedelta(hours=3),
    "timezone": dt.timezone(dt.timedelta(hours=2)),
    "decimal": decimal.Decimal("1.50"),
    "fraction": fractions.Fraction(1, 3),
    "uuid": uuid.UUID(int=7),
    "path": pathlib.PurePosixPath("/models/a.bin"),
    "posix-path": pathlib.Path("models/a.bin"),
    "windows-path": pathlib.PureWindowsPath("C:/models/a.bin"),
    "pattern": re.compile(r"(a+)\s", re.IGNORECASE),
    "array": array.array("d", [1.0, 2.0]),
    "address": ipaddress.ip_address("192.0.2.1"),
    "network": ipaddress.ip_network("192.0.2.0/24"),
    "enum": HTTPStatus.OK,
    "flag": re.IGNORECASE | re.MULTILINE,
    "random": random.Random(3),
    "random-state": random.Random(3).getstate(),
    "exception": ValueError("wrong", 3),
    "key-error": KeyError("missing"),
    "builtin-type": [int, float, str, dict, list, tuple, set, bool, bytes, complex, object, type(None)],
    "builtin-function": [len, sorted, sum, max, min, abs, round],
    "operators": [operator.add, operator.mul, operator.itemgetter(1), operator.attrgetter("shape")],
    "partial": partial(int, base=2),
    "count": itertools.count(3) if hasattr(itertools.count(0), "__reduce__") else None,
    "logger": logging.getLogger("model"),
    "words": ["os.system", "eval", "import", "subprocess.Popen", "password", "__reduce__"],
    "docstring": "Call os.system('x') or __import__('os') never; see pickle.loads.",
    "vocabulary": {
        word: number for number, word in enumerate(["eval", "exec", "os", "system", "import", "lambda", "open"])
    },
    "recursive": [],
    "nested": {"a": [{"b": ({"c": [1, 2, {"d": 3}]},)}]},
    "base64": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "hex": "deadbeef" * 32,
    "image": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "compressed": __import__("zlib").compress(b"ordinary text " * 100),
    "url": "https://example.org/model.bin",
}
VALUES["recursive"].append(VALUES["recursive"])


class Color(enum.Enum):
    """Stands for nothing: enums of one's own are made in `functions`."""

    RED = 1


def files():
    """Every value in every form; codecs matter little for plain values, two will do."""
    for name, value in VALUES.items():
        try:
            pickle.dumps(value)
        except (TypeError, pickle.PicklingError):
            continue
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield from every(name, value, codecs=("none", "zlib"))
