"""A built-in pack as it is once its files are read, checked and compiled, as JSON that a wheel brings along.

To read and check the YAML of the core pack takes a second. The JSON is believed only while the files of the pack, and
everything of the engine that makes rules of them, are what it was made from, byte by byte; a source tree has none.
"""

from __future__ import annotations

import json
import os

from modelaudit.engine.diagnostics import Span
from modelaudit.engine.packs import files
from modelaudit.engine.packs.model import ListSource, Pack, RuleSource
from modelaudit.engine.resources import data_path
from modelaudit.engine.yaml_tree import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.engine.packs.model import Sources

    Json = Any

ENTRY = "modelaudit/prepared@1"
ENGINE = (("engine", ("**/*.py", "**/*.json", "**/*.lark")), ("schemas", ("*.json", "*.yaml")))
NAMED = ("id", "name", "tags", "aliases", "for", "severity")  # what policies and other packs may call a rule by
TOLD = ("status", "replaced_by")  # what the lint of other packs says of it


def path_of(folder: str) -> str:
    """Where the prepared form of the pack in a folder stands."""
    return f"{folder}.prepared.json"


def read(folder: str, sources: Sources) -> bool:
    """Add the pack in a folder by its prepared form; False when there is none that can be believed."""
    try:
        with open(path_of(folder), "rb") as stream:
            said = json.loads(stream.read())
        if said["entry"] != ENTRY or said["engine"] != _engine():
            return False
        stamp = files.stamp(folder, said["globs"])
        if said["sha256"] != files.digest(folder, said["globs"]):
            return False
        pack = _pack(said, folder)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    sources.packs.append(pack)
    sources.inputs.append({"folder": folder, "globs": said["globs"], "sha256": said["sha256"], "stamp": stamp})
    return True


def prepare(folder: str) -> bytes:
    """The prepared form of the built-in pack in a folder; `ValueError` when there is a mistake in it."""
    from modelaudit.engine.packs import checks, load, read
    from modelaudit.engine.packs.model import Sources

    sources = Sources()
    read.read_builtin(folder, sources)
    checks.check_rules(sources)
    document = load.compiled(sources, [])
    if any(each.level == "error" for each in sources.diagnostics) or sources.left_out or sources.notices:
        raise ValueError(f"{folder} is not ready: {[each.message for each in sources.diagnostics]}")
    (pack,), (read_from,) = sources.packs, sources.inputs
    said = {
        "entry": ENTRY,
        "engine": _engine(),
        "sha256": read_from["sha256"],
        "globs": read_from["globs"],
        "span": _place(pack.span),
        "data": pack.data,
        "lists": [_list_json(source) for source in pack.lists.values()],
        "rules": [{"span": _place(rule.span), **{key: rule.value(key) for key in NAMED + TOLD}} for rule in pack.rules],
        "compiled": {"rules": document["rules"], "patterns": document["patterns"]},
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _engine() -> str:
    """A digest over everything that makes rules of files."""
    return " ".join(files.digest(data_path(folder), globs) for folder, globs in ENGINE)


def _pack(said: Json, folder: str) -> Pack:
    data = said["data"]
    pack = Pack(data["pack"], data["version"], Span(*said["span"]), builtin=True, folder=folder)
    pack.digest, pack.data, pack.description = said["sha256"], data, data.get("description", "")
    pack.compiled = said["compiled"]
    pack.rules = [_rule(rule, pack) for rule in said["rules"]]
    pack.lists = {item["id"]: _list(item, pack.name) for item in said["lists"]}
    return pack


def _rule(said: Json, pack: Pack) -> RuleSource:
    """A rule that others can name and that is compiled already; its node has nothing but its names."""
    span = Span(*said["span"])
    aliases = Node([Node(alias, span, "plain") for alias in said["aliases"]], span, "list")
    node = Node({"id": Node(said["id"], span, "plain"), "aliases": aliases}, span, "mapping")
    return RuleSource(said["id"], said, node, pack)


def _list(said: Json, pack: str) -> ListSource:
    span = Span(*said["span"])
    items = tuple(said["items"])
    return ListSource(said["id"], pack, said["kind"], said["of"], said["fold"], items, (span,) * len(items), span)


def _list_json(source: ListSource) -> Json:
    return {
        "id": source.id,
        "span": _place(source.span),
        "kind": source.kind,
        "of": source.of,
        "fold": source.fold,
        "items": source.items,
    }


def _place(span: Span) -> tuple[str, int, int, int]:
    return span.file, span.line, span.column, span.length


def write_all(root: str) -> list[str]:
    """Prepare every built-in pack of an unpacked product; returns the files that were written."""
    from modelaudit.engine.packs.read import builtin_folders

    written = []
    for folder in builtin_folders():
        path = os.path.join(root, os.path.basename(path_of(folder)))
        with open(path, "wb") as stream:
            stream.write(prepare(folder))
        written.append(path)
    return written
