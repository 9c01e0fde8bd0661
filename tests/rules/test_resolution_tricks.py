"""Names that reach something dangerous by another spelling: mapped, dotted, aliased, private, or run by their import.

The tables of mapped names are those of `Lib/_compat_pickle.py`.
"""

import pytest

from fixtures import pickles as p
from fixtures.reading import Read
from modelaudit.pipeline.scan import scan


def grade(ruleset, tmp_path, data):
    path = tmp_path / "m.pkl"
    path.write_bytes(data)
    found = {finding.severity for finding in scan([str(path)], ruleset).findings if finding.active}
    return "critical" if "critical" in found else "warning" if "warning" in found else None


# As a stream below protocol 3 writes it, and what a reader looks up.
MODULES = """
__builtin__:builtins commands:subprocess cPickle:pickle copy_reg:copyreg thread:_thread urllib2:urllib.request
httplib:http.client xmlrpclib:xmlrpc.client SimpleXMLRPCServer:xmlrpc.server DocXMLRPCServer:xmlrpc.server
BaseHTTPServer:http.server SimpleHTTPServer:http.server CGIHTTPServer:http.server SocketServer:socketserver
test.test_support:test.support dbhash:dbm.bsd anydbm:dbm whichdb:dbm gdbm:dbm.gnu dumbdbm:dbm.dumb Tkinter:tkinter
_winreg:winreg repr:reprlib UserDict:collections UserList:collections UserString:collections StringIO:io cStringIO:io
""".split()  # noqa: SIM905 - a column of text reads better
NAMES = """
__builtin__.reduce:functools.reduce __builtin__.intern:sys.intern itertools.imap:builtins.map
itertools.ifilter:builtins.filter itertools.izip:builtins.zip urllib.urlopen:urllib.request.urlopen
urllib.urlretrieve:urllib.request.urlretrieve multiprocessing.forking.Popen:multiprocessing.popen_fork.Popen
_multiprocessing.Connection:multiprocessing.connection.Connection exceptions.ValueError:builtins.ValueError
""".split()  # noqa: SIM905 - a column of text reads better


@pytest.mark.parametrize("pair", MODULES)
@pytest.mark.parametrize("stacked", [False, True], ids=["GLOBAL", "STACK_GLOBAL"])
def test_a_module_of_python_2_is_mapped_below_protocol_3_and_known_above(pair, stacked):
    written, mapped = pair.split(":")
    for protocol in (0, 2, 3, 4):
        named = p.stack_global(written, "x", 2) if stacked else p.glob(written, "x")
        (fact,) = Read(p.stream(named, protocol=protocol)).imports
        assert fact.qualname == f"{mapped if protocol < 3 else written}.x"
        assert {f"{written}.x", f"{mapped}.x"} <= fact.names


@pytest.mark.parametrize("pair", NAMES)
def test_so_is_a_name(pair):
    written, mapped = pair.split(":")
    module, _, name = written.rpartition(".")
    (fact,) = Read(p.stream(p.glob(module, name), protocol=2)).imports
    assert fact.qualname == mapped
    assert written in fact.names


ENDS = """
__builtins__ __globals__ __dict__ __class__ __subclasses__ __init__ __getattribute__ __call__
func_globals f_builtins tb_frame sys os subprocess builtins importlib ctypes shutil socket
""".split()  # noqa: SIM905 - a column of text reads better


@pytest.mark.parametrize("module", ["json", "acme.models"])
@pytest.mark.parametrize("last", ENDS)
def test_an_end_that_leads_into_the_interpreter_is_critical_whatever_the_root(ruleset, tmp_path, module, last):
    assert grade(ruleset, tmp_path, p.stream(p.imported(module, f"f.{last}"))) == "critical"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system.__call__"),
        ("os", "system.__call__.__call__"),
        ("pty", "spawn.__get__"),
        ("pickle", "Unpickler.load"),
        ("logging", "FileHandler._open"),
        ("pdb", "Pdb.do_break"),
        ("runpy", "run_path.__get__.__call__"),
        ("shutil", "rmtree.__wrapped__.__get__"),
        ("posix", "system"),
        ("nt", "system"),
        ("_operator", "methodcaller.__call__.__self__"),
        ("_io", "FileIO"),
        ("_pickle", "loads"),
        ("pickle", "_loads"),
        ("_pyio", "open"),
        ("numpy", "core.os.system"),
        ("a.b", "c.os.system"),
        ("asyncio.unix_events", "_UnixSubprocessTransport"),
        ("dill._dill", "loads"),
        ("joblib.externals.cloudpickle", "loads"),
    ],
)
def test_another_spelling_is_as_critical(ruleset, tmp_path, module, name):
    data = p.stream(p.imported(module, name), p.args("x"), p.REDUCE)
    assert grade(ruleset, tmp_path, data) == "critical"


