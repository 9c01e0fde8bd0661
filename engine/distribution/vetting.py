"""The `trust` of a policy, asked about every pack that did not come with the product."""

from __future__ import annotations

import os
from dataclasses import replace

from modelaudit.engine.diagnostics import Diagnostic
from modelaudit.engine.distribution import contents as packs
from modelaudit.engine.distribution import signature
from modelaudit.engine.distribution.errors import PackError, SigningUnavailableError, UntrustedError
from modelaudit.engine.distribution.places import shown
from modelaudit.engine.distribution.trust import ALLOW, REFUSE, Trust, check_signature
from modelaudit.engine.packs import files, manifest
from modelaudit.engine.policy.packs import key_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.distribution.active import Installed
    from modelaudit.engine.distribution.contents import Contents
    from modelaudit.engine.distribution.signature import Key
    from modelaudit.engine.packs.model import Pack, Sources
    from modelaudit.engine.policy.resolved import Entry, Resolved


class Vetting:
    """Checks packs against a policy's `trust`; without a policy, or one that says nothing, every pack is taken."""

    def __init__(self, policy: Resolved | None, sources: Sources) -> None:
        self.sources = sources
        self.said: dict[str, list[Entry]] = policy.trust if policy is not None else {}
        self._keys: tuple[Key, ...] | None = None
        for entry in self.said.get("signers", ()):
            self.check_key_file(entry)

    @property
    def speaks(self) -> bool:
        """Whether the policy says anything about trust."""
        return bool(self.said)

    @property
    def unsigned(self) -> str:
        """What becomes of unsigned packs: refused by a policy that speaks of trust, unless it allows them."""
        said = self.said.get("unsigned")
        return str(said[-1].value) if said else REFUSE if self.speaks else ALLOW

    def check_key_file(self, entry: Entry) -> None:
        """Whether the file of a public key is there (E325)."""
        path = key_file(entry)
        digest = files.file_digest(path)
        span = entry.node.span if entry.node is not None else entry.span
        if not digest:
            hint = "paths are relative to the policy file"
            self.sources.diagnostics.append(
                Diagnostic("E325", f"there is no key file `{entry.value}`", span, help=hint)
            )
        self.sources.inputs.append({"path": path, "sha256": digest})

    def trust(self) -> Trust:
        """The keys and the rule; keys are read when a signature has to be checked, not before."""
        return Trust(self.keys(), self.unsigned)

    def keys(self) -> tuple[Key, ...]:
        """The public keys of the policy; one that is no key is reported once (E325)."""
        if self._keys is None:
            found = []
            for entry in self.said.get("signers", ()):
                path = key_file(entry)
                try:
                    found.append(replace(signature.read_public(path), file=entry.value))
                except SigningUnavailableError:
                    raise
                except PackError as error:
                    span = entry.node.span if entry.node is not None else entry.span
                    if os.path.isfile(path):
                        self.sources.diagnostics.append(Diagnostic("E325", str(error), span))
            self._keys = tuple(found)
        return self._keys

    def installed(self, installed: Installed) -> None:
        """Refuse, with an `UntrustedError`, an installed pack that the policy does not trust."""
        if self.speaks:
            self.check(packs.read_folder(installed.folder))

    def folder(self, folder: str, name: str, builtin: str | None) -> None:
        """Refuse, with an `UntrustedError`, the pack in a folder that a policy or a user names.

        Where sums stand beside the files they must fit. A pack that has the name of a built-in one must be signed
        by one of the policy's signers, or be the built-in one byte for byte.
        """
        for file in (packs.SUMS, packs.SIGNATURE):
            path = os.path.join(folder, file)
            if os.path.isfile(path):
                self.sources.inputs.append({"path": os.path.realpath(path), "sha256": files.file_digest(path)})
        try:
            contents = packs.read_folder(folder, shown(folder))
            if builtin is not None and _digest(folder) == _digest(builtin):
                return
            if contents.sums or self.speaks:
                key = self.check(contents)
                if key is not None or builtin is None:
                    return
        except UntrustedError:
            raise
        except PackError as error:
            raise UntrustedError(str(error)) from error
        if builtin is not None:
            raise UntrustedError(f"pack `{name}` stands for a built-in one: it must be signed by a signer of `trust`")

    def check(self, contents: Contents) -> Key | None:
        """The signer of a pack whose sums fit; see `check_signature`."""
        if contents.sums:
            packs.check(contents)
        trust = self.trust() if contents.signature and self.speaks else Trust((), self.unsigned)
        return check_signature(contents, trust)

    def user(self, pack: Pack) -> str:
        """Why the policy does not take a pack that the command line names, empty when it does."""
        if not self.speaks:
            return ""
        if not pack.data:  # a rule file alone, whatever stands beside it
            return f"`{pack.name}` is a rule file, which cannot be signed" if self.unsigned == REFUSE else ""
        try:
            self.folder(pack.folder, pack.name, None)
        except UntrustedError as error:
            return str(error)
        return ""


def _digest(folder: str) -> str:
    return files.digest(folder, manifest.covered(packs.manifest_data(folder, folder)))
