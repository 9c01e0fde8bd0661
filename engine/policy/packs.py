"""`packs` and `trust` of policies that extend one another: per key the later file wins."""

from __future__ import annotations

import os

from modelaudit.engine.diagnostics import Diagnostic
from modelaudit.engine.policy.resolved import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.diagnostics import Span
    from modelaudit.engine.policy.load import PolicyFile
    from modelaudit.engine.policy.resolved import Resolved


def merge_packs(policy: Resolved, file: PolicyFile) -> None:
    """Take over which packs a file asks for. Final ones can be joined by others, and not be changed."""
    node = file.node.get("packs")
    for name, value in file.data.get("packs", {}).items() if node is not None else ():
        entry = Entry(value, node.fields[name].span, file, node.fields[name])  # type: ignore[union-attr]
        before = policy.packs.get(name)
        if "packs" in policy.final and before is not None and before.value != value:
            _loosened(policy, "packs", entry.span, f"`{name}` stays `{before.value}`")
        policy.packs[name] = entry


def merge_trust(policy: Resolved, file: PolicyFile) -> None:
    """Take over whose packs a file trusts. A final trust can lose signers, and go from `allow` to `refuse`."""
    node = file.node.get("trust")
    for key, value in file.data.get("trust", {}).items() if node is not None else ():
        inner = node.fields[key]  # type: ignore[union-attr]
        values = zip(value, inner.items, strict=True) if isinstance(value, list) else [(value, inner)]
        entries = [Entry(each, place.span, file, place, i) for i, (each, place) in enumerate(values)]
        if "trust" in policy.final:
            _check_trust(policy, key, entries, node.key_span(key))  # type: ignore[union-attr]
        policy.trust[key] = entries


def _check_trust(policy: Resolved, key: str, after: list[Entry], span: Span) -> None:
    before = policy.trust.get(key, [])
    if key == "unsigned" and after[0].value == "allow" and "allow" not in {entry.value for entry in before}:
        _loosened(policy, "trust", span, "packs without a signature stay refused")
    if key == "signers" and not {key_file(entry) for entry in after} <= {key_file(entry) for entry in before}:
        _loosened(policy, "trust", span, "no other signer can be added")


def key_file(entry: Entry) -> str:
    """The file of a public key, wherever the policies that name it stand."""
    return os.path.realpath(os.path.join(entry.file.folder, str(entry.value)))


def _loosened(policy: Resolved, key: str, span: Span, said: str) -> None:
    owner = policy.final[key].file.ident
    policy.diagnostics.append(Diagnostic("E310", f"`{key}` is final in {owner}: {said}", span, "this would loosen it"))
