"""From `--policy` and `--rules` to a rule set that runs: from the cache when nothing changed, else compiled."""

from __future__ import annotations

import os
from hashlib import sha256

import modelaudit
from modelaudit.engine.distribution import places
from modelaudit.engine.packs import cache as entries
from modelaudit.engine.packs import files
from modelaudit.engine.resources import data_path
from modelaudit.engine.ruleset import FORMAT, Ruleset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from modelaudit.engine.diagnostics import Diagnostic
    from modelaudit.engine.packs.model import Sources
    from modelaudit.engine.policy.resolved import Resolved

    Json = Any

# What turns files into a compiled rule set: a change in any of it makes every cache entry stale.
_ENGINE = (
    ("engine",),
    ("engine", "derived"),
    ("engine", "distribution"),
    ("engine", "index"),
    ("engine", "lang"),
    ("engine", "packs"),
    ("engine", "policy"),
    ("schemas",),
    ("rules",),
)

# What cannot be told while a pack is missing: which rules and lists there are, which entries do nothing.
_NEEDS_PACKS = frozenset({"E118", "E209", "E305", "E308", "W351", "W352", "W353"})
# And while a policy is missing: which packs are trusted and locked, what findings are compared with.
_NEEDS_POLICIES = frozenset({"E323", "E324", "E335", "W354"})


def load_ruleset(
    policy: str | None = None,
    rules: Sequence[str] = (),
    *,
    cache: bool = True,
    lists: Mapping[str, Sequence[str]] | None = None,
    strict: bool = False,
    changes: str = "",
) -> Ruleset:
    """The rule set of the built-in packs and those at `rules` under a policy, as `--policy` names it.

    `lists` are items that are put at the end of lists of the core pack, after the changes of the policy. `strict` and
    `changes` are policies before and after it, see `load_chain`.
    Refuses unknown names and missing paths with a `UsageError`, and files with mistakes with one
    `DiagnosticsError` that has all of them.
    """
    request = _request(policy, rules, lists or {})
    if strict or changes:
        request |= {"strict": strict, "changes": changes}
    if cache:
        found = _revived(entries.load(request))
        if found is not None:
            return found
    document, inputs = _undisturbed(policy, rules, lists or {}, strict=strict, changes=changes)
    if cache and entries.unchanged(inputs):
        entries.store(request, inputs, document)
    return Ruleset.from_json(document)


def _undisturbed(
    policy: str | None, rules: Sequence[str], lists: Mapping[str, Sequence[str]], *, strict: bool, changes: str
) -> tuple[Json, list[Json]]:
    """As `build`, with few searches for garbage: next to nothing of what is made on the way is any."""
    import gc

    before = gc.get_threshold()
    gc.set_threshold(max(before[0], 100_000), *before[1:])
    try:
        return build(policy, rules, lists, strict=strict, changes=changes)
    finally:
        gc.set_threshold(*before)


def gather(
    rules: Sequence[str] = (), *, builtin: bool = True, policy: Resolved | None = None, prepared: bool = False
) -> Sources:
    """The packs at these paths, after the built-in ones and those of a policy, read and checked but not compiled.

    With `prepared` built-in packs may come as they were compiled beforehand, without what only their authors need.
    """
    from modelaudit.engine.distribution.supply import Supply
    from modelaudit.engine.packs import checks, read
    from modelaudit.engine.packs.asked import Asked
    from modelaudit.engine.packs.model import Sources

    sources = Sources()
    supply = Supply(sources, policy, prepared=prepared)
    if builtin:
        supply.read_packs()
    supplied = len(sources.packs)
    seen: set[str] = set()
    for path in Asked(rules).own:
        real = os.path.realpath(read.locate(path))
        if real not in seen:
            seen.add(real)
            read.read_user(path, sources)
    supply.vet(sources.packs[supplied:])
    checks.check_rules(sources)
    return sources


