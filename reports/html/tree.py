"""What was scanned: each file, and in it everything nested."""

from __future__ import annotations

from collections import Counter

from modelaudit.reports import digest
from modelaudit.reports.html.markup import Raw, element, panel
from modelaudit.reports.html.overview import more

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.document import ArtifactSummary, ScanDocument

ARTIFACTS = 5000  # on one page; the JSON report has all
DEEPEST = 32  # levels; what is deeper stands beside its container
WORDS = {"full": "read in full", "partial": "read in part", "none": "not read"}


class Tree:
    """Artifacts by the one that holds them, with the number of findings in each."""

    def __init__(self, document: ScanDocument, *, verbose: bool) -> None:
        self.shown = document.artifacts[:ARTIFACTS]
        known = {artifact.path for artifact in self.shown}
        self.within: dict[str, list[ArtifactSummary]] = {}
        for artifact in self.shown:
            parent = artifact.path.rpartition("!")[0]
            deep = artifact.path.count("!") > DEEPEST
            home = artifact.path.split("!")[0] if deep else parent
            self.within.setdefault(home if home in known else "", []).append(artifact)
        self.counts = Counter(f.artifact for f in digest.shown_findings(document, verbose=verbose))

    def branch(self, artifact: ArtifactSummary) -> Raw:
        """An artifact, and a list of what is nested in it."""
        parts = self.within.get(artifact.path, [])
        line = self._line(artifact)
        if not parts:
            return element("li", line)
        inner = element("ul", *map(self.branch, parts))
        return element("li", element("details", element("summary", line), inner, open=""))

    def _line(self, artifact: ArtifactSummary) -> Raw:
        container, _, name = artifact.path.rpartition("!")
        number = self.counts[artifact.path]
        found = [element("span", digest.counted(number, "finding"), class_="count")] if number else []
        reasons = [element("span", "; ".join(artifact.reasons), class_="why")] if artifact.reasons else []
        digest_of = [element("code", artifact.sha256, class_="sum")] if artifact.sha256 else []
        return Raw(
            element("span", name if container else artifact.path, class_="name")
            + element("span", f"{artifact.format} · {digest.human_size(artifact.size)}", class_="kind")
            + element("span", WORDS[artifact.coverage], class_=f"coverage {artifact.coverage}")
            + "".join([*found, *reasons, *digest_of])
        )


def section(document: ScanDocument, *, verbose: bool) -> Raw:
    """The tree of everything that was scanned."""
    tree = Tree(document, verbose=verbose)
    if not tree.shown:
        return Raw("")
    left = len(document.artifacts) - len(tree.shown)
    rest = [more(left, "artifact")] if left else []
    top = tree.within.get("", [])
    return panel("Files", element("ul", *map(tree.branch, top), class_="tree"), *rest, id="files")
