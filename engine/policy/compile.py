"""The merged policy as compiled JSON: denies as rules, allows as programs, and how each rule stands."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

from modelaudit.engine.diagnostics import Diagnostic
from modelaudit.engine.packs import checks
from modelaudit.engine.packs import compile as rules_compiler
from modelaudit.engine.packs.model import Pack, RuleSource, Sources
from modelaudit.engine.policy import standing
from modelaudit.engine.policy.exceptions import check_baseline, compile_waivers, policy_sources
from modelaudit.engine.policy.lists import full_name
from modelaudit.engine.policy.load import CHANGES
from modelaudit.engine.policy.packs import key_file
from modelaudit.engine.policy.patterns import matching, names_deny
from modelaudit.engine.yaml_tree import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from modelaudit.engine.diagnostics import Span
    from modelaudit.engine.lang.lists import ListType
    from modelaudit.engine.policy.load import PolicyFile
    from modelaudit.engine.policy.resolved import Entry, Resolved
    from modelaudit.engine.yaml_tree import Lines

    Json = Any

_UNASKED = "W301"  # why, fix and references are not expected of a deny


def compile_policy(policy: Resolved, sources: Sources, document: Json) -> Json:
    """The compiled document with the policy in it; mistakes are added to the policy's diagnostics."""
    types = rules_compiler.list_types(sources.lists)
    denies = _denies(policy, sources, types)
    named = [_named(rule) for rule in (*sources.rules, *sources.left_out)]  # those that do not run are named too
    allows = _allows(policy, types, named, denies)
    standing.check_names(policy, named, denies)
    waivers = compile_waivers(policy, named, denies)
    check_baseline(policy)
    rules = standing.stand(policy, document["rules"], denies)
    standing.check_final_severity(policy, [rule for rule in rules if rule["source"] != "deny"])
    if sources.incomplete:
        policy.diagnostics[:] = map(_eased, policy.diagnostics)
    notes = [d for d in policy.diagnostics if d.level == "warning"]
    return {
        **document,
        "rules": rules,
        "notices": [*document["notices"], *map(_notice, notes)],
        "policy": _policy_json(policy, allows, waivers),
    }


def _eased(diagnostic: Diagnostic) -> Diagnostic:
    """A name that names nothing is no error where it may be of a pack that is left out as too new."""
    return replace(diagnostic, level="warning") if diagnostic.code in ("E305", "E308") else diagnostic


def _policy_json(policy: Resolved, allows: list[Json], waivers: list[Json]) -> Json:
    return {
        "policy": policy.ident,
        "version": policy.version,
        "digest": policy.chain.digest,
        "chain": list(policy.names),
        "select": [entry.value for entry in policy.select] or ["*"],
        "ignore": [entry.value for entry in policy.ignore],
        "maturity": policy.maturity,
        "severity": {key: said[-1].value for key, said in policy.severity.items()},
        "lists": {f"{change.name} {change.op}": len(change.items) for change in policy.lists},
        "allow": allows,
        "gate": policy.gate,
        "limits": policy.limits,
        "final": list(policy.final),
        "tests": [entry.value for entry in policy.tests],
        "waivers": waivers,
        "waiver_rules": policy.waiver_rules,
        "sources": policy_sources(policy),
        "trust": {
            key: [key_file(entry) if key == "signers" else entry.value for entry in said]
            for key, said in policy.trust.items()
        },
    }


def add_items(policy: Json, items: Mapping[str, Sequence[str]]) -> None:
    """Have a compiled policy tell what options put at the end of lists of the core pack: it is then another policy."""
    added = {name: list(more) for name, more in sorted(items.items()) if more}
    if not added:
        return
    text = json.dumps([policy["digest"], CHANGES, added])
    policy["digest"] = sha256(text.encode()).hexdigest()
    policy["chain"] = list(dict.fromkeys([*policy["chain"], f"{CHANGES}@1"]))
    for name, more in added.items():
        change = f"{name} append"
        policy["lists"][change] = policy["lists"].get(change, 0) + len(more)


def _notice(warning: Diagnostic) -> str:
    span = warning.span
    return f"{span.file}:{span.line}: {warning.message}" if span else warning.message


def _named(rule: RuleSource) -> Json:
    """What patterns need to know of a rule."""
    return {
        **{key: rule.value(key) for key in ("id", "name", "tags", "aliases", "for", "severity")},
        "pack": rule.pack.name,
    }


# Denies


def _denies(policy: Resolved, sources: Sources, types: Mapping[str, ListType]) -> list[Json]:
    """The denies of the chain as compiled rules."""
    packs = _packs(policy.deny, _deny_source)
    checked = Sources(packs=[*sources.packs, *packs])
    checks.check_rules(checked)
    files = {pack.span.file for pack in packs}
    policy.diagnostics += [d for d in checked.diagnostics if d.span and d.span.file in files and d.code != _UNASKED]
    compiled = _compiled(policy, packs, types)
    overridable = {entry.value["id"]: bool(entry.value.get("overridable")) for entry in policy.deny}
    for rule in compiled:
        rule |= {"source": "deny", "overridable": overridable[rule["id"]]}
    return compiled


