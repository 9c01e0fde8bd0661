"""The parsers as a user can name them: by the id of a format, or by a class name made of it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modelaudit.parsers.registry import Format, Registry

SUFFIX = "Scanner"


class UnknownScanner(ValueError):  # noqa: N818 - reads as what it is
    """A name that no parser has; `near` are those that look like it."""

    def __init__(self, name: str, near: Sequence[str]) -> None:
        super().__init__(name)
        self.name = name
        self.near = tuple(near)


def class_name(format: Format) -> str:
    """The class name of the parser of a format: `pytorch-zip` is `PytorchZipScanner`."""
    return "".join(word.capitalize() for word in format.id.split("-")) + SUFFIX


def named(registry: Registry, words: Iterable[str]) -> tuple[str, ...]:
    """The ids that words stand for; a word may be several names with commas, case does not count.

    Raises `UnknownScanner`.
    """
    known = {format.id.lower(): format.id for format in registry.formats.values()}
    known |= {class_name(format).lower(): format.id for format in registry.formats.values()}
    names = [name.strip() for word in words for name in word.split(",")]
    found = dict.fromkeys(_known(known, name) for name in names if name)
    return tuple(found)


def _known(known: dict[str, str], name: str) -> str:
    id = known.get(name.lower()) or known.get(name.lower().replace("_", "-"))
    if id is None:
        from difflib import get_close_matches

        raise UnknownScanner(name, get_close_matches(name.lower(), known, n=1))
    return id
