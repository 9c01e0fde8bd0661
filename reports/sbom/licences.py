"""Evidence for licences as the licences of a component."""

from __future__ import annotations

from cyclonedx.model.license import DisjunctiveLicense, LicenseAcknowledgement, LicenseExpression
from cyclonedx.spdx import fixup_id, is_expression

from modelaudit.engine.lang import spdx
from modelaudit.reports.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cyclonedx.model.license import License

    from modelaudit.engine.document import LicenceEvidence

TEXT = "file"  # the role of evidence that the text of a licence gave; everything else was declared


def licences(evidence: Iterable[LicenceEvidence]) -> list[License]:
    """Every distinct licence: one expression when there is one and it is compound, else licences one by one.

    CycloneDX takes either one expression or a list of single licences.
    """
    found = list(evidence)
    said = {item.spdx for item in found}
    if len(said) == 1:
        text = next(iter(said))
        if fixup_id(text) is None and _is_compound(text):
            return [LicenseExpression(text, acknowledgement=_acknowledged(found))]
    return list({_key(licence): licence for licence in _singles(found)}.values())


def _singles(evidence: list[LicenceEvidence]) -> Iterator[License]:
    concluded = {name for item in evidence if item.role == TEXT for name in _names(item.spdx)}
    for item in evidence:
        for name in _names(item.spdx):
            role = LicenseAcknowledgement.CONCLUDED if name in concluded else LicenseAcknowledgement.DECLARED
            id = fixup_id(name)
            if id is not None:
                yield DisjunctiveLicense(id=id, acknowledgement=role)
            else:
                yield DisjunctiveLicense(name=visible(name), acknowledgement=role)


def _names(expression: str) -> list[str]:
    """The licences of an expression, the whole text when it is none."""
    return sorted(spdx.ids(expression)) or [expression] if expression else []


def _is_compound(text: str) -> bool:
    return len(spdx.ids(text)) > 1 and is_expression(text)


def _acknowledged(evidence: list[LicenceEvidence]) -> LicenseAcknowledgement:
    concluded = any(item.role == TEXT for item in evidence)
    return LicenseAcknowledgement.CONCLUDED if concluded else LicenseAcknowledgement.DECLARED


def _key(licence: License) -> tuple[str | None, str | None]:
    assert isinstance(licence, DisjunctiveLicense)  # noqa: S101 - made by `_singles`
    return licence.id, licence.name
