"""The merge rules: what a policy keeps of the policies that it extends.

select, maturity, packs, trust, limits, gate, sources and waiver_rules: per key, the later file wins. severity:
per key of the map. deny, allow, waivers and tests unite by id, the same id twice is a mistake. ignore and final
unite. Lists are replayed, parents first.
"""

from __future__ import annotations

import os

from modelaudit.engine.diagnostics import Diagnostic
from modelaudit.engine.policy.packs import merge_packs, merge_trust
from modelaudit.engine.policy.resolved import Entry, ListChange, Resolved
from modelaudit.engine.policy.scales import (
    GATE_OTHERS,
    GATE_SCALES,
    WAIVER_SCALES,
    default_of,
    is_looser,
    size_in_bytes,
)
from modelaudit.engine.policy.where import located
from modelaudit.engine.yaml_tree import suggestion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.engine.diagnostics import Span
    from modelaudit.engine.policy.load import Chain, PolicyFile
    from modelaudit.engine.yaml_tree import Node

    Json = Any

FINAL_KEYS = (
    *("select", "ignore", "maturity", "lists", "severity", "deny", "allow", "limits", "gate"),
    *(f"gate.{key}" for key in (*GATE_SCALES, *GATE_OTHERS)),
    *("limits.max_file_size", "limits.max_total_size", "limits.max_depth", "limits.timeout", "limits.scope"),
    *("limits.max_requests", "limits.max_transfer"),
    *("sources", "sources.allow", "sources.deny", "waivers", "waiver_rules"),
    *(f"waiver_rules.{key}" for key in ("max_days", "require", "on_expired", "on_unused")),
    *("packs", "trust"),
)


def resolve(chain: Chain) -> Resolved:
    """The chain merged into one policy; what is wrong stands in its `diagnostics`."""
    merger = _Merger(Resolved(chain))
    merger.defaults()
    for file in chain.files:
        merger.add(file)
    return merger.policy


