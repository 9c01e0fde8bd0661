"""HTML put together so that whatever is not markup is escaped."""

from __future__ import annotations

import html

from modelaudit.reports.escape import visible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Raw(str):
    """Text that is markup already."""

    __slots__ = ()


def escaped(text: str) -> str:
    """Text that shows as it is, in an element or in an attribute with double quotes."""
    return html.escape(visible(text))


def element(tag: str, /, *children: str, **attributes: str | int | None) -> Raw:
    """An element. Children that are no `Raw` are escaped, attributes always.

    The attribute `class_` is `class`, `data_x` is `data-x`; one that is None is left out.
    """
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    said = "".join(f' {key}="{escaped(str(value))}"' for key, value in named.items())
    inner = "".join(child if isinstance(child, Raw) else escaped(child) for child in children)
    return Raw(f"<{tag}{said}>{inner}</{tag}>")


def void(tag: str, /, **attributes: str | int | None) -> Raw:
    """An element that has no end."""
    return Raw(element(tag, **attributes).removesuffix(f"</{tag}>"))


def link(address: str) -> Raw:
    """A link to a web address, or the text alone when it is none."""
    if not address.startswith(("https://", "http://")):
        return Raw(escaped(address))
    return element("a", address, href=address, rel="noopener noreferrer")


def panel(title: str, *children: str, id: str) -> Raw:
    """A section with a heading; nothing at all without children."""
    return element("section", element("h2", title), *children, id=id) if children else Raw("")


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Raw:
    """A table with a head."""
    titles = element("tr", *(element("th", each, scope="col") for each in head))
    lines = (element("tr", *(element("td", cell) for cell in row)) for row in rows)
    return element("table", element("thead", titles), element("tbody", *lines))
