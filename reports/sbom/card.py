"""The model card of a component, as CycloneDX has it: made as plain data, put into JSON or XML.

Layout: https://cyclonedx.org/docs/1.6/json/#components_items_modelCard and the XML schema's `modelCardType`.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from modelaudit.reports.escape import visible
from modelaudit.reports.sbom import composition
from modelaudit.reports.sbom.fields import hub_name
from modelaudit.reports.sbom.hub import dataset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from modelaudit.engine.document import Description
    from modelaudit.reports.sbom.fields import Fields

    Json = dict[str, Any]

PROPERTY = "modelaudit:"
BEFORE_CARD = ("modelCard", "data", "cryptoProperties", "tags", "signature")  # what may only stand behind it in XML


def model_card(said: Description, fields: Fields) -> Json:
    """The model card, empty when the artifact says nothing for it."""
    parameters: Json = {}
    for name, field in (("task", "task"), ("architectureFamily", "family"), ("modelArchitecture", "architecture")):
        value = fields.value(said, field)
        if value is not None:
            parameters[name] = visible(value)
    datasets = [visible(hub_name(value)) for value in fields.values(said, "datasets")]
    if datasets:
        parameters["datasets"] = [dataset(name) for name in dict.fromkeys(datasets)]
    properties = _properties(said, fields)
    return {
        **({"modelParameters": parameters} if parameters else {}),
        **({"properties": properties} if properties else {}),
    }


def completed(card: Json, other: Json) -> Json:
    """The card with what only the other one says."""
    parameters = {**other.get("modelParameters", {}), **card.get("modelParameters", {})}
    properties = list(card.get("properties", ()))
    properties += [item for item in other.get("properties", ()) if item not in properties]
    return {
        **({"modelParameters": parameters} if parameters else {}),
        **({"properties": properties} if properties else {}),
    }


def _properties(said: Description, fields: Fields) -> list[Json]:
    pairs = [(f"base-model:{key}", value) for key, value in fields.pairs(said, "base_model")]
    pairs += [(f"quantisation:{key}", value) for key, value in fields.pairs(said, "quantisation")]
    pairs += [(f"quantisation:tensor-type:{dtype}", dtype) for dtype in said.dtypes]
    pairs += [(f"card:{key}", value) for key, value in fields.pairs(said, "other")]
    return [{"name": visible(f"{PROPERTY}{name}"), "value": visible(value)} for name, value in dict.fromkeys(pairs)]


def into_json(document: Json, cards: Mapping[str, Json]) -> Json:
    """Give every component its card, by `bom-ref`; the document is changed."""
    waiting = [*document.get("components", ()), document.get("metadata", {}).get("component", {})]
    while waiting:
        component = waiting.pop()
        card = cards.get(component.get("bom-ref", ""))
        if card:
            component["modelCard"] = card
        waiting += component.get("components", ())
    return document


def into_xml(text: str, cards: Mapping[str, Json], compositions: list[Json], needs: dict[str, list[str]]) -> str:
    """The XML document with the cards, compositions and further dependencies."""
    root = ET.fromstring(text)  # noqa: S314 - written by ourselves a moment ago
    space = root.tag.partition("}")[0] + "}"
    ET.register_namespace("", space[1:-1])
    for component in list(root.iter(f"{space}component")):
        card = cards.get(component.get("bom-ref", ""))
        if card:
            element = _element(space, card)
            behind = {f"{space}{name}" for name in BEFORE_CARD}
            at = next((at for at, child in enumerate(component) if child.tag in behind), len(component))
            component.insert(at, element)
    composition.into_xml(root, space, compositions, needs)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _element(space: str, card: Json) -> ET.Element:
    made = ET.Element(f"{space}modelCard")
    given = card.get("modelParameters")
    if given:
        parameters = ET.SubElement(made, f"{space}modelParameters")
        for name in ("task", "architectureFamily", "modelArchitecture"):
            if name in given:
                ET.SubElement(parameters, f"{space}{name}").text = given[name]
        if "datasets" in given:
            listed = ET.SubElement(parameters, f"{space}datasets")
            for item in given["datasets"]:
                element = ET.SubElement(listed, f"{space}dataset")
                ET.SubElement(element, f"{space}type").text = item["type"]
                ET.SubElement(element, f"{space}name").text = item["name"]
                if "contents" in item:
                    contents = ET.SubElement(element, f"{space}contents")
                    ET.SubElement(contents, f"{space}url").text = item["contents"]["url"]
    if card.get("properties"):
        properties = ET.SubElement(made, f"{space}properties")
        for item in card["properties"]:
            ET.SubElement(properties, f"{space}property", name=item["name"]).text = item["value"]
    return made
