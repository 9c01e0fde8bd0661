"""Pack manifests, and the ranges that say which engine a pack or rule is for."""

from __future__ import annotations

import os

import modelaudit
from modelaudit.engine import validation, yaml_tree
from modelaudit.engine.diagnostics import Diagnostic
from modelaudit.engine.packs import files, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from modelaudit.engine.packs.model import Sources
    from modelaudit.engine.yaml_tree import Node

    Json = Any

NAME = "pack.yaml"
PARTS = ("rules", "lists", "macros", "patterns")


def facts_version() -> str:
    """Version of the facts schema, which `facts:` ranges are compared with."""
    return str(validation.schema_of("facts")["version"])


def is_ours(node: Node, kind: str, sources: Sources) -> bool:
    """Whether a document is a `modelaudit/<kind>@1` file.

    A later version of the format is left out with a notice; anything else is a mistake (E106, E111).
    """
    if node.kind != "mapping":
        sources.diagnostics.append(Diagnostic("E112", "expected a mapping at the top of the file", node.span))
        return False
    schema = node.get("schema")
    wanted = f"modelaudit/{kind}@1"
    if schema is None:
        hint = f"begin the file with `schema: {wanted}`"
        sources.diagnostics.append(Diagnostic("E111", "`schema` is missing", node.span, help=hint))
        return False
    name, _, version = schema.text.partition("@")
    if name == f"modelaudit/{kind}" and version.isdigit() and int(version) > 1:
        skip(sources, f"{schema.span.file}: {schema.text} is newer than this version reads; the file is left out")
        return False
    if schema.text != wanted:
        hint = "a policy is for `--policy` and `modelaudit policy`" if name == "modelaudit/policy" else ""
        message = f"expected `schema: {wanted}`, found `{schema.text}`"
        sources.diagnostics.append(Diagnostic("E106", message, schema.span, help=hint))
        return False
    return True


def skip(sources: Sources, notice: str) -> None:
    """Note that something is left out as too new, which makes the scan incomplete."""
    sources.notices.append(notice)
    sources.incomplete = True


def fits(node: Node, what: str, sources: Sources) -> bool:
    """Whether the `engine:` and `facts:` ranges of a manifest or rule admit this version.

    Read before the schema, so that keys of a later version do no harm; what does not fit is left out with a
    notice. A range that does not read as one is a mistake (E107).
    """
    admitted = True
    for key, version in (("engine", modelaudit.__version__), ("facts", facts_version())):
        wanted = node.get(key)
        if wanted is None or wanted.kind != "scalar":
            continue
        try:
            if versions.in_range(version, wanted.text):
                continue
        except versions.VersionError as error:
            sources.diagnostics.append(Diagnostic("E107", str(error), wanted.span, help="such as `>=1.0,<2`"))
        else:
            subject = "modelaudit" if key == "engine" else "facts"
            skip(sources, f"{what} is left out: it needs {subject} {wanted.text}, this is {version}")
        admitted = False
    return admitted


def read_manifest(node: Node, sources: Sources) -> Mapping[str, Json] | None:
    """The manifest as typed data, None when the pack is left out or has mistakes."""
    if not is_ours(node, "pack", sources):
        return None
    name = node.get("pack")
    if not fits(node, f"pack {name.text if name else node.span.file}", sources):
        return None
    data, mistakes = yaml_tree.validate(node, "pack")
    sources.diagnostics.extend(mistakes)
    before = len(sources.diagnostics)
    for part in PARTS:
        _check_globs(node.get(part), sources)
    return data if not mistakes and len(sources.diagnostics) == before else None


def globs(data: Mapping[str, Json], part: str) -> list[str]:
    """The globs of one part of a manifest."""
    said = data.get(part, [])
    return [said] if isinstance(said, str) else list(said)


def covered(data: Mapping[str, Json]) -> list[str]:
    """Every glob of a manifest, with the manifest itself."""
    return [NAME, *(glob for part in PARTS for glob in globs(data, part))]


def _check_globs(node: Node | None, sources: Sources) -> None:
    if node is None:
        return
    for glob in node.items if node.kind == "list" else [node]:
        if files.escapes(glob.text):
            hint = "globs are relative to the manifest and use `/`"
            sources.diagnostics.append(
                Diagnostic("E108", f"`{glob.text}` leaves the pack's folder", glob.span, help=hint)
            )


def part_files(node: Node, data: Mapping[str, Json], part: str, folder: str, sources: Sources) -> list[str]:
    """The files of one part of a pack, relative to its folder; a glob that covers none is a mistake (E108)."""
    found: dict[str, None] = {}
    for glob in globs(data, part):
        paths = files.matching(folder, [glob])
        if not paths:
            sources.diagnostics.append(
                Diagnostic(
                    "E108", f"no file matches `{glob}` in {os.path.basename(folder)}/", _glob(node, part, glob).span
                )
            )
        found.update(dict.fromkeys(path for path in paths if path != NAME))
    return sorted(found)


def _glob(node: Node, part: str, glob: str) -> Node:
    value = node.get(part) or node
    return next((item for item in value.items if item.text == glob), value)
