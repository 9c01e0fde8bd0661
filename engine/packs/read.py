"""Packs from disk: a folder with a manifest, or one rule file that stands for a pack."""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import replace

from modelaudit.engine import validation, yaml_tree
from modelaudit.engine.diagnostics import MAX_IN_FILE, Diagnostic, Span, Tally
from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs import files, manifest
from modelaudit.engine.packs.model import ListSource, MacroSource, Pack, PatternSource, RuleSource
from modelaudit.engine.resources import data_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.packs.model import Sources
    from modelaudit.engine.yaml_tree import Node

    Json = Any


def builtin_folders() -> list[str]:
    """The folders of the packs that come with the product."""
    root = data_path("rules")
    names = sorted(os.listdir(root)) if os.path.isdir(root) else []
    folders = [os.path.join(root, name) for name in names]
    return [folder for folder in folders if os.path.isfile(os.path.join(folder, manifest.NAME))]


def locate(path: str) -> str:
    """The file to begin with for a path that a user gave: a manifest or a rule file.

    Refuses what is not there, or is a folder without a manifest, as a usage error.
    """
    if os.path.isdir(path):
        inner = os.path.join(path, manifest.NAME)
        if not os.path.isfile(inner):
            raise UsageError(
                f"{path} holds no {manifest.NAME}: give the folder of a pack, its {manifest.NAME} or a rule file"
            )
        return inner
    if not os.path.exists(path):
        raise UsageError(f"rule pack {path} does not exist")
    return path


def read_builtin(folder: str, sources: Sources) -> None:
    """Add a built-in pack."""
    shown = f"rules/{os.path.basename(folder)}/{manifest.NAME}"
    nodes = _read(os.path.join(folder, manifest.NAME), shown, sources)
    for node in nodes[:1]:
        _Reader(sources, folder, f"rules/{os.path.basename(folder)}").pack(node, builtin=True)


def read_folder(folder: str, sources: Sources, *, shown: str = "", builtin: bool = False) -> None:
    """Add the pack in a folder that was checked before; `builtin` for one that stands for a built-in pack."""
    shown = shown or folder
    for node in _read(os.path.join(folder, manifest.NAME), os.path.join(shown, manifest.NAME), sources)[:1]:
        _Reader(sources, os.path.realpath(folder), shown).pack(node, builtin=builtin)


def read_user(path: str, sources: Sources) -> None:
    """Add the pack that a user named: a folder, a manifest or a single rule file."""
    file = locate(path)
    real = os.path.realpath(file)
    nodes = _read(file, file, sources)
    folder, shown = os.path.dirname(real), os.path.dirname(file)
    reader = _Reader(sources, folder, shown)
    if nodes and _schema(nodes[0]).startswith("modelaudit/pack"):
        reader.pack(nodes[0], builtin=False)
        return
    sources.inputs.append({"path": real, "sha256": files.file_digest(real)})
    reader.bare(file, real, nodes)


def _schema(node: Node) -> str:
    schema = node.get("schema")
    return schema.text if schema is not None else ""


def _read(path: str, shown: str, sources: Sources) -> list[Node]:
    nodes, problems = yaml_tree.read(path, shown)
    sources.diagnostics.extend(problems)
    if not nodes and not problems:
        sources.diagnostics.append(Diagnostic("E111", "the file is empty: `schema` is missing", Span(shown, 1, 1)))
    return nodes