class _Merger:
    """Adds one file after another to the policy."""

    def __init__(self, policy: Resolved) -> None:
        self.policy = policy

    def defaults(self) -> None:
        self.policy.maturity = list(default_of("maturity"))
        self.policy.gate = {key: default_of("gate", key) for key in GATE_SCALES}
        self.policy.waiver_rules = {key: default_of("waiver_rules", key) for key in WAIVER_SCALES}

    def add(self, file: PolicyFile) -> None:
        """Merge one more file over what is there."""
        merge_packs(self.policy, file)
        merge_trust(self.policy, file)
        self.select(file)
        self.maturity(file)
        self.gate(file)
        self.limits(file)
        self.severity(file)
        self.lists(file)
        self.ignore(file)
        self.unite("deny", self.policy.deny, "id", file)
        self.allow(file)
        self.waiver_rules(file)
        self.waivers(file)
        self.sources(file)
        self.unite("tests", self.policy.tests, "name", file)
        self.final(file)  # last: a file is not bound by what it makes final itself

    def report(self, code: str, message: str, span: Span, label: str = "", hint: str = "") -> None:
        self.policy.diagnostics.append(Diagnostic(code, message, span, label, hint))

    def bound(self, *keys: str) -> Entry | None:
        """Who made one of these keys final, if anybody did."""
        return next((self.policy.final[key] for key in keys if key in self.policy.final), None)

    def loosened(self, key: str, owner: Entry, span: Span, said: str) -> None:
        """Report that a final key is loosened; `said` is what the later file does."""
        self.report("E310", f"`{key}` is final in {owner.file.ident}: {said}", span, "this would loosen it")

    def entries(self, file: PolicyFile, key: str) -> list[Entry]:
        """The items of a list of one file."""
        node = file.node.get(key)
        if node is None:
            return []
        values = zip(file.data[key], node.items, strict=True)
        return [Entry(value, item.span, file, item, i) for i, (value, item) in enumerate(values)]

    def select(self, file: PolicyFile) -> None:
        entries = self.entries(file, "select")
        if not entries:
            return
        owner = self.bound("select")
        written = {entry.value for entry in entries}
        for before in self.policy.select:
            if owner and "*" not in written and before.value not in written:
                said = f"`{before.value}` cannot be left out"
                self.loosened("select", owner, file.node.key_span("select"), said)
        self.policy.select = entries

    def maturity(self, file: PolicyFile) -> None:
        if "maturity" not in file.data:
            return
        owner = self.bound("maturity")
        lost = [status for status in self.policy.maturity if status not in file.data["maturity"]]
        if owner and lost:
            said = f"rules of status {', '.join(lost)} would no longer decide"
            self.loosened("maturity", owner, file.node.key_span("maturity"), said)
        self.policy.maturity = list(file.data["maturity"])

    def gate(self, file: PolicyFile) -> None:
        for key, value in file.data.get("gate", {}).items():
            if key.startswith("x-"):
                continue
            after = os.path.join(file.folder, value) if key == "baseline" else value
            self.check_scale(file, "gate", key, self.policy.gate.get(key), after)
            self.policy.gate[key] = after
            self.policy.gate_spans[key] = file.node.fields["gate"].key_span(key)

    def limits(self, file: PolicyFile) -> None:
        for key, value in file.data.get("limits", {}).items():
            number = size_in_bytes(value) if key.endswith(("_size", "_transfer")) else value
            self.check_scale(file, "limits", key, self.policy.limits.get(key), number)
            self.policy.limits[key] = number

    def waiver_rules(self, file: PolicyFile) -> None:
        for key, value in file.data.get("waiver_rules", {}).items():
            self.check_scale(file, "waiver_rules", key, self.policy.waiver_rules.get(key), value)
            self.policy.waiver_rules[key] = value

    def waivers(self, file: PolicyFile) -> None:
        owner = self.bound("waivers")
        for entry in self.entries(file, "waivers") if owner else ():
            self.loosened("waivers", owner, entry.span, "nothing can be waived")  # type: ignore[arg-type]
        self.unite("waivers", self.policy.waivers, "id", file)

    def sources(self, file: PolicyFile) -> None:
        """Where models may come from. A final list keeps every deny, and `allow` only loses patterns."""
        node = file.node.get("sources")
        for key, patterns in file.data.get("sources", {}).items() if node is not None else ():
            before = self.policy.sources.get(key)
            entries = [Entry(p, n.span, file, n) for p, n in zip(patterns, node.fields[key].items, strict=True)]  # type: ignore[union-attr]
            owner = self.bound("sources", f"sources.{key}")
            if owner and before is not None:
                self.check_sources(key, owner, before, entries, node.key_span(key))  # type: ignore[union-attr]
            self.policy.sources[key] = entries

    def check_sources(self, key: str, owner: Entry, before: list[Entry], after: list[Entry], span: Span) -> None:
        kept, said = _places(after), _places(before)
        if key == "deny" and not said <= kept:
            self.loosened("sources.deny", owner, span, "what it denies stays denied")
        if key == "allow" and not kept <= said:
            self.loosened("sources.allow", owner, span, "no other source can be added")

    def check_scale(self, file: PolicyFile, section: str, key: str, before: Json, after: Json) -> None:
        owner = self.bound(section, f"{section}.{key}")
        node = file.node.at(section, key)
        if owner and node is not None and is_looser(section, key, before, after):
            said = f"it stands at {before}" if before is not None else "it is not set"
            self.loosened(f"{section}.{key}", owner, node.span, said)

    def severity(self, file: PolicyFile) -> None:
        node = file.node.get("severity")
        if node is None:
            return
        for key, value in file.data["severity"].items():
            entry = Entry(value, node.key_span(key), file)
            self.policy.severity.setdefault(key, []).append(entry)

    def lists(self, file: PolicyFile) -> None:
        node = file.node.get("lists")
        if node is None:
            return
        for name, changes in node.fields.items():
            owner = self.bound("lists")
            span = node.key_span(name)
            if owner:
                self.loosened("lists", owner, span, f"`{name}` cannot be changed")
            self.change(file, name, span, changes)

    def change(self, file: PolicyFile, name: str, span: Span, changes: Node) -> None:
        if not changes.fields:
            self.report("E306", f"the change to list `{name}` says nothing", span, hint="append, remove or replace")
        if "replace" in changes.fields and len(changes.fields) > 1:
            self.report("E306", f"list `{name}` is replaced and changed at once", span, hint="put all into `replace`")
        for op in ("replace", "remove", "append"):
            items = changes.get(op)
            if items is not None:
                values = tuple(file.data["lists"][name][op])
                self.policy.lists.append(ListChange(name, op, values, tuple(items.items), span, file))

    def ignore(self, file: PolicyFile) -> None:
        entries = self.entries(file, "ignore")
        owner = self.bound("ignore")
        known = {entry.value for entry in self.policy.ignore}
        for entry in entries:
            if owner and entry.value not in known:
                self.loosened("ignore", owner, entry.span, f"`{entry.value}` cannot be added")
        self.policy.ignore += entries

    def allow(self, file: PolicyFile) -> None:
        owner = self.bound("allow")
        for entry in self.entries(file, "allow") if owner else ():
            self.loosened("allow", owner, entry.span, "nothing can be added")  # type: ignore[arg-type]
        self.unite("allow", self.policy.allow, "id", file)

    def unite(self, key: str, into: list[Entry], name: str, file: PolicyFile) -> None:
        """Add a file's items; the same id twice is a mistake."""
        for entry in self.entries(file, key):
            word = entry.value.get(name)
            twin = next((e for e in into if word is not None and e.value.get(name) == word), None)
            if twin is not None:
                place = f"{twin.span.file}:{twin.span.line}"
                span = entry.node.at(name).span if entry.node and entry.node.at(name) else entry.span  # type: ignore[union-attr]
                self.report("E309", f"`{word}` stands in `{key}` twice", span, f"first at {place}")
            into.append(entry)

    def final(self, file: PolicyFile) -> None:
        for entry in self.entries(file, "final"):
            if entry.value in FINAL_KEYS:
                self.policy.final.setdefault(entry.value, entry)
                continue
            label = suggestion(entry.value, FINAL_KEYS)
            hint = "" if label else f"keys: {', '.join(FINAL_KEYS)}"
            self.report("E311", f"`{entry.value}` cannot be final", entry.span, label, hint)


def _places(entries: list[Entry]) -> set[str]:
    """Patterns of sources, a relative path with the folder that it starts from."""
    return {repr(located(entry.value, entry.file.folder)) for entry in entries}
