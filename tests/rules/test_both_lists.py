"""Names that ordinary pickles use in one way and attackers in others: every use is tried, the silent ones are listed.

`SILENT` is the whole of what says nothing, each name with the reason. Nothing is ever loaded.
"""

from pathlib import Path

import pytest
from rules.test_matrix import CALLED, by_build, from_stack, streams, written

from fixtures import pickles as p
from fixtures.ruling import builtin
from modelaudit.engine.packs.load import compiled, gather
from modelaudit.pipeline.scan import scan

KNOWN = p.glob("collections", "OrderedDict")
UNKNOWN = p.glob("acme.things", "Thing")
DENIED = p.glob("os", "system")
RESULT = UNKNOWN + p.EMPTY_TUPLE + p.REDUCE
PAIR = p.args(1, 2)
OPERANDS = {
    "nothing": (),
    "a text": ("x",),
    "a number": (1,),
    "none": (None,),
    "a list": (p.EMPTY_LIST,),
    "a tuple": (PAIR,),
    "a dictionary": (p.EMPTY_DICT,),
    "two texts": ("a", "b"),
    "five numbers": (1, 2, 3, 4, 5),
    "a known class": (KNOWN,),
    "a known class and a text": (KNOWN, "fromkeys"),
    "two known classes and none": (KNOWN, p.glob("builtins", "object"), None),
    "an unknown class": (UNKNOWN,),
    "an unknown class and a text": (UNKNOWN, "x"),
    "a command": (DENIED,),
    "a command and a text": (DENIED, "x"),
    "a result": (RESULT,),
    "two results": (RESULT, RESULT),
}
MADE = {"reduce": p.REDUCE, "newobj": p.NEWOBJ}
STATES = {
    "a dictionary as state": p.dictionary({"x": 1}) + p.BUILD,
    "a command in the state": p.dictionary({"x": DENIED}) + p.BUILD,
    "an item": p.text("k") + p.text("v") + b"s",
    "an appended value": p.text("v") + b"a",
}
BEFORE_STATE = ("reduce of nothing", "reduce of a text", "reduce of a list", "newobj of nothing", "newobj of a text")


def uses():
    """How each use is written, by what it is called here."""
    made = {"kept": lambda name: p.EMPTY_LIST + name + b"a"}
    for what, operands in OPERANDS.items():
        for how, opcode in MADE.items():
            made[f"{how} of {what}"] = lambda name, items=operands, opcode=opcode: name + p.args(*items) + opcode
        body = b"".join(p.value(item) for item in operands)
        made[f"obj of {what}"] = lambda name, body=body: p.MARK + name + body + p.OBJ
    keywords = p.EMPTY_TUPLE + p.dictionary({"x": 1}) + p.NEWOBJ_EX
    made["newobj_ex"] = lambda name: name + keywords
    made["slots of itself"] = lambda name: name + p.NONE + p.dictionary({"x": 1}) + b"\x86" + p.BUILD
    for what, state in STATES.items():
        made[f"{what} on itself"] = lambda name, state=state: name + state
        for first in (
            "reduce of nothing",
            "reduce of a text",
            "reduce of a list",
            "newobj of nothing",
            "newobj of a text",
        ):
            made[f"{what} after {first}"] = lambda name, state=state, first=first: made[first](name) + state
    return made


USES = uses()
TEXT_NAMES = {"reduce of a text", "reduce of two texts"}
KEYS = TEXT_NAMES | {"reduce of a number", "reduce of none", "reduce of a tuple", "reduce of five numbers"}
LISTED = {"reduce of a list", "reduce of a tuple"}
TEXT_ITERATED = LISTED | {"reduce of a text"}
ITERATED = {
    "reduce of a known class",
    "a dictionary as state after reduce of a text",
    "a dictionary as state after reduce of a list",
}
EMPTY = {"newobj of nothing", "a dictionary as state after newobj of nothing"}
FILLED = {"reduce of nothing", "a dictionary as state after reduce of nothing"}
FACTORY = {"reduce of a known class", "reduce of a known class and a text", "reduce of two known classes and none"}
UNLISTED = {"reduce of an unknown class", "reduce of an unknown class and a text"}
CLASS = {"reduce of two known classes and none"}

