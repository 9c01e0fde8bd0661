"""The packs of a policy, those that are installed and those that came with the product."""

from __future__ import annotations

import os
from dataclasses import dataclass

from modelaudit.engine.diagnostics import DiagnosticsError
from modelaudit.engine.distribution import active, archive, lock, places, signature
from modelaudit.engine.distribution import contents as packs
from modelaudit.engine.distribution.candidates import BUILTIN, INSTALLED, Builtin
from modelaudit.engine.distribution.errors import PackError
from modelaudit.engine.distribution.install import Floor
from modelaudit.engine.distribution.supply import Supply
from modelaudit.engine.distribution.trust import ALLOW, Trust, check_signature
from modelaudit.engine.distribution.vetting import Vetting
from modelaudit.engine.errors import UsageError
from modelaudit.engine.packs import read
from modelaudit.engine.packs.model import Sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelaudit.engine.distribution.active import Installed
    from modelaudit.engine.packs.model import Pack
    from modelaudit.engine.policy.resolved import Resolved


@dataclass(frozen=True, slots=True)
class Line:
    """One pack: where it is from, and a remark such as `active`, or what is wrong with it."""

    name: str
    version: str
    digest: str
    origin: str  # built-in | installed | file:PATH
    place: str
    remark: str = ""
    problem: str = ""

    @property
    def unchecked(self) -> bool:
        """Whether nothing was there to check it against: it came with the product and no policy uses it."""
        return self.origin == BUILTIN and not self.remark and not self.problem


@dataclass(frozen=True, slots=True)
class Chosen:
    """The packs that take part under a policy."""

    packs: tuple[Pack, ...]
    origins: dict[str, str]
    notices: tuple[str, ...]


def resolve(policy: str | None) -> Resolved | None:
    """A policy as `--policy` names it, merged; None for none. Mistakes are a `DiagnosticsError`."""
    if policy is None:
        return None
    from modelaudit.engine.packs.load import raise_errors
    from modelaudit.engine.policy.load import load_chain
    from modelaudit.engine.policy.merge import resolve as merge

    chain = load_chain(policy)
    raise_errors(chain.diagnostics)
    merged = merge(chain)
    raise_errors(merged.diagnostics)
    return merged


def chosen(policy: Resolved | None, *, locked: bool = True) -> Chosen:
    """The packs that a scan under a policy would use; `locked` says whether the lock has a word."""
    from modelaudit.engine.packs import checks
    from modelaudit.engine.packs.load import raise_errors

    sources = Sources()
    supply = Supply(sources, policy, locked=locked)
    supply.read_packs()
    checks.check_rules(sources)
    raise_errors(sources.diagnostics)
    return Chosen(tuple(sources.packs), supply.origins, tuple(sources.notices))


def lines(policy: Resolved | None) -> list[Line]:
    """Every pack that is here: in use, built-in, installed."""
    used = chosen(policy)
    found = [Line(p.name, p.version, p.digest, used.origins[p.name], p.folder, "in use") for p in used.packs]
    here = {os.path.realpath(line.place) for line in found}
    found += [line for line in (*_builtin(), *_installed()) if os.path.realpath(line.place) not in here]
    return sorted(found, key=lambda line: (line.name, line.remark != "in use"))


def _builtin() -> Iterator[Line]:
    for folder in read.builtin_folders():
        pack = Builtin(folder)
        yield Line(pack.name, pack.version, pack.digest, BUILTIN, folder)


def _installed() -> Iterator[Line]:
    for name in active.installed_packs():
        try:
            current = active.read(name)
        except PackError as error:
            yield Line(name, "", "", INSTALLED, places.pack_folder(name), problem=str(error))
            continue
        if current is not None:
            yield _line(current.now, "active")
        if current is not None and current.before is not None:
            yield _line(current.before, "kept to go back to")


def _line(installed: Installed, remark: str) -> Line:
    return Line(installed.pack, installed.version, installed.digest, INSTALLED, installed.folder, remark)


