"""`modelaudit.lock`, which stands beside a policy and says exactly which packs it was approved with."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from modelaudit.engine import yaml_tree
from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.distribution.errors import PackError
from modelaudit.engine.distribution.places import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelaudit.engine.diagnostics import Diagnostic, Span

SCHEMA = "modelaudit/lock@1"


@dataclass(frozen=True, slots=True)
class Locked:
    """One pack of a lock: its version, its digest, and where it came from."""

    version: str
    sha256: str
    source: str  # built-in | installed | file:PATH
    span: Span | None = None  # of the digest


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock as read from its file."""

    path: str
    packs: Mapping[str, Locked]
    span: Span | None = None  # of the packs
    diagnostics: tuple[Diagnostic, ...] = ()


def read(path: str) -> Lock | None:
    """The lock at a path, None when there is none; what is wrong in it stands in its diagnostics."""
    if not os.path.lexists(path):
        return None
    nodes, problems = yaml_tree.read(path, shown(path))
    if problems or not nodes:
        if not problems:
            raise PackError(f"{shown(path)} is empty: make it with `modelaudit packs pin`")
        return Lock(path, {}, None, tuple(problems))
    data, problems = yaml_tree.validate(nodes[0], "lock")
    node = nodes[0].get("packs")
    if problems or node is None:
        return Lock(path, {}, None, tuple(problems))
    found = {}
    for name, said in data["packs"].items():
        digest = node.at(name, "sha256")
        span = digest.span if digest is not None else node.span
        found[name] = Locked(said["version"], said["sha256"], said["from"], span)
    return Lock(path, found, nodes[0].key_span("packs"))


def whole(path: str) -> Lock | None:
    """The lock at a path, None when there is none; a lock with mistakes is refused with a `DiagnosticsError`."""
    found = read(path)
    if found is not None and found.diagnostics:
        raise DiagnosticsError(found.diagnostics)
    return found


def text(packs: Mapping[str, Locked]) -> str:
    """The text of a lock: one pack after another by name, so that a difference is easy to read."""
    said = {
        name: {"version": each.version, "sha256": each.sha256, "from": each.source}
        for name, each in sorted(packs.items())
    }
    return json.dumps({"schema": SCHEMA, "packs": said}, indent=2, ensure_ascii=False) + "\n"
