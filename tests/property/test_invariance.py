"""A pickle is judged the same in every container, codec, protocol and disguise: what is dangerous is critical."""

import base64
import bz2
import gzip
import lzma
import random
import zlib

import pytest
import zstandard

from fixtures import archives, arrays, joblibs, pickles, sevenzips, torches
from fixtures.archives import Entry, archive
from fixtures.sevenzips import Solid
from modelaudit.pipeline.scan import scan

TARGETS = [
    ("os", "system"),
    ("builtins", "eval"),
    ("importlib", "import_module"),
    ("pickle", "loads"),
    ("ctypes", "CDLL"),
    ("shutil", "rmtree"),
    ("pip", "main"),
    ("picklescan.scanner", "scan_file_path"),
    ("commands", "getoutput"),  # of Python 2, like the next
    ("__builtin__", "eval"),
]
MEMO = pickles.put(7) + pickles.POP + pickles.get(7)


def by_global(module, name):
    return pickles.glob(module, name)


def by_stack(module, name):
    return pickles.stack_global(module, name)


def by_memo(module, name):
    return pickles.text(module) + MEMO + pickles.text(name) + b"\x94" + pickles.STACK_GLOBAL


def by_copies(module, name):
    return pickles.text(module) + b"2" + pickles.POP + pickles.text(name) + b"N0" + pickles.STACK_GLOBAL


def by_dots(module, name):
    return (
        pickles.stack_global("logging", f"{module}.{name}" if module in ("os", "sys") else name)
        + pickles.POP
        + (pickles.stack_global(module, name))
    )


def by_code(module, name):
    """An EXT code that the stream gives the name itself."""
    given = pickles.stack_global("copyreg", "add_extension") + pickles.args(module, name, 7) + pickles.REDUCE
    return given + pickles.POP + b"\x82\x07"


NAMED = [by_global, by_stack, by_memo, by_copies, by_dots, by_code]


def reduced(named):
    return named + pickles.args("x") + pickles.REDUCE


def appended(named):
    """A planted `append`, which APPEND then calls."""
    instance = pickles.stack_global("argparse", "Namespace") + pickles.EMPTY_TUPLE + pickles.NEWOBJ
    return instance + pickles.dictionary({"append": named}) + pickles.BUILD + pickles.text("x") + b"a"


def added(named):
    """A planted `add`, which ADDITEMS then calls."""
    instance = pickles.stack_global("argparse", "Namespace") + pickles.EMPTY_TUPLE + pickles.NEWOBJ
    return instance + pickles.dictionary({"add": named}) + pickles.BUILD + pickles.MARK + pickles.text("x") + b"\x90"


def as_object(named):
    return pickles.MARK + named + pickles.text("x") + pickles.OBJ


def made(named):
    return named + pickles.args("x") + pickles.NEWOBJ


def made_with_keywords(named):
    return named + pickles.args("x") + pickles.EMPTY_DICT + pickles.NEWOBJ_EX


def planted(named):
    instance = pickles.stack_global("argparse", "Namespace") + pickles.EMPTY_TUPLE + pickles.NEWOBJ
    return instance + pickles.dictionary({"__setstate__": named}) + pickles.BUILD + pickles.text("x") + pickles.BUILD


def mapped(named):
    mapping = pickles.stack_global("builtins", "map") + pickles.args(named, pickles.args("x")) + pickles.REDUCE
    return pickles.stack_global("builtins", "tuple") + pickles.MARK + mapping + b"t" + pickles.REDUCE


def without_calls(named):
    """A `map` that a tuple takes: both are made by NEWOBJ alone."""
    mapping = pickles.stack_global("builtins", "map") + pickles.args(named, pickles.args("x")) + pickles.NEWOBJ
    return pickles.stack_global("builtins", "tuple") + pickles.MARK + mapping + b"t" + pickles.NEWOBJ


def by_inst(module, name):
    """INST, which names and calls at once."""
    return pickles.MARK + pickles.text("x") + b"i" + module.encode() + b"\n" + name.encode() + b"\n"


CALLED = [reduced, as_object, made, made_with_keywords, planted, appended, added, mapped, without_calls]
WAYS = [(named, call) for named in NAMED for call in CALLED] + [(by_inst, bytes)] * 6
TURNS = 5  # of the ways, for each container and disguise
DISGUISES = {
    "plain": lambda body: pickles.stream(body),
    "protocol 0": lambda body: pickles.stream(body, protocol=0),
    "protocol 3": lambda body: pickles.stream(body, protocol=3),
    "protocol 2": lambda body: pickles.stream(body, protocol=2),
    "protocol 5": lambda body: pickles.stream(body, protocol=5),
    "late protocol": lambda body: b"N0" + pickles.stream(body),
    "framed": lambda body: pickles.proto(4) + pickles.frame(body + pickles.STOP),
    "lying frame": lambda body: pickles.proto(4) + pickles.frame(body + pickles.STOP, 3),
    "broken behind": lambda body: pickles.broken_after(pickles.stream(body)),
    "cut behind": lambda body: pickles.stream(body)[:-1],
    "behind another": lambda body: pickles.harmless() + pickles.stream(body),
    "behind junk": lambda body: pickles.harmless() + b"\xff\xfe junk" + pickles.stream(body),
    "in a literal": lambda body: pickles.nested_literal(pickles.stream(body)),
    "in base64": lambda body: pickles.nested_literal(base64.b64encode(pickles.stream(body) + bytes(9))),
    "in text": lambda body: pickles.stream(pickles.text(base64.b64encode(pickles.stream(body) + bytes(9)).decode())),
    "in zlib": lambda body: pickles.nested_literal(zlib.compress(pickles.stream(body))),
    "in hex": lambda body: pickles.nested_literal(pickles.stream(body).hex().encode()),
    "behind an array": lambda body: pickles.stream(joblibs.wrapper() + joblibs.padded(bytes(24)), body),
}
OBJECT = "archive/data.pkl"


