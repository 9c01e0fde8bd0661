"""An SBOM of a scan: CycloneDX 1.6 or 1.7, as JSON or XML.

The components, their licences and hashes, and the findings are put together with cyclonedx-python-lib. The model card,
which the library has no classes for, is added to the document that it serialises.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from modelaudit.engine.document import ScanDocument

VERSIONS = ("1.6", "1.7")
FORMATS = ("json", "xml")


def render_sbom(document: ScanDocument, version: str = "1.6", format: str = "json") -> str:
    """The SBOM as text, ending in a newline: the same for the same scan under the same `SOURCE_DATE_EPOCH`.

    The scan must have been asked to describe its artifacts. `ValueError` for an unknown version or format.
    """
    if version not in VERSIONS or format not in FORMATS:
        raise ValueError(f"no CycloneDX {version} as {format}")
    from modelaudit.reports.sbom.bom import written

    return written(document, version, format)
