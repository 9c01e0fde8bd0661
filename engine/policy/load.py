"""Policy files and what they extend, in the order in which they are merged."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from hashlib import sha256

from modelaudit.engine import yaml_tree
from modelaudit.engine.diagnostics import Diagnostic, Span
from modelaudit.engine.errors import UsageError
from modelaudit.engine.policy.pinned import Pin, pin
from modelaudit.engine.resources import data_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from modelaudit.engine.yaml_tree import Node

    Json = Any

SCHEMA = "modelaudit/policy@1"
BUILTIN = "builtin:"
DEFAULT = "builtin:default"
STRICT = "builtin:strict"
CHANGES = "command-line"  # the policy that options of the command line make
MAX_DEPTH = 16  # policies that extend one another


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """One policy file: its tree with places, the same as typed data, and where it came from."""

    ident: str  # the policy's own name, `builtin:NAME` for a built-in one
    path: str  # real path, which tells files apart
    folder: str  # what paths in it are relative to
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
    missing: list[Pin] = field(default_factory=list)  # what has to be fetched first

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


def load_chain(policy: str | None = None, *, strict: bool = False, changes: str = "") -> Chain:
    """The chain of a policy, given as `--policy` takes it; what is wrong inside files is in `diagnostics`.

    With `strict` the built-in policy of that name comes first. `changes` is the text of one more policy, which comes
    last and has the folder and the lock of the one before. Refuses an unknown name and a file that is not there as a
    usage error.
    """
    loader = _Loader()
    for word in (STRICT, policy or STRICT) if strict else (policy or DEFAULT,):
        loader.visit(_requested(word), [])
    if changes and loader.chain.files:
        loader.change(changes)
    return loader.chain


def _requested(word: str) -> str:
    if is_builtin(word):
        name = word.removeprefix(BUILTIN)
        if name not in builtin_names():
            raise UsageError(_unknown(name))
        return _builtin_path(name)
    if "://" in word:
        raise UsageError(f"a policy is a file, not an address: write one that extends {word}, and fetch that")
    if not os.path.isfile(word):
        said = "is a folder" if os.path.isdir(word) else "does not exist"
        raise UsageError(f"policy file {word} {said}")
    return word


def _builtin_path(name: str) -> str:
    return data_path("policies", f"{name}.yaml")


def _unknown(name: str) -> str:
    names = builtin_names()
    near = yaml_tree.suggestion(name, names)
    if os.path.isfile(name):
        near = f"for the file of that name write `./{name}`"
    return f"unknown policy `{name}`; {near or 'built-in policies: ' + ', '.join(names)}"


class _Loader:
    """Walks `extends` depth first and gathers each file once, parents before children."""

    def __init__(self) -> None:
        self.chain = Chain()
        self.digests: dict[str, str] = {}  # of every file visited, by real path
        self.addresses: dict[str, str] = {}  # of those that were fetched

    def visit(self, path: str, above: list[str], folder: str = "") -> None:
        """Load one file and, before it is appended, everything that it extends.

        Paths in it are relative to `folder`, its own when that is empty.
        """
        real = os.path.realpath(path)
        if real in self.digests:
            return
        file = self.read(path, real, folder or os.path.dirname(real))
        if file is None:
            return
        for index in range(len(file.data.get("extends", ()))):
            self.extend(file, index, [*above, real])
        self.chain.files.append(file)

    def read(self, path: str, real: str, folder: str) -> PolicyFile | None:
        """The file as typed data, None with diagnostics when it cannot be used."""
        try:
            with open(path, "rb") as stream:
                content = stream.read(yaml_tree.MAX_BYTES + 1)
        except OSError as error:
            raise UsageError(f"cannot read policy file {path}: {error.strerror}") from error
        digest = self.digests[real] = sha256(content).hexdigest()
        self.chain.inputs.append((real, digest))
        nodes, problems = yaml_tree.decode(content, self.shown(path))
        node = self.single(nodes, path) if not problems else None
        self.chain.diagnostics += problems
        if node is None:
            return None
        data, problems = yaml_tree.validate(node, "policy")
        self.chain.diagnostics += problems
        return PolicyFile(_ident(path, data), real, folder, node, data, digest) if not problems else None

    def change(self, text: str) -> None:
        """Append a policy that stands in no file."""
        content = text.encode("utf-8", "backslashreplace")
        nodes, problems = yaml_tree.decode(content, CHANGES)
        data: Json = None
        if nodes and not problems:
            data, problems = yaml_tree.validate(nodes[0], "policy")
        self.chain.diagnostics += problems
        if nodes and not problems:
            before = self.chain.policy
            digest = sha256(content).hexdigest()
            self.chain.files.append(PolicyFile(CHANGES, before.path, before.folder, nodes[0], data, digest))

    def shown(self, path: str) -> str:
        """A file as messages show it: the address that it came from, else its path."""
        return self.addresses.get(os.path.realpath(path)) or _shown(path)

    def single(self, nodes: list[Node], path: str) -> Node | None:
        """The one policy of a file."""
        if not nodes:
            self.report("E111", "the file is empty: `schema` is missing", Span(self.shown(path), 1, 1))
            return None
        if len(nodes) > 1:
            self.report("E316", "a policy file holds one policy, this is a second one", nodes[1].span)
            return None
        schema = nodes[0].get("schema")
        if schema is not None and schema.text != SCHEMA:
            message = f"expected `{SCHEMA}`, found `{schema.text}`"
            ours = schema.text in ("modelaudit/rules@1", "modelaudit/pack@1")
            hint = "rules are for `--rules`, and for `packs` of a policy" if ours else ""
            self.report("E113", message, schema.span, hint=hint or "this is not a policy that this version reads")
            return None
        return nodes[0]

    def extend(self, file: PolicyFile, index: int, above: list[str]) -> None:
        """Visit one parent, or say why that cannot be done."""
        entry = file.node.at("extends", index)
        assert entry is not None  # noqa: S101 - the schema says that it is a list of strings
        parent = pin(entry.text)
        path = self.parent_path(file, parent, entry)
        if path is None:
            return
        real = os.path.realpath(path)
        if real in above:
            names = " → ".join(self.shown(p) for p in [*above[above.index(real) :], real])
            self.report("E302", f"policies extend one another in a circle: {names}", entry.span)
        elif len(above) >= MAX_DEPTH:
            self.report("E303", f"policies extend one another more than {MAX_DEPTH} deep", entry.span)
        else:
            # One from an address is kept in a folder that nobody knows: its paths start where those of the child do.
            self.visit(path, above, file.folder if parent.is_address else "")
            self.check_digest(real, parent, entry)

    def check_digest(self, real: str, parent: Pin, entry: Node) -> None:
        """Whether the file that was read is the one that is pinned (E314)."""
        digest = self.digests[real]
        if parent.sha256 and digest != parent.sha256:
            message = f"`{parent.place}` is not the policy that is pinned here"
            hint = "if the change is wanted, review it and write the new digest"
            self.report("E314", message, entry.span, f"its digest is {digest}", hint)

    def parent_path(self, file: PolicyFile, parent: Pin, entry: Node) -> str | None:
        """The path that an item of `extends` stands for; None, and why, when there is none."""
        if parent.problem is not None:
            message, hint = parent.problem
            self.report("E304", message, entry.span, hint=hint)
            return None
        if parent.is_address:
            return self.fetched_path(parent, entry)
        word = entry.text
        if word.startswith(BUILTIN):
            return self.builtin_path(word, entry)
        path = os.path.join(file.folder, parent.place)
        if os.path.isfile(path):
            return path
        hint = "paths are relative to the policy file"
        if word in builtin_names():
            hint = f"for a built-in policy write `{BUILTIN}{word}`"
        elif file.path in self.addresses:
            hint = "paths in a policy from an address are relative to the policy that extends it"
        self.report("E301", f"there is no policy file `{parent.place}`", entry.span, hint=hint)
        return None

    def builtin_path(self, word: str, entry: Node) -> str | None:
        """The path of a built-in policy."""
        name = word.removeprefix(BUILTIN)
        if name in builtin_names():
            return _builtin_path(name)
        near = yaml_tree.suggestion(name, builtin_names())
        known = f"built-in policies: {', '.join(builtin_names())}"
        self.report("E301", f"there is no built-in policy `{name}`", entry.span, near, known)
        return None

    def fetched_path(self, parent: Pin, entry: Node) -> str | None:
        """The path of a policy that was fetched before; nothing is fetched here."""
        if parent.is_here:
            self.addresses[os.path.realpath(parent.kept)] = parent.place
            return parent.kept
        self.chain.missing.append(parent)
        hint = "`modelaudit policy fetch FILE` fetches what a policy extends; a scan never does"
        self.report("E313", f"`{parent.place}` has not been fetched", entry.span, hint=hint)
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
