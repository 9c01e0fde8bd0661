"""Commands that programs run because a file beside the model says so, and when they do."""

from __future__ import annotations

import re

from modelaudit.engine.facts import Defect, Limit, Metadata, Place, clean
from modelaudit.parsers.keras.document import DocumentError, Object, TooLarge, read_json
from modelaudit.parsers.project import LOOK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from modelaudit.engine.facts import Fact
    from modelaudit.parsers.base import Context, Input
    from modelaudit.parsers.keras.document import Tree

READ_MAX = 16 * 1024 * 1024  # bytes
SHOWN = 4096
FACTS = frozenset({"metadata"})
INSTALL = (
    "preinstall",
    "install",
    "postinstall",
    "prepare",
    "preprepare",
    "postprepare",
)  # scripts that npm runs itself
CONTAINER = (
    "initializeCommand",
    "onCreateCommand",
    "updateContentCommand",
    "postCreateCommand",
    "postStartCommand",
    "postAttachCommand",
)
TASKS = "task.allowAutomaticTasks"
MARKS = re.compile(r'["/,]')
TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
WORDS_DEPTH = 8
SECTION = re.compile(r'\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*+)")?\s*\]')
PAIR = re.compile(r"([A-Za-z][\w-]*)\s*(?:=\s*(.*))?")
PROGRAMS = frozenset(
    {
        *("core.fsmonitor", "core.sshcommand", "core.gitproxy", "core.pager", "core.editor", "core.askpass"),
        *("core.hookspath", "sequence.editor", "gpg.program", "credential.helper", "sendemail.sendmailcmd"),
        *("filter.clean", "filter.smudge", "filter.process", "diff.command", "diff.textconv", "merge.driver"),
        *("diff.external", "include.path", "includeif.path", "uploadpack.packobjectshook"),
    }
)
PLAIN = frozenset({"true", "false", "yes", "no", "on", "off", "1", "0", ""})


def parse_commands(artifact: Input, context: Context) -> Iterator[Fact]:
    """A `command` for each, with the moment at which it runs as its type."""
    text = artifact.reader.read_at(0, READ_MAX).decode("utf-8-sig", "replace")
    if artifact.reader.size > READ_MAX:
        size = artifact.reader.size
        yield Limit(artifact.path, what="size", at=size, budget=READ_MAX, by="file", affects=FACTS)
    found = Commands(artifact.path)
    context.check()
    if artifact.format == "git-settings":
        yield from found.git(text)
        return
    try:
        tree = _tree(text)
    except (DocumentError, TooLarge) as error:
        detail = clean(str(error)[:SHOWN])[0]
        yield Defect(artifact.path, code="settings-malformed", detail=detail, affects=FACTS)
        return
    if isinstance(tree, Object):
        yield from found.tasks(tree)
        yield from found.scripts(tree)


def _tree(text: str) -> Tree:
    """The tree of a JSON text, in which there may be comments."""
    try:
        return read_json(text.encode("utf-8", "replace"))
    except DocumentError:
        if len(text) > LOOK:
            raise
        return read_json(plain_json(text).encode("utf-8", "replace"))


class Commands:
    """The commands of one file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def tasks(self, tree: Object) -> Iterator[Fact]:
        """Tasks of an editor: those that run when the folder is opened, and whether it lets them."""
        if isinstance(tree.get(TASKS), str):
            yield self.fact(TASKS, str(tree.get(TASKS)), "setting", f"/{TASKS}")
        for n, task in enumerate(_list(tree.get("tasks"))):
            options = task.get("runOptions") if isinstance(task, Object) else None
            runs = options.text("runOn") if isinstance(options, Object) else None
            if isinstance(task, Object) and runs == "folderOpen":
                words = [task.get("command"), *_list(task.get("args"))]
                text = " ".join(_text(word) for word in words if word is not None)
                yield self.fact("command", text, "on-open", f"/tasks/{n}")

    def scripts(self, tree: Object) -> Iterator[Fact]:
        """Scripts that npm runs when it installs, and commands of containers for development."""
        scripts = tree.get("scripts")
        for key in INSTALL if isinstance(scripts, Object) else ():
            if isinstance(scripts.get(key), str):
                yield self.fact("command", scripts.get(key), "on-install", f"/scripts/{key}")
        for key in CONTAINER:
            value = tree.get(key)
            several = [one for _, one in value.pairs] if isinstance(value, Object) else [value]
            for one in several:
                if one is not None:
                    yield self.fact("command", _text(one), "on-container", f"/{key}")

    def git(self, text: str) -> Iterator[Fact]:
        """Filters that attributes ask for, or programs that a configuration names."""
        section = ""
        for n, written in enumerate(text.replace("\\\n", " ").split("\n"), 1):
            line = written.strip()
            head = SECTION.match(line)
            if head is not None:
                section = head[1].partition(".")[0].lower()
                line = line[head.end() :].strip()
            pair = PAIR.match(line)
            if section and pair is not None:
                yield from self.setting(section, pair[1].lower(), (pair[2] or "").strip().strip('"'), n)
            elif not section and not line.startswith("#"):
                for name in re.findall(r"\sfilter=(\S+)", line):
                    yield self.fact("git-filter", name, "attribute", f"/{n}")

    def setting(self, section: str, key: str, value: str, line: int) -> Iterator[Fact]:
        """A key of a configuration of Git."""
        name = f"{section}.{key}"
        is_alias = section == "alias" and value.startswith("!")
        if (name in PROGRAMS or is_alias) and value.lower() not in PLAIN:
            yield self.fact("command", f"{name} = {value}", "git", f"/{line}")

    def fact(self, key: str, value: str, kind: str, pointer: str) -> Metadata:
        """A command, and when it runs."""
        shown, lossy = clean(value[:SHOWN])
        return Metadata(self.path, key=key, value=shown, type=kind, places=(Place(pointer=pointer),), lossy=lossy)


def plain_json(text: str) -> str:
    """The JSON of a text in which comments and commas before a closing bracket are allowed."""
    out: list[str] = []
    at, comma = 0, -1  # place of a comma in `out` that nothing has followed so far
    while at < len(text):
        mark = MARKS.search(text, at)
        end = mark.start() if mark is not None else len(text)
        between = text[at:end]
        if comma >= 0 and between.strip():
            out[comma] = "" if between.lstrip()[0] in "}]" else ","
            comma = -1
        out.append(between)
        at, sign = _token(text, end)
        if sign == ",":
            comma = len(out)
        elif sign:
            comma = -1
        out.append(sign)
    return "".join(out)


def _token(text: str, at: int) -> tuple[int, str]:
    """What a mark begins, and the place behind it; a comment is nothing."""
    sign = text[at : at + 2]
    if sign[:1] == '"':
        found = TEXT.match(text, at)
        return (found.end(), found[0]) if found is not None else (len(text), "")
    if sign in ("//", "/*"):
        end = text.find("\n" if sign == "//" else "*/", at + 2)
        return len(text) if end < 0 else end + (sign == "/*") * 2, ""
    return at + 1, sign[:1]


def _text(value: Any, depth: int = 0) -> str:  # noqa: ANN401 - any value
    """A command: a text, a list of words, or an object with the text as its value."""
    if isinstance(value, Object) and depth < WORDS_DEPTH:
        inner = value.get("value")
        return _text(value.get("command") if inner is None else inner, depth + 1)
    if isinstance(value, list) and depth < WORDS_DEPTH:
        return " ".join(_text(one, depth + 1) for one in value)
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - any value
    return value if isinstance(value, list) else []