def build(
    policy: str | None = None,
    rules: Sequence[str] = (),
    lists: Mapping[str, Sequence[str]] | None = None,
    *,
    strict: bool = False,
    changes: str = "",
) -> tuple[Json, list[Json]]:
    """The compiled document of a request, and the inputs that it was made from.

    Every mistake in every file is reported at once, as a `DiagnosticsError`.
    """
    from modelaudit.engine.index import build as index
    from modelaudit.engine.policy.compile import add_items, compile_policy
    from modelaudit.engine.policy.lists import extend, replay
    from modelaudit.engine.policy.load import load_chain
    from modelaudit.engine.policy.merge import resolve

    chain = load_chain(policy, strict=strict, changes=changes)
    resolved = resolve(chain) if chain.files else None
    sources = gather(rules, policy=resolved, prepared=True)
    gap = _missing_part(chain.diagnostics, sources.diagnostics)
    diagnostics = [*chain.diagnostics, *sources.diagnostics]
    if resolved is not None:
        replay(resolved, sources.packs)
    extend(sources.packs, lists or {})
    document = compiled(sources, diagnostics)
    if resolved is not None:
        document = compile_policy(resolved, sources, document)
        add_items(document["policy"], lists or {})
        diagnostics += resolved.diagnostics
    raise_errors([each for each in diagnostics if each.code not in gap])
    allows = document["policy"]["allow"]
    document["index"] = index.build(document["rules"], document["lists"], allows, document["patterns"])
    inputs = [*sources.inputs, *({"path": path, "sha256": digest} for path, digest in chain.inputs)]
    return document, inputs


def compiled(sources: Sources, diagnostics: list[Diagnostic]) -> Json:
    """The packs as a compiled document that lacks only its policy; mistakes are added to the diagnostics."""
    from modelaudit.engine.packs import compile as compiler
    from modelaudit.engine.packs.patterns import compile_patterns

    before = len(sources.diagnostics)
    lists = compiler.compile_lists(sources.lists, sources.diagnostics)
    types = compiler.list_types(sources.lists)
    rules = compiler.compile_rules(sources, types)
    patterns = compile_patterns(sources, types)
    diagnostics += sources.diagnostics[before:]
    return {
        "format": FORMAT,
        "engine": modelaudit.__version__,
        "packs": compiler.neutral(sources.packs),
        "notices": list(sources.notices),
        "incomplete": sources.incomplete,
        "lists": lists,
        "rules": rules,
        "patterns": patterns,
    }


def _missing_part(chain: Sequence[Diagnostic], packs: Sequence[Diagnostic]) -> frozenset[str]:
    """The codes that are not told: what looks like a mistake may name something of a policy or pack that is missing."""
    if any(diagnostic.level == "error" for diagnostic in chain):
        return _NEEDS_PACKS | _NEEDS_POLICIES
    return _NEEDS_PACKS if any(diagnostic.code.startswith("E32") for diagnostic in packs) else frozenset()


def raise_errors(diagnostics: Sequence[Diagnostic]) -> None:
    """Refuse when there is an error among the diagnostics, with all of them, errors first."""
    if any(diagnostic.level == "error" for diagnostic in diagnostics):
        from modelaudit.engine.diagnostics import DiagnosticsError, in_order

        raise DiagnosticsError(in_order(diagnostics))


def _request(policy: str | None, rules: Sequence[str], lists: Mapping[str, Sequence[str]]) -> Json:
    """What a cache entry must have been made for."""
    word = policy or "default"
    file = bool(set(word) & {"/", ".", os.sep})
    return {
        "format": FORMAT,
        "engine": modelaudit.__version__,
        "stamp": _stamp(),
        "policy": os.path.abspath(word) if file else word,
        # Two files that need not be there: which `core` is in use, and the lock of the policy.
        "core": files.file_digest(places.active_file("core")),
        "lock": files.file_digest(places.lock_file(word)) if file else "",
        "rules": [os.path.realpath(path) for path in rules],
        "lists": {name: list(items) for name, items in lists.items()},
    }


def _stamp() -> str:
    """A digest that changes when any file of the engine does, by name, size and time."""
    total = sha256()
    for parts in _ENGINE:
        with os.scandir(data_path(*parts)) as folder:
            files = sorted((entry.name, entry.stat()) for entry in folder if not entry.name.startswith("_"))
        for name, found in files:
            size = found.st_size if "." in name else 0  # the size of a folder says nothing
            total.update(f"{name} {size} {found.st_mtime_ns if size else 0}\n".encode())
    return total.hexdigest()


def _revived(document: Json | None) -> Ruleset | None:
    """The rule set of a cache entry, None when it is not shaped like one."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        return None
    try:
        return Ruleset.from_json(document)
    except (KeyError, TypeError, AttributeError, ValueError):
        return None