class _Reader:
    """Reads the files of one pack."""

    def __init__(self, sources: Sources, folder: str, shown: str) -> None:
        self.sources = sources
        self.folder = folder
        self.shown = shown  # the folder as messages name it

    def report(self, code: str, message: str, span: Span, label: str = "", hint: str = "") -> None:
        self.sources.diagnostics.append(Diagnostic(code, message, span, label, hint))

    def pack(self, node: Node, *, builtin: bool) -> None:
        """Read a pack by its manifest."""
        data = manifest.read_manifest(node, self.sources)
        covered = manifest.covered(data) if data is not None else [manifest.NAME]
        stamp = {"stamp": files.stamp(self.folder, covered)} if builtin else {}
        digest = files.digest(self.folder, covered)
        self.sources.inputs.append({"folder": self.folder, "globs": covered, "sha256": digest, **stamp})
        if data is None:
            return
        name = node.get("pack") or node
        pack = Pack(data["pack"], data["version"], name.span, builtin, self.folder, digest=digest, data=data)
        pack.description = data.get("description", "")
        for part, take in self.parts():
            for path in manifest.part_files(node, data, part, self.folder, self.sources):
                shown = os.path.join(self.shown, path) if self.shown else path
                for document in self.documents(_read(os.path.join(self.folder, path), shown, self.sources)):
                    take(document, pack)
        self.sources.packs.append(pack)

    def parts(self) -> tuple[tuple[str, Callable[[Node, Pack], None]], ...]:
        """What a manifest names, in the order in which it is read."""
        return ("lists", self.lists), ("macros", self.macros), ("patterns", self.patterns), ("rules", self.rules)

    def bare(self, file: str, real: str, nodes: Sequence[Node]) -> None:
        """Make a pack of a single rule file, named after the file."""
        if not nodes:
            return
        name = self.free_name(os.path.splitext(os.path.basename(file))[0])
        pack = Pack(name, "0", Span(file, 1, 1), folder=self.folder, digest=files.file_digest(real))
        for node in self.documents(nodes):
            self.rules(node, pack)
        self.sources.packs.append(pack)

    def documents(self, nodes: Sequence[Node]) -> Iterator[Node]:
        """The documents of a file, until it has more mistakes than are told."""
        tally = Tally(self.sources.diagnostics)
        return itertools.takewhile(lambda node: not tally.full(node.span.file), nodes)

    def free_name(self, stem: str) -> str:
        """A pack name made from a file's name, with a number where it is taken."""
        name = re.sub(r"[^a-z0-9_-]+", "-", stem.lower()).strip("-") or "rules"
        name = name if name[0].isalpha() else f"rules-{name}"
        taken = {pack.name for pack in self.sources.packs}
        number = 2
        chosen = name
        while chosen in taken:
            chosen = f"{name}-{number}"
            number += 1
        return chosen

    def rules(self, node: Node, pack: Pack) -> None:
        """Add the rules of a file; one that is too new is left out before the schema sees it."""
        if not manifest.is_ours(node, "rules", self.sources):
            return
        listed = node.get("rules")
        if listed is not None and listed.items:
            kept = [item for item in listed.items if self.admitted(item, pack)]
            if not kept:
                return
            listed.data = kept
        data, mistakes = validation.check(node, "rules")
        broken = {path[1] for path, _ in mistakes if len(path) > 1}
        if len(mistakes) > MAX_IN_FILE and listed is not None:  # the last ones were not looked at
            broken.update(range(len(listed.items)))
        for path, mistake in sorted(mistakes, key=lambda pair: _line(pair[1])):
            self.sources.diagnostics.append(_noted(mistake, node.at(*path[:2]) if len(path) > 1 else None))
        if any(len(path) < 2 for path, _ in mistakes):  # the file itself, not one rule
            return
        for index, item in enumerate(listed.items if listed is not None else ()):
            if index in broken:
                self.sources.left_out.append(_known_by_name(item, pack))
            else:
                pack.rules.append(RuleSource(data["rules"][index]["id"], data["rules"][index], item, pack))

    def admitted(self, rule: Node, pack: Pack) -> bool:
        """Whether a rule is for this engine; one that is not stays known by name."""
        fits = manifest.fits(rule, _name(rule), self.sources)
        if not fits:
            self.sources.left_out.append(_known_by_name(rule, pack))
        return fits

    def lists(self, node: Node, pack: Pack) -> None:
        """Add the lists of a file."""
        data = self.document(node, "lists")
        if data is None:
            return
        for index, item in enumerate(data["lists"]):
            found = node.at("lists", index)
            if found is not None:
                self.add_list(found, item, pack)

    def add_list(self, node: Node, data: Mapping[str, Json], pack: Pack) -> None:
        name, ident = data["id"], node.get("id") or node
        if name in pack.lists:
            first = pack.lists[name].span
            self.report("E123", f"list `{name}` is defined twice", ident.span, f"first in {first.file}:{first.line}")
            return
        if data["kind"] == "shapes" and (data["of"], data.get("fold", "none")) != ("dotted", "none"):
            kind = node.get("kind") or node
            self.report("E127", "a list of kind `shapes` is `of: dotted`, without folding", kind.span)
            return
        items = node.get("items") or node
        if not self.rows_fit(data["kind"], items):
            return
        spans = tuple((item.get("key") or item).span for item in items.items)
        fold = data.get("fold", "none")
        pack.lists[name] = ListSource(
            name, pack.name, data["kind"], data["of"], fold, tuple(data["items"]), spans, ident.span
        )

    def rows_fit(self, kind: str, items: Node) -> bool:
        """Whether the entries are rows in a table and strings elsewhere (E127)."""
        wanted = "mapping" if kind == "table" else "scalar"
        misfits = [item for item in items.items if item.kind != wanted]
        for item in misfits[: MAX_IN_FILE + 1]:
            said = "rows such as `{key: os.system}`" if kind == "table" else "strings"
            self.report("E127", f"a list of kind `{kind}` holds {said}", item.span)
        return not misfits

    def macros(self, node: Node, pack: Pack) -> None:
        """Add the macros of a file."""
        data = self.document(node, "macros")
        listed = node.get("macros")
        if data is None or listed is None:
            return
        for signature, value in listed.fields.items():
            name = signature.partition("(")[0].strip()
            span = listed.key_span(signature)
            if name in pack.macros:
                first = pack.macros[name].span
                self.report("E124", f"macro `{name}` is defined twice", span, f"first in {first.file}:{first.line}")
                continue
            pack.macros[name] = MacroSource(signature, value.text, span, value)

    def patterns(self, node: Node, pack: Pack) -> None:
        """Add the patterns of a file."""
        data = self.document(node, "patterns")
        for index, item in enumerate(data["patterns"] if data is not None else ()):
            found = node.at("patterns", index) or node
            ident = found.get("id") or found
            first = next((each for each in pack.patterns if each.id == item["id"]), None)
            if first is not None:
                where = f"first in {first.span.file}:{first.span.line}"
                self.report("E128", f"pattern `{item['id']}` is defined twice", ident.span, where)
                continue
            pack.patterns.append(PatternSource(item["id"], item, found, ident.span))

    def document(self, node: Node, kind: str) -> Json | None:
        """A whole file as typed data, None when it is left out or has mistakes."""
        if not manifest.is_ours(node, kind, self.sources):
            return None
        data, mistakes = yaml_tree.validate(node, kind)
        self.sources.diagnostics.extend(mistakes)
        return None if mistakes else data


def _name(rule: Node) -> str:
    ident = rule.get("id")
    return f"rule {ident.text}" if ident is not None else f"a rule in {rule.span.file}"


def _known_by_name(rule: Node, pack: Pack) -> RuleSource:
    """A rule that does not run: what others may call it by, whatever else its file says."""
    said = {key: node.text for key, node in rule.fields.items() if key in ("id", "name", "for", "severity")}
    lists = {key: [item.text for item in node.items] for key, node in rule.fields.items() if key in ("tags", "aliases")}
    data = {"id": "", "name": "", "for": "", "severity": "info", **said, **lists}
    return RuleSource(said.get("id", ""), data, rule, pack)


def _noted(mistake: Diagnostic, rule: Node | None) -> Diagnostic:
    """The mistake with the rule that it is in."""
    return replace(mistake, note=_name(rule)) if rule is not None and rule.get("id") is not None else mistake


def _line(mistake: Diagnostic) -> tuple[int, int]:
    return (mistake.span.line, mistake.span.column) if mistake.span else (0, 0)
