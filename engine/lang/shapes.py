"""Call shapes: which uses of a callable are ordinary, in lists of kind `shapes`.

An entry is `name[/kind|kind][(argument, …)]`: a name or glob, the ways in which it may be used, and the
arguments that a call may have. `@list` in place of the name takes every name of another list, and with nothing
behind it every shape of another list of call shapes. Several entries for one name add up. A name costs one
look-up when it was seen before, and then one comparison for each of its shapes.
"""

from __future__ import annotations

from modelaudit.engine.lang.lists import KNOWN_MAX, Matcher
from modelaudit.engine.lang.values import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.facts import Arg, Call, Import, Setattr
    from modelaudit.engine.lang.evaluate import Env, Getter, Truth, Value

    Json = Any
    Lists = Mapping[str, Matcher]
    Form = tuple[frozenset[str] | None, Sequence[Json] | None, bool]  # kinds, arguments, more arguments allowed
    Forms = tuple[Form, ...] | None  # of a name, None when it is not in the list

READS = {  # the fields that `shaped` looks at, by the kind of fact
    "import": ("qualname", "uses"),
    "call": ("target", "kind", "args", "kwargs"),
    "setattr": ("target", "target_is", "via"),
}
REF = "ref"
CALLS = frozenset(("reduce", "newobj", "newobj_ex", "obj", "inst", "ext", "persid", "implicit", "direct"))
STATES = frozenset(("build", "append", "extend", "add", "setitem"))
NAMED = frozenset((REF, "newobj"))  # what may be made by its class alone may be named: old protocols do so
OBJECTS = frozenset(("instance", "result"))  # what state may be set on, unlike the class or function itself
_VIA = {
    "BUILD": "build",
    "SETITEM": "setitem",
    "SETITEMS": "setitem",
    "APPEND": "append",
    "APPENDS": "extend",
    "ADDITEMS": "add",
}


class ShapesMatcher(Matcher):
    """A list of call shapes."""

    __slots__ = ("_forms", "_lists", "_seen", "_through")

    def __init__(self, compiled: Json) -> None:
        super().__init__({**compiled, "kind": "glob"})
        made: list[Form] = [
            (None if kinds is None else frozenset(kinds), args, more) for kinds, args, more in compiled["forms"]
        ]
        self._forms = [tuple([made[at] for at in numbers]) for numbers in compiled["uses"]]
        self._through = [(name, tuple([made[at] for at in numbers])) for name, numbers in compiled["through"]]
        self._lists: Lists = {}
        self._seen: dict[str, Forms] = {}

    def bind(self, lists: Lists) -> ShapesMatcher:
        """The list itself, once it knows where to look up the lists that it names."""
        self._lists = lists
        return self

    def contains(self, value: str) -> bool:
        """Whether the list has the name, in whatever shape."""
        return self.forms(value) is not None

    def forms(self, name: str) -> Forms:
        """The shapes of a name, None when it is not in the list."""
        try:
            return self._seen[name]
        except KeyError:
            pass
        found = self.gather(name, {})
        if len(self._seen) >= KNOWN_MAX:
            self._seen.clear()  # rules ask for the names of one fact one after the other
        self._seen[name] = found
        return found

    def gather(self, name: str, asked: dict[ShapesMatcher, Forms]) -> Forms:
        """The shapes of a name; `asked` is what the lists said that were asked on the way here."""
        if self in asked:
            return asked[self]
        asked[self] = None  # a list that names itself through another one adds nothing
        found = [self._forms[at] for at in self.every(name)]
        found += [forms for each, own in self._through if (forms := self._of(each, own, name, asked)) is not None]
        asked[self] = tuple([form for forms in found for form in forms]) if found else None
        return asked[self]

    def _of(self, each: str, own: tuple[Form, ...], name: str, asked: dict[ShapesMatcher, Forms]) -> Forms:
        """What the name has through another list: its shapes there, or the shapes that stand behind `@list` here."""
        other = _bound(self._lists, each)
        if not isinstance(other, ShapesMatcher):
            return own if other.contains(name) else None
        there = other.gather(name, asked)
        return own if own and there is not None else there

    def allows(self, form: Form, call: Call) -> Truth:
        """Whether a call has this shape."""
        kinds, args, more = form
        if kinds is not None and call.kind not in kinds:
            return False
        if args is None or call.kind in STATES:
            return True
        if "args" in call.unknown:
            return None
        return self._arguments(args, more, call)

    def _arguments(self, wanted: Sequence[Json], more: bool, call: Call) -> Truth:
        given, cut = call.args, "args" in call.cut
        if not more and (len(given) > len(wanted) or call.kwargs):
            return False
        if len(given) < len(wanted):
            return None if cut else False
        result: Truth = None if cut and not more and len(given) >= 64 else True
        for choices, arg in zip(wanted, given, strict=False):
            fits = self._argument(choices, arg)
            if fits is False:
                return False
            if fits is None:
                result = None
        return result

    def _argument(self, choices: Sequence[Json], arg: Arg) -> Truth:
        result: Truth = False
        for choice in choices:
            fits = self._choice(choice, arg)
            if fits is True:
                return True
            if fits is None:
                result = None
        return result

    def _choice(self, choice: Json, arg: Arg) -> Truth:
        what, *rest = choice
        if what == "any":
            return True
        if arg.type == "unknown":
            return None
        if what == "type":
            return bool(arg.type == rest[0])
        if what == "list":
            return self._named(rest[0], arg)
        if arg.type != rest[0]:
            return False
        return None if arg.value is None else bool(arg.value == rest[1])

    def _named(self, name: str, arg: Arg) -> Truth:
        if arg.type not in ("import", "instance", "result"):
            return False
        return None if not arg.qualname else _bound(self._lists, name).contains(arg.qualname)