def floor(pack: str, policy: str | None) -> Floor | None:
    """What the lock beside a policy, or without a policy the one in the working folder, says of a pack."""
    if policy is not None and not os.path.isfile(policy):
        return None
    path = places.lock_file(policy) if policy is not None else os.path.abspath(places.LOCK)
    found = lock.whole(path)
    locked = found.packs.get(pack) if found is not None else None
    return Floor(locked.version, places.shown(path)) if locked is not None else None


def trust_of(policy: Resolved | None, signers: Sequence[str], unsigned: str) -> Trust:
    """The trust of a policy joined by the key files of the command line.

    `unsigned` counts where the policy says nothing. Refuses files that hold no key.
    """
    from modelaudit.engine.packs.load import raise_errors

    sources = Sources()
    vetting = Vetting(policy, sources)
    keys = (*vetting.keys(), *(signature.read_public(path) for path in signers))
    raise_errors(sources.diagnostics)
    return Trust(keys, vetting.unsigned if vetting.speaks else unsigned)


def pin(policy: str) -> tuple[str, dict[str, lock.Locked], dict[str, lock.Locked]]:
    """What a new lock of a policy file holds: its path, the packs of the lock before, and those of now.

    Packs that other policies of the same folder use stay as they were locked.
    """
    from modelaudit.engine.policy.load import is_builtin

    if is_builtin(policy):
        raise UsageError(f"`{policy}` is a built-in policy: a lock stands beside a policy file")
    used = chosen(resolve(policy), locked=False)
    path = places.lock_file(policy)
    old = lock.read(path)
    before = dict(old.packs) if old is not None else {}
    now = {p.name: lock.Locked(p.version, p.digest, used.origins[p.name]) for p in used.packs}
    return path, before, {**before, **now}


def verify(word: str | None, policy: Resolved | None, signers: Sequence[str]) -> list[Line]:
    """Whether packs are what they should be: one by name, an archive or folder, or all that are here.

    A word without slash or dot is a name.
    """
    if word is not None and (set(word) & {"/", ".", os.sep}):
        return [_verify_path(word, trust_of(policy, signers, ALLOW))]
    found = [_verified(line) for line in (*_builtin(), *_installed()) if word in (None, line.name)]
    if policy is not None:
        found += [line for line in _of_policy(policy) if word in (None, line.name)]
    if not found:
        raise UsageError(f"there is no pack `{word}` here; see `modelaudit packs list`")
    return found


def _of_policy(policy: Resolved) -> list[Line]:
    """The packs of a policy, each checked against its trust and lock."""
    used = chosen(policy)
    return [Line(p.name, p.version, p.digest, used.origins[p.name], p.folder, "in use") for p in used.packs]


def _verified(line: Line) -> Line:
    """A line of the inventory with what is wrong about the pack."""
    if line.origin == BUILTIN or line.problem:
        return line
    current = active.read(line.name)
    installed = [each for each in (current and (current.now, current.before)) or () if each]
    target = next(each for each in installed if each.folder == line.place)
    try:
        active.verify(target)
    except (PackError, DiagnosticsError) as error:
        return Line(line.name, line.version, line.digest, line.origin, line.place, line.remark, str(error))
    signer = f", signed by {signature.Key(bytes.fromhex(target.signer)).name}" if target.signer else ", not signed"
    return Line(line.name, line.version, line.digest, line.origin, line.place, line.remark + signer)


def _verify_path(path: str, trust: Trust) -> Line:
    """An archive or the folder of a pack."""
    if not os.path.exists(path):
        raise UsageError(f"there is no archive or folder {path}")
    found = packs.read_folder(path) if os.path.isdir(path) else archive.read_file(path)
    packs.check(found)
    key = check_signature(found, trust)
    said = found.said
    remark = f"signed by {key.name}" if key else "not signed"
    if found.signature and not trust.signers:
        remark = "signed, by whom is not known: name a key with --signer"
    return Line(said["pack"], said["version"], "", "archive", path, remark)
