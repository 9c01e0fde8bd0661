"""Patterns as read from files, compiled into the plain JSON that runs, and their inline tests."""

from __future__ import annotations

from dataclasses import replace

from modelaudit.engine.diagnostics import Diagnostic
from modelaudit.engine.facts.likeness import fingerprint
from modelaudit.engine.lang import patterns as regexes
from modelaudit.engine.lang.compile import Compiler
from modelaudit.engine.packs.compile import line_of, macro_defs
from modelaudit.engine.validation import schema_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from modelaudit.engine.lang.lists import ListType
    from modelaudit.engine.packs.model import Pack, PatternSource, Sources
    from modelaudit.engine.yaml_tree import Node

    Json = Any

KIND = "match"  # the record that conditions of patterns see
REDACT = 4  # characters of a secret that are shown unless the pattern says otherwise


def compile_patterns(sources: Sources, types: Mapping[str, ListType]) -> list[Json]:
    """The compiled patterns of all packs; those with mistakes are left out and the mistakes reported."""
    compiled = []
    for pack in sources.packs:
        if pack.compiled is not None:
            compiled += pack.compiled["patterns"]
            continue
        compiler = Compiler(lists=types, macros=macro_defs(pack), pack=pack.name)
        for pattern in pack.patterns:
            mistakes = list(_mistakes(pattern))
            compiler.diagnostics.clear()
            doc = _compiled(pattern, pack, compiler)
            mistakes += compiler.diagnostics
            sources.diagnostics += [replace(each, note=f"pattern {pattern.id}") for each in mistakes]
            if not any(each.level == "error" for each in mistakes):
                compiled.append(doc)
    return compiled


def _compiled(pattern: PatternSource, pack: Pack, compiler: Compiler) -> Json:
    data = pattern.data
    text = data.get("like")
    known = {} if text is None else {"like": list(fingerprint(text)), "license": data.get("license", "")}
    return {
        **known,
        "id": pattern.id,
        "pack": pack.name,
        "kind": data["kind"],
        "regex": data.get("regex", ""),
        "keywords": [keyword.lower() for keyword in data.get("keywords", ())],
        "in": list(data.get("in", roles())),
        "owners": [owner.lower() for owner in data.get("owners", ())],
        "group": data.get("group", 0),
        "redact": data.get("redact", REDACT),
        "where": _condition(pattern.node.get("where"), compiler),
        "validated": _validated(pattern, compiler),
    }


def _condition(node: Node | None, compiler: Compiler) -> Json | None:
    if node is None:
        return None
    return compiler.expression([line_of(item) for item in (node.items if node.kind == "list" else [node])], KIND)


def _validated(pattern: PatternSource, compiler: Compiler) -> Json:
    said = pattern.data.get("validated", False)
    return said if isinstance(said, bool) else _condition(pattern.node.get("validated"), compiler)


def roles() -> list[str]:
    """Every role that a text can have."""
    found: list[str] = schema_of("facts")["$defs"][KIND]["properties"]["role"]["enum"]
    return found


def _mistakes(pattern: PatternSource) -> Iterator[Diagnostic]:
    """What the schema cannot see: the regular expression, the group, the outcomes of the tests."""
    if "regex" in pattern.data:
        yield from _mistakes_of_regex(pattern)
    like = pattern.node.get("like")
    if like is not None and (pattern.data["kind"] != "license" or "license" not in pattern.data):
        yield Diagnostic("E111", "`like` needs `kind: license` and the id of the licence as `license`", like.span)
    expected = {test["expect"] for test in pattern.data["tests"]}
    for word in ("match", "no-match"):
        if word not in expected:
            message = f"pattern {pattern.id} has no test that expects `{word}`"
            yield Diagnostic("E130", message, pattern.span, help="a pattern needs at least one of either")


def _mistakes_of_regex(pattern: PatternSource) -> Iterator[Diagnostic]:
    node = pattern.node.get("regex") or pattern.node
    problem = regexes.check(pattern.data["regex"])
    if problem is not None:
        span = node.place(problem.start, problem.length or len(node.text))
        yield Diagnostic(problem.code, problem.message, span, help=problem.help)
    elif pattern.data.get("group", 0) > _groups(pattern.data["regex"]):
        group = pattern.node.get("group") or pattern.node
        number = _groups(pattern.data["regex"])
        yield Diagnostic("E129", f"there is no group {group.text}, the expression has {number}", group.span)


def _groups(pattern: str) -> int:
    from modelaudit.engine.lang.regex import compile_regex

    return int(compile_regex(pattern).groups)
