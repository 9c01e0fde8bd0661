"""One step of an account: a fact in a few words."""

from __future__ import annotations

SHOWN = 8  # arguments or keys in a line
VALUE = 60  # characters of a value
WORDS = 12  # names of a piece of code in a line
NO_TEXT = "''"  # an empty key
MAKERS = ("newobj", "newobj_ex")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from modelaudit.engine.facts import (
        Arg,
        Blob,
        Call,
        Code,
        Defect,
        Fact,
        Import,
        Kwarg,
        Limit,
        Reference,
        Setattr,
    )


class Step:
    """What happens at an offset: `do` is the verb, `name` the callable or class, `text` the whole in words."""

    __slots__ = ("args", "do", "how", "keys", "n", "name", "offset", "text")

    def __init__(
        self,
        do: str,
        name: str,
        text: str,
        *,
        how: str = "",
        offset: int | None = None,
        n: int = 1,
        args: tuple[str, ...] = (),
        keys: tuple[str, ...] = (),
    ) -> None:
        self.do = do
        self.name = name
        self.text = text
        self.how = how
        self.offset = offset
        self.n = n
        self.args = args
        self.keys = keys


def step_of(fact: Fact) -> Step | None:
    """The fact as a step; None for facts that say nothing of what happens."""
    make = STEPS.get(fact.KIND)
    if make is None:
        return None
    step = make(fact)
    step.offset = fact.places[0].offset if fact.places else None
    step.n = fact.n
    return step


def _import(fact: Import) -> Step:
    name = fact.qualname or "?"
    written = ".".join(part for part in (fact.module, fact.name) if part)
    text = name if written == name or not written else f"{name}, written {written}"
    if fact.computed:
        text += " (the name is computed)"
    return Step("import", name, text, how=fact.opcode)


def _call(fact: Call) -> Step:
    args = tuple([argument(arg) for arg in fact.args])
    if fact.kind == "persid":
        return Step("ask", "", f"the loader for ({_some(args)})", how="PERSID", args=args)
    named = args + tuple([f"{arg.name}={argument(arg)}" for arg in fact.kwargs])
    name = fact.target or "?"
    text = f"{name if fact.target else '(a callable made by the stream)'}({_some(named)})"
    sources = sorted(fact.flows_from - {fact.target})
    if fact.computed and sources:
        text += f" from {_some(sources)}"
    do = "make" if fact.kind in MAKERS else "call"
    return Step(do, name, text, how=fact.kind.upper(), args=named)


def _setattr(fact: Setattr) -> Step:
    keys = tuple(sorted(fact.keys))
    name = fact.target or "?"
    form = {"import": "{}", "instance": "<{}>", "result": "{}(…)", "container": "a container"}
    told = f": {_some([_short(key) if key else NO_TEXT for key in keys])}" if keys else ""
    values = f"; callables among the values: {_some(sorted(fact.callable_values))}" if fact.callable_values else ""
    what = form.get(fact.target_is, "something").replace("{}", name)
    return Step("set", fact.target, f"state of {what}{told}{values}", how=fact.via, keys=keys)


def _blob(fact: Blob) -> Step:
    encoded = "" if fact.method == "raw" else f", {fact.method}"
    return Step("hold", fact.kind, f"{fact.size} bytes that are {fact.kind}{encoded}", how=fact.region)


def _code(fact: Code) -> Step:
    told = [
        f"{word} {_some(sorted(found), WORDS)}"
        for word, found in (("imports", fact.imports), ("calls", fact.calls), ("names", fact.names))
        if found
    ]
    return Step("code", fact.language, "; ".join([fact.language, *told]), how=fact.phase or "")


def _reference(fact: Reference) -> Step:
    return Step("refer", fact.kind, f"to {_short(fact.target)}", how=fact.kind)


def _defect(fact: Defect) -> Step:
    return Step("defect", fact.code, f"{fact.code}: {fact.detail}" if fact.detail else fact.code)


def _limit(fact: Limit) -> Step:
    return Step("limit", fact.what, f"reading stopped early: {fact.what}")


STEPS: dict[str, Callable[..., Step]] = {
    "import": _import,
    "call": _call,
    "setattr": _setattr,
    "blob": _blob,
    "code": _code,
    "reference": _reference,
    "defect": _defect,
    "limit": _limit,
}


def argument(arg: Arg | Kwarg) -> str:
    """An argument as it may be written."""
    if arg.type == "str":
        return f"'{_short(arg.value or '')}'" if arg.value is not None else "a text"
    if arg.type == "bytes":
        return f"b'{_short(arg.value)}'" if arg.value is not None else "bytes"
    if arg.value is not None:
        return _short(arg.value)
    name = arg.qualname or ""
    forms = {"none": "None", "import": name, "result": f"{name or '?'}(…)", "instance": f"<{name or '?'}>"}
    return forms.get(arg.type, f"<{arg.type}>")


def _short(text: str) -> str:
    return text if len(text) <= VALUE else text[: VALUE - 1] + "…"


def _some(words: Iterable[str], most: int = SHOWN) -> str:
    """The first words, and how many more there are."""
    all_words = list(words)
    more = [f"… {len(all_words) - most} more"] if len(all_words) > most else []
    return ", ".join(all_words[:most] + more)
