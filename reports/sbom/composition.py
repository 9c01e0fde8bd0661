"""What the library does not put into a bill: how complete it is, and what depends on models that are only named.

Layout: https://cyclonedx.org/docs/1.6/json/#compositions and `#dependencies`. A file whose content was read in full is
complete, one that was read in part or not at all is incomplete, and of base models nothing but the name is known.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Json = dict[str, Any]
    Needs = dict[str, list[str]]  # `bom-ref` of a component → those of models that it is of no use without

BEHIND = ("properties", "vulnerabilities", "annotations", "formulation", "declarations", "definitions", "citations")


def compositions(covered: Iterable[tuple[str, bool]], named: Iterable[str]) -> list[Json]:
    """The compositions of components by whether they were read in full, and of those that are only named."""
    pairs = sorted(covered)
    groups = {
        "complete": [ref for ref, full in pairs if full],
        "incomplete": [ref for ref, full in pairs if not full],
        "unknown": sorted(set(named)),
    }
    return [
        {"bom-ref": f"composition-{aggregate}", "aggregate": aggregate, "assemblies": refs}
        for aggregate, refs in groups.items()
        if refs
    ]


def into_json(document: Json, made: list[Json], needs: Needs) -> Json:
    """The document with compositions and further dependencies."""
    told = {one["ref"]: one for one in document.get("dependencies", ())}
    for ref, bases in needs.items():
        one = told.setdefault(ref, {"ref": ref})
        one["dependsOn"] = sorted({*one.get("dependsOn", ()), *bases})
    dependencies = {"dependencies": [told[ref] for ref in sorted(told)]} if told else {}
    return {**document, **dependencies, **({"compositions": made} if made else {})}


def into_xml(root: ET.Element, space: str, made: list[Json], needs: Needs) -> None:
    """Give an XML document its compositions, where the schema has them, and further dependencies."""
    parent = root.find(f"{space}dependencies")
    if parent is not None:
        _dependencies(parent, space, needs)
    if made:
        _compositions(root, space, made)


def _dependencies(parent: ET.Element, space: str, needs: Needs) -> None:
    told = {child.get("ref"): child for child in parent}
    for ref, bases in sorted(needs.items()):
        one = told.get(ref)
        one = ET.SubElement(parent, f"{space}dependency", ref=ref) if one is None else one
        for base in sorted(bases):
            ET.SubElement(one, f"{space}dependency", ref=base)


def _compositions(root: ET.Element, space: str, made: list[Json]) -> None:
    parent = ET.Element(f"{space}compositions")
    for one in made:
        element = ET.SubElement(parent, f"{space}composition", {"bom-ref": one["bom-ref"]})
        ET.SubElement(element, f"{space}aggregate").text = one["aggregate"]
        assemblies = ET.SubElement(element, f"{space}assemblies")
        for ref in one["assemblies"]:
            ET.SubElement(assemblies, f"{space}assembly", ref=ref)
    behind = {f"{space}{name}" for name in BEHIND}
    at = next((at for at, child in enumerate(root) if child.tag in behind), len(root))
    root.insert(at, parent)
