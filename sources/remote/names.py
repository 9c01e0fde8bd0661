"""Names that services list, as paths below a location: a listing is somebody else's text."""

from __future__ import annotations

LONGEST = 4096
DEEPEST = 256  # folders in one another


def below(key: str, asked: str) -> str | None:
    """The path of an object below what was asked for: empty when it is that object, None when it lies elsewhere.

    Stores of objects list all that begin with a text; a folder ends at a slash.
    """
    if key == asked:
        return ""
    folder = asked if not asked or asked.endswith("/") else f"{asked}/"
    return key[len(folder) :] if key.startswith(folder) else None


def problem(name: str) -> str:
    """Why a listed name is not taken for a path below the location, empty when it is.

    Nothing is ever written under such a name; but what is shown, matched and joined must stay below what was named.
    """
    if len(name) > LONGEST:
        return f"the name is longer than {LONGEST} characters"
    if "\0" in name:
        return "the name has a NUL in it"
    parts = name.replace("\\", "/").split("/")
    if len(parts) > DEEPEST:
        return f"the name has more than {DEEPEST} parts"
    if ".." in parts:
        return "the name leads out of the location"
    if name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":" and name[0].isalpha()):
        return "the name is an absolute path"
    return ""