@pytest.mark.parametrize(
    "module",
    [
        "antigravity",
        "this",
        "idlelib.idle",
        "turtledemo.clock",
        "test.test_os",
        "test.support",
        "json.__main__",
        "pip.__main__",
    ],
)
def test_a_module_that_acts_on_import_is_critical_without_a_call(ruleset, tmp_path, module):
    assert grade(ruleset, tmp_path, p.stream(p.glob(module, "x"), protocol=2)) == "critical"


@pytest.mark.parametrize("module", ["evil", "evil.sub", "json.tool"])
def test_any_other_module_that_no_framework_has_is_a_warning(ruleset, tmp_path, module):
    assert grade(ruleset, tmp_path, p.stream(p.glob(module, "x"), protocol=2)) == "warning"


OPERANDS = {
    "a number": p.number(1),
    "nothing": p.NONE,
    "a list": p.EMPTY_LIST,
    "a memo entry that is missing": p.get(7),
    "a persistent id": p.number(1) + b"Q",
    "a call that is not followed": p.imported("acme", "f") + b")R",
    "a decoded text that is not followed": p.imported("codecs", "decode")
    + p.args(p.imported("acme", "f") + b")R", "rot13")
    + p.REDUCE,
}


@pytest.mark.parametrize("name", OPERANDS)
def test_a_name_that_is_no_known_text_is_critical(ruleset, tmp_path, name):
    assert grade(ruleset, tmp_path, p.stream(p.text("os"), OPERANDS[name], p.STACK_GLOBAL)) == "critical"
    assert grade(ruleset, tmp_path, p.stream(OPERANDS[name], p.text("system"), p.STACK_GLOBAL)) == "critical"


@pytest.mark.parametrize("name", OPERANDS)
def test_so_is_an_attribute(ruleset, tmp_path, name):
    data = p.reduce_call("builtins", "getattr", p.imported("acme", "X"), OPERANDS[name])
    assert grade(ruleset, tmp_path, data) == "critical"


STATE = {
    "BUILD on a class": (p.imported("acme", "X") + p.dictionary({"a": 1}) + b"b", "critical"),
    "BUILD on an allowed class": (p.imported("collections", "OrderedDict") + p.dictionary({"a": 1}) + b"b", "critical"),
    "special method of an instance": (
        p.imported("argparse", "Namespace") + b")\x81" + p.dictionary({"__class__": 1}) + b"b",
        "critical",
    ),
    "special method of a class, called when the result is dropped": (
        p.imported("acme", "X") + b"N" + p.dictionary({"__del__": p.imported("os", "system")}) + b"\x86b)\x810N",
        "critical",
    ),
    "special method that a key of a dictionary has": (
        p.imported("argparse", "Namespace") + b"N" + p.dictionary({"__hash__": p.imported("acme", "f")})
        + b"\x86b)\x81q\x00}h\x00K\x01s",
        "critical",
    ),
    "state of a class on no list": (p.imported("acme", "X") + b")\x81" + p.text("state") + b"b", "warning"),
    "SETITEM on a table of a module": (p.imported("acme", "table") + p.text("k") + b"K\x01s", "critical"),
    "SETITEM on an allowed class": (p.imported("collections", "OrderedDict") + p.text("k") + b"K\x01s", "critical"),
    "APPEND on an object": (p.imported("acme", "X") + b")\x81K\x01a", "warning"),
    "APPEND on a list of a module": (p.imported("acme", "hooks") + b"K\x01a", "warning"),
    "ADDITEMS on a set of a module": (p.imported("acme", "names") + b"(K\x01\x90", "warning"),
    "EXT1 of nobody": (b"\x82\x07", "warning"),
    "EXT2 of nobody, called": (b"\x83\x07\x01)R", "warning"),
    "EXT4 below zero": (b"\x84\xff\xff\xff\xff", "warning"),
    "PERSID": (b"Pabc\n", "warning"),
    "BINPERSID": (p.text("abc") + b"Q", "warning"),
    "BINPERSID of a storage": (p.args("storage", p.imported("torch", "FloatStorage"), "0", "cpu", 1) + b"Q", "warning"),
    "second PROTO": (b"\x80\x04N", "warning"),
    "FRAME that lies": (p.frame(b"N", 1 << 40), "warning"),
    "buffer out of band": (b"\x97", "warning"),
    "LONG_BINPUT far away": (b"Nr\xff\xff\xff\xff", "warning"),
}  # fmt: skip


@pytest.mark.parametrize("name", STATE)
def test_what_an_opcode_does_beside_calls_has_its_grade(ruleset, tmp_path, name):
    body, expected = STATE[name]
    assert grade(ruleset, tmp_path, p.stream(body)) == expected
