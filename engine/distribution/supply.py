"""The packs that take part: those of a policy, and for each built-in one the version that is in use.

The packs that came with the product are always there. An installed `core` takes the place of the built-in one
while it is whole, signed by whom it was installed for, made for this engine and not older.
"""

from __future__ import annotations

import os

from modelaudit.engine.diagnostics import Diagnostic, DiagnosticsError
from modelaudit.engine.distribution import active, lock, places
from modelaudit.engine.distribution.candidates import Builtin, Candidate, Present
from modelaudit.engine.distribution.errors import PackError, UntrustedError
from modelaudit.engine.distribution.vetting import Vetting
from modelaudit.engine.packs import manifest, read, versions
from modelaudit.engine.packs.model import Sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.diagnostics import Span
    from modelaudit.engine.packs.model import Pack
    from modelaudit.engine.policy.resolved import Entry, Resolved

FILE = "file:"


class Supply:
    """Reads packs into sources, for a policy or for none."""

    def __init__(
        self, sources: Sources, policy: Resolved | None = None, *, locked: bool = True, prepared: bool = False
    ) -> None:
        self.sources = sources
        self.prepared = prepared  # built-in packs may come as they were compiled beforehand
        self.wanted: dict[str, Entry] = policy.packs if policy is not None else {}
        self.vetting = Vetting(policy, sources)
        self.origins: dict[str, str] = {}  # of each pack read: built-in | installed | file:PATH
        self.lock = self.read_lock(policy) if locked else None

    def read_lock(self, policy: Resolved | None) -> lock.Lock | None:
        """The lock beside the policy that was asked for; built-in policies have none."""
        if policy is None or policy.ident.startswith("builtin:"):
            return None
        found = lock.read(places.lock_file(policy.chain.policy.path))
        self.sources.diagnostics.extend(found.diagnostics if found else ())
        return found if found and not found.diagnostics else None

    def read_packs(self) -> None:
        """Add the built-in packs and those of the policy; what keeps one out is a diagnostic at its place."""
        folders = {os.path.basename(folder): folder for folder in read.builtin_folders()}
        for name in dict.fromkeys([*folders, *self.wanted]):
            entry = self.wanted.get(name)
            if entry is not None and entry.value.startswith(FILE):
                self.read_file(name, entry, folders.get(name))
            elif entry is None or self.is_range(entry):
                self.read_best(name, entry, folders.get(name))
        self.check_lock()

    def report(self, code: str, message: str, span: Span | None, label: str = "", hint: str = "") -> None:
        """Add a mistake of the policy or its lock; without its key a pack is not called untrusted too."""
        if code == "E324" and any(each.code == "E325" for each in self.sources.diagnostics):
            return
        self.sources.diagnostics.append(Diagnostic(code, message, span, label, hint))

    def is_range(self, entry: Entry) -> bool:
        """Whether an entry of `packs` reads as a range (E320)."""
        try:
            versions.in_range("0", entry.value)
        except versions.VersionError as error:
            hint = "write a range such as `>=1.0,<2`, or a place such as `file:./packs/acme`"
            self.report("E320", str(error), _span(entry), hint=hint)
            return False
        return True

    # Packs by range

    def read_best(self, name: str, entry: Entry | None, builtin: str | None) -> None:
        """Add the version of a pack to use: the locked one, else the active one, else the built-in one."""
        candidates = self.candidates(name, builtin)
        if not candidates:
            message = f"pack `{name}` is not installed"
            hint = f"install it with `modelaudit packs update`, or name its folder: `{name}: 'file:./packs/{name}'`"
            self.report("E321", message, _span(entry), hint=hint)
            return
        fitting = [each for each in candidates if entry is None or versions.in_range(each.version, entry.value)]
        if not fitting and entry is not None:
            there = ", ".join(f"{each.version} ({each.origin})" for each in candidates)
            self.report("E322", f"no version of `{name}` fits `{entry.value}`", _span(entry), f"there is {there}")
            return
        order = self.by_lock(name, fitting)
        for candidate in order:
            if self.take(candidate, last=candidate is order[-1]):
                return

    def candidates(self, name: str, builtin: str | None) -> list[Candidate]:
        """The versions of a pack that are here, the one that is used without a lock first."""
        found: list[Candidate] = []
        try:
            current = active.read(name)
        except PackError as error:
            current = None
            self.sources.notices.append(f"{error}; {_instead(builtin)}")
        if current is not None:
            found.append(Present(current.now))
        if builtin is not None:
            own = Builtin(builtin, prepared=self.prepared)
            newer = current is not None and versions.version_key(own.version) > versions.version_key(
                current.now.version
            )
            found.insert(0 if newer else 1, own)
        if current is not None and current.before is not None and self.lock and name in self.lock.packs:
            found.append(Present(current.before))
        return found

    def by_lock(self, name: str, candidates: list[Candidate]) -> list[Candidate]:
        """The candidate that the lock names first, if it is here."""
        locked = self.lock.packs.get(name) if self.lock else None
        exact = [each for each in candidates if locked is not None and each.digest == locked.sha256]
        return exact or candidates

    def take(self, candidate: Candidate, *, last: bool) -> bool:
        """Read one candidate; what cannot be used leaves a notice, or a mistake when nothing else is left."""
        self.sources.inputs.extend(candidate.inputs())
        found = Sources()
        try:
            candidate.check()
            if isinstance(candidate, Present):
                self.vetting.installed(candidate.installed)
            candidate.read(found)
        except PackError as error:
            return self.pass_over(candidate, str(error), last=last)
        left_out = found.notices[:1] if not found.packs else []
        reasons = [*left_out, *(d.message for d in found.diagnostics if d.level == "error")]
        if isinstance(candidate, Present) and not last and reasons:
            return self.pass_over(candidate, reasons[0], last=False)
        _join(self.sources, found)
        for pack in found.packs:
            self.origins[pack.name] = candidate.origin
        return True

    def pass_over(self, candidate: Candidate, why: str, *, last: bool) -> bool:
        """Say why a candidate is not used; returns whether the search ends with it."""
        if last:
            self.report("E324", why, _span(self.wanted.get(candidate.name)), hint="see `modelaudit packs verify`")
            return True
        self.sources.notices.append(f"installed pack {candidate.name} {candidate.version} is not used: {why}")
        return False

    # Packs by place

    def read_file(self, name: str, entry: Entry, builtin: str | None) -> None:
        """Add the pack in the folder that the policy names."""
        folder = os.path.join(entry.file.folder, entry.value.removeprefix(FILE))
        if not os.path.isfile(os.path.join(folder, manifest.NAME)):
            said = "is an archive" if os.path.isfile(folder) else f"holds no {manifest.NAME}"
            hint = "name the folder of a pack, relative to the policy; archives are for `modelaudit packs update`"
            self.report("E321", f"`{entry.value.removeprefix(FILE)}` {said}", _span(entry), hint=hint)
            return
        found = Sources()
        try:
            self.vetting.folder(folder, name, builtin)
        except UntrustedError as error:
            self.report("E324", str(error), _span(entry))
            return
        except DiagnosticsError as error:
            self.sources.diagnostics.extend(error.diagnostics)
            return
        read.read_folder(folder, found, shown=places.shown(folder), builtin=builtin is not None)
        for pack in found.packs:
            if pack.name != name:
                self.report("E321", f"the pack in that folder is `{pack.name}`, not `{name}`", _span(entry))
                return
            self.origins[pack.name] = entry.value
        _join(self.sources, found)

    # Packs of the command line

    def vet(self, packs: list[Pack]) -> None:
        """Whether the policy takes the packs that the command line names (E324)."""
        for pack in packs:
            if why := self.vetting.user(pack):
                self.report("E324", why, pack.span, hint="`trust` of the policy says so")

    # The lock

    def check_lock(self) -> None:
        """Whether every pack is the one that the lock names (E323)."""
        if self.lock is not None:
            for pack in self.sources.packs:
                self.check_locked(pack, self.lock)

    def check_locked(self, pack: Pack, found: lock.Lock) -> None:
        """Report a pack that the lock does not name, or not as it is here."""
        locked = found.packs.get(pack.name)
        hint = "if the change is wanted, run `modelaudit packs pin` again and review the lock"
        if locked is None:
            self.report("E323", f"pack `{pack.name}` is not in the lock", found.span, hint=hint)
        elif locked.sha256 != pack.digest:
            here = f"{pack.version} ({self.origins.get(pack.name, pack.folder)})"
            message = f"pack `{pack.name}` is not the one of the lock: {locked.version} was locked, here is {here}"
            self.report("E323", message, locked.span, f"its digest is {pack.digest[:16]}…", hint)


def _span(entry: Entry | None) -> Span | None:
    return entry.node.span if entry is not None and entry.node is not None else None


def _instead(builtin: str | None) -> str:
    return "the built-in pack is used" if builtin else "it is not used"


def _join(sources: Sources, found: Sources) -> None:
    """Add what was read apart."""
    sources.packs += found.packs
    sources.left_out += found.left_out
    sources.diagnostics += found.diagnostics
    sources.notices += found.notices
    sources.incomplete |= found.incomplete
    sources.inputs += found.inputs