def shaped(fact: Import | Call | Setattr, shapes: ShapesMatcher) -> Truth:
    """Whether the use that a fact shows is one of the shapes of the list; None when that cannot be told."""
    test: Callable[[Any, ShapesMatcher], Truth] | None = _TESTS.get(fact.KIND)
    return None if test is None else test(fact, shapes)


def _call(call: Call, shapes: ShapesMatcher) -> Truth:
    result: Truth = False
    for form in shapes.forms(call.target) or ():
        fits = shapes.allows(form, call)
        if fits is True:
            return True
        if fits is None:
            result = None
    return result


def _import(fact: Import, shapes: ShapesMatcher) -> Truth:
    forms = shapes.forms(fact.qualname)
    if forms is None:
        return False
    if any(not _use(use, forms) for use in fact.uses):
        return False
    return None if "uses" in fact.unknown or "uses" in fact.cut else True


def _use(use: str, forms: Sequence[Form]) -> bool:
    """Whether an import may be called, or named; setting state on the import itself is never ordinary."""
    wanted = {"ref": NAMED, "stored": NAMED, "called": CALLS}.get(use, frozenset())
    return any(bool(wanted) if kinds is None else not kinds.isdisjoint(wanted) for kinds, _, _ in forms)


def _setattr(fact: Setattr, shapes: ShapesMatcher) -> Truth:
    if fact.target_is not in OBJECTS:
        return False
    kind = _VIA.get(fact.via, "")
    forms = shapes.forms(fact.target) or ()
    return any(kinds is None or kind in kinds for kinds, _, _ in forms)


_TESTS: Mapping[str, Callable[[Any, ShapesMatcher], Truth]] = {"call": _call, "import": _import, "setattr": _setattr}


def _bound(lists: Lists, name: str) -> Matcher:
    found = lists[name]
    return found.bind(lists) if isinstance(found, ShapesMatcher) else found


def getter(name: str, value: Getter, list_name: str, lists: Lists) -> Getter:
    """The function `shaped` or `listed` on what `value` gives and a list, which is built when it is first used."""
    found: list[ShapesMatcher] = []

    def test(env: Env) -> Value:
        given = value(env)
        if given is UNKNOWN or given is None:
            return given
        if not found:
            made = _bound(lists, list_name)
            if not isinstance(made, ShapesMatcher):
                raise ValueError(f"not a list of call shapes: {list_name}")
            found.append(made)
        if name == "shaped":
            said = shaped(given, found[0])
            return UNKNOWN if said is None else said
        return found[0].contains(given) if isinstance(given, str) else UNKNOWN

    return test
