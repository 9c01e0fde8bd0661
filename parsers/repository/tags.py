"""What tags of YAML resolve: PyYAML's `python/…`, and the names that other languages' loaders take for classes.

PyYAML: `yaml/constructor.py`, `python/name:`, `python/module:`, `python/object:`, `python/object/new:` and
`python/object/apply:`. SnakeYAML takes every global tag for a class, Ruby's Psych `!ruby/…`.
"""

from __future__ import annotations

import re

from modelaudit.engine.facts import Import, clean
from modelaudit.parsers.dotted import dotted_import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.facts import Place

GLOBAL = "tag:yaml.org,2002:"
PYTHON = re.compile(r"(?:tag:yaml\.org,2002:|!)python/(name|module|object(?:/\w+)?):(.+)")
RUBY = re.compile(r"(?:tag:yaml\.org,2002:|tag:ruby\.yaml\.org,2002:|!)ruby/(\w+)(?::(.+))?")
CLASS = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_$][\w$]*)+")
SHOWN = 1024  # characters


def tag_import(path: str, tag: str, place: Place) -> Import | None:
    """The import that a tag stands for, None for a tag that only names a type of the document."""
    found = PYTHON.fullmatch(tag)
    if found is not None:
        return _import(path, found[2], place, called=found[1].startswith("object"))
    found = RUBY.fullmatch(tag)
    if found is not None:
        return _import(path, f"ruby.{found[2] or found[1]}", place, called=True)
    if tag.startswith(GLOBAL) and CLASS.fullmatch(tag[len(GLOBAL) :]):
        return _import(path, tag[len(GLOBAL) :], place, called=True)
    return None


def _import(path: str, target: str, place: Place, *, called: bool) -> Import:
    qualname = clean(target[:SHOWN])[0]
    return dotted_import(path, qualname, place, opcode="yaml-tag", called=called)
