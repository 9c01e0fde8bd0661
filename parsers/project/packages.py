"""Packages that a project asks for: where they come from when it is not the index of the user."""

from __future__ import annotations

import re
import tomllib

from modelaudit.engine.facts import Limit, Metadata, Place, Reference, clean, path_class
from modelaudit.parsers.project import LOOK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input

ITEMS_MAX = 10_000
PROJECT_MAX = 512 * 1024  # bytes of a TOML text: its parser takes five hundred for each
DEPTH_MAX = 12
SHOWN = 2048
NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*+)\s*+(?:\[[^\]]*+\])?+\s*+(@|[<>=!~]=?=?|;|$|#|\()")
WORD = re.compile(r"""(?:[^\s"']|"[^"]*+"|'[^']*+'|["'])++""")
DIRECT = re.compile(r"(?:[a-z]+\+)?[a-z]{2,10}://\S+|\.{0,2}/\S+|git\+\S+")
COMMENT = re.compile(r"(?:^|\s)#.*$")
SHORT = {"i": "index-url", "f": "find-links", "e": "editable", "r": "requirement", "c": "constraint"}
VALUED = (  # options with a value; pip takes the beginning of a name for the whole, as long as it fits one alone
    *("index-url", "pypi-url", "extra-index-url", "find-links", "trusted-host", "editable", "requirement"),
    *("constraint", "no-binary", "only-binary", "use-feature", "hash", "global-option", "config-settings"),
)
FLAGS = ("no-index", "pre", "prefer-binary", "require-hashes")
SAME = {"pypi-url": "index-url"}
KEPT = frozenset({"index-url", "extra-index-url", "find-links", "trusted-host"})
LISTS = frozenset({"requirement", "constraint"})
FACTS = frozenset({"metadata", "reference"})
TOML_INTEGER = re.compile(r"[0-9_]{2000}")
TOML_KEY = re.compile(r"""(?:\.[ \t]*+(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+){20}""")  # no key has so many parts
PLACES = ("git", "url", "path", "hg", "svn")  # keys of a dependency that is a table


def parse_packages(artifact: Input, context: Context, *, project: bool) -> Iterator[Fact]:
    """A `reference` for each place that packages come from, a `requirement` for each name.

    `project` says whether the text is a `pyproject.toml` or the lines of pip.
    """
    most = PROJECT_MAX if project else LOOK
    text = artifact.reader.read_at(0, most).decode("utf-8-sig", "replace")
    if artifact.reader.size > most:
        yield _limit(artifact.path, "size", artifact.reader.size, most)
    found = Packages(artifact.path)
    if project:
        yield from _project(artifact.path, text, found)
    else:
        joined = re.sub(r"\\\r?\n", " ", text)
        for n, line in enumerate(joined.splitlines(), 1):
            if n % 512 == 0:
                context.check()
            yield from found.line(line, f"/{n}")
    if found.full:
        yield _limit(artifact.path, "packages", ITEMS_MAX, ITEMS_MAX)


def _project(path: str, text: str, found: Packages) -> Iterator[Fact]:
    """What a TOML text asks for; what is no TOML is refused by the tools as well."""
    if TOML_KEY.search(text) or TOML_INTEGER.search(text):  # the library would take them, at great length
        yield _limit(path, "length", len(text), LOOK)
        return
    try:
        tree = tomllib.loads(text)
    except RecursionError:
        yield _limit(path, "depth", DEPTH_MAX, DEPTH_MAX)
    except ValueError:
        return
    else:
        yield from found.project(tree)


def _limit(path: str, what: str, at: int, budget: int) -> Limit:
    return Limit(path, what=what, at=at, budget=budget, by="file", affects=FACTS)


class Packages:
    """What was asked for; each name is told once."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.seen: set[str] = set()
        self.full = False  # not everything is told

    def line(self, line: str, pointer: str) -> Iterator[Fact]:
        """One line of a list of requirements, or one requirement of a project."""
        line = COMMENT.sub("", line).strip()
        if line.startswith("-"):
            for name, value in options(line):
                yield from self.option(name, value, pointer)
        elif DIRECT.match(line):
            yield self.reference("package", line.split()[0], "", "direct", pointer)
        elif (named := NAMED.match(line)) is not None:
            yield from self.named(line, named, pointer)

    def option(self, name: str, value: str, pointer: str) -> Iterator[Fact]:
        """An option of pip."""
        if name in KEPT and value:
            yield self.reference("package-index", value, "", name, pointer)
        elif name == "editable" and DIRECT.match(value):
            yield self.reference("package", value, "", "editable", pointer)
        elif name in LISTS and "://" in value:
            yield self.reference("package", value, "", name, pointer)

    def named(self, line: str, named: re.Match[str], pointer: str) -> Iterator[Fact]:
        """A requirement with a name, and the place that it may come from."""
        name = re.sub(r"[-_.]+", "-", named[1]).lower()
        kind = {"@": "direct", "==": "pinned", "===": "pinned", ";": "any", "": "any", "#": "any"}.get(
            named[2], "range"
        )
        self.full = self.full or len(self.seen) >= ITEMS_MAX
        if name not in self.seen and not self.full:
            self.seen.add(name)
            yield Metadata(
                self.path, key="requirement", value=name[:SHOWN], type=kind, places=(Place(pointer=pointer),)
            )
        target = line[named.end() :].split()
        if kind == "direct" and target:
            yield self.reference("package", target[0], name, "direct", pointer)

    def project(self, tree: dict[str, Any]) -> Iterator[Fact]:
        """What a `pyproject.toml` asks for, in the tables of its standard and of common tools."""
        build = _table(tree, "build-system")
        for item in _list(build.get("requires")):
            yield from self.line(str(item), "/build-system/requires")
        for item in _list(build.get("backend-path")):
            place = (Place(pointer="/build-system/backend-path"),)
            yield Metadata(
                self.path, key="build-backend-path", value=clean(str(item)[:SHOWN])[0], type="str", places=place
            )
        project = _table(tree, "project")
        groups = {**_table(project, "optional-dependencies"), **_table(tree, "dependency-groups")}
        for items in [project.get("dependencies"), *groups.values()]:
            for item in _list(items):
                if isinstance(item, str):
                    yield from self.line(item, "/project/dependencies")
        yield from self.tools(_table(tree, "tool"), "/tool", 0)

    def tools(self, table: dict[str, Any], pointer: str, depth: int) -> Iterator[Fact]:
        """Dependencies and indexes in the tables of tools."""
        if depth >= DEPTH_MAX:
            self.full = True
            return
        for key, value in table.items():
            here = f"{pointer}/{key}"[:SHOWN]
            inner = value if isinstance(value, list) else [value]
            for one in inner:
                if isinstance(one, dict):
                    yield from self.dependency(key, one, here)
                    yield from self.tools(one, here, depth + 1)
                elif isinstance(one, str) and key in KEPT:
                    yield self.reference("package-index", one, "", key, here)

    def dependency(self, key: str, value: dict[str, Any], pointer: str) -> Iterator[Fact]:
        """A table that says where a package, or where packages, come from."""
        is_index = key in ("index", "source", "sources") and isinstance(value.get("url"), str)
        if is_index:
            yield self.reference("package-index", value["url"], "", key, pointer)
        elif "dependencies" in pointer or "sources" in pointer:
            for place in PLACES:
                if isinstance(value.get(place), str):
                    yield self.reference("package", value[place], key, place, pointer)

    def reference(self, kind: str, target: str, owner: str, key: str, pointer: str) -> Reference:
        """A place that packages come from."""
        shown, lossy = clean(target[:SHOWN])
        classes = path_class(target[:SHOWN])
        return Reference(
            self.path,
            target=shown,
            kind=kind,
            owner=clean(owner[:SHOWN])[0],
            key=clean(key[:SHOWN])[0],
            path_class=classes,
            places=(Place(pointer=clean(pointer)[0]),),
            lossy=lossy,
        )


def options(line: str) -> Iterator[tuple[str, str]]:
    """The options of a line under their whole names, with their values."""
    words = iter(WORD.findall(line))
    for word in words:
        written = word.replace('"', "").replace("'", "")
        if written.startswith("--"):
            name, sign, value = written[2:].partition("=")
            name = _whole(name)
            if not sign and name in VALUED:
                value = next(words, "").strip("\"'")
            yield SAME.get(name, name), value
        elif written[:1] == "-" and written[1:2] in SHORT:
            value = written[2:].removeprefix("=") or next(words, "").strip("\"'")
            yield SHORT[written[1]], value


def _whole(name: str) -> str:
    fits = [one for one in (*VALUED, *FLAGS) if one.startswith(name)]
    return name if name in fits or len(fits) != 1 else fits[0]


def _table(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - any value
    return value if isinstance(value, list) else []
