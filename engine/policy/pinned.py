"""Parents that are pinned by digest: `https://…/strict.yaml#sha256=…`, and files of this machine likewise.

What `modelaudit policy fetch` took from an address is kept by its digest, which it must have whenever it is read. So
nobody has to trust the folder, and a scan never needs the network.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from modelaudit.engine.distribution import places
from modelaudit.engine.packs import files

SIGN = "#sha256="
SCHEME = "https://"

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Pin:
    """An item of `extends`: the path or address, and the SHA-256 that the file must have, empty for any."""

    place: str
    sha256: str

    @property
    def is_address(self) -> bool:
        """Whether the place is not on this machine."""
        return "://" in self.place

    @property
    def kept(self) -> str:
        """Where a file from an address is kept."""
        return os.path.join(places.data_folder(), "policies", f"{self.sha256}.yaml")

    @property
    def is_here(self) -> bool:
        """Whether it has been fetched, and is still what was pinned."""
        return files.file_digest(self.kept) == self.sha256

    @property
    def problem(self) -> tuple[str, str] | None:
        """Why nothing can be read or fetched by it, and what to write instead; None when it can."""
        if self.is_address and not self.place.startswith(SCHEME):
            return f"a policy is taken from https addresses alone, not from `{self.place}`", ""
        if self.is_address and not self.sha256:
            message = f"`{self.place}` is not pinned: whoever serves it could change what counts here"
            return message, f"write `{self.place}{SIGN}…` with the SHA-256 of the file that was reviewed"
        if self.sha256 and not _DIGEST.fullmatch(self.sha256):
            return f"`{self.sha256}` is no SHA-256", "a SHA-256 is written as 64 digits, 0–9 and a–f"
        return None


def pin(word: str) -> Pin:
    """What an item of `extends` says."""
    place, sign, digest = word.partition(SIGN)
    return Pin(place, digest.lower() or "…") if sign else Pin(word, "")