def checkpoint(data, **options):
    return archive([Entry(OBJECT, data, **options), Entry("archive/version", b"3\n")])


def nested(data):
    for depth in range(3):
        data = archive([Entry(f"level{depth}.zip" if depth else "m.pkl", data, archives.DEFLATE)])
    return data


def lz4(data):
    """A frame whose blocks are stored, of at most 64 KiB."""
    blocks = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    body = b"".join((len(block) | 1 << 31).to_bytes(4, "little") + block for block in blocks)
    return b"\x04\x22\x4d\x18\x60\x40\x82" + body + bytes(4)


CONTAINERS = {
    "m.pkl": lambda data: data,
    "wrong.txt": lambda data: data,
    "wrong.safetensors": lambda data: data,
    "none": lambda data: data,
    "zlib.joblib": zlib.compress,
    "gzip.joblib": gzip.compress,
    "bz2.joblib": bz2.compress,
    "xz.joblib": lzma.compress,
    "lzma.joblib": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "lz4.joblib": lz4,
    "zfile.joblib": joblibs.zfile,
    "twice.bin": lambda data: gzip.compress(zlib.compress(data)),
    "within.joblib": lambda data: pickles.stream(joblibs.wrapper(joblibs.objects()), data),
    "objects.npy": lambda data: arrays.array(data, "'|O'"),
    "objects.npz": lambda data: archive([Entry("a.npy", arrays.array(data, "'|O'"))]),
    "eager.pt": checkpoint,
    "deflated.pt": lambda data: checkpoint(data, method=archives.DEFLATE),
    "encrypted.pt": lambda data: checkpoint(data, flags=archives.ENCRYPTED),
    "checksum.pt": lambda data: checkpoint(data, local={"crc": 7}, central={"crc": 7}),
    "renamed.pt": lambda data: archive([Entry(OBJECT, archives.state_dict({})), Entry("archive/x.txt", data)]),
    "two-names.pt": lambda data: checkpoint(data, central={"name": b"archive/readme"}),
    "unlisted.zip": lambda data: archive([Entry("a.txt", b"text"), Entry("b", data, listed=False)]),
    "three.zip": nested,
    "zstd.bin": zstandard.compress,
    "in.7z": lambda data: sevenzips.simple("m.pkl", data),
    "solid.7z": lambda data: sevenzips.archive([Solid([("a.txt", b"text"), ("m", data)], sevenzips.ZSTD)]),
    "legacy.pt": torches.legacy,
    "tar.pt": torches.tar,
}

NO_ARRAYS = ["within.joblib", "legacy.pt", "tar.pt"]  # plain unpicklers read what is inside


def verdict(ruleset, tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    path.unlink()
    return {f.severity for f in result.findings if f.active} - {"debug"}, result.decision.exit_code


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("container", CONTAINERS)
def test_the_verdict_does_not_depend_on_container_and_disguise(ruleset, tmp_path, container, disguise):
    if disguise == "behind an array" and container in NO_ARRAYS:
        pytest.skip("the loader of this container stops at an array's bytes")
    rng = random.Random(f"{container} {disguise}")
    for named, call in rng.sample(WAYS, TURNS):
        target = rng.choice(TARGETS)
        data = CONTAINERS[container](DISGUISES[disguise](call(named(*target))))
        severities, exit_code = verdict(ruleset, tmp_path, container, data)
        assert "critical" in severities, (call.__name__, named.__name__, target)
        assert exit_code == 1


PLAIN = ["plain", "protocol 2", "protocol 5", "framed", "behind an array"]
NEUTRAL = ["m.pkl", "none", "zlib.joblib", "gzip.joblib", "bz2.joblib", "xz.joblib", "lzma.joblib", "zfile.joblib"]
NEUTRAL += ["lz4.joblib", "eager.pt", "deflated.pt", "zstd.bin", "in.7z", "solid.7z"]


@pytest.mark.parametrize("container", NEUTRAL)
def test_what_is_harmless_is_silent_in_all_of_them(ruleset, tmp_path, container):
    body = pickles.stack_global("collections", "OrderedDict") + pickles.EMPTY_TUPLE + pickles.REDUCE
    for disguise in PLAIN:
        data = CONTAINERS[container](DISGUISES[disguise](body))
        assert verdict(ruleset, tmp_path, container, data) == (set(), 0), disguise
