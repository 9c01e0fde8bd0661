"""Chat templates: what a Jinja template reads, calls and compares, by its syntax tree; nothing is rendered.

Syntax: https://jinja.palletsprojects.com/templates/, with the tags that chat templates add (`generation`, `break`,
`continue`, `do`). Texts that are put together from constants are folded by a bounded walk of our own, since Jinja's own
folding runs filters.
"""

from __future__ import annotations

from modelaudit.engine.facts import Code, Defect, Limit, Place, clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.reader import Reader
    from modelaudit.parsers.repository.reach import Reach

MARKS = ("{%", "{{")
TEMPLATE_MAX = 512 * 1024  # characters
FOUND_MAX = 16_384  # different names of one kind
CONSTANTS_MAX = 256
SHOWN = 1024
LANGUAGE, BRANCH = "jinja", "jinja-branch"


class TemplateError(ValueError):
    """The text is no Jinja template; the words say why."""


def is_template(reader: Reader) -> bool:
    """Whether a text parses as a template that does more than print plain names."""
    if reader.size > TEMPLATE_MAX:
        return False
    try:
        found = _read(reader.read_at(0, reader.size).decode("utf-8-sig"))
    except (TemplateError, UnicodeDecodeError):
        return False
    return bool(found.calls or found.attributes or found.filters or found.branches)


def parse_template(artifact: Input, context: Context) -> Iterator[Fact]:
    """The facts of a template in a file of its own."""
    reader = artifact.reader
    context.check()
    text = reader.read_at(0, 4 * TEMPLATE_MAX).decode("utf-8-sig", "replace")
    yield from template_facts(artifact.path, text, Place(offset=0))


def marked_facts(path: str, text: str, place: Place) -> Iterator[Fact]:
    """The same for a text that has the marks of a template and may be none: nothing when it cannot be read as one."""
    if any(mark in text for mark in MARKS):
        told = list(template_facts(path, text, place))
        if any(isinstance(fact, Code) for fact in told):
            yield from told


def template_facts(path: str, text: str, place: Place) -> Iterator[Fact]:
    """What a template names, as `code`: one record for all of it, one for each branch that compares texts."""
    if len(text) > TEMPLATE_MAX:
        limit = frozenset({"code"})
        yield Limit(path, what="template", at=len(text), budget=TEMPLATE_MAX, by="file", affects=limit)
        return
    try:
        found = _read(text)
    except TemplateError as error:
        detail = clean(str(error))[0]
        yield Defect(path, code="template-syntax", detail=detail, affects=frozenset({"code"}), places=(place,))
        return
    whole = _whole(path, text, found, place)
    yield whole
    if found.cut or whole.cut - {"constants"}:
        affects = frozenset({"code"})
        yield Limit(path, what="template", at=FOUND_MAX, budget=FOUND_MAX, by="file", affects=affects)
    for branch in found.branches:
        yield Code(
            path,
            language=BRANCH,
            names=_words(branch.names),
            constants=tuple(clean(text[:SHOWN])[0] for text in branch.outputs),
            attributes=_words(branch.compared),
            phase="function",
            excerpt=clean(" | ".join(branch.compared)[:200])[0],
            places=(place,),
        )


def _whole(path: str, text: str, found: Reach, place: Place) -> Code:
    filters = {f"filters.{name}" for name in found.filters}
    calls = found.calls | filters
    fields = {"names": found.names, "imports": found.imports, "calls": calls, "attributes": found.attributes}
    cut = {field for field, words in fields.items() if len(words) > FOUND_MAX}
    return Code(
        path,
        language=LANGUAGE,
        names=_words(found.names),
        constants=tuple(clean(one[:SHOWN])[0] for one in list(found.constants)[:CONSTANTS_MAX]),
        imports=_words(found.imports),
        calls=_words(calls),
        attributes=_words(found.attributes),
        computed_attribute=found.computed,
        phase="function",
        excerpt=clean(text[:200])[0],
        size=len(text),
        places=(place,),
        cut=frozenset(cut | ({"constants"} if len(found.constants) > CONSTANTS_MAX else set())),
    )


def _words(words: set[str] | list[str]) -> frozenset[str]:
    return frozenset(clean(word[:SHOWN])[0] for word in sorted(words)[:FOUND_MAX])


def _read(text: str) -> Reach:
    """What is in a template. Raises `TemplateError`."""
    from jinja2 import TemplateSyntaxError

    from modelaudit.parsers.repository.reach import Reach, environment

    try:
        tree = environment().parse(text)
        found = Reach()
        found.template(tree)
    except TemplateSyntaxError as error:
        raise TemplateError(f"line {error.lineno}: {error.message}"[:200]) from None
    except (RecursionError, ValueError, MemoryError, AssertionError, OverflowError) as error:
        raise TemplateError(f"{type(error).__name__}: {error}"[:200]) from None
    return found