# name: (uses that say nothing, why)
SILENT = {
    "_operator.itemgetter": (KEYS, "a getter of items is written with its keys, and only reads what it is given later"),
    "operator.itemgetter": (KEYS, "a getter of items is written with its keys, and only reads what it is given later"),
    "operator.attrgetter": (TEXT_NAMES, "a getter of attributes is written with their names; dangerous names are told"),
    "builtins.all": ({"kept"}, "a function that models keep as an option"),
    "builtins.any": ({"kept"}, "a function that models keep as an option"),
    "builtins.callable": ({"kept"}, "a function that models keep as an option"),
    "builtins.enumerate": ({"kept"}, "a function that models keep as an option"),
    "builtins.print": ({"kept"}, "a function that models keep as their log"),
    "builtins.zip": ({"kept"}, "a function that models keep as an option"),
    "builtins.max": (LISTED | {"kept"}, "the greatest of plain values; a key function is another shape"),
    "builtins.min": (LISTED | {"kept"}, "the least of plain values; a key function is another shape"),
    "builtins.sorted": (LISTED | {"kept"}, "plain values in order; a key function is another shape"),
    "builtins.sum": (LISTED | {"kept"}, "the sum of plain values"),
    "builtins.iter": (
        TEXT_ITERATED | ITERATED | {"reduce of a dictionary"},
        "iterators are written as what they go over, and their place is their state",
    ),
    "builtins.reversed": (
        TEXT_ITERATED | ITERATED,
        "iterators are written as what they go over, and their place is their state",
    ),
    "builtins.type": ({"reduce of none"}, "how protocol 2 writes the type of None"),
    "collections.ChainMap": (EMPTY | {"kept"}, "its dictionaries are its state"),
    "collections.UserDict": (EMPTY | {"kept"}, "its dictionary is its state"),
    "collections.defaultdict": (
        FACTORY | {"kept", "reduce of nothing", "reduce of none", "an item after reduce of nothing"},
        "its factory is its operand, harmless when it is on the lists, and its items follow",
    ),
    "copyreg.__newobj__": (
        FACTORY
        | {"reduce of an unknown class", "reduce of an unknown class and a text", "an appended value on itself"},
        "makes an object of the class, which is judged by its own name; a function has no append to call",
    ),
    "copyreg.__newobj_ex__": (CLASS | {"an appended value on itself"}, "the same, with keywords"),
    "copyreg._reconstructor": (CLASS | {"an appended value on itself"}, "the same in protocols 0 and 1"),
    "functools.partial": ({"reduce of a known class"}, "written with its function; the rest is its state"),
    "itertools.chain": (FILLED, "its iterators are its state"),
    "numpy.memmap": ({"kept"}, "the class of an array that was a memory map; calling it opens a file, which is told"),
    "numpy.vectorize": (EMPTY | {"kept"}, "its function is its state, judged by its own name"),
    "re.sub": ({"kept"}, "a function that tokenizers keep"),
    "re.subn": ({"kept"}, "a function that tokenizers keep"),
    "types.SimpleNamespace": (FILLED, "its attributes are its state"),
}

# Whose attribute is known: a class of the lists, in whatever call; dangerous attributes are critical there too. A
# class of the file's own is written so by old protocols, and what is fetched is judged by its own name.
OF_KNOWN = ("a known class", "a known class and a text", "two known classes and none")
GETATTR_WARNINGS = {"kept", *(f"{how} of {what}" for how in (*MADE, "obj") for what in OF_KNOWN)}
GETATTR_WARNINGS.add("reduce of an unknown class and a text")


@pytest.fixture(scope="module")
def lists():
    return compiled(gather(), [])["lists"]


@pytest.fixture(scope="module")
def both(lists):
    """The names that stand on a deny list and on an allow list."""
    denied = {name for key, made in lists.items() if key.startswith("core.callables_deny_") for name in made["items"]}
    allowed = {name for key, made in lists.items() if key.startswith("core.callables_allow_") for name in made["items"]}
    return sorted(denied & allowed)


@pytest.fixture(scope="module")
def told(both, tmp_path_factory):
    """For each way of writing a name and each use, the severities of what is said about each name."""
    folder, made = tmp_path_factory.mktemp("uses"), {}
    for how in (written, from_stack):
        for number, (use, make) in enumerate(USES.items()):
            data, subjects = streams(both, how, make)
            path = folder / f"{how.__name__}{number}.pkl"
            path.write_bytes(data)
            made[path.name] = how, use, subjects
    found = {}
    for finding in scan([str(folder)], builtin()).findings:
        if finding.active:
            found.setdefault((Path(finding.artifact).name, finding.subject), set()).add(finding.severity)
    return {
        (how, use, name): found.get((file, subject), set())
        for file, (how, use, subjects) in made.items()
        for name, subject in subjects.items()
    }


@pytest.mark.parametrize("how", [written, from_stack])
def test_a_name_on_both_lists_is_silent_in_its_allowed_shapes_alone(both, told, how):
    assert len(both) > 30
    silent = {}
    for (written_so, use, name), severities in told.items():
        if written_so is how and severities.isdisjoint({"critical", "warning"}):
            silent.setdefault(name, set()).add(use)
    assert silent == {name: said for name, (said, _) in SILENT.items()}


@pytest.mark.parametrize("name", ["__builtin__.getattr", "builtins.getattr"])
def test_getattr_is_critical_unless_it_is_kept_or_reaches_into_classes(told, name):
    mild = {use for (_, use, subject), severities in told.items() if subject == name and "critical" not in severities}
    assert mild == GETATTR_WARNINGS


def test_what_rebuilds_functions_is_never_silent_and_critical_where_it_is_changed(lists, tmp_path):
    """dill and cloudpickle call these for every function that somebody saves: no criticals by themselves."""
    names = sorted(lists["core.callables_rebuild_code"]["items"])
    assert len(names) == 37
    for name in names:
        for call in CALLED:
            path = tmp_path / f"{name} {call.__name__}.pkl"
            path.write_bytes(streams([name], written, call)[0])
    found = {}
    for finding in scan([str(tmp_path)], builtin()).findings:
        found.setdefault(Path(finding.artifact).stem, set()).add(finding.severity)
    for name in names:
        for call in CALLED:
            wanted = {"critical"} if call is by_build else {"critical", "warning"}
            assert not wanted.isdisjoint(found.get(f"{name} {call.__name__}", ())), (name, call)
