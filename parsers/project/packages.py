"""Packages that a project asks for: where they come from when it is not the index of the user."""

from __future__ import annotations

import re
import tomllib

from modelaudit.engine.facts import Metadata, Place, Reference, clean, path_class
from modelaudit.parsers.project import LOOK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input

ITEMS_MAX = 10_000
DEPTH_MAX = 12
SHOWN = 2048
NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*+)\s*+(?:\[[^\]]*+\])?+\s*+(@|[<>=!~]=?=?|;|$|#|\()")
OPTION = re.compile(r"(-{1,2}[a-z][a-z-]*)(?:[ \t=]+(.*))?")
DIRECT = re.compile(r"(?:[a-z]+\+)?[a-z]{2,10}://\S+|\.{0,2}/\S+|git\+\S+")
COMMENT = re.compile(r"(?:^|\s)#.*$")
INDEXES = {"-i": "index-url", "-f": "find-links"}
KEPT = frozenset({"index-url", "extra-index-url", "find-links", "trusted-host"})
EDITABLE = frozenset({"-e", "--editable"})
PLACES = ("git", "url", "path", "hg", "svn")  # keys of a dependency that is a table


def parse_packages(artifact: Input, context: Context, *, project: bool) -> Iterator[Fact]:
    """A `reference` for each place that packages come from, a `requirement` for each name.

    `project` says whether the text is a `pyproject.toml` or the lines of pip.
    """
    text = artifact.reader.read_at(0, LOOK).decode("utf-8-sig", "replace")
    found = Packages(artifact.path)
    if not project:
        joined = re.sub(r"\\\r?\n", " ", text)
        for n, line in enumerate(joined.splitlines()[:ITEMS_MAX], 1):
            if n % 512 == 0:
                context.check()
            yield from found.line(line, f"/{n}")
        return
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    yield from found.project(tree)


class Packages:
    """What was asked for; each name is told once."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.seen: set[str] = set()

    def line(self, line: str, pointer: str) -> Iterator[Fact]:
        """One line of a list of requirements, or one requirement of a project."""
        line = COMMENT.sub("", line).strip()
        option = OPTION.match(line)
        if option is not None:
            yield from self.option(option[1], (option[2] or "").strip().strip("\"'"), pointer)
        elif DIRECT.match(line):
            yield self.reference("package", line.split()[0], "", "direct", pointer)
        elif (named := NAMED.match(line)) is not None:
            yield from self.named(line, named, pointer)

    def option(self, name: str, value: str, pointer: str) -> Iterator[Fact]:
        """An option of pip."""
        key = INDEXES.get(name, name.lstrip("-"))
        if key in KEPT and value:
            yield self.reference("package-index", value, "", key, pointer)
        elif name in EDITABLE and DIRECT.match(value):
            yield self.reference("package", value, "", "editable", pointer)

    def named(self, line: str, named: re.Match[str], pointer: str) -> Iterator[Fact]:
        """A requirement with a name, and the place that it may come from."""
        name = re.sub(r"[-_.]+", "-", named[1]).lower()
        kind = {"@": "direct", "==": "pinned", "===": "pinned", ";": "any", "": "any", "#": "any"}.get(
            named[2], "range"
        )
        if name not in self.seen and len(self.seen) < ITEMS_MAX:
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
            for item in _list(items)[:ITEMS_MAX]:
                if isinstance(item, str):
                    yield from self.line(item, "/project/dependencies")
        yield from self.tools(_table(tree, "tool"), "/tool", 0)

    def tools(self, table: dict[str, Any], pointer: str, depth: int) -> Iterator[Fact]:
        """Dependencies and indexes in the tables of tools."""
        for key, value in table.items() if depth < DEPTH_MAX else ():
            here = f"{pointer}/{key}"[:SHOWN]
            inner = value if isinstance(value, list) else [value]
            for one in inner[:ITEMS_MAX]:
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


def _table(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - any value
    return value if isinstance(value, list) else []
