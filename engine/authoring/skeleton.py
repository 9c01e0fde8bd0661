"""A first version of a rule about any kind of fact: it compiles, its tests pass, and comments say what to change."""

from __future__ import annotations

from modelaudit.engine import validation
from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs.checks import kinds
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Json = Any

EXAMPLE, OTHER = "acme.example", "something.else"
_HEADER = ("places", "n", "unknown", "cut", "lossy", "artifact", "fact")

_TEMPLATE = """\
# yaml-language-server: $schema={schema}
schema: modelaudit/rules@1
rules:
  - id: {id}  # never reused; a rule that is renamed keeps its former id under `aliases`
    name: {slug}  # what people type
    version: 1  # one more at every change of when, unless or severity
    title: Our models never need this {kind}  # one line: what was found
    status: experimental  # experimental reports only; then test, then stable
    severity: warning  # critical | warning | info | debug
    confidence: likely  # proved | likely | possible (never above warning)
    # formats: [pickle-family]  # only artifacts of these formats or families; every format when absent
    for: {kind}
    # What can be read of one {kind}; `docs/reference/facts.md` says more:
{fields}
    when:  # every line must hold
      - '{condition}'
    message: '{message}'
    why: Say here what an attacker, or an accident, could do.
    fix: Say here what the reader of a finding should do.
    references: ['https://example.com/why']
    tests:  # at least one match and one no-match; `modelaudit rules test FILE` runs them
      - name: what we look for
        facts: {bad}
        expect: match
      - name: what is fine
        facts: {good}
        expect: no-match
"""


def skeleton(id: str, kind: str, schema: str = "rules.schema.json") -> str:
    """The text of a rule file with one rule; `schema` is where an editor finds the JSON Schema of rules.

    A kind that is not there, or an id that no rule can have, is a `UsageError`.
    """
    if kind not in kinds():
        near = suggestion(kind, kinds())
        raise UsageError(f"there is no fact kind `{kind}`; {near or 'kinds: ' + ', '.join(kinds())}")
    _check_id(id)
    properties = validation.schema_of("facts")["$defs"][kind]["properties"]
    field, bad, good = _example(kind, properties)
    return _TEMPLATE.format(
        id=id,
        slug=id.lower().replace("_", "-").strip("-"),
        kind=kind,
        schema=schema,
        fields=_fields(kind, properties),
        condition=f"{kind}.{field} == {bad}",
        message=f"{kind} {{{kind}.{field}}}",
        bad=_facts(kind, field, bad),
        good=_facts(kind, field, good),
    )


def _check_id(id: str) -> None:
    import re

    schema = validation.schema_of("rules")["$defs"]["rule"]["properties"]["id"]
    if not re.search(schema["pattern"], id):
        raise UsageError(f"`{id}` cannot be a rule id: letters, digits, `-` and `_`")
    if re.match(r"MA(?![A-Za-z])", id, re.IGNORECASE):
        raise UsageError(
            f"`{id}` is reserved: ids that begin with `MA` belong to built-in packs; choose one such as ACME-1"
        )


def _example(kind: str, properties: Mapping[str, Json]) -> tuple[str, str, str]:
    """A field that every fact of the kind has, and two constants for it."""
    required = validation.schema_of("facts")["$defs"][kind]["required"]
    named = [name for name in required if name not in _HEADER]
    subject = validation.schema_of("facts")["$defs"][kind].get("x-subject", "")
    for name in sorted(named, key=lambda name: name != subject):
        schema = properties[name]
        if schema.get("type") == "string" and len(schema.get("enum", ())) > 1:
            return name, f'"{schema["enum"][0]}"', f'"{schema["enum"][1]}"'
        if schema.get("type") == "string" and "enum" not in schema:
            return name, f'"{EXAMPLE}"', f'"{OTHER}"'
    for name in named:
        if properties[name].get("type") == "integer":
            return name, "1", "2"
    return "n", "1", "2"


def _facts(kind: str, field: str, constant: str) -> str:
    fields = f"{{{field}: {constant}}}"
    if kind == "artifact":
        return f"{{artifact: {fields}}}"
    collection = validation.schema_of("facts")["$defs"][kind]["x-collection"]
    return f"{{{collection}: [{fields}]}}"


def _fields(kind: str, properties: Mapping[str, Json]) -> str:
    """A comment line for each field, with the first sentence of its description."""
    names = [name for name in properties if name not in _HEADER]
    width = max(len(name) for name in names)
    return "\n".join(f"    #   {kind}.{name:<{width}}  {_said(properties[name])}" for name in names)


def _said(schema: Json) -> str:
    said = " ".join(str(schema.get("description", "")).split())
    return said if len(said) <= 90 else said[:87] + "…"