def _deny_source(entry: Entry, pack: Pack) -> RuleSource:
    """A deny as a rule: what it may leave out is filled in."""
    given = entry.value
    data = {
        "name": given["id"].lower().replace("_", "-"),
        "version": entry.file.version,
        "status": "stable",
        "confidence": "proved",
        **given,
    }
    return RuleSource(given["id"], data, _with_message(entry), pack)


def _with_message(entry: Entry) -> Node:
    """The deny's node; a deny without a message says its title."""
    node = _node(entry)
    title = node.get("title")
    if node.get("message") is not None or title is None:
        return node
    text = title.text.replace("{", "{{").replace("}", "}}")
    filled = Node({**node.fields, "message": Node(text, title.span, title.style, title.lines)}, *_place(node))
    filled.key_spans = node.key_spans
    return filled


def _place(node: Node) -> tuple[Span, str, Lines]:
    return node.span, node.style, node.lines


def _node(entry: Entry) -> Node:
    assert entry.node is not None  # noqa: S101 - entries of lists always have one
    return entry.node


# Allows


def _allows(
    policy: Resolved, types: Mapping[str, ListType], named: Sequence[Json], denies: Sequence[Json]
) -> list[Json]:
    """The allows of the chain, each with the ids of the rules that it is about."""
    programs = {doc["id"]: doc for doc in _compiled(policy, _packs(policy.allow, _allow_source), types)}
    made = []
    for entry in policy.allow:
        ids = [id for index in range(len(entry.value["rules"])) for id in _allowed(policy, entry, index, named, denies)]
        source = entry.source("allow")
        if source in programs:
            program = programs[source]
            made.append(
                {
                    "rules": list(dict.fromkeys(ids)),
                    "for": entry.value["for"],
                    "when": program["when"],
                    "reads": program["reads"],
                    "reason": entry.value["reason"],
                    "source": source,
                }
            )
    return made


def _allow_source(entry: Entry, pack: Pack) -> RuleSource:
    source = entry.source("allow")
    return RuleSource(source, {**entry.value, "id": source}, _node(entry), pack)


def _allowed(
    policy: Resolved, entry: Entry, index: int, named: Sequence[Json], denies: Sequence[Json]
) -> Iterable[str]:
    """The ids of the rules that one pattern of an allow names, those about its kind of fact."""
    pattern = entry.value["rules"][index]
    place = _node(entry).at("rules", index)
    span = place.span if place else entry.span
    if any(names_deny(pattern, deny) for deny in denies):
        message = f"`{pattern}` is a deny, which no allow touches"
        policy.diagnostics.append(Diagnostic("E317", message, span, help="write an `unless` into the deny itself"))
        return []
    if not standing.check_pattern(policy, pattern, span, named, ()):
        return []
    rules = matching(pattern, named)
    kind = entry.value["for"]
    fitting = [rule["id"] for rule in rules if rule["for"] == kind]
    if not fitting:
        kinds = " and ".join(sorted({rule["for"] for rule in rules}))
        message = f"`{pattern}` is about {kinds} facts, this allow is for {kind} facts"
        policy.diagnostics.append(Diagnostic("E318", message, span, help=f"write `for: {rules[0]['for']}`"))
    return fitting


# Both


def _packs(entries: Sequence[Entry], source: Callable[[Entry, Pack], RuleSource]) -> list[Pack]:
    """The entries as rules of packs, one for each policy file that has any."""
    packs: dict[str, Pack] = {}
    for entry in entries:
        file = entry.file
        pack = packs.setdefault(file.path, Pack(file.ident, str(file.version), _name_span(file)))
        pack.rules.append(source(entry, pack))
    return list(packs.values())


def _name_span(file: PolicyFile) -> Span:
    name = file.node.get("policy")
    return name.span if name is not None else file.node.span


def _compiled(policy: Resolved, packs: list[Pack], types: Mapping[str, ListType]) -> list[Json]:
    """The rules of the policy's own packs, compiled; a list name alone is looked for in the packs."""
    found = []
    for pack in packs:
        aliases = _aliases(pack.name, types)
        sources = Sources(packs=[pack])
        known = {**types, **{alias: types[full] for alias, full in aliases.items()}}
        compiled = rules_compiler.compile_rules(sources, known)
        policy.diagnostics += [replace(d, note=d.note.removeprefix("rule ")) for d in sources.diagnostics]
        found += [_renamed(rule, aliases) for rule in compiled]
    return found


def _aliases(pack: str, types: Mapping[str, ListType]) -> dict[str, str]:
    """For each list that a policy may name without its pack: how the compiler will call it, and its full name."""
    aliases = {}
    for full in types:
        name = full.rpartition(".")[2]
        target = full_name(name, types)
        if target is not None:
            aliases[f"{pack}.{name}"] = target
    return aliases


def _renamed(value: Json, names: Mapping[str, str]) -> Json:
    """Plain JSON with the names of lists replaced."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    return value
