"""Every denied name, written in every way and called in every way, goes through the real parser and is told.

The streams of one way stand behind one another in one file. Nothing is ever loaded; the operand is a text.
"""

import _compat_pickle

import pytest

from fixtures import pickles as p
from modelaudit.engine.judging.findings import MAX_FINDINGS
from modelaudit.engine.packs.load import compiled, gather, load_ruleset
from modelaudit.pipeline.scan import scan

CRITICAL = ("process", "code", "import", "deserialise", "native", "file_write", "install", "scanner")
GRADED = ("network", "file_read", "environment", "indirect")
OPERAND = "echo hi"


def written(name):
    module, _, last = name.rpartition(".")
    return p.glob(module, last), 2, ".".join(_mapped(name))


def from_stack(name):
    module, _, last = name.rpartition(".")
    return p.stack_global(module, last), 4, name


def dotted(name):
    return p.stack_global("harmless_module", name), 4, f"harmless_module.{name}"


def python_2(name):
    """The name that Python 2 had for it, which a reader maps for old protocols; None when it had no other."""
    module, _, last = name.rpartition(".")
    old = _compat_pickle.REVERSE_NAME_MAPPING.get((module, last))
    if old is None and module in _compat_pickle.REVERSE_IMPORT_MAPPING:
        old = _compat_pickle.REVERSE_IMPORT_MAPPING[module], last
    return None if old is None else (p.glob(*old), 2, ".".join(_mapped(".".join(old))))


def by_reduce(name):
    return name + p.args(OPERAND) + p.REDUCE


def by_obj(name):
    return p.MARK + name + p.text(OPERAND, 2) + p.OBJ


def by_newobj(name):
    return name + p.args(OPERAND) + p.NEWOBJ


def by_build(name):
    return name + p.dictionary({"x": 1}) + p.BUILD


def by_build_of_result(name):
    return name + p.EMPTY_TUPLE + p.REDUCE + p.dictionary({"x": 1}) + p.BUILD


# The only ways of a graded name that say nothing: what ordinary pickles write in just this way, and why.
GETTER = "written with the keys or names that it reads from what it is given later; dangerous names are told"
ITERATOR = "written as what it goes over; a text is a text"
HARMLESS = {
    by_reduce: {
        "__builtin__.reversed": ITERATOR,
        "_operator.itemgetter": GETTER,
        "builtins.iter": ITERATOR,
        "builtins.reversed": ITERATOR,
        "operator.attrgetter": GETTER,
        "operator.itemgetter": GETTER,
    },
    by_build_of_result: {
        "itertools.chain": "made empty, its iterators are its state",
        "types.SimpleNamespace": "made empty, its attributes are its state",
    },
}
WRITTEN = (written, from_stack, dotted, python_2)
CALLED = (by_reduce, by_obj, by_newobj, by_build, by_build_of_result)
WAYS = [(how, call) for how in WRITTEN for call in CALLED]
IDS = [f"{how.__name__} {call.__name__}" for how, call in WAYS]


@pytest.fixture(scope="module")
def document():
    sources = gather()
    return compiled(sources, [])


@pytest.fixture(scope="module")
def strict():
    return load_ruleset("strict", cache=False)


def denied(document, kinds):
    names = {
        name.replace("**", "x").replace("*", "x")
        for kind in kinds
        for name in document["lists"][f"core.callables_deny_{kind}"]["items"]
    }
    return sorted(names)


def streams(names, how, call):
    """The streams one behind the other, and the subject that a finding about each name has."""
    made = [(name, how(name)) for name in names]
    found = [(name, *way) for name, way in made if way is not None]
    data = b"".join(p.stream(call(text), protocol=protocol) for _, text, protocol, _ in found)
    return data, {name: subject for name, _, _, subject in found}


def grades(ruleset, tmp_path, data):
    """The severities of the findings about each subject."""
    path = tmp_path / "matrix.pkl"
    path.write_bytes(data)
    result = scan([str(path)], ruleset)
    found = {}
    for finding in result.findings:
        if finding.active:
            found.setdefault(finding.subject, set()).add(finding.severity)
    return found


def missed(ruleset, tmp_path, names, how, call, wanted):
    """The names of which nothing as grave is said. Two in five of them are judged without the index as well.

    Which ones goes round with the spelling and the call, so that each pair of them and each name has its turn.
    """
    out = []
    names = [name for name in names if how(name) is not None]
    assert names
    turn = WRITTEN.index(how) + CALLED.index(call)
    for verified in (True, False):
        ruleset.verify_index = verified
        part = [name for number, name in enumerate(names) if ((number + turn) % 5 < 2) is verified]
        for first in range(0, len(part), MAX_FINDINGS):  # so many of one rule are told one by one
            data, subjects = streams(part[first : first + MAX_FINDINGS], how, call)
            found = grades(ruleset, tmp_path, data)
            out += [name for name, subject in subjects.items() if wanted.isdisjoint(found.get(subject, ()))]
    return out


@pytest.mark.parametrize(("how", "call"), WAYS, ids=IDS)
def test_a_grave_name_is_critical_however_it_is_written_and_called(document, ruleset, tmp_path, how, call):
    names = denied(document, CRITICAL)
    assert len(names) > 1200
    assert missed(ruleset, tmp_path, names, how, call, {"critical"}) == []


@pytest.mark.parametrize("protocol", [0, 2])
def test_a_grave_name_is_critical_by_inst(document, ruleset, tmp_path, protocol):
    names = denied(document, CRITICAL)
    data = b"".join(p.inst_call(*_split(name), OPERAND, protocol=protocol) for name in names)
    found = grades(ruleset, tmp_path, data)
    subjects = {name: ".".join(_mapped(name)) for name in names}
    assert [name for name in names if "critical" not in found.get(subjects[name], ())] == []


@pytest.mark.parametrize(("how", "call"), WAYS, ids=IDS)
def test_a_graded_name_is_at_least_a_warning_when_it_is_called(document, ruleset, tmp_path, how, call):
    names = denied(document, GRADED)
    names = [name for name in names if name not in HARMLESS.get(call, ())]
    assert missed(ruleset, tmp_path, names, how, call, {"critical", "warning"}) == []


@pytest.mark.parametrize(("how", "call"), [way for way in WAYS if way[0] is not python_2])
def test_a_name_on_no_list_is_a_warning_and_critical_under_strict(ruleset, strict, tmp_path, how, call):
    names = [f"acme.things{n}.Thing{n}" for n in range(200)]
    assert missed(ruleset, tmp_path, names, how, call, {"critical", "warning"}) == []
    assert missed(strict, tmp_path, names, how, call, {"critical"}) == []


@pytest.mark.parametrize("how", [written, from_stack])
def test_an_allowed_name_in_another_use_is_at_least_a_warning(document, ruleset, tmp_path, how):
    lists = [made for name, made in document["lists"].items() if name.startswith("core.callables_allow_")]
    names = {name for made in lists if made["kind"] == "shapes" for name in made["items"] if "*" not in name}
    assert len(names) > 1000
    assert missed(ruleset, tmp_path, sorted(names), how, by_obj, {"critical", "warning"}) == []
    assert missed(ruleset, tmp_path, sorted(names), how, by_build, {"critical"}) == []


def _split(name):
    module, _, last = name.rpartition(".")
    return module, last


def _mapped(name):
    module, last = _split(name)
    if (module, last) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[module, last]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), last
