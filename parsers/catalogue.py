"""The catalogue of formats for people: how each is recognised, and what is looked for in it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelaudit.parsers.registry import Format

GROUPS = (  # heading, and the roles that stand under it
    ("Models and weights", frozenset({"model", "weights"})),
    ("Configurations, tokenizers and code", frozenset({"config", "tokenizer", "code"})),
    ("Folders as a whole", frozenset({"bundle"})),
    ("Archives and compressed files", frozenset({"container"})),
)
REST = "Everything else"
NEVER = "by content"  # of a format that promises no extension
LINE = 96  # characters of a line of the listing


def grouped(formats: Iterable[Format]) -> Iterator[tuple[str, list[Format]]]:
    """Heading and formats of each group that has one, both in a fixed order."""
    left = sorted(formats, key=lambda format: format.title.casefold())
    for heading, roles in GROUPS:
        found = [format for format in left if format.role in roles]
        left = [format for format in left if format.role not in roles]
        if found:
            yield heading, found
    if left:
        yield REST, left


def matching(formats: Iterable[Format], word: str) -> list[Format]:
    """The formats that a word means: an id, an extension, or a part of a title or family."""
    word = word.casefold()
    every = list(formats)
    exact = [format for format in every if word == format.id or word in format.extensions]
    return exact or [
        format
        for format in every
        if word in format.title.casefold() or word in format.id or any(word in family for family in format.families)
    ]


def markdown(formats: Iterable[Format], *, level: str) -> str:
    """The table of each group under a heading of that level, as Markdown."""
    lines: list[str] = []
    for heading, group in grouped(formats):
        lines += [
            f"{level} {heading}",
            "",
            "| format | extensions | recognised by | what is checked |",
            "|---|---|---|---|",
        ]
        for format in group:
            extensions = " ".join(f"`{one}`" for one in format.extensions) or NEVER
            told = format.recognised.replace("|", "\\|")
            lines.append(f"| {format.title} (`{format.id}`) | {extensions} | {told} | {format.checked} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def listing(formats: Iterable[Format]) -> str:
    """The formats as text for a terminal."""
    from textwrap import fill

    blocks = []
    for heading, group in grouped(formats):
        lines = [heading, ""]
        for format in group:
            lines.append(f"  {format.title} ({format.id})  {' '.join(format.extensions)}".rstrip())
            for label, words in (("recognised by", format.recognised), ("checked", format.checked)):
                start = f"    {label}: "
                indent = " " * len(start)
                lines.append(fill(words, LINE, initial_indent=start, subsequent_indent=indent, break_on_hyphens=False))
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def rows(formats: Iterable[Format]) -> list[dict[str, object]]:
    """The formats as plain data for a machine."""
    return [
        {
            "id": format.id,
            "title": format.title,
            "group": heading,
            "role": format.role,
            "families": sorted(format.families),
            "extensions": list(format.extensions),
            "recognised": format.recognised,
            "checked": format.checked,
        }
        for heading, group in grouped(formats)
        for format in group
    ]
