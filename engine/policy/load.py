"""Policy files and what they extend, in the order in which they are merged."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from hashlib import sha256

from modelaudit.engine import documents
from modelaudit.engine.diagnostics import Diagnostic, Span
from modelaudit.engine.errors import UsageError
from modelaudit.engine.resources import data_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.engine.documents import Node

    Json = Any

SCHEMA = "modelaudit/policy@1"
BUILTIN = "builtin:"
DEFAULT = "builtin:default"
MAX_DEPTH = 16  # policies that extend one another


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """One policy file: its tree with places, the same as typed data, and where it came from."""

    ident: str  # the policy's own name, `builtin:NAME` for a built-in one
    path: str  # real path, which tells files apart
    node: Node
    data: Json
    sha256: str

    @property
    def version(self) -> int:
        """The policy's version."""
        return int(self.data["version"])


@dataclass(slots=True)
class Chain:
    """A policy and everything that it extends: parents first, the policy itself last, each file once."""

    files: list[PolicyFile] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    inputs: list[tuple[str, str]] = field(default_factory=list)  # path and SHA-256 of every file read

    @property
    def policy(self) -> PolicyFile:
        """The policy that was asked for."""
        return self.files[-1]

    @property
    def digest(self) -> str:
        """SHA-256 over names and contents of all files, in order."""
        text = "".join(f"{file.ident}\0{file.sha256}\n" for file in self.files)
        return sha256(text.encode()).hexdigest()


def builtin_names() -> list[str]:
    """The names of the built-in policies."""
    return sorted(name[:-5] for name in os.listdir(data_path("policies")) if name.endswith(".yaml"))


def is_builtin(word: str) -> bool:
    """Whether `--policy WORD` names a built-in policy: `builtin:NAME`, or no slash and no dot."""
    if word.startswith(BUILTIN):
        return True
    return not (set(word) & {"/", ".", os.sep})


def load_chain(policy: str | None = None) -> Chain:
    """The chain of a policy, given as `--policy` takes it; what is wrong inside files is in `diagnostics`.

    Refuses an unknown name and a file that is not there as a usage error.
    """
    path = _requested(policy or DEFAULT)
    loader = _Loader()
    loader.visit(path, [])
    return loader.chain


def _requested(word: str) -> str:
    if is_builtin(word):
        name = word.removeprefix(BUILTIN)
        if name not in builtin_names():
            raise UsageError(_unknown(name))
        return _builtin_path(name)
    if not os.path.isfile(word):
        said = "is a folder" if os.path.isdir(word) else "does not exist"
        raise UsageError(f"policy file {word} {said}")
    return word


def _builtin_path(name: str) -> str:
    return data_path("policies", f"{name}.yaml")


def _unknown(name: str) -> str:
    names = builtin_names()
    near = documents.suggestion(name, names)
    return f"unknown policy `{name}`; {near or 'built-in policies: ' + ', '.join(names)}"


class _Loader:
    """Walks `extends` depth first and gathers each file once, parents before children."""

    def __init__(self) -> None:
        self.chain = Chain()
        self.done: set[str] = set()

    def visit(self, path: str, above: list[str]) -> None:
        """Load one file and, before it is appended, everything that it extends."""
        real = os.path.realpath(path)
        if real in self.done:
            return
        self.done.add(real)
        file = self.read(path, real)
        if file is None:
            return
        for index in range(len(file.data.get("extends", ()))):
            self.extend(file, index, [*above, real])
        self.chain.files.append(file)

    def read(self, path: str, real: str) -> PolicyFile | None:
        """The file as typed data, None with diagnostics when it cannot be used."""
        try:
            with open(path, "rb") as stream:
                content = stream.read(documents.MAX_BYTES + 1)
        except OSError as error:
            raise UsageError(f"cannot read policy file {path}: {error.strerror}") from error
        digest = sha256(content).hexdigest()
        self.chain.inputs.append((real, digest))
        nodes, problems = documents.decode(content, _shown(path))
        node = self.single(nodes, path) if not problems else None
        self.chain.diagnostics += problems
        if node is None:
            return None
        data, problems = documents.validate(node, "policy")
        self.chain.diagnostics += problems
        return PolicyFile(_ident(path, data), real, node, data, digest) if not problems else None

    def single(self, nodes: list[Node], path: str) -> Node | None:
        """The one policy of a file."""
        if not nodes:
            self.report("E111", "the file is empty: `schema` is missing", Span(_shown(path), 1, 1))
            return None
        if len(nodes) > 1:
            self.report("E316", "a policy file holds one policy, this is a second one", nodes[1].span)
            return None
        schema = nodes[0].get("schema")
        if schema is not None and schema.text != SCHEMA:
            message = f"expected `{SCHEMA}`, found `{schema.text}`"
            self.report("E113", message, schema.span, hint="this is not a policy that this version reads")
            return None
        return nodes[0]

    def extend(self, file: PolicyFile, index: int, above: list[str]) -> None:
        """Visit one parent, or say why that cannot be done."""
        entry = file.node.at("extends", index)
        assert entry is not None  # noqa: S101 - the schema says that it is a list of strings
        path = self.parent_path(file, entry)
        if path is None:
            return
        real = os.path.realpath(path)
        if real in above:
            names = " → ".join(_shown(p) for p in [*above[above.index(real) :], real])
            self.report("E302", f"policies extend one another in a circle: {names}", entry.span)
        elif len(above) >= MAX_DEPTH:
            self.report("E303", f"policies extend one another more than {MAX_DEPTH} deep", entry.span)
        else:
            self.visit(path, above)

    def parent_path(self, file: PolicyFile, entry: Node) -> str | None:
        """The path that an item of `extends` stands for."""
        word = entry.text
        if word.startswith(BUILTIN):
            name = word.removeprefix(BUILTIN)
            if name in builtin_names():
                return _builtin_path(name)
            near = documents.suggestion(name, builtin_names())
            known = f"built-in policies: {', '.join(builtin_names())}"
            self.report("E301", f"there is no built-in policy `{name}`", entry.span, near, known)
            return None
        if "://" in word:
            self.report(
                "E304", "a policy at a URL is not read by this version", entry.span, hint="copy it beside this file"
            )
            return None
        path = os.path.join(os.path.dirname(file.path), word)
        if os.path.isfile(path):
            return path
        hint = f"for a built-in policy write `{BUILTIN}{word}`" if word in builtin_names() else ""
        hint = hint or "paths are relative to the policy file"
        self.report("E301", f"there is no policy file `{word}`", entry.span, hint=hint)
        return None

    def report(self, code: str, message: str, span: Span, label: str = "", hint: str = "") -> None:
        self.chain.diagnostics.append(Diagnostic(code, message, span, label, hint))


def _ident(path: str, data: Json) -> str:
    folder = os.path.realpath(data_path("policies"))
    inside = os.path.dirname(os.path.realpath(path)) == folder
    return f"{BUILTIN}{data['policy']}" if inside and "policy" in data else str(data.get("policy", ""))


def _shown(path: str) -> str:
    """A path as messages show it: relative to the working folder where that is shorter."""
    folder = os.path.realpath(data_path("policies"))
    real = os.path.realpath(path)
    if os.path.dirname(real) == folder:
        return f"policies/{os.path.basename(real)}"
    if not os.path.isabs(path):
        return path
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if relative.startswith("..") else relative
